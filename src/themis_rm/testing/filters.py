"""Contract of curation filters: what curation relies on, as checks that a plugin's tests can run."""

from __future__ import annotations

import copy
import pickle
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from themis_rm.curation.filters import STAGES, CurationFilter
from themis_rm.pipeline import exclusion_writer
from themis_rm.testing.assertions import require


def check_filter(kind: type[CurationFilter], rows: Mapping[str, Iterable[dict[str, Any]]]) -> None:
    """Check a filter against the whole contract.

    Args:
        kind: The class of the filter.
        rows: Name of each of its stages -> rows, which filters that run earlier would keep.

    Raises:
        AssertionError: The filter breaks the contract; the message says where.
    """
    check_declaration(kind)
    for stage in kind.stages:
        with tempfile.TemporaryDirectory() as folder:
            writer = exclusion_writer(Path(folder), stage.row_type.schema(), stage.exclusions)
            instance = kind(kind.Settings(), stage, writer)
            pickle.dumps(instance)  # executors send steps to worker processes
            for row in rows[stage.name]:
                check_row(instance, row)


def check_declaration(kind: type[CurationFilter]) -> None:
    """Check name, stages, reasons and default settings.

    Raises:
        AssertionError: One of them is missing or malformed.
    """
    require(kind.name.isidentifier(), f"{kind.__name__}: the name '{kind.name}' is not an identifier")
    require(bool(kind.stages) and set(kind.stages) <= set(STAGES), f"{kind.name}: no stage, or an unknown one")
    malformed = [reason for reason in kind.reasons if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", reason)]
    require(not malformed, f"{kind.name}: reasons that are not slugs: {malformed}")
    kind.Settings()


def check_row(instance: CurationFilter, row: dict[str, Any]) -> None:
    """Check that a row is kept or dropped for a declared reason, twice in the same way, and keeps its columns.

    Raises:
        AssertionError: It is not.
    """
    before = copy.deepcopy(row)
    result = instance.check(row)
    require({name: row.get(name) for name in before} == before, f"{instance.name}: changes a column of the row")
    require(result == instance.check(row), f"{instance.name}: not deterministic")
    if isinstance(result, tuple):
        require(not result[0] and result[1] in instance.reasons, f"{instance.name}: undeclared reason {result[1]}")
