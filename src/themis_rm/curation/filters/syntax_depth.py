"""Drop pairs with a shallow syntax tree."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from themis_rm.curation.filters import COMMIT_PAIRS, FILTERS, INJECTED_PAIRS, CurationFilter, OptionalFilterSettings
from themis_rm.languages.syntax import tree_depth
from themis_rm.pipeline import FilterResult


class SyntaxDepthSettings(OptionalFilterSettings):
    """Settings of the filter of syntax depth."""

    min_depth: int = Field(3, ge=0)
    """Fewest levels of the syntax tree of either version."""


@FILTERS.register
class SyntaxDepthFilter(CurationFilter):
    """Drops pairs of which a version has too shallow a syntax tree, such as data tables, includes and stubs."""

    name = "syntax_depth"
    order = 100
    stages = (COMMIT_PAIRS, INJECTED_PAIRS)
    reasons: ClassVar = {"shallow-syntax": "the syntax tree of a version has fewer than min_depth levels"}
    Settings = SyntaxDepthSettings

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Parse both versions."""
        versions = (row[column] for column in self.versions)
        depth = self.settings.min_depth
        return all(tree_depth(code, row["language"]) >= depth for code in versions) or (False, "shallow-syntax")
