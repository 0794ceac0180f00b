"""One opened repository -> its commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from themis_rm.languages import language_of_path
from themis_rm.mining.git import IsolatedGitDir, ObjectReader
from themis_rm.mining.history import Change, ChangeRules, Changes, read_history
from themis_rm.mining.licenses import MAX_BYTES, allowed, detect, is_license_file
from themis_rm.mining.provenance import Provenance
from themis_rm.mining.settings import MineSettings
from themis_rm.records import Commit


class RepositoryMiner:
    """The mining of one repository.

    Args:
        name: What the ``repos`` column says.
        settings: What to keep.

    Attributes:
        commits: Commits looked at.
        kept: Rows yielded.
        dropped: Reason -> commits.
        notes: Further counts of kept rows: by language, by how they were merged, and those reverted later.
        license: What the ``license`` column says.
        shallow: Whether it is a shallow clone, so that its history ends early.
        refused: Why the repository as a whole is not taken, else empty.
    """

    def __init__(self, name: str, settings: MineSettings) -> None:
        self.name = name
        self.settings = settings
        self.commits = 0
        self.kept = 0
        self.dropped: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.license = ""
        self.head = ""
        self.shallow = False
        self.refused = ""

    def facts(self) -> dict[str, Any]:
        """Return what the report says about the repository."""
        return {
            "license": self.license,
            "head": self.head,
            "shallow": self.shallow,
            "commits": self.commits,
            "kept": self.kept,
            "dropped": dict(sorted(self.dropped.items())),
        }

    def rows(self, shadow: IsolatedGitDir) -> Iterator[dict[str, Any]]:
        """Yield the commits that are kept, by path and from new to old: the columns of :class:`Commit`.

        The two versions of the file are bytes, checked to be UTF-8: they come as such and are written as such.

        Raises:
            InputError: git cannot list the history; no row has been yielded then.
        """
        self.head, self.shallow = shadow.head, bool(shadow.boundary)
        found = detect(license_files(shadow))
        self.license = " AND ".join(found)
        if not self.settings.any_license and not allowed(found, self.settings.licenses):
            self.commits = int(shadow.output(["rev-list", "--count", shadow.head, "--"]))
            self.dropped["license"] = self.commits
            self.refused = f"Its license ({self.license}) is not among the accepted ones."
            return
        rules = ChangeRules(self.settings, shadow.boundary)
        changes, provenance, self.commits = read_history(shadow, rules, self._drop)
        try:
            for change, new, old in contents(shadow, changes, self.settings.max_bytes, self._drop):
                row = self._row(change, new, old, provenance)
                self.notes["kept-reverted"] += row["reverted"]
                self.kept += 1
                self.notes[f"kept-{row['language']}"] += 1
                self.notes[f"kept-merged-{row['merged']}"] += 1
                yield row
        finally:
            changes.close()

    def _row(self, change: Change, new: bytes, old: bytes, provenance: Provenance) -> dict[str, Any]:
        path = change.path.decode("utf-8")
        row = language_of_path(path)
        commit = Commit(
            commit=change.oid.decode("ascii"),
            subject=change.subject.decode("utf-8"),
            message=change.message.decode("utf-8").strip(),
            repos=self.name,
            file_path=path,
            license=self.license,
            unix_time=change.time,
            new_contents="",
            old_contents="",
            language=row.name if row else "",
            merged=provenance.merged(change.number, change.subject),
            reverted=provenance.reverted(change.number),
            parent=change.parent.decode("ascii"),
            author_time=change.author_time,
        )
        return commit.to_dict() | {"new_contents": new, "old_contents": old}

    def _drop(self, reason: str) -> None:
        self.dropped[reason] += 1


def license_files(shadow: IsolatedGitDir) -> dict[str, str]:
    """Return names and texts of the license files at the top of the newest commit.

    Where there are none, those of a top folder ``LICENSES`` (the REUSE convention) are taken.

    Raises:
        InputError: git cannot list the newest commit's files.
    """
    for folder in ("", "LICENSES/"):
        listing = shadow.output(["ls-tree", "-z", "--full-tree", shadow.head, *([folder] if folder else [])])
        files: dict[str, bytes] = {}
        for line in listing.split(b"\0")[:-1]:
            facts, _, path = line.partition(b"\t")
            mode, _, oid = facts.split(b" ")
            name = path.decode("utf-8", "replace").removeprefix(folder)
            if mode.startswith(b"100") and (folder or is_license_file(name)):
                files[name] = oid
        if files:
            return _texts(shadow, files)
    return {}


def _texts(shadow: IsolatedGitDir, files: dict[str, bytes]) -> dict[str, str]:
    texts = {}
    with ObjectReader(shadow, files.values(), contents=False) as sizes:
        readable = {name: oid for name, oid in files.items() if 0 <= sizes.next(oid)[0] <= MAX_BYTES}
    with ObjectReader(shadow, readable.values(), contents=True) as reader:
        for name, oid in readable.items():
            texts[name] = reader.next(oid)[1].decode("utf-8", "replace")
    return texts


def contents(
    shadow: IsolatedGitDir, changes: Changes, max_bytes: int, dropped: Callable[[str], None]
) -> Iterator[tuple[Change, bytes, bytes]]:
    """Yield each change with its file's text after and before it, as UTF-8.

    Sizes are asked for first, so that git never inflates an object that is too large to be kept.

    Args:
        shadow: The opened repository.
        changes: What to read.
        max_bytes: Largest version to read.
        dropped: Called with the reason for each change that is not yielded.
    """
    keep = bytearray()
    with ObjectReader(shadow, _oids(changes), contents=False) as sizes:
        for change in changes:
            both = (sizes.next(change.new)[0], sizes.next(change.old)[0])
            fault = "missing-object" if min(both) < 0 else "too-large" if max(both) > max_bytes else ""
            keep.append(not fault)
            if fault:
                dropped(fault)
    last, text, fault = b"", b"", ""
    with ObjectReader(shadow, _without_repeats(changes, keep), contents=True) as reader:
        for change, wanted in zip(changes, keep, strict=True):
            if not wanted:
                continue
            texts, faults = [], []
            for oid in (change.new, change.old):
                if oid != last:
                    last = oid
                    size, text = reader.next(oid)
                    fault = _text_fault(size, text)
                texts.append(text)
                faults.append(fault)
            if any(faults):
                dropped(faults[0] or faults[1])
            else:
                yield change, texts[0], texts[1]


def _oids(changes: Changes) -> Iterator[bytes]:
    for change in changes:
        yield change.new
        yield change.old


def _without_repeats(changes: Changes, keep: bytearray) -> Iterator[bytes]:
    last = b""
    for change, wanted in zip(changes, keep, strict=True):
        for oid in (change.new, change.old) if wanted else ():
            if oid != last:
                yield oid
                last = oid


def _text_fault(size: int, data: bytes) -> str:
    """Return why a version of a file is no text, as a slug, or ``""`` if it is one."""
    if size < 0:
        return "missing-object"
    if b"\0" in data:
        return "binary"
    if not data.isascii():  # most code is, and then there is nothing to decode
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return "not-utf8"
    return ""
