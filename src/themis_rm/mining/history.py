"""Read a history with one ``git log``: the changes to read, and the reason for every other commit."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from themis_rm.languages import language_of_path
from themis_rm.mining.git import IsolatedGitDir
from themis_rm.mining.messages import check_length, is_boilerplate, is_revert
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
"""Later times are damage, not dates."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A commit in the output of ``git log``; texts are bytes, because git accepts any encoding.

    Attributes:
        files: Number of files that it changed against its parent.
        raw: Modes, hashes and status of the first of these files, as git writes them.
        path: Path of the first of these files.
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
class FileChange:
    """A commit whose file versions are to be read.

    Attributes:
        number: The commit's number in :class:`~themis_rm.mining.provenance.Provenance`.
        old: Hash of the file before the commit.
        new: Hash of the file after the commit.
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


def split_nul(stream: IO[bytes], size: int = 1 << 20) -> Iterator[bytes]:
    """Yield the parts of a stream that end in NUL; data after the last NUL is ignored."""
    pending: list[bytes] = []
    while chunk := stream.read(size):
        first, *rest = chunk.split(b"\0")
        pending.append(first)
        if rest:
            yield b"".join(pending)
            yield from rest[:-1]
            pending = [rest[-1]]


def parse_log(stream: IO[bytes]) -> Iterator[LogEntry]:
    """Parse the output of ``git log`` with the arguments :data:`_LOG`.

    Messages, subjects and paths cannot contain NUL, hashes cannot start with a colon, and the line of a changed file
    always does. So no content of a commit can be mistaken for the start of another commit.
    """
    source = split_nul(stream)
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
    # git writes an empty field for a date that it cannot parse.
    return int(text) if text.lstrip(b"-").isdigit() else _LATEST


class ChangeRules:
    """Rules for which commits to read, applied before any file version is read.

    Args:
        settings: Settings of the rules.
        boundary: Commits of a shallow clone whose parents are missing.
        large: Commits whose messages are too long to be read.
    """

    def __init__(
        self, settings: MineSettings, boundary: frozenset[bytes] = frozenset(), large: frozenset[bytes] = frozenset()
    ) -> None:
        self.settings = settings
        self.languages = frozenset(settings.languages)
        self.low, self.high = settings.window()
        self.boundary = boundary
        self.large = large

    def drop_reason(self, entry: LogEntry) -> str:
        """Return why a commit is dropped, as a slug, or ``""`` if it is to be read."""
        if max(entry.time, entry.author_time) >= _LATEST:
            return "bad-date"
        if not self.low <= entry.time < self.high:
            return "outside-time-range"
        if len(entry.parents) > 1:
            return "merge"
        if not entry.parents:
            return "shallow-boundary" if entry.oid in self.boundary else "root"
        if entry.files != 1:
            return "several-files" if entry.files else "no-file"
        return self._check_file(entry) or self._check_message(entry)

    def _check_file(self, entry: LogEntry) -> str:
        old_mode, new_mode, old, new, status = entry.raw[1:].split(b" ")
        if status != b"M":
            return {b"A": "added", b"D": "deleted"}.get(status, "type-change")
        if old_mode not in _REGULAR or new_mode not in _REGULAR:
            return "not-regular"
        if old == new:
            return "mode-only"
        try:
            path = entry.path.decode("utf-8")
        except UnicodeDecodeError:
            return "path-not-utf8"
        row = language_of_path(path)
        return "" if row is not None and not self.languages.isdisjoint(row.possible_names(path)) else "other-language"

    def _check_message(self, entry: LogEntry) -> str:
        if entry.oid in self.large:
            return "message-long"
        try:
            message, subject = entry.message.decode("utf-8"), entry.subject.decode("utf-8")
        except UnicodeDecodeError:
            return "message-not-utf8"
        reason = check_length(message, self.settings.min_message_length, self.settings.max_message_length)
        if reason or self.settings.keep_boilerplate:
            return reason
        if is_revert(subject):
            return "message-revert"
        return "message-boilerplate" if is_boilerplate(subject) else ""


class ChangeSpool:
    """The changes of one history, spooled to disk if there are many, and iterated in an order that is fast to read.

    The versions of a file are read and written consecutively. Then git finds the base of each delta in its cache, the
    old version of a change is the new one of the next and need not be read again, and Parquet compresses several times
    better.

    Args:
        git_dir: The opened repository.
    """

    def __init__(self, git_dir: IsolatedGitDir) -> None:
        self._spool = tempfile.SpooledTemporaryFile(max_size=16 << 20, dir=str(git_dir.scratch))  # noqa: SIM115
        self._records: list[tuple[bytes, int, int]] = []
        self._paths: dict[bytes, bytes] = {}

    def add(self, number: int, entry: LogEntry) -> None:
        """Add a change."""
        _, _, old, new, _ = entry.raw.split(b" ")
        fields = (
            b"%d" % number, entry.oid, entry.parents[0], b"%d" % entry.author_time, b"%d" % entry.time,
            entry.subject, entry.message, old, new,
        )  # fmt: skip
        record = b"\0".join(fields)
        path = self._paths.setdefault(entry.path, entry.path)
        self._records.append((path, self._spool.tell(), len(record)))
        self._spool.write(record)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[FileChange]:
        """Yield the changes by path, newest first."""
        for path, offset, length in sorted(self._records):
            self._spool.seek(offset)
            number, oid, parent, author_time, time, subject, message, old, new = self._spool.read(length).split(b"\0")
            yield FileChange(int(number), oid, parent, int(author_time), int(time), subject, message, path, old, new)

    def close(self) -> None:
        """Delete the spool file."""
        self._spool.close()


def read_history(
    git_dir: IsolatedGitDir, rules: ChangeRules, dropped: Callable[[str], None]
) -> tuple[ChangeSpool, Provenance, int]:
    """Read a complete history.

    Args:
        git_dir: The opened repository.
        rules: Rules for which commits to read.
        dropped: Called with the reason for each other commit.

    Returns:
        The changes to read, their provenance, and the number of commits.

    Raises:
        InputError: git failed to list the complete history.
    """
    changes, provenance, commits = ChangeSpool(git_dir), Provenance(), 0
    walk = ["--first-parent"] if rules.settings.first_parent else []
    with git_dir.stream([*_LOG, *walk, git_dir.head, "--"]) as stream:
        for entry in parse_log(stream):
            commits += 1
            number = provenance.add(entry.oid, entry.parents, entry.time, entry.subject, entry.message)
            reason = rules.drop_reason(entry)
            if reason:
                dropped(reason)
            else:
                changes.add(number, entry)
    provenance.finish(git_dir.head.encode())
    return changes, provenance, commits
