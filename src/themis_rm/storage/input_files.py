"""Open and read files that the user names: refuses what is not a file at once instead of waiting for it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from themis_rm.errors import InputError

_KINDS = (
    (stat.S_ISDIR, "It is a directory"),
    (stat.S_ISFIFO, "It is a named pipe"),
    (stat.S_ISSOCK, "It is a socket"),
    (stat.S_ISCHR, "It is a device"),
    (stat.S_ISBLK, "It is a device"),
)
_POINTER = b"version https://git-lfs.github.com/spec/"


def open_input(path: str | Path) -> BinaryIO:
    """Open a file for reading: a regular file, or a pipe that the shell passes as ``/dev/fd/N`` or ``/dev/stdin``.

    Raises:
        InputError: There is no such file, it is no file, or it cannot be opened.
    """
    try:
        # A named pipe without a writer, or a terminal, must not block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        _refuse_other_kinds(path, os.fstat(descriptor).st_mode)
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def require_file(path: str | Path) -> Path:
    """Return the path of a file that exists and can be opened.

    Raises:
        InputError: See :func:`open_input`.
    """
    open_input(path).close()
    return Path(path)


def read_bytes(path: str | Path, max_bytes: int | None = None) -> bytes:
    """Return the content of a file.

    Args:
        path: The file.
        max_bytes: Largest size.

    Raises:
        InputError: See :func:`open_input`; or the file is larger.
    """
    with open_input(path) as handle:
        try:
            data = handle.read() if max_bytes is None else handle.read(max_bytes + 1)
        except OSError as error:
            raise _unreadable(path, error) from error
    if max_bytes is not None and len(data) > max_bytes:
        raise InputError(
            f"Cannot read {path}: It has more than {max_bytes:,} bytes.", "Check that it is the right file."
        )
    return data


def read_text(path: str | Path, max_bytes: int | None = None) -> str:
    """Return the text of a UTF-8 file without its byte-order mark.

    Args:
        path: The file.
        max_bytes: Largest size.

    Raises:
        InputError: See :func:`read_bytes`; or the file is not UTF-8, or a pointer of Git LFS.
    """
    data = read_bytes(path, max_bytes)
    if data.startswith(_POINTER):
        raise InputError(f"Cannot read {path}: It is a pointer of Git LFS, not the file.", "Run: git lfs pull")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"Cannot read {path}: It is not UTF-8 text.", "Convert it to UTF-8.") from error


def path_text(path: str | Path) -> str:
    r"""Return a path as a text that every file can hold: bytes that are not UTF-8 as escapes (``\xff``)."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _refuse_other_kinds(path: str | Path, mode: int) -> None:
    if stat.S_ISFIFO(mode) and _is_descriptor(path):
        return
    for is_kind, message in _KINDS:
        if is_kind(mode):
            raise InputError(f"Cannot read {path}: {message}.", "Name a regular file.")


def _is_descriptor(path: str | Path) -> bool:
    return str(path).startswith(("/dev/fd/", "/dev/stdin", "/proc/self/fd/"))


def _unreadable(path: str | Path, error: OSError | ValueError) -> InputError:
    code = error.errno if isinstance(error, OSError) else None
    if code == errno.ENXIO:
        return InputError(f"Cannot read {path}: It is a socket.", "Name a regular file.")
    reason = (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
    return InputError(f"Cannot read {path}: {reason}.", "Check the path." if code == errno.ENOENT else "")
