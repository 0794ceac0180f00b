"""Licenses, size categories and tasks as the Hugging Face hub names them."""

from __future__ import annotations

RANKING_TASK = "text-ranking"
"""Task of a model that ranks responses."""
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
# The hub uses lower-case SPDX identifiers for these licenses; all others are "other".
_LICENSES = frozenset(
    {
        *("mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "cc0-1.0", "epl-1.0", "epl-2.0", "mpl-2.0"),
        *("unlicense", "agpl-3.0", "lgpl-2.1", "lgpl-3.0", "gpl-2.0", "gpl-3.0", "artistic-2.0", "zlib", "ncsa"),
        *("cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0"),
        *("cdla-permissive-1.0", "cdla-permissive-2.0", "cdla-sharing-1.0", "odc-by", "odbl", "c-uda"),
    }
)


def hub_license(name: str) -> str:
    """Return the hub's identifier of a license, or ``other``."""
    folded = name.lower().removesuffix("-only").removesuffix("-or-later")
    return folded if folded in _LICENSES else "other"


def size_category(rows: int) -> str:
    """Return the hub's category for a number of rows."""
    return next((label for limit, label in _SIZES if rows < limit), "n>10M")
