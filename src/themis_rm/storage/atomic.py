"""Atomic writes: a file or a directory appears under its final name only when it is complete."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from themis_rm.system_errors import name_path

PARTIAL_SUFFIX = ".partial"
"""Suffix of files and directories that are still being written."""


@contextmanager
def atomic_path(target: str | Path) -> Iterator[Path]:
    """Yield a temporary path next to ``target``; rename it to ``target`` when the body succeeds.

    The body may create a file or fill a directory under the temporary path. A file replaces a file, a directory
    replaces a directory. If the body raises, the temporary path is removed and the target is left unchanged.

    Args:
        target: Final path. Its parent directory is created if missing.

    Raises:
        IsADirectoryError: The body created a file, and the target is a directory.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + PARTIAL_SUFFIX)
    remove(partial)
    try:
        yield partial
        if partial.is_dir() and target.is_dir():
            remove(target)  # a rename does not replace a directory that is not empty
        partial.replace(target)
    except BaseException as error:
        if isinstance(error, OSError):
            name_path(error, target)
        with suppress(OSError):
            remove(partial)
        raise


@contextmanager
def atomic_directory(target: str | Path) -> Iterator[Path]:
    """Yield an empty temporary directory; rename it to ``target`` when the body succeeds.

    See :func:`atomic_path` for replacement and failure.

    Args:
        target: Final path of the directory.
    """
    with atomic_path(target) as partial:
        partial.mkdir()
        yield partial


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_path(path) as partial:
        # A path that is not UTF-8 has lone surrogates; their escapes are those of JSON.
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: str | Path, value: Any) -> None:
    """Write a JSON file atomically, indented by two spaces and with a final line end."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def remove(path: str | Path) -> None:
    """Remove a file or a directory tree if it exists."""
    path = Path(path)
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
