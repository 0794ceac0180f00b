"""One-line explanations of what the operating system and libraries refuse: full disks, permissions, damaged files."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping

from themis_rm.errors import InputError, UserError

_FULL = "Free some space, or use another disk, then run the same command again to resume."
_HINTS: Mapping[int, str] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f), then run the same command again to resume.",
    errno.EROFS: "Use a directory on a file system that is writable.",
    errno.EACCES: "Check its permissions, or use another path.",
    errno.EPERM: "Check its permissions, or use another path.",
    errno.EEXIST: "A file is in the place of a directory: use another path.",
    errno.ENOTDIR: "A file is in the place of a directory: use another path.",
    errno.EISDIR: "Name a file, not a directory.",
    errno.ENOENT: "Check the path.",
    errno.ENAMETOOLONG: "Use a shorter name.",
    errno.ELOOP: "Its symbolic links form a loop: use another path.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n), or use fewer workers.",
    errno.ENFILE: "Raise the limit of open files, or use fewer workers.",
    errno.EIO: "Check the disk.",
    errno.ENOMEM: "Free some memory, or use smaller batches or fewer workers.",
    errno.EAGAIN: "Raise the limit of processes (ulimit -u), or use fewer workers.",
    errno.ENOLCK: "The file system has no locks: use a directory on another one.",
    errno.EOPNOTSUPP: "The file system does not support this: use a directory on another one.",
}

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
"""Numbers of the errors of a disk that is full, read-only or damaged."""


def explain(error: BaseException) -> UserError | None:
    """Return an error that the user can fix in its one-line form, or ``None`` for a bug of this package.

    Args:
        error: Any exception; one that a library raised for damaged input, full disks, missing memory and the like is
            one that the user can fix.
    """
    if isinstance(error, UserError):
        return error
    if isinstance(error, BaseExceptionGroup):
        return explain(error.exceptions[0])
    if isinstance(error, MemoryError) or _is_kind(error, "torch", "OutOfMemoryError"):
        return UserError("Memory ran out.", "Use smaller batches or fewer workers.")
    if isinstance(error, RecursionError):
        return InputError("An input is nested too deeply.", "THEMIS_DEBUG=1 shows where it was read.")
    if isinstance(error, OSError):
        return _explain_os_error(error)
    cause = error.__cause__ or error.__context__
    if isinstance(error, RuntimeError) and isinstance(cause, OSError) and cause.errno == errno.ELOOP:
        return _explain_os_error(cause)  # pathlib raises this before Python 3.13
    return _explain_damaged_input(error)


def name_path(error: OSError, path: str | os.PathLike[str]) -> None:
    """Add the path to an error of the operating system that names none, such as that of a write to a full disk."""
    if error.filename is None and error.errno is not None and error.errno in _HINTS:
        error.strerror = (
            error.strerror if len(error.args) > 1 and not _is_arrow_text(error) else os.strerror(error.errno)
        )
        error.filename = str(path)


def _explain_os_error(error: OSError) -> UserError:
    reason = error.strerror
    if error.errno is not None and (reason is None or _is_arrow_text(error)):
        reason = os.strerror(error.errno)
    reason = (reason or _first_line(error)).rstrip(".")
    hint = _HINTS.get(error.errno or 0, "")
    if error.filename is not None:
        return UserError(f"Cannot use {_path(error.filename)}: {reason}.", hint)
    return UserError(f"{reason[:1].upper()}{reason[1:]}.", hint)


def _is_arrow_text(error: OSError) -> bool:
    """Return whether the text is Arrow's, which repeats number and text of the error."""
    return "Detail: [errno" in (error.strerror or "")


def _explain_damaged_input(error: BaseException) -> UserError | None:
    if isinstance(error, UnicodeDecodeError):
        return InputError("An input is not UTF-8 text.", "Convert it to UTF-8.")
    if isinstance(error, UnicodeEncodeError):
        return InputError("A text has a lone surrogate, which no file can hold.", "Remove it from the input.")
    if isinstance(error, json.JSONDecodeError):
        return InputError(f"An input is not JSON ({error}).", "THEMIS_DEBUG=1 shows where it was read.")
    if _is_kind(error, "pyarrow", "ArrowException"):
        return InputError(f"An input cannot be read as a table ({_first_line(error)}).")
    if isinstance(error, ValueError) and str(error).startswith("embedded null"):
        return InputError("A path has a NUL character.", "Remove it.")
    return None


def _is_kind(error: BaseException, library: str, name: str) -> bool:
    """Return whether an error is of a class of a library; a library that is not loaded has raised nothing."""
    kind = getattr(sys.modules.get(library), name, None)
    return isinstance(kind, type) and isinstance(error, kind)


def _path(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, bytes) else str(name)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
