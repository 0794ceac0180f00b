"""Drop commits that add syntax errors."""

from __future__ import annotations

from typing import Any, ClassVar

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter
from themis_rm.languages.syntax import parses_worse
from themis_rm.pipeline import FilterResult


@FILTERS.register
class SyntaxErrorFilter(CurationFilter):
    """Drops commits after which the file has more syntax errors than before."""

    name = "syntax_errors"
    order = 85
    stages = (COMMITS,)
    reasons: ClassVar = {"chosen-parses-worse": "the better version has more syntax errors than the worse one"}

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Parse both versions."""
        better, worse = (row[column] for column in self.versions)
        return not parses_worse(better, worse, row["language"]) or (False, "chosen-parses-worse")
