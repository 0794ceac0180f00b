"""One ``git log`` of a repository -> the changes worth reading, and a reason for every commit that is not."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from themis_rm.languages import language_of_path
from themis_rm.mining.git import IsolatedGitDir
from themis_rm.mining.messages import is_boilerplate, is_revert, length_fault
from themis_rm.mining.provenance import Provenance
from themis_rm.mining.settings import MineSettings

_FIELDS = ("%H", "%P", "%at", "%ct", "%s", "%B")
_LOG = (
    "log", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--no-show-signature",
    "--no-notes", "--no-mailmap", "--no-color", "--no-decorate", "--diff-merges=off", "--ignore-submodules=none",
    "--encoding=UTF-8", f"--format=tformat:{'%x00'.join(_FIELDS)}",
)  # fmt: skip
_REGULAR = (b"100644", b"100755", b"100664")
_LATEST = 2**53
"""Times beyond this are damage, not dates."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A commit as git lists it; texts are bytes, for git allows any.

    Attributes:
        files: How many files it changed against its parent.
        raw: Git's line on the first of them: modes, hashes and status.
        path: Path of the first of them.
    """

    oid: bytes
    parents: list[bytes]
    author_time: int
    time: int
    subject: bytes
    message: bytes
    files: int
    raw: bytes
    path: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """A commit that is worth reading.

    Attributes:
        number: The commit's number in :class:`~themis_rm.mining.provenance.Provenance`.
        old: Hash of the file's version before.
        new: Hash of the file's version after.
    """

    number: int
    oid: bytes
    parent: bytes
    author_time: int
    time: int
    subject: bytes
    message: bytes
    path: bytes
    old: bytes
    new: bytes


def tokens(stream: IO[bytes], size: int = 1 << 20) -> Iterator[bytes]:
    """Yield what stands between the NUL bytes of a stream; what follows the last one is left out."""
    held: list[bytes] = []
    while chunk := stream.read(size):
        first, *rest = chunk.split(b"\0")
        held.append(first)
        if rest:
            yield b"".join(held)
            yield from rest[:-1]
            held = [rest[-1]]


def parse_log(stream: IO[bytes]) -> Iterator[LogEntry]:
    """Read the output of ``git log`` under :data:`_LOG`.

    Messages, subjects and paths cannot contain NUL, hashes cannot start with a colon, and a changed file's line always
    does: nothing that a commit contains can be taken for the beginning of another.
    """
    source = tokens(stream)
    head = next(source, None)
    while head is not None:
        parents, author_time, time, subject, message = (next(source, b"") for _ in range(5))
        files, raw, path = 0, b"", b""
        line = next(source, None)
        while line is not None and line.lstrip(b"\n").startswith(b":"):
            name = next(source, b"")
            if not files:
                raw, path = line.lstrip(b"\n"), name
            files += 1
            line = next(source, None)
        yield LogEntry(
            head.lstrip(b"\n"), parents.split(), _time(author_time), _time(time), subject, message, files, raw, path
        )
        head = line


def _time(text: bytes) -> int:
    # git writes nothing for a date that it cannot read.
    return int(text) if text.lstrip(b"-").isdigit() else _LATEST


class ChangeRules:
    """Tells for a commit whether its change is worth reading, before anything of it is read.

    Args:
        settings: The rules.
        boundary: Commits of a shallow clone whose parents are not there.
    """

    def __init__(self, settings: MineSettings, boundary: frozenset[bytes] = frozenset()) -> None:
        self.settings = settings
        self.languages = frozenset(settings.languages)
        self.low, self.high = settings.window()
        self.boundary = boundary

    def fault(self, entry: LogEntry) -> str:
        """Return why a commit is dropped, as a slug, or ``""`` if it is to be read."""
        if max(entry.time, entry.author_time) >= _LATEST:
            return "bad-date"
        if not self.low <= entry.time < self.high:
            return "outside-time"
        if len(entry.parents) > 1:
            return "merge"
        if not entry.parents:
            return "shallow-boundary" if entry.oid in self.boundary else "root"
        if entry.files != 1:
            return "several-files" if entry.files else "no-file"
        return self._file_fault(entry) or self._message_fault(entry)

    def _file_fault(self, entry: LogEntry) -> str:
        old_mode, new_mode, old, new, status = entry.raw[1:].split(b" ")
        if status != b"M":
            return {b"A": "added", b"D": "deleted"}.get(status, "type-change")
        if old_mode not in _REGULAR or new_mode not in _REGULAR:
            return "not-regular"
        if old == new:
            return "mode-only"
        try:
            row = language_of_path(entry.path.decode("utf-8"))
        except UnicodeDecodeError:
            return "path-not-utf8"
        return "" if row is not None and row.name in self.languages else "language"

    def _message_fault(self, entry: LogEntry) -> str:
        try:
            message, subject = entry.message.decode("utf-8"), entry.subject.decode("utf-8")
        except UnicodeDecodeError:
            return "message-not-utf8"
        fault = length_fault(message, self.settings.message_min, self.settings.message_max)
        if fault or self.settings.boilerplate:
            return fault
        if is_revert(subject):
            return "message-revert"
        return "message-boilerplate" if is_boilerplate(subject) else ""


class Changes:
    """The changes of one history, laid aside on disk (in memory while they are small), in a better order to read.

    Versions of a file are read and written one after another: git then finds the base of each delta in its cache, an
    old version is the next change's new one and need not be read again, and Parquet compresses several times better.

    Args:
        shadow: The opened repository.
    """

    def __init__(self, shadow: IsolatedGitDir) -> None:
        self._spool = tempfile.SpooledTemporaryFile(max_size=16 << 20, dir=str(shadow.scratch))  # noqa: SIM115
        self._places: list[tuple[bytes, int, int]] = []
        self._paths: dict[bytes, bytes] = {}

    def add(self, number: int, entry: LogEntry) -> None:
        """Lay a commit aside."""
        _, _, old, new, _ = entry.raw.split(b" ")
        fields = (
            b"%d" % number, entry.oid, entry.parents[0], b"%d" % entry.author_time, b"%d" % entry.time,
            entry.subject, entry.message, old, new,
        )  # fmt: skip
        record = b"\0".join(fields)
        path = self._paths.setdefault(entry.path, entry.path)
        self._places.append((path, self._spool.tell(), len(record)))
        self._spool.write(record)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Change]:
        """Yield the changes by path, newest first."""
        for path, offset, length in sorted(self._places):
            self._spool.seek(offset)
            number, oid, parent, author_time, time, subject, message, old, new = self._spool.read(length).split(b"\0")
            yield Change(int(number), oid, parent, int(author_time), int(time), subject, message, path, old, new)

    def close(self) -> None:
        """Let go of the disk."""
        self._spool.close()


def read_history(
    shadow: IsolatedGitDir, rules: ChangeRules, dropped: Callable[[str], None]
) -> tuple[Changes, Provenance, int]:
    """Read a whole history.

    Args:
        shadow: The opened repository.
        rules: What to keep.
        dropped: Called with the reason for each commit that is not kept.

    Returns:
        The changes to read, what the history says about them, and how many commits there were.

    Raises:
        InputError: git could not list the history to its end; nothing has been read then.
    """
    changes, provenance, commits = Changes(shadow), Provenance(), 0
    walk = ["--first-parent"] if rules.settings.first_parent else []
    with shadow.stream([*_LOG, *walk, shadow.head, "--"]) as stream:
        for entry in parse_log(stream):
            commits += 1
            number = provenance.note(entry.oid, entry.parents, entry.time, entry.subject, entry.message)
            fault = rules.fault(entry)
            if fault:
                dropped(fault)
            else:
                changes.add(number, entry)
    provenance.finish(shadow.head.encode())
    return changes, provenance, commits
