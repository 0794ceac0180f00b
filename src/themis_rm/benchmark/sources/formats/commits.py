"""What a commit that mends a weakness changed: one file, read out of a local clone, or the one function in it.

Some databases of weaknesses name commits and hold no code. Their clones lie beside the table, as
``repos/<owner>/<name>``; who cannot clone gives the two versions as lines of ``fixes.jsonl``.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from themis_rm.benchmark.sources.cleaning.fixes import dedent_code, remove_fix_comments
from themis_rm.benchmark.sources.source import SourcePair, SourceRecord, UnusableRecord, read_jsonl
from themis_rm.errors import InputError
from themis_rm.languages import language_of_path
from themis_rm.languages.syntax import find_functions, parse, to_bytes, to_text
from themis_rm.mining.functions import is_test
from themis_rm.mining.git import IsolatedGitDir, find_git_dir, opened

FIXES = "fixes.jsonl"
"""File of ready versions: ``key``, ``file`` (a path), ``before`` and ``after``, and optionally ``rule``."""

_HASH = re.compile(r"[0-9a-f]{7,64}")
_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Fix:
    """A file before and after a commit.

    Attributes:
        key: Names the fix within its source.
        file: Path of the file in its repository.
        before: What it held before.
        after: What it held after.
        rule: The weakness, for audits.
        group: What else comes from the same place.
        criterion: Short name of the criterion.
    """

    key: str
    file: str
    before: str
    after: str
    rule: str = ""
    group: str = ""
    criterion: str = "SH"

    def pair(self) -> SourceRecord:
        """Return the fix as a pair: the one function that it changed, or else the whole file."""
        spoken = language_of_path(self.file)
        if spoken is None:
            return UnusableRecord(self.key, "language")
        name, before, after = changed_function(self.before, self.after, spoken.name) or ("", self.before, self.after)
        chosen, rejected = remove_fix_comments(dedent_code(after), dedent_code(before), spoken.name)
        return SourcePair(
            key=self.key,
            criterion=self.criterion,
            language=spoken.benchmark_name,
            chosen=chosen,
            rejected=rejected,
            group=self.group or self.key,
            name=name,
            rule=self.rule,
        )


def changed_function(before: str, after: str, language: str) -> tuple[str, str, str] | None:
    """Return name and both texts of the one function that differs, or ``None`` if more than that differs."""
    sides = [_outermost(text, language) for text in (before, after)]
    if [name for name, _, _ in sides[0]] != [name for name, _, _ in sides[1]]:
        return None
    differing = [at for at, (one, other) in enumerate(zip(*sides, strict=True)) if one[1] != other[1]]
    if len(differing) != 1:
        return None
    (name, one, (first, last)), (_, other, (start, end)) = (side[differing[0]] for side in sides)
    data, new = to_bytes(before), to_bytes(after)
    if (data[:first], data[last:]) != (new[:start], new[end:]):
        return None
    return name, one, other


def _outermost(text: str, language: str) -> list[tuple[str, str, tuple[int, int]]]:
    """Return name, text with its indentation, and place of the functions that lie in no other function."""
    data = to_bytes(text)
    found: list[tuple[str, str, tuple[int, int]]] = []
    past = 0
    for function in find_functions(parse(data, language), data, language):
        start, end = function.node.start_byte, function.node.end_byte
        if start < past:
            continue
        past = end
        line = data.rfind(b"\n", 0, start) + 1
        indent = data[line:start] if not data[line:start].strip() else b""
        found.append((function.name, to_text(indent + data[start:end]), (start, end)))
    return found


def read_fixes(path: Path) -> Iterator[SourceRecord]:
    """Read ready versions, see :data:`FIXES`.

    Raises:
        InputError: A line lacks one of the columns.
    """
    for number, record in read_jsonl(path):
        missing = [name for name in ("key", "file", "before", "after") if not isinstance(record.get(name), str)]
        if missing:
            raise InputError(
                f"{path}:{number} lacks {', '.join(missing)}.", "Each line needs key, file, before, after."
            )
        fix = Fix(record["key"], record["file"], record["before"], record["after"], str(record.get("rule") or ""))
        yield fix.pair()


def read_commit(clones: Path, slug: str, commit: str, key: str, rule: str = "", criterion: str = "SH") -> SourceRecord:
    """Read what one commit changed.

    Args:
        clones: Folder of the clones (working trees or bare repositories).
        slug: ``owner/name`` on the forge, the clone's place in ``clones``.
        commit: Hash of the commit, possibly shortened.
        key: Names the fix.
        rule: The weakness.
        criterion: Short name of the criterion.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", slug) or ".." in slug or not _HASH.fullmatch(commit):
        return UnusableRecord(key, "no-commit-named")
    place = next((clones / name for name in (slug, f"{slug}.git") if (clones / name).is_dir()), None)
    if place is None:
        return UnusableRecord(key, "no-clone")
    with tempfile.TemporaryDirectory() as scratch, opened(find_git_dir(place), Path(scratch)) as shadow:
        fix = _changed_file(shadow, commit, key)
    if isinstance(fix, UnusableRecord):
        return fix
    path, before, after = fix
    return Fix(key, path, before, after, rule, slug, criterion).pair()


def _changed_file(shadow: IsolatedGitDir, commit: str, key: str) -> tuple[str, str, str] | UnusableRecord:
    """Return path and both versions of the one source file that a commit changed; tests do not count."""
    try:
        log = shadow.output(["rev-list", "--parents", "--no-walk", commit]).decode("ascii").split()
    except InputError:
        return UnusableRecord(key, "commit-not-in-clone")
    if len(log) != 2:
        return UnusableRecord(key, "no-single-parent")
    raw = shadow.output(["diff-tree", "-r", "-z", "--raw", "--no-renames", log[1], log[0]])
    fields = raw.decode("utf-8", "replace").split("\0")
    changes = [(fields[at].split(), fields[at + 1]) for at in range(0, len(fields) - 1, 2)]
    code = [(row, path) for row, path in changes if language_of_path(path) and not is_test(path)]
    if len(code) != 1:
        return UnusableRecord(key, "several-files" if code else "no-source-file")
    (_, _, old, new, status), path = code[0]
    if status != "M":
        return UnusableRecord(key, "one-side-only")
    blobs = [shadow.output(["cat-file", "blob", blob]) for blob in (old, new)]
    if any(len(data) > _MOST_BYTES or b"\0" in data for data in blobs):
        return UnusableRecord(key, "too-large")
    return path, _decoded(blobs[0]), _decoded(blobs[1])


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n")
