"""Errors of the operating system and of libraries in one line."""

import errno
import json
import os

import pyarrow as pa
import pytest

from themis_rm.errors import InputError
from themis_rm.system_errors import explain, name_path

ARROW_TEXT = "Error writing bytes to file. Detail: [errno 28] No space left on device"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a/b"), "Cannot use a/b: No space left on device. Free"),
        (OSError(errno.EROFS, "Read-only file system", b"a\xff"), "Cannot use a\udcff: Read-only file system."),
        (FileExistsError(errno.EEXIST, "File exists", "a"), "Cannot use a: File exists. A file is in the place"),
        (OSError(errno.ELOOP, "Too many levels", "a"), "links form a loop"),
        (OSError(errno.ENOSPC, ARROW_TEXT), "No space left on device. Free some space"),
        (OSError("Corrupt snappy compressed data."), "Corrupt snappy compressed data."),
        (pa.ArrowInvalid("Column 3 is\nodd"), "cannot be read as a table (Column 3 is)."),
        (MemoryError(), "Memory ran out."),
        (RecursionError("maximum"), "nested too deeply"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "not UTF-8"),
        (json.JSONDecodeError("Expecting value", "", 0), "not JSON"),
        (ValueError("embedded null byte"), "NUL"),
        (ExceptionGroup("several", [OSError(errno.EACCES, "Permission denied", "a")]), "Cannot use a: Permission"),
        (InputError("As it is."), "As it is."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_what_a_user_can_fix_is_explained_in_one_line(error, message):
    explained = str(explain(error))
    assert message in explained
    assert "\n" not in explained


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("odd"), AssertionError(), TypeError("no")])
def test_a_bug_is_not_explained(error):
    assert explain(error) is None


def test_an_error_without_a_path_is_given_one():
    error = OSError(errno.ENOSPC, ARROW_TEXT)
    name_path(error, "out/shard.parquet")
    assert str(explain(error)).startswith(f"Cannot use out/shard.parquet: {os.strerror(errno.ENOSPC)}.")


def test_the_path_of_an_error_is_kept():
    error = OSError(errno.ENOSPC, "No space left on device", "inner")
    name_path(error, "outer")
    assert error.filename == "inner"
