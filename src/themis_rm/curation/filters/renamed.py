"""Drop commits that rename the file."""

from __future__ import annotations

from typing import Any, ClassVar

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter
from themis_rm.pipeline import FilterResult


@FILTERS.register
class RenamedFilter(CurationFilter):
    """Drops commits that rename the file; ``mine`` finds none, but other commit data has them."""

    name = "renamed"
    order = 25
    stages = (COMMITS,)
    reasons: ClassVar = {"renamed": "the file has another path before the commit"}

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Compare the paths before and after."""
        return row.get("old_path") in (None, "", row["file_path"]) or (False, "renamed")
