"""Drop rows with very small or very large texts."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from themis_rm.curation.filters import COMMITS, FILTERS, INJECTED_PAIRS, CurationFilter, OptionalFilterSettings
from themis_rm.pipeline import FilterResult


class SizeSettings(OptionalFilterSettings):
    """Settings of the size filter."""

    min_bytes: int = Field(24, ge=0)
    """Smallest size of either version, in bytes of UTF-8."""
    max_bytes: int = Field(65_536, ge=1)
    """Largest size of either version, in bytes of UTF-8."""


@FILTERS.register
class SizeFilter(CurationFilter):
    """Drops rows of which a version is too small or too large."""

    name = "size"
    order = 78
    stages = (COMMITS, INJECTED_PAIRS)
    reasons: ClassVar = {
        "too-small": "a version has fewer than min_bytes",
        "too-large": "a version has more than max_bytes",
    }
    Settings = SizeSettings

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Measure both versions."""
        sizes = [len(row[column].encode("utf-8", "surrogatepass")) for column in self.versions]
        if max(sizes) > self.settings.max_bytes:
            return False, "too-large"
        return min(sizes) >= self.settings.min_bytes or (False, "too-small")
