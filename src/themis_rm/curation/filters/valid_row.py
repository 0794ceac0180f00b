"""Drop rows with missing or malformed texts."""

from __future__ import annotations

from typing import Any, ClassVar

from themis_rm.curation.filters import COMMITS, FILTERS, SOLUTIONS, CurationFilter, FilterSettings, FilterStage
from themis_rm.pipeline import FilterResult, RowWriter


@FILTERS.register
class ValidRowFilter(CurationFilter):
    """Drops rows of which a required text is missing or has another type, such as text that is not Unicode."""

    name = "valid_row"
    order = 10
    stages = (COMMITS, SOLUTIONS)
    reasons: ClassVar = {"malformed-row": "a required text is missing or is not text"}
    Settings = FilterSettings

    def __init__(self, settings: FilterSettings, stage: FilterStage, writer: RowWriter) -> None:
        super().__init__(settings, stage, writer)
        self.columns = stage.text_columns()

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Check the types of the text columns."""
        return all(isinstance(row.get(column), str) for column in self.columns) or (False, "malformed-row")
