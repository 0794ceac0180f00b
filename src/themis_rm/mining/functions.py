"""Mine documented functions from source trees: the documentation becomes the instruction, the code the solution."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from pydantic import Field, field_validator

from themis_rm.errors import InputError
from themis_rm.languages import LANGUAGES, Language, get_language, language_of_path, syntax
from themis_rm.languages.definition import NO_SYNTAX
from themis_rm.languages.file_contents import check_kinds, kind_of_content
from themis_rm.languages.file_paths import kind_of_path
from themis_rm.languages.headers import HeaderLanguages, language_of_file
from themis_rm.mining.doctext import build_instruction, clean_doc
from themis_rm.mining.license_files import FOLDERS, MAX_BYTES, decode, detect_license, states_license
from themis_rm.pipeline import DETAIL, DROPPED, READ, ExecutorSettings, RowWriter, StageReport, run_steps, to_document
from themis_rm.records import Solution
from themis_rm.settings import Settings
from themis_rm.storage.digests import stable_id
from themis_rm.storage.output_dir import prepare_output_dir

OUTPUTS = ("logs", "solutions", "report.json")
"""Files and directories that the stage writes into its output directory."""

SHARDS = 16
"""Number of tasks that the files are divided into; the output depends on it, but not on the machine."""


class TreeSettings(Settings):
    """Settings of ``themis-rm mine --tree``."""

    languages: list[str] = Field(default_factory=lambda: [row.name for row in LANGUAGES])
    """Languages to keep, by any of their names."""
    min_lines: int = Field(default=6, ge=1)
    """Fewest lines of a function, without its documentation."""
    max_lines: int = Field(default=120, ge=1)
    """Most lines of a function, without its documentation."""
    max_file_bytes: int = Field(default=1 << 20, ge=1)
    """Largest size of a file that is read."""
    max_functions: int | None = Field(default=None, ge=1)
    """Most functions per tree, drawn by the seed and divided equally among the tasks."""
    max_per_file: int = Field(default=40, ge=1)
    """Most functions per file, drawn by the seed."""
    exclude: list[str] = Field(default_factory=list)
    """Shell patterns; a file is excluded if a part of its path below the tree matches one of them."""
    keep: list[str] = Field(default_factory=list)
    """Kinds of files to keep that are not code of the tree itself (``test-file``, ``example``, ...)."""
    repository_per_package: bool = False
    """Treat each top-level directory or file of a tree as a separate repository (``site-packages/numpy``), so that a
    tree of many packages can be split by repository."""
    license: str = ""
    """SPDX identifier of the license of the trees; by default it is detected in their license files."""
    seed: int = 0
    """Seed of the draws of functions."""

    @field_validator("keep")
    @classmethod
    def _known_kinds(cls, kinds: list[str]) -> list[str]:
        return check_kinds(kinds)

    @field_validator("languages")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        return [get_language(name).name for name in value]


def mine_trees(
    trees: Sequence[str | Path],
    out: str | Path,
    settings: TreeSettings | None = None,
    executor: ExecutorSettings | None = None,
) -> StageReport:
    """Write the documented functions of source trees to ``out/solutions`` as rows of :class:`Solution`.

    The report counts functions; its details count files, as ``files-<reason>``. The output depends on the contents,
    names and order of the trees and on the settings, not on the order of directories or the number of workers. A run
    with the same trees and settings resumes; results of other ones in ``out`` are replaced.

    Args:
        trees: Top-level directories of source trees.
        out: Output directory.
        settings: Which functions to keep.
        executor: Executor and number of workers; the output does not depend on them.

    Raises:
        InputError: A tree is not a directory, or two trees have the same name.
    """
    roots, out = [Path(tree) for tree in trees], Path(out)
    settings, executor = settings or TreeSettings(), executor or ExecutorSettings()
    names: Counter[str] = Counter()
    for tree in roots:
        if not tree.is_dir():
            raise InputError(f"{tree} is not a directory.", "Pass the top-level directory of a source tree.")
        names[tree.resolve().name] += 1
    repeated = [name for name, count in names.items() if count > 1]
    if repeated:
        raise InputError(f"Two source trees have the name '{repeated[0]}'.", "Rename one of the directories.")
    languages = set(settings.languages)
    candidates = [tree / file for tree in roots for file in sorted(_files(tree, languages, settings.exclude))]
    files = [file for file in candidates if file.is_file()]
    prepare_output_dir(out, "functions", settings.canonical() + str(sorted(names)), files, OUTPUTS, replace=True)
    steps = [FunctionReader(roots, settings), RowWriter(out / "solutions", Solution.schema())]
    report = run_steps("functions", steps, out, SHARDS, executor)
    report.save(out)
    return report


class FunctionReader(PipelineStep):
    """Reads the documented functions of every ``world_size``-th file as documents.

    Args:
        trees: Top-level directories of source trees.
        settings: Which functions to keep.
    """

    type = "📖 - READER"
    name = "documented functions"

    def __init__(self, trees: Sequence[Path], settings: TreeSettings) -> None:
        super().__init__()
        self.trees = list(trees)
        self.settings = settings

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield the documents of earlier steps, then one document per function."""
        if data:
            yield from data
        seen: set[str] = set()
        for tree in self.trees:
            for row in self._tree(tree, rank, world_size, seen):
                yield to_document(row.to_dict())

    def _tree(self, tree: Path, rank: int, world_size: int, seen: set[str]) -> Iterator[Solution]:
        settings, name = self.settings, tree.resolve().name
        license = settings.license or tree_license(tree)
        found = sorted(_files(tree, set(settings.languages), settings.exclude))
        headers = HeaderLanguages(found)
        kinds = {file: kind_of_path(file, name) for file in found}
        files = [file for file, kind in kinds.items() if not kind or kind in settings.keep]
        for kind in kinds.values():
            if rank == 0 and kind and kind not in settings.keep:
                self._count_file(kind)
        random.Random(f"{settings.seed}:{name}").shuffle(files)
        limit = settings.max_functions
        quota = None if limit is None else limit // world_size + (rank < limit % world_size)
        for file in files[rank::world_size]:
            if quota == 0:
                self._count_file("over-quota")
                continue
            repos = f"{name}/{Path(Path(file).parts[0]).stem}" if settings.repository_per_package else name
            rows = [row for row in self._file_rows(tree, file, repos, license, headers) if self._is_new(row, seen)]
            for row in self._draw(rows, settings.max_per_file, "over-file-quota"):
                if quota == 0:
                    self._count_dropped("over-quota")
                    continue
                quota = None if quota is None else quota - 1
                yield row

    def _file_rows(
        self, tree: Path, file: str, repos: str, license: str, headers: HeaderLanguages
    ) -> Iterator[Solution]:
        data = self._read(tree, file)
        if data is None:
            return
        row = language_of_file(file, syntax.to_text(data), headers)
        if row is None or row.name not in self.settings.languages:
            self._count_file("other-language")
            return
        if row.syntax is None:
            self._count_file(NO_SYNTAX)
            return
        self._count_file("read")
        tree_ = syntax.parse(data, row.name)
        end = -1  # of the last function that was kept
        for function in syntax.find_functions(tree_, data, row.name):
            self.stat_update(READ)
            if function.node.start_byte < end:
                self._count_dropped("nested")
                continue
            solution = self._solution(function, data, row, (repos, file, license))
            if isinstance(solution, str):
                self._count_dropped(solution)
                continue
            end = function.node.end_byte
            yield solution

    def _read(self, tree: Path, file: str) -> bytes | None:
        path = tree / file
        reason = ""
        data = b""
        if path.is_symlink():
            reason = "symlink"
        elif not path.is_file():
            reason = "not-a-file"  # reading a pipe would block
        else:
            try:
                if path.stat().st_size > self.settings.max_file_bytes:
                    reason = "too-large"
                else:
                    data = path.read_bytes().replace(b"\r\n", b"\n").removeprefix(b"\xef\xbb\xbf")
                    data.decode("utf-8")
            except OSError:
                reason = "unreadable"
            except UnicodeDecodeError:
                reason = "not-utf8"
        if not reason:
            reason = "binary" if b"\0" in data else kind_of_content(syntax.to_text(data), file)
            reason = "" if reason in self.settings.keep else reason
        if reason:
            self._count_file(reason)
        return None if reason else data

    def _solution(
        self, function: syntax.Function, data: bytes, row: Language, origin: tuple[str, str, str]
    ) -> Solution | str:
        if not function.doc:
            return "no-doc"
        if function.node.has_error:
            return "syntax-error"
        code = function_text(function, data)
        lines = code.count("\n") + 1
        if lines < self.settings.min_lines:
            return "too-short"
        if lines > self.settings.max_lines:
            return "too-long"
        doc = clean_doc([syntax.to_text(data[start:end]) for start, end in function.doc], row.documentation)
        if not doc:
            return "uninformative-doc"
        repos, file, license = origin
        line = function.node.start_point.row + 1
        identity = stable_id(repos, file, str(line), function.name, code)
        return Solution(
            id=identity,
            instruction=build_instruction(doc, signature(function, data, row), row, identity),
            solution=code,
            language=row.name,
            repos=repos,
            file_path=file,
            license=license,
            name=function.name,
            line=line,
            instruction_source="docstring" if row.documentation.docstring_quotes else "comment",
        )

    def _is_new(self, row: Solution, seen: set[str]) -> bool:
        digest = stable_id("".join(row.solution.split()))
        if digest in seen:
            self._count_dropped("duplicate")
            return False
        seen.add(digest)
        return True

    def _draw(self, rows: list[Solution], limit: int, reason: str) -> list[Solution]:
        if len(rows) <= limit:
            return rows
        self._count_dropped(reason, len(rows) - limit)
        drawn = sorted(rows, key=lambda row: stable_id(str(self.settings.seed), row.id))[:limit]
        return sorted(drawn, key=lambda row: row.line)

    def _count_dropped(self, reason: str, count: int = 1) -> None:
        self.stat_update(DROPPED + reason, value=count)

    def _count_file(self, reason: str) -> None:
        self.stat_update(f"{DETAIL}files-{reason}")


def tree_license(tree: Path) -> str:
    """Return the license of a tree as an SPDX expression, see :mod:`themis_rm.mining.license_files`."""
    texts = {}
    folders = [folder for folder in tree.iterdir() if folder.name.lower() in FOLDERS and folder.is_dir()]
    for file in sorted(file for folder in (tree, *folders) for file in folder.iterdir()):
        path = file.relative_to(tree).as_posix()
        if states_license(path) and file.is_file() and not (file.is_symlink() or file.parent.is_symlink()):
            with contextlib.suppress(OSError), file.open("rb") as handle:  # an unreadable license file is ignored
                texts[path] = decode(handle.read(MAX_BYTES))
    return detect_license(texts).expression


def _files(tree: Path, languages: set[str], exclude: Sequence[str]) -> Iterator[str]:
    # os.walk does not follow links to directories, so it stays inside the tree and ends.
    for folder, folders, files in os.walk(tree):
        folders[:] = [name for name in folders if not _excluded(name, exclude)]
        for name in files:
            row = language_of_path(name)
            if row is None or _excluded(name, exclude) or languages.isdisjoint(row.possible_names(name)):
                continue
            yield (Path(folder) / name).relative_to(tree).as_posix()


def _excluded(part: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(part, pattern) for pattern in patterns)


def function_text(function: syntax.Function, data: bytes) -> str:
    """Return the source of a function without its documentation and without indentation."""
    start, end = function.node.start_byte, function.node.end_byte
    line_start = data.rfind(b"\n", 0, start) + 1
    before = data[line_start:start]
    margin = before if not before.strip() else before[: len(before) - len(before.lstrip())]
    text = data[start:end]
    for doc_start, doc_end in reversed(function.doc):
        if start <= doc_start < end:
            text = _without(text, doc_start - start, doc_end - start)
    if margin:
        head, *rest = text.split(b"\n")
        text = b"\n".join([head, *(line.removeprefix(margin) for line in rest)])
    return syntax.to_text(text).rstrip()


def _without(text: bytes, start: int, end: int) -> bytes:
    line_start, line_end = text.rfind(b"\n", 0, start) + 1, text.find(b"\n", end)
    if line_end < 0 or text[line_start:start].strip() or text[end:line_end].strip():
        return text[:start] + text[end:].lstrip(b"; ")
    rest = text[line_end + 1 :]
    # The blank line that often follows a docstring is removed with it.
    blank, newline, after = rest.partition(b"\n")
    return text[:line_start] + (after if newline and not blank.strip() else rest)


def signature(function: syntax.Function, data: bytes, language: Language) -> str:
    """Return the text in front of a function's body, on one line, without its annotations and comments."""
    nodes = language.require_syntax()
    node = function.node if nodes.signature_with_enclosing else function.definition
    end = function.body.start_byte if function.body is not None else data.find(b"\n", node.start_byte)
    parts, position = [], node.start_byte
    for below in syntax.walk(node):
        if below.start_byte >= end:
            break
        if below.type in nodes.annotations | nodes.comments and below.start_byte >= position:
            parts.append(data[position : below.start_byte])
            position = below.end_byte
    parts.append(data[position : max(position, end)])
    line = " ".join(syntax.to_text(b"".join(parts)).split())
    line = line.replace("( ", "(").replace(", )", ")").replace(" )", ")")
    return line.removesuffix("=>").removesuffix(":").removesuffix("{").rstrip()
