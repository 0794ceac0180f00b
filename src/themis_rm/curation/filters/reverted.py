"""Drop commits that were reverted."""

from __future__ import annotations

from typing import Any, ClassVar

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter
from themis_rm.pipeline import FilterResult


@FILTERS.register
class RevertedFilter(CurationFilter):
    """Drops commits that a later commit of the history reverts."""

    name = "reverted"
    order = 30
    stages = (COMMITS,)
    reasons: ClassVar = {"reverted": "a later commit reverts it"}

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Check the column ``reverted``."""
        return not row.get("reverted") or (False, "reverted")
