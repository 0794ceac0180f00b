"""Errors of writing checkpoints as those of the operating system: libraries raise their own for a full disk."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from themis_rm.storage.atomic import remove

_NUMBER = re.compile(r"(?:os error|Errno) (\d+)")
"""How safetensors, tokenizers and torch's distributed checkpoints name the error of the operating system."""
_TORCH = ("iostream error", "unexpected pos", "PytorchStreamWriter failed")
"""Parts of the errors of ``torch.save`` after a write that failed; they do not say why it did."""
_PROBE_BYTES = 1 << 20


@contextmanager
def named_write_errors(folder: Path) -> Iterator[None]:
    """Raise ``OSError`` with the path if the body cannot write to a folder, whatever library writes.

    Args:
        folder: The folder; it need not exist yet.

    Raises:
        OSError: The disk is full, or refuses to be written for another reason.
    """
    try:
        yield
    except Exception as error:
        number = _error_number(error, folder)
        if number is None or isinstance(error, OSError):
            raise
        raise OSError(number, os.strerror(number), str(folder)) from error


def _error_number(error: BaseException | None, folder: Path) -> int | None:
    while error is not None:
        if isinstance(error, OSError):
            return error.errno
        text = str(error)
        if found := _NUMBER.search(text):
            return int(found[1])
        if any(part in text for part in _TORCH):
            return _probe(folder)
        error = error.__cause__ or error.__context__
    return None


def _probe(folder: Path) -> int:
    """Return the number of the error of writing to a folder."""
    file = next(path for path in (folder, *folder.parents) if path.is_dir()) / ".probe"
    try:
        file.write_bytes(bytes(_PROBE_BYTES))
    except OSError as error:
        return error.errno or errno.EIO
    finally:
        remove(file)
    return errno.EIO
