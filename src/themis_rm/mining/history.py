"""Read a history with one ``git log``: the changes to read, and the reason for every other commit."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, NamedTuple

from themis_rm.languages import language_of_path
from themis_rm.languages.file_paths import DOCUMENTATION, TEST, is_document, kind_of_path
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


class RawChange(NamedTuple):
    """A changed file in the output of ``git log``.

    Attributes:
        raw: Modes, hashes and status, as git writes them.
        path: Path of the file.
    """

    raw: bytes
    path: bytes


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A commit in the output of ``git log``; texts are bytes, because git accepts any encoding.

    Attributes:
        files: Number of files that it changed against its parent.
        changes: The first of these files, in the order of their paths.
    """

    oid: bytes
    parents: list[bytes]
    author_time: int
    time: int
    subject: bytes
    message: bytes
    files: int
    changes: tuple[RawChange, ...]


class FileVersion(NamedTuple):
    """A file after a commit.

    Attributes:
        path: Its path.
        oid: Hash of its contents.
    """

    path: bytes
    oid: bytes


@dataclass(frozen=True, slots=True)
class SelectedFiles:
    """The files of a commit that is to be read.

    Attributes:
        source: The source file.
        tests: Tests that are added or modified.
        others: Paths of the other files.
    """

    source: RawChange
    tests: tuple[FileVersion, ...] = ()
    others: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class FileChange:
    """A commit whose file versions are to be read.

    Attributes:
        number: The commit's number in :class:`~themis_rm.mining.provenance.Provenance`.
        path: Path of the source file.
        old: Hash of the source file before the commit.
        new: Hash of the source file after the commit.
        tests: Tests that came with the change.
        others: Paths of the other files of the commit.
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
    tests: tuple[FileVersion, ...]
    others: tuple[bytes, ...]


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


def parse_log(stream: IO[bytes], max_changes: int = 1) -> Iterator[LogEntry]:
    """Parse the output of ``git log`` with the arguments :data:`_LOG`.

    Messages, subjects and paths cannot contain NUL, hashes cannot start with a colon, and the line of a changed file
    always does. So no content of a commit can be mistaken for the start of another commit.

    Args:
        stream: The output.
        max_changes: Most files of a commit that are returned; further ones are only counted.
    """
    source = split_nul(stream)
    head = next(source, None)
    while head is not None:
        parents, author_time, time, subject, message = (next(source, b"") for _ in range(5))
        files, changes = 0, []
        line = next(source, None)
        while line is not None and line.lstrip(b"\n").startswith(b":"):
            name = next(source, b"")
            if files < max_changes:
                changes.append(RawChange(line.lstrip(b"\n"), name))
            files += 1
            line = next(source, None)
        times = _time(author_time), _time(time)
        yield LogEntry(head.lstrip(b"\n"), parents.split(), *times, subject, message, files, tuple(changes))
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

    @property
    def max_changes(self) -> int:
        """The most files that a commit to read can change."""
        return 1 + (self.settings.max_extra_files if self.settings.extra_files != "none" else 0)

    def select(self, entry: LogEntry) -> SelectedFiles | str:
        """Return the files of a commit that is to be read, or why it is dropped, as a slug."""
        if max(entry.time, entry.author_time) >= _LATEST:
            return "bad-date"
        if not self.low <= entry.time < self.high:
            return "outside-time-range"
        if len(entry.parents) > 1:
            return "merge"
        if not entry.parents:
            return "shallow-boundary" if entry.oid in self.boundary else "root"
        if not entry.files:
            return "no-file"
        files = select_files(entry.changes) if entry.files <= self.max_changes else None
        if files is None:
            return "several-files"
        return self._check_file(files.source) or self._check_message(entry) or files

    def _check_file(self, change: RawChange) -> str:
        old_mode, new_mode, old, new, status = change.raw[1:].split(b" ")
        if status != b"M":
            return {b"A": "added", b"D": "deleted"}.get(status, "type-change")
        if old_mode not in _REGULAR or new_mode not in _REGULAR:
            return "not-regular"
        if old == new:
            return "mode-only"
        try:
            path = change.path.decode("utf-8")
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


def select_files(changes: tuple[RawChange, ...]) -> SelectedFiles | None:
    """Divide the files of a commit into one source file, and tests and documents; ``None`` if there is not exactly one.

    A test is the source file where all other files are documents, or tests in none of the languages.
    """
    if len(changes) == 1:
        return SelectedFiles(changes[0])
    kinds = [_kind_of_extra(change.path) for change in changes]
    sources = [change for change, kind in zip(changes, kinds, strict=True) if not kind]
    if not sources:
        sources = [c for c, kind in zip(changes, kinds, strict=True) if kind == TEST and _has_language(c.path)]
    if len(sources) != 1:
        return None
    tests, others = [], []
    for change, kind in zip(changes, kinds, strict=True):
        _, mode, _, oid, status = change.raw.split(b" ")
        if change is sources[0]:
            continue
        if kind == TEST and status != b"D" and mode in _REGULAR:
            tests.append(FileVersion(change.path, oid))
        else:
            others.append(change.path)
    return SelectedFiles(sources[0], tuple(tests), tuple(others))


def _kind_of_extra(path: bytes) -> str:
    """Return whether a file is a test or a document, or an empty text for any other file."""
    try:
        name = path.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    if kind_of_path(name) == TEST:
        return TEST
    return DOCUMENTATION if is_document(name) else ""


def _has_language(path: bytes) -> bool:
    return language_of_path(path.decode("utf-8")) is not None


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

    def add(self, number: int, entry: LogEntry, files: SelectedFiles) -> None:
        """Add a change."""
        _, _, old, new, _ = files.source.raw.split(b" ")
        extras = [*files.tests, *((path, b"") for path in files.others)]
        fields = (
            b"%d" % number, entry.oid, entry.parents[0], b"%d" % entry.author_time, b"%d" % entry.time,
            entry.subject, entry.message, old, new, *(field for extra in extras for field in extra),
        )  # fmt: skip
        record = b"\0".join(fields)
        path = self._paths.setdefault(files.source.path, files.source.path)
        self._records.append((path, self._spool.tell(), len(record)))
        self._spool.write(record)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[FileChange]:
        """Yield the changes by path, newest first."""
        for path, offset, length in sorted(self._records):
            self._spool.seek(offset)
            fields = self._spool.read(length).split(b"\0")
            number, oid, parent, author_time, time, subject, message, old, new, *extras = fields
            tests, others = _unpack(extras)
            yield FileChange(
                int(number), oid, parent, int(author_time), int(time), subject, message, path, old, new, tests, others
            )

    def close(self) -> None:
        """Delete the spool file."""
        self._spool.close()


def _unpack(extras: list[bytes]) -> tuple[tuple[FileVersion, ...], tuple[bytes, ...]]:
    """Return tests and paths of other files, from their paths and hashes; other files have an empty hash."""
    pairs = list(zip(extras[::2], extras[1::2], strict=True))
    return tuple(FileVersion(path, oid) for path, oid in pairs if oid), tuple(path for path, oid in pairs if not oid)


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
        for entry in parse_log(stream, rules.max_changes):
            commits += 1
            number = provenance.add(entry.oid, entry.parents, entry.time, entry.subject, entry.message)
            selected = rules.select(entry)
            if isinstance(selected, str):
                dropped(selected)
            else:
                changes.add(number, entry, selected)
    provenance.finish(git_dir.head.encode())
    return changes, provenance, commits
