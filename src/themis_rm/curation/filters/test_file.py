"""Drop commits that change tests."""

from __future__ import annotations

from typing import Any, ClassVar

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter
from themis_rm.mining.functions import is_test
from themis_rm.pipeline import FilterResult


@FILTERS.register
class TestFileFilter(CurationFilter):
    """Drops commits that change a test file: these change what is required of the code, not the code."""

    __test__ = False  # not a test class, whatever its name
    name = "test_file"
    order = 40
    stages = (COMMITS,)
    reasons: ClassVar = {"test-file": "changes a test"}

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Check the path."""
        return not is_test(row["file_path"]) or (False, "test-file")
