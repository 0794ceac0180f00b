"""Commits with huge messages, and huge trees: found by their size, and never decompressed.

git reads a commit as a whole, so that a message of a gigabyte, which compresses to some megabytes, fills the memory. In
the isolated git directory each large commit is replaced by one with the same tree, parents and times, and no message.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from themis_rm.errors import InputError
from themis_rm.mining.object_start import read_start

if TYPE_CHECKING:
    from themis_rm.mining.git import IsolatedGitDir

MAX_COMMIT_BYTES = 1 << 20
"""Largest size of a commit, message included, that git reads."""
MAX_TREE_BYTES = 64 << 20
"""Largest size of a tree (a directory) that git reads."""
_HEADER_BYTES = 8 << 20
_WHOLE_BYTES = 256 << 20
_PARENT = re.compile(rb"parent [0-9a-f]+\n")
_PERSON = re.compile(rb"^(author|committer) [^\n]*?(-?\d{1,20} [+-]\d{1,5})\n", re.MULTILINE)


def large_commits(git_dir: IsolatedGitDir) -> list[tuple[str, int]]:
    """Return hash and size of the commits that are too large.

    Raises:
        InputError: A tree is too large.
    """
    with tempfile.TemporaryFile(dir=git_dir.scratch) as wanted:
        count = _write_large(git_dir, wanted)
        if not count:
            return []
        wanted.seek(0)
        commits = []
        for kind, size, oid in _lines(git_dir, "%(objecttype) %(objectsize) %(objectname)", stdin=wanted):
            if kind == "tree" and int(size) > MAX_TREE_BYTES:
                raise InputError(f"Its tree {oid} has {int(size):,} bytes, more than {MAX_TREE_BYTES:,}.")
            if kind == "commit":
                commits.append((oid, int(size)))
    return commits


def _write_large(git_dir: IsolatedGitDir, wanted: IO[bytes]) -> int:
    """Write the hashes of large objects of all kinds to a file, and return their number."""
    count = 0
    for size, oid in _lines(git_dir, "%(objectsize) %(objectname)", all_objects=True):
        if size.isdecimal() and int(size) > MAX_COMMIT_BYTES:
            wanted.write(oid.encode() + b"\n")
            count += 1
    return count


def _lines(
    git_dir: IsolatedGitDir, columns: str, stdin: IO[bytes] | None = None, all_objects: bool = False
) -> Iterator[list[str]]:
    options = ["--batch-all-objects", "--unordered"] if all_objects else []
    with git_dir.stream(["cat-file", *options, f"--batch-check={columns}"], stdin) as lines:
        for line in lines:
            yield line.decode("ascii", "replace").split()


def without_message(git_dir: IsolatedGitDir, oid: str, size: int) -> bytes:
    """Return the commit that replaces a large one: the same tree, parents and times.

    A time that is missing in the first megabytes of the commit becomes one that no commit can have.

    Raises:
        InputError: The commit cannot be read.
    """
    try:
        start = read_start(git_dir.objects, oid, _HEADER_BYTES)
    except (OSError, ValueError):  # a pack is missing or damaged
        start = None
    if start is None and size <= _WHOLE_BYTES:
        with git_dir.stream(["cat-file", "commit", oid]) as stream:
            start = stream.read(_HEADER_BYTES)
    tree, _, rest = (start or b"").partition(b"\n")
    if not tree.startswith(b"tree "):
        raise InputError(f"Its commit {oid} has {size:,} bytes and cannot be read.")
    end = 0
    while parent := _PARENT.match(rest, end):
        end = parent.end()
    header, _, _ = rest[end:].partition(b"\n\n")
    times = {match[1]: match[2] for match in _PERSON.finditer(header + b"\n")}
    lines = [b"%s - <-> %s\n" % (name, times.get(name, b"%d +0000" % 2**60)) for name in (b"author", b"committer")]
    return b"".join([tree, b"\n", rest[:end], *lines, b"\n-\n"])
