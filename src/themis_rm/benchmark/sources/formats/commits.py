"""Changes of commits that fix a weakness: one file, read from a local clone, or the one function in it that changed.

Some databases of weaknesses list commits and contain no code. Clones of their repositories are expected next to the
table, as ``repos/<owner>/<name>``. Alternatively, ``fixes.jsonl`` provides the two versions of each file.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from themis_rm.benchmark.sources.cleaning.fixes import dedent_code, remove_fix_comments
from themis_rm.benchmark.sources.source import SourcePair, SourceRecord, UnusableRecord, decode_text, read_jsonl
from themis_rm.errors import InputError
from themis_rm.languages import benchmark_language_of_path
from themis_rm.languages.file_contents import kind_of_content
from themis_rm.languages.file_paths import kind_of_path
from themis_rm.languages.syntax import find_functions, parse, to_bytes, to_text
from themis_rm.mining.git import IsolatedGitDir, open_isolated
from themis_rm.mining.layout import find_git_dir

FIXES_FILE = "fixes.jsonl"
"""File of extracted versions: ``key``, ``file`` (a path), ``before`` and ``after``, and optionally ``rule``."""

_HASH = re.compile(r"[0-9a-f]{7,64}")
_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Fix:
    """A file before and after a commit.

    Attributes:
        key: Identifies the fix within its source.
        file: Path of the file in its repository.
        before: Text of the file before the commit.
        after: Text of the file after the commit.
        rule: The weakness, for audits.
        group: Group of related fixes, such as those of one repository; empty for none.
        criterion: Short name of the criterion.
    """

    key: str
    file: str
    before: str
    after: str
    rule: str = ""
    group: str = ""
    criterion: str = "SH"

    def to_pair(self) -> SourceRecord:
        """Return the fix as a pair: of the one function that it changed, or else of the complete file."""
        language_row = benchmark_language_of_path(self.file)
        if language_row is None:
            return UnusableRecord(self.key, "language")
        if kind := kind_of_content(self.before, self.file) or kind_of_content(self.after, self.file):
            return UnusableRecord(self.key, kind)
        name, before, after = find_changed_function(self.before, self.after, language_row.name) or (
            "",
            self.before,
            self.after,
        )
        chosen, rejected = remove_fix_comments(dedent_code(after), dedent_code(before), language_row.name)
        return SourcePair(
            key=self.key,
            criterion=self.criterion,
            language=language_row.benchmark_name,
            chosen=chosen,
            rejected=rejected,
            group=self.group or self.key,
            name=name,
            rule=self.rule,
        )


def find_changed_function(before: str, after: str, language: str) -> tuple[str, str, str] | None:
    """Return name and both texts of the only function that differs, or ``None`` if anything else differs too."""
    sides = [_find_outermost_functions(text, language) for text in (before, after)]
    if [name for name, _, _ in sides[0]] != [name for name, _, _ in sides[1]]:
        return None
    differing = [index for index, (old, new) in enumerate(zip(*sides, strict=True)) if old[1] != new[1]]
    if len(differing) != 1:
        return None
    (name, old_text, (old_start, old_end)), (_, new_text, (new_start, new_end)) = (side[differing[0]] for side in sides)
    old_file, new_file = to_bytes(before), to_bytes(after)
    if (old_file[:old_start], old_file[old_end:]) != (new_file[:new_start], new_file[new_end:]):
        return None
    return name, old_text, new_text


def _find_outermost_functions(text: str, language: str) -> list[tuple[str, str, tuple[int, int]]]:
    """Return name, indented text and byte range of the functions that are not inside another function."""
    data = to_bytes(text)
    outermost: list[tuple[str, str, tuple[int, int]]] = []
    position = 0
    for function in find_functions(parse(data, language), data, language):
        start, end = function.node.start_byte, function.node.end_byte
        if start < position:
            continue
        position = end
        line = data.rfind(b"\n", 0, start) + 1
        indent = data[line:start] if not data[line:start].strip() else b""
        outermost.append((function.name, to_text(indent + data[start:end]), (start, end)))
    return outermost


def read_fixes(path: Path) -> Iterator[SourceRecord]:
    """Read extracted versions, see :data:`FIXES_FILE`.

    Raises:
        InputError: A line lacks one of the columns.
    """
    for number, record in read_jsonl(path):
        missing = [name for name in ("key", "file", "before", "after") if not isinstance(record.get(name), str)]
        if missing:
            raise InputError(
                f"{path}:{number} lacks {', '.join(missing)}.", "Each line needs the texts key, file, before and after."
            )
        fix = Fix(record["key"], record["file"], record["before"], record["after"], str(record.get("rule") or ""))
        yield fix.to_pair()


def read_commit(clones: Path, slug: str, commit: str, key: str, rule: str = "", criterion: str = "SH") -> SourceRecord:
    """Return the change of one commit as a pair.

    Args:
        clones: Directory of the clones (working trees or bare repositories).
        slug: ``owner/name`` of the repository, which is also the path of its clone in ``clones``.
        commit: Hash of the commit, possibly abbreviated.
        key: Identifies the fix.
        rule: The weakness.
        criterion: Short name of the criterion.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", slug) or ".." in slug or not _HASH.fullmatch(commit):
        return UnusableRecord(key, "no-commit-named")
    clone = next((clones / name for name in (slug, f"{slug}.git") if (clones / name).is_dir()), None)
    if clone is None:
        return UnusableRecord(key, "no-clone")
    with tempfile.TemporaryDirectory() as scratch, open_isolated(find_git_dir(clone), Path(scratch)) as git_dir:
        fix = _read_changed_file(git_dir, commit, key, slug)
    if isinstance(fix, UnusableRecord):
        return fix
    path, before, after = fix
    return Fix(key, path, before, after, rule, slug, criterion).to_pair()


def _read_changed_file(
    git_dir: IsolatedGitDir, commit: str, key: str, repository: str
) -> tuple[str, str, str] | UnusableRecord:
    """Return path and both versions of the only file that a commit changed and that is code of the project itself."""
    try:
        log = git_dir.output(["rev-list", "--parents", "--no-walk", commit]).decode("ascii").split()
    except InputError:
        return UnusableRecord(key, "commit-not-in-clone")
    if len(log) != 2:
        return UnusableRecord(key, "no-single-parent")
    raw = git_dir.output(["diff-tree", "-r", "-z", "--raw", "--no-renames", log[1], log[0]])
    fields = raw.decode("utf-8", "replace").split("\0")
    changes = [(fields[at].split(), fields[at + 1]) for at in range(0, len(fields) - 1, 2)]
    code = [
        (row, path) for row, path in changes if benchmark_language_of_path(path) and not kind_of_path(path, repository)
    ]
    if len(code) != 1:
        return UnusableRecord(key, "several-files" if code else "no-source-file")
    (_, _, old, new, status), path = code[0]
    if status != "M":
        return UnusableRecord(key, "one-side-only")
    blobs = [git_dir.output(["cat-file", "blob", blob]) for blob in (old, new)]
    if any(len(data) > _MAX_BYTES or b"\0" in data for data in blobs):
        return UnusableRecord(key, "too-large")
    return path, decode_text(blobs[0]), decode_text(blobs[1])
