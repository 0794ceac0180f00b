"""Filters of curation: a registry from which the chain of filters is built.

Each module of this package defines one subclass of :class:`CurationFilter` and registers it in :data:`FILTERS`. An
installed distribution adds filters by an entry point of the group ``themis_rm.filters`` that names a module which
registers them. A filter that is registered runs without further configuration, at the place that its ``order`` gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from themis_rm.pipeline import FilterResult, RowFilter, RowWriter
from themis_rm.records import CodePair, Commit, Row, Solution
from themis_rm.registry import Registry
from themis_rm.settings import Settings


@dataclass(frozen=True)
class FilterStage:
    """A place in the pipeline at which filters run.

    Attributes:
        name: Name of the stage.
        row_type: Type of the rows.
        versions: Columns with the better and the worse version of the code; empty where there is one version only.
        exclusions: Start of the names of the files of dropped rows.
    """

    name: str
    row_type: type[Row]
    versions: tuple[str, ...]
    exclusions: str

    def text_columns(self) -> list[str]:
        """Return the required columns that contain text."""
        schema = self.row_type.schema()
        return [name for name in self.row_type.required() if pa.types.is_string(schema.field(name).type)]


COMMITS = FilterStage("commits", Commit, ("new_contents", "old_contents"), "commits")
"""Mined commits, before they become pairs."""
COMMIT_PAIRS = FilterStage("commit-pairs", CodePair, ("chosen", "rejected"), "commits")
"""Pairs made of commits."""
SOLUTIONS = FilterStage("solutions", Solution, (), "solutions")
"""Solutions, before bugs are injected."""
INJECTED_PAIRS = FilterStage("injected-pairs", CodePair, ("chosen", "rejected"), "injected")
"""Pairs of a solution and a copy with an injected bug."""
STAGES = (COMMITS, COMMIT_PAIRS, SOLUTIONS, INJECTED_PAIRS)


class FilterSettings(Settings):
    """Settings of a filter that always runs; filters add fields."""


class OptionalFilterSettings(FilterSettings):
    """Settings of a filter that can be turned off."""

    enabled: bool = True
    """Whether the filter runs."""


class CurationFilter(RowFilter):
    """Base class of the filters of curation; subclasses implement ``check(row)``.

    Args:
        settings: Settings of the filter, an instance of its class ``Settings``.
        stage: Where this instance runs.
        writer: Writer of the rows that it drops.

    Attributes:
        name: Unique name, a Python identifier. It is also the key of the filter's settings, as in
            ``filters.token_length.max_tokens``.
        order: Place in the chain: filters run in ascending order, cheap ones first.
        stages: Stages at which the filter runs.
        reasons: Reason -> meaning, for each reason that ``check`` returns.
        Settings: Class of its settings.
        versions: Columns with the better and the worse version of the code.
    """

    name: str
    order: ClassVar[int]
    stages: ClassVar[tuple[FilterStage, ...]]
    reasons: ClassVar[dict[str, str]]
    Settings: ClassVar[type[FilterSettings]] = OptionalFilterSettings

    def __init__(self, settings: Any, stage: FilterStage, writer: RowWriter) -> None:
        super().__init__(writer)
        self.settings = settings
        self.versions = stage.versions

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Return ``True`` to keep a row, or ``(False, reason)``. May add columns to the row."""
        raise NotImplementedError

    def report_details(self) -> dict[str, Any]:
        """Return facts about this filter for the details of the report."""
        return {}


FILTERS: Registry[type[CurationFilter]] = Registry("curation filter", "themis_rm.filters", __name__)
"""All filters of curation."""


def filters_of(
    stage: FilterStage,
    settings_of: Callable[[type[CurationFilter]], FilterSettings],
    writer: Callable[[FilterStage], RowWriter],
) -> list[CurationFilter]:
    """Return the enabled filters of a stage in the order in which they run.

    Args:
        stage: The stage.
        settings_of: Returns the settings of a filter.
        writer: Returns a new writer of dropped rows. Each filter needs a separate one, because it closes its writer
            after its last row.
    """
    filters = []
    for item in sorted(FILTERS, key=lambda item: (item.order, item.name)):
        settings = settings_of(item)
        if stage in item.stages and getattr(settings, "enabled", True):
            filters.append(item(settings, stage, writer(stage)))
    return filters
