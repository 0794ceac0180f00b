"""CWEval: small tasks with a secure and an insecure solution, in five languages; with tests for Python."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from themis_rm.benchmark.sources.cleaning.labels import remove_revealing_comments, reveals_label
from themis_rm.benchmark.sources.cleaning.names import neutralize_names
from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.errors import InputError
from themis_rm.execute.check import Check
from themis_rm.languages import benchmark_language_of_path, get_benchmark_language, get_language
from themis_rm.languages.syntax import comment_ranges, get_syntax, parse, strip_comments, to_bytes, to_text

_MARKER = re.compile(r"^[ \t]*(?://|#)[ \t]*(?:BEGIN|END)[ \t]+(?:PROMPT|SOLUTION|ENTRYPOINT)[ \t]*\n", re.MULTILINE)
_PROMPT = re.compile(r"^[ \t]*//[ \t]*BEGIN PROMPT[ \t]*\n(.*?)^[ \t]*//[ \t]*BEGIN SOLUTION", re.MULTILINE | re.DOTALL)
_REVEALING = re.compile(
    r"(?i)\bhard-?coded\b|\bdemo\b|\bfor (?:testing|demonstration)\b|\bcryptographic(?:ally)?\b|\bsimulat|\bdirectly\b|"
    r"\bwithout \w+ing\b|\bwithout restrict"
)
"""Revealing phrases in the comments of these tasks, in addition to the usual words."""
_DEAD_CODE = re.compile(r"[;{}]\s*(?://.*)?$|:=|^\W*[\w.]+\([^)]*\)\s*$")
"""A statement that was commented out: some insecure versions are the secure one with its check disabled."""
_UPSTREAM_TOOL = "third_party/"
"""Path in tests that call a program of the upstream repository, which is not part of the files."""
_JS_MAIN = re.compile(r"(?:(?:async )?function main\(|const main =|main\(\))")
_GO_IMPORT = re.compile(r'^\t?(?:import )?(?:(\w+) )?"([^"]+)"\n', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Task:
    """A programming task.

    Attributes:
        doc: The task's comment, as plain text.
        signature: The declaration of the function, which follows the comment.
    """

    doc: str
    signature: str

    def to_prompt(self, language: str) -> str:
        """Return the task as a prompt: its description and the signature in a code block."""
        return f"{self.doc}\n\n```{get_language(language).fence}\n{self.signature}\n```"


def _read(directory: Path) -> Iterator[SourceRecord]:
    paths = sorted(directory.rglob("cwe_*_task.*"), key=lambda path: path.relative_to(directory).as_posix())
    if not paths:
        raise InputError(f"{directory} contains no cwe_*_task.* file.", DOWNLOAD_HINT)
    for path in paths:
        key = path.relative_to(directory).as_posix()
        language_row = benchmark_language_of_path(path.name)
        if language_row is None:
            yield UnusableRecord(key, "language")
        elif language_row.name == "Python":
            yield from _read_python_task(path, key)
        else:
            yield _read_compiled_task(path, key, language_row.name)


def _group(path: Path) -> str:
    """Return the task's name, which is the same in all languages: ``cwe_022_0``."""
    return "_".join(path.stem.split("_")[:3])


def _rule(path: Path) -> str:
    return f"CWE-{int(path.stem.split('_')[1])}"


# Languages other than Python: one file per version


def _read_compiled_task(path: Path, key: str, language: str) -> SourceRecord:
    other = path.with_name(path.name.replace("_task.", "_unsafe."))
    if not other.is_file():
        return UnusableRecord(key, "one-side-only")
    text = read_text(path)
    task = _parse_task(text, language)
    if not task.doc:
        return UnusableRecord(key, "no-task-text")
    return SourcePair(
        key=key,
        criterion="SH",
        language=get_benchmark_language(language).benchmark_name,
        chosen=_solution(text, language),
        rejected=_solution(read_text(other), language),
        prompt=task.to_prompt(language),
        group=_group(path),
        signature=task.signature,
        rule=_rule(path),
    )


def _parse_task(text: str, language: str) -> _Task:
    """Return the task that is described between the markers of a file."""
    match = _PROMPT.search(text)
    if match is None:
        return _Task("", "")
    data = to_bytes(match.group(1))
    comments = comment_ranges(parse(data, language), language)
    doc = "\n".join(_plain(to_text(data[start:end])) for start, end in comments)
    signature = strip_comments(to_text(data), language).strip()
    return _Task(doc, signature.removesuffix("{").strip())


def _solution(text: str, language: str) -> str:
    """Return a version as a response: without the documentation, which is the prompt, and the tests' entry point."""
    text = _MARKER.sub("", text)
    data, row = to_bytes(text), get_syntax(language)
    kept, position = [], 0
    for node in parse(data, language).root_node.children:
        statement = to_text(data[node.start_byte : node.end_byte])
        if node.type in row.comments or _is_entry_point(statement, node.type, language):
            kept.append(data[position : node.start_byte])
            position = node.end_byte
    return _clean(to_text(b"".join([*kept, data[position:]])), language)


def _is_entry_point(text: str, kind: str, language: str) -> bool:
    """Return whether a statement only serves the tests to call the program."""
    if language == "JavaScript":
        return (kind == "if_statement" and "require.main" in text.split("\n", 1)[0]) or _JS_MAIN.match(text) is not None
    return re.match(r"(?:int|func|void)\s+main\s*\(", text) is not None


def _plain(comment: str) -> str:
    """Return the text of a block comment without the asterisks around it."""
    text = re.sub(r"/\*+|\*+/", "", comment)
    lines = [re.sub(r"^\s*(?:\*(?!\*) ?|///? ?)", "", line) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", textwrap.dedent("\n".join(line.rstrip() for line in lines))).strip()


def _clean(code: str, language: str) -> str:
    if language == "Go":
        code = _without_unused_imports(code)
    code = neutralize_names(remove_revealing_comments(code, language, _reveals), language)
    code = re.sub(r"\{\n\n+", "{\n", re.sub(r"\n{3,}", "\n\n", code))
    return code.strip() + "\n"


def _reveals(comment: str) -> bool:
    return reveals_label(comment) or (_REVEALING.search(comment) or _DEAD_CODE.search(comment)) is not None


def _without_unused_imports(code: str) -> str:
    """Return Go code without the imports that only its entry point used, as the compiler rejects unused ones."""

    def keep_used_imports(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2).rsplit("/", 1)[-1].removeprefix("go-")
        return match.group(0) if name == "_" or re.search(rf"\b{re.escape(name)}\.", code) else ""

    code = re.sub(r"\n+\)", "\n)", _GO_IMPORT.sub(keep_used_imports, code), count=1)
    return re.sub(r"^import \(\s*\)\n", "", code, flags=re.MULTILINE)


# Python: the insecure versions are in the test file


def _read_python_task(path: Path, key: str) -> Iterator[SourceRecord]:
    tests = path.with_name(path.name.replace("_task.", "_test."))
    if not tests.is_file():
        yield UnusableRecord(key, "one-side-only")
        return
    text, test_text = (_MARKER.sub("", read_text(file)) for file in (path, tests))
    tree, test_tree = _parse_module(text, path), _parse_module(test_text, tests)
    function = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and ast.get_docstring(n)), None)
    if function is None:
        yield UnusableRecord(key, "no-task-text")
        return
    insecure = [n for n in test_tree.body if isinstance(n, ast.FunctionDef) and _is_unsafe(n.name, function.name)]
    if not insecure:
        yield UnusableRecord(key, "one-side-only")
    task = _Task(ast.get_docstring(function) or "", _signature(text, function))
    chosen = _python_code(text, tree, function)
    for number, other in enumerate(insecure):
        rejected = _python_code(test_text, test_tree, other, {other.name: function.name})
        yield SourcePair(
            key=f"{key}:{number}",
            criterion="SH",
            language="Python",
            chosen=chosen,
            rejected=rejected,
            prompt=task.to_prompt("Python"),
            group=_group(path),
            signature=task.signature,
            rule=_rule(path),
            check=None if _UPSTREAM_TOOL in test_text else _check(path, tests.name, test_text, (tree, test_tree)),
        )


def _parse_module(text: str, path: Path) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise InputError(f"{path} is not Python: {error}.", DOWNLOAD_HINT) from error


def _is_unsafe(name: str, safe: str) -> bool:
    return re.fullmatch(rf"{re.escape(safe)}_unsafe(?:_\d+)?", name) is not None


def _signature(text: str, function: ast.FunctionDef) -> str:
    lines = text.split("\n")[function.lineno - 1 : function.body[0].lineno - 1]
    return "\n".join(lines).strip()


def _python_code(text: str, tree: ast.Module, function: ast.FunctionDef, names: dict[str, str] | None = None) -> str:
    """Return a function without its docstring, after the imports and definitions of its file that it needs."""
    wanted: list[ast.stmt] = [function]
    needed = _used_names(function)
    for node in reversed(tree.body):
        defined = _defined_names(node)
        if node is not function and defined & needed and "pytest" not in defined and not _is_task_import(node):
            wanted.append(node)
            if not isinstance(node, ast.Import | ast.ImportFrom):
                needed |= _used_names(node)
    parts = []
    for node in tree.body:
        if node not in wanted:
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [alias for alias in node.names if _local_name(alias) in needed]
            parts.append(ast.unparse(node))
        else:
            parts.append("\n\n" + _source_text(text, node))
    code = remove_revealing_comments("\n".join(parts), "Python", _reveals)
    for old, new in (names or {}).items():
        code = re.sub(rf"\b{re.escape(old)}\b", new, code)
    return code.strip() + "\n"


def _used_names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _local_name(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


def _defined_names(node: ast.stmt) -> set[str]:
    """Return the names that a top-level statement defines."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {_local_name(alias) for alias in node.names}
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return set()


def _is_task_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cwe_")


def _source_text(text: str, node: ast.stmt) -> str:
    """Return the text of a statement; without the docstring of a function, which is the prompt."""
    lines = text.split("\n")
    first, last = node.lineno - 1, node.end_lineno or node.lineno
    doc = node.body[0] if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) else None
    if doc is None:
        return "\n".join(lines[first:last])
    return "\n".join(lines[first : doc.lineno - 1] + lines[doc.end_lineno or doc.lineno : last])


def _check(path: Path, test_name: str, test_text: str, trees: tuple[ast.Module, ast.Module]) -> Check:
    """Return a check that runs the tests of the task's function with pytest, but not those of the insecure ones."""
    modules = {name.split(".")[0] for tree in trees for node in ast.walk(tree) for name in _imported_modules(node)}
    run = (
        "import sys\n\nimport pytest\n\n"
        f'sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-k", "not unsafe", "{test_name}"]))\n'
    )
    return Check(
        id="",
        language="Python",
        file=path.name,
        names=[test_name, "check.py"],
        contents=[test_text, run],
        run="check.py",
        seconds=30.0,
        packages=sorted(m for m in modules if m not in sys.stdlib_module_names and not m.startswith("cwe_")),
    )


def _imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


SOURCES.register(
    BenchmarkSource(
        name="cweval",
        title="CWEval",
        subset="CWEVAL",
        license="Apache-2.0",
        criteria=("SH",),
        languages=("C", "Cpp", "Go", "JavaScript", "Python"),
        prompts="upstream",
        responses="people; a secure and an insecure solution per task",
        tests=True,
        citation=(
            "Peng, Cui, Huang, Yang and Ray (2025). CWEval: Outcome-driven Evaluation on Functionality and Security "
            "of LLM Code Generation. arXiv:2501.08200"
        ),
        upstream="github:Co1lin/CWEval",
        revision="e9a2a124c8c53679b6d8d27adfd2f6c40e7576d7",
        files=("benchmark/core/{c,cpp,go,js,py}/",),
        read=_read,
        notes=(
            "A task in several languages is one group. Python tasks have tests, which need pytest and the libraries of "
            "each task; the entry points by which the other languages are tested are removed from the responses."
        ),
    )
)
