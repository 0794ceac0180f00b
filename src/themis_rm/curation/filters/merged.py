"""Drop commits that did not come from a pull request."""

from __future__ import annotations

from typing import Any, ClassVar

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, OptionalFilterSettings
from themis_rm.pipeline import FilterResult


class MergedSettings(OptionalFilterSettings):
    """Settings of the filter of merged commits."""

    enabled: bool = False
    """Whether only commits that are known to come from a merged pull request are kept."""


@FILTERS.register
class MergedFilter(CurationFilter):
    """Drops commits that are not known to come from a merged pull request; off by default."""

    name = "merged"
    order = 35
    stages = (COMMITS,)
    reasons: ClassVar = {"not-merged": "not known to come from a merged pull request"}
    Settings = MergedSettings

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Check the column ``merged``."""
        return (row.get("merged") or "none") != "none" or (False, "not-merged")
