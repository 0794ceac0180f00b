"""Directory of the current user for files that can be computed again."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path:
    """Return ``$XDG_CACHE_HOME/themis-rm``, by default ``~/.cache/themis-rm``; it may not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "themis-rm"
