"""A curation filter that drops pairs with very long lines, which are usually generated or minified code."""

from __future__ import annotations

from typing import Any, ClassVar

from themis_rm.curation.filters import COMMIT_PAIRS, FILTERS, CurationFilter, OptionalFilterSettings
from themis_rm.pipeline import FilterResult


@FILTERS.register
class LongLineFilter(CurationFilter):
    """Drops pairs in which a line is longer than a limit."""

    name = "long_line"
    order = 45
    stages = (COMMIT_PAIRS,)
    reasons: ClassVar = {"long-line": "a line is too long"}

    class Settings(OptionalFilterSettings):
        """Settings of the filter."""

        max_characters: int = 1000
        """Maximum length of a line in characters."""

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Check both versions."""
        lines = (line for column in ("chosen", "rejected") for line in row[column].splitlines())
        return max(map(len, lines), default=0) <= self.settings.max_characters or (False, "long-line")
