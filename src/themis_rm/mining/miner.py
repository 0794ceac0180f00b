"""Mine the commits of one repository."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any

from themis_rm.languages import Language, language_of_path
from themis_rm.languages.headers import HeaderLanguages, language_of_file
from themis_rm.mining.git import IsolatedGitDir, ObjectReader
from themis_rm.mining.history import ChangeRules, ChangeSpool, FileChange, FileVersion, read_history
from themis_rm.mining.license_expressions import is_accepted
from themis_rm.mining.license_history import (
    LicenseReader,
    RepositoryLicenses,
    describe_changes,
    file_tag,
    license_of_commits,
    read_licenses,
)
from themis_rm.mining.provenance import Provenance
from themis_rm.mining.settings import MineSettings
from themis_rm.records import Commit


class RepositoryMiner:
    """Mines one repository and counts what it keeps and drops.

    Args:
        name: Value of the column ``repos``.
        settings: Which commits to keep.

    Attributes:
        commits: Number of commits read.
        kept: Number of rows yielded.
        dropped: Reason -> commits.
        details: Further counts of kept rows: by language, by kind of merge, and reverted ones.
        license: License of the newest commit.
        license_changes: How the license changed over time; empty if it never did.
        other_licenses: License that is not accepted -> commits dropped for it.
        shallow: Whether the repository is a shallow clone, whose history is incomplete.
        refused: Why no commit of the repository may be mined; else empty.
    """

    def __init__(self, name: str, settings: MineSettings) -> None:
        self.name = name
        self.settings = settings
        self.commits = 0
        self.kept = 0
        self.dropped: Counter[str] = Counter()
        self.details: Counter[str] = Counter()
        self.license = ""
        self.license_changes = ""
        self.other_licenses: Counter[str] = Counter()
        self.head = ""
        self.shallow = False
        self.refused = ""

    def facts(self) -> dict[str, Any]:
        """Return the facts about the repository for the report."""
        return {
            "license": self.license,
            "license_changes": self.license_changes,
            "other_licenses": dict(sorted(self.other_licenses.items())),
            "head": self.head,
            "shallow": self.shallow,
            "commits": self.commits,
            "kept": self.kept,
            "dropped": dict(sorted(self.dropped.items())),
        }

    def rows(self, git_dir: IsolatedGitDir) -> Iterator[dict[str, Any]]:
        """Yield the kept commits by path, newest first, as rows with the columns of :class:`Commit`.

        The two versions of the file are bytes of valid UTF-8, so that they need not be decoded and encoded again.

        Raises:
            InputError: git cannot list the history; no row has been yielded.
        """
        self.head, self.shallow = git_dir.head, bool(git_dir.boundary)
        reader = LicenseReader(git_dir)
        licenses = read_licenses(reader, git_dir.head)
        self.license, self.license_changes = licenses.newest.expression, describe_changes(licenses)
        expressions = licenses.expressions()
        if not any(map(self._accepts, expressions)) and not any(map(self._accepts, reader.tags(git_dir.head))):
            self.commits = int(git_dir.output(["rev-list", "--count", git_dir.head, "--"]))
            self.dropped["license"] = self.commits
            self.other_licenses[self.license] = self.commits
            self.refused = f"Its license ({licenses.newest.summary}) is not among the accepted ones."
            return
        rules = ChangeRules(self.settings, git_dir.boundary, git_dir.large)
        changes, provenance, self.commits = read_history(git_dir, rules, self._drop)
        of_commit = license_of_commits(licenses, *provenance.graph(), reader.tree)
        try:
            headers = self._headers(git_dir)
            for change, new, old, tests in read_contents(git_dir, changes, self.settings.max_bytes, self._drop):
                license = _license_of(change.path, new, change.number, licenses, of_commit)
                if not self._accepts(license):
                    self.other_licenses[license] += 1
                    self._drop("license")
                    continue
                same = [_license_of(p, text, change.number, licenses, of_commit) == license for p, text in tests]
                row = self._row(change, new, old, provenance, headers) | {"license": license}
                row |= _extra_files(change, list(compress(tests, same)))
                if row["language"] not in self.settings.languages:
                    self._drop("other-language")  # a header in another language than its extension suggests
                    continue
                self.details["kept-reverted"] += row["reverted"]
                self.details["kept-with-extra-files"] += bool(row["tests"] or row["other_files"])
                self.details["kept-with-tests"] += bool(row["tests"])
                self.kept += 1
                self.details[f"kept-{row['language']}"] += 1
                self.details[f"kept-merged-{row['merged']}"] += 1
                yield row
        finally:
            changes.close()

    def _headers(self, git_dir: IsolatedGitDir) -> HeaderLanguages:
        """Return the languages of the sources of the newest commit, which headers are next to."""
        listing = git_dir.output(["ls-tree", "-r", "-z", "--full-tree", "--name-only", git_dir.head])
        return HeaderLanguages(path.decode("utf-8", "replace") for path in listing.split(b"\0"))

    def _row(
        self, change: FileChange, new: bytes, old: bytes, provenance: Provenance, headers: HeaderLanguages
    ) -> dict[str, Any]:
        path = change.path.decode("utf-8")
        row = language_of_change(path, new, headers)
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

    def _accepts(self, license: str) -> bool:
        return self.settings.any_license or is_accepted(license, self.settings.licenses)

    def _drop(self, reason: str) -> None:
        self.dropped[reason] += 1


def _license_of(
    path: bytes, text: bytes, commit: int, licenses: RepositoryLicenses, of_commit: Callable[[int], str]
) -> str:
    """Return the license of a file at a commit: of its own tag, else of its folder, else of the commit."""
    return file_tag(text) or licenses.of_path(path.decode("utf-8")) or of_commit(commit)


def _extra_files(change: FileChange, tests: Sequence[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Return the columns of the tests and of the other files; tests that are not given count as other files."""
    unread = {test.path for test in change.tests} - {path for path, _ in tests}
    return {
        "tests": [{"path": path.decode("utf-8"), "contents": text} for path, text in tests],
        "other_files": [path.decode("utf-8") for path in sorted({*change.others, *unread})],
    }


def language_of_change(path: str, text: bytes, headers: HeaderLanguages) -> Language | None:
    """Return the language of a file; the text is decoded only where several languages share the extension."""
    row = language_of_path(path)
    if row is None or len(row.possible_names(path)) == 1:
        return row
    return language_of_file(path, text.decode("utf-8"), headers)


def read_contents(
    git_dir: IsolatedGitDir, changes: ChangeSpool, max_bytes: int, dropped: Callable[[str], None]
) -> Iterator[tuple[FileChange, bytes, bytes, list[tuple[bytes, bytes]]]]:
    """Yield each change with the text of its file after and before it, and paths and texts of its tests, as UTF-8.

    Sizes are read first, so that git never decompresses an object that is too large.

    Args:
        git_dir: The opened repository.
        changes: The changes to read.
        max_bytes: Largest size of a version, and of the tests of a change together. Tests beyond it, and those that are
            not UTF-8 text, are left out.
        dropped: Called with the reason for each change that is not yielded.
    """
    wanted = bytearray()
    with ObjectReader(git_dir, _oids(changes), contents=False) as sizes:
        for change in changes:
            both = (sizes.next(change.new)[0], sizes.next(change.old)[0])
            of_tests = [sizes.next(test.oid)[0] for test in change.tests]
            reason = "missing-object" if min(both) < 0 else "too-large" if max(both) > max_bytes else ""
            if reason:
                dropped(reason)
            wanted.append(not reason)
            wanted.extend(_within(of_tests, 0 if reason else max_bytes))
    last, text, reason = b"", b"", ""
    with ObjectReader(git_dir, _without_repeats(changes, wanted), contents=True) as reader:
        for change, tests in _wanted(changes, wanted):
            texts, reasons = [], []
            for oid in (change.new, change.old):
                if oid != last:
                    last = oid
                    size, text = reader.next(oid)
                    reason = _check_text(size, text)
                texts.append(text)
                reasons.append(reason)
            found = [(test.path, *reader.next(test.oid)) for test in tests]
            if any(reasons):
                dropped(reasons[0] or reasons[1])
            else:
                read = [(path, data) for path, size, data in found if not _check_text(size, data)]
                yield change, texts[0], texts[1], read


def _within(sizes: Sequence[int], limit: int) -> Iterator[bool]:
    """Yield whether each object is read: it exists, and is not beyond the limit together with those before it."""
    for size in sizes:
        fits = 0 <= size <= limit
        limit -= size if fits else 0
        yield fits


def _oids(changes: ChangeSpool) -> Iterator[bytes]:
    for change in changes:
        yield change.new
        yield change.old
        for test in change.tests:
            yield test.oid


def _wanted(changes: ChangeSpool, wanted: bytearray) -> Iterator[tuple[FileChange, list[FileVersion]]]:
    """Yield the changes to read with their tests to read; there is one flag for each change and each test."""
    flags = iter(wanted)
    for change in changes:
        is_read = next(flags)
        tests = [test for test in change.tests if next(flags)]
        if is_read:
            yield change, tests


def _without_repeats(changes: ChangeSpool, wanted: bytearray) -> Iterator[bytes]:
    """Yield what is read; the old version of a change is often the new one of the next."""
    last = b""
    for change, tests in _wanted(changes, wanted):
        for oid in (change.new, change.old):
            if oid != last:
                yield oid
                last = oid
        for test in tests:
            yield test.oid


def _check_text(size: int, data: bytes) -> str:
    """Return why a version of a file is not UTF-8 text, as a slug, or ``""`` if it is."""
    if size < 0:
        return "missing-object"
    if b"\0" in data:
        return "binary"
    if not data.isascii():  # most code is ASCII, which needs no decoding
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return "not-utf8"
    return ""
