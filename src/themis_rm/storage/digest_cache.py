"""Digests of large files, kept in the user's cache until the files change."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.user_cache import user_cache

MIN_BYTES = 64 << 20
"""Files with fewer bytes in total are read again: that takes less than a tenth of a second."""
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_SETTLED = 2.0
"""Seconds after its last change before a file is trusted: a second change may have the same time stamp."""


def cached_digest(kind: str, files: Sequence[Path], compute: Callable[[], str]) -> str:
    """Return a digest of files, computed once while their paths, sizes and times of change stay the same.

    Args:
        kind: What is computed, such as ``sha256``; digests of different kinds are kept apart.
        files: The files that it depends on.
        compute: Computes it, in hexadecimal digits.
    """
    states = [(str(file.resolve()), file.stat()) for file in files]
    newest = max((state.st_mtime for _, state in states), default=0.0)
    if sum(state.st_size for _, state in states) < MIN_BYTES or time.time() - newest < _SETTLED:
        return compute()
    key = stable_id(kind, *(f"{path}\0{state.st_size}\0{state.st_mtime_ns}" for path, state in states))
    entry = user_cache() / "digests" / key
    with suppress(OSError, UnicodeDecodeError):
        if _HEXADECIMAL.fullmatch(saved := entry.read_text(encoding="ascii")):
            return saved
    digest = compute()
    with suppress(OSError):  # the cache may be read-only or full
        write_text(entry, digest)
    return digest
