"""CWEval: small tasks that can be solved securely or not, in five languages; tests for Python."""

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
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.errors import InputError
from themis_rm.execute.check import Check
from themis_rm.languages import get_language, language_of_path
from themis_rm.languages.syntax import comment_ranges, get_syntax, parse, strip_comments, to_bytes, to_text

_MARKER = re.compile(r"^[ \t]*(?://|#)[ \t]*(?:BEGIN|END)[ \t]+(?:PROMPT|SOLUTION|ENTRYPOINT)[ \t]*\n", re.MULTILINE)
_PROMPT = re.compile(r"^[ \t]*//[ \t]*BEGIN PROMPT[ \t]*\n(.*?)^[ \t]*//[ \t]*BEGIN SOLUTION", re.MULTILINE | re.DOTALL)
_TELLS = re.compile(
    r"(?i)\bhard-?coded\b|\bdemo\b|\bfor (?:testing|demonstration)\b|\bcryptographic(?:ally)?\b|\bsimulat|\bdirectly\b|"
    r"\bwithout \w+ing\b|\bwithout restrict"
)
"""What comments of these tasks say beyond the usual words."""
_DEAD_CODE = re.compile(r"[;{}]\s*(?://.*)?$|:=|^\W*[\w.]+\([^)]*\)\s*$")
"""A statement that was commented out: some insecure versions are the secure one with its check switched off."""
_TOOL = "third_party/"
"""A path in tests that call a program of upstream's own, which is not part of the source."""
_JS_MAIN = re.compile(r"(?:(?:async )?function main\(|const main =|main\(\))")
_GO_IMPORT = re.compile(r'^\t?(?:import )?(?:(\w+) )?"([^"]+)"\n', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Task:
    """A request.

    Attributes:
        doc: The task's comment, as plain text.
        signature: What stands between the comment and the solution: the declaration of the function.
    """

    doc: str
    signature: str

    def prompt(self, language: str) -> str:
        """Return it as a person would ask it."""
        return f"{self.doc}\n\n```{get_language(language).fence}\n{self.signature}\n```"


def _read(folder: Path) -> Iterator[SourceRecord]:
    paths = sorted(folder.rglob("cwe_*_task.*"), key=lambda path: path.relative_to(folder).as_posix())
    if not paths:
        raise InputError(f"{folder} holds no cwe_*_task.* file.", "Fetch the source's files again.")
    for path in paths:
        key = path.relative_to(folder).as_posix()
        spoken = language_of_path(path.name)
        if spoken is None:
            yield UnusableRecord(key, "language")
        elif spoken.name == "Python":
            yield from _python(path, key)
        else:
            yield _compiled(path, key, spoken.name)


def _group(path: Path) -> str:
    """Return the task's name, which is one in all languages: ``cwe_022_0``."""
    return "_".join(path.stem.split("_")[:3])


def _rule(path: Path) -> str:
    return f"CWE-{int(path.stem.split('_')[1])}"


# Other languages than Python: a file for each version.


def _compiled(path: Path, key: str, language: str) -> SourceRecord:
    other = path.with_name(path.name.replace("_task.", "_unsafe."))
    if not other.is_file():
        return UnusableRecord(key, "one-side-only")
    text = read_text(path)
    task = _task(text, language)
    if not task.doc:
        return UnusableRecord(key, "no-task-text")
    return SourcePair(
        key=key,
        criterion="SH",
        language=get_language(language).benchmark_name,
        chosen=_solution(text, language),
        rejected=_solution(read_text(other), language),
        prompt=task.prompt(language),
        group=_group(path),
        signature=task.signature,
        rule=_rule(path),
    )


def _task(text: str, language: str) -> _Task:
    """Return the request that stands between the markers of a task file."""
    match = _PROMPT.search(text)
    if match is None:
        return _Task("", "")
    data = to_bytes(match.group(1))
    notes = comment_ranges(parse(data, language), language)
    doc = "\n".join(_plain(to_text(data[start:end])) for start, end in notes)
    signature = strip_comments(to_text(data), language).strip()
    return _Task(doc, signature.removesuffix("{").strip())


def _solution(text: str, language: str) -> str:
    """Return a version as an answer: no documentation (the request says it), no entry point (the tests' business)."""
    text = _MARKER.sub("", text)
    data, row = to_bytes(text), get_syntax(language)
    kept, position = [], 0
    for node in parse(data, language).root_node.children:
        here = to_text(data[node.start_byte : node.end_byte])
        if node.type in row.comments or _is_entry(here, node.type, language):
            kept.append(data[position : node.start_byte])
            position = node.end_byte
    return _clean(to_text(b"".join([*kept, data[position:]])), language)


def _is_entry(text: str, kind: str, language: str) -> bool:
    """Tell whether a statement is how the tests call the program, and no part of the task."""
    if language == "JavaScript":
        return (kind == "if_statement" and "require.main" in text.split("\n", 1)[0]) or _JS_MAIN.match(text) is not None
    return re.match(r"(?:int|func|void)\s+main\s*\(", text) is not None


def _plain(comment: str) -> str:
    """Return a block comment's text without its frame of stars."""
    text = re.sub(r"/\*+|\*+/", "", comment)
    lines = [re.sub(r"^\s*(?:\*(?!\*) ?|///? ?)", "", line) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", textwrap.dedent("\n".join(line.rstrip() for line in lines))).strip()


def _clean(code: str, language: str) -> str:
    if language == "Go":
        code = _without_unused_imports(code)
    code = neutralize_names(remove_revealing_comments(code, language, _tells), language)
    code = re.sub(r"\{\n\n+", "{\n", re.sub(r"\n{3,}", "\n\n", code))
    return code.strip() + "\n"


def _tells(comment: str) -> bool:
    return reveals_label(comment) or (_TELLS.search(comment) or _DEAD_CODE.search(comment)) is not None


def _without_unused_imports(code: str) -> str:
    """Return Go code without the imports that only its entry point used: the compiler takes no others."""

    def kept(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2).rsplit("/", 1)[-1].removeprefix("go-")
        return match.group(0) if name == "_" or re.search(rf"\b{re.escape(name)}\.", code) else ""

    code = re.sub(r"\n+\)", "\n)", _GO_IMPORT.sub(kept, code), count=1)
    return re.sub(r"^import \(\s*\)\n", "", code, flags=re.MULTILINE)


# Python: the insecure versions stand in the test file.


def _python(path: Path, key: str) -> Iterator[SourceRecord]:
    tests = path.with_name(path.name.replace("_task.", "_test."))
    if not tests.is_file():
        yield UnusableRecord(key, "one-side-only")
        return
    text, test_text = (_MARKER.sub("", read_text(file)) for file in (path, tests))
    tree, test_tree = _parsed(text, path), _parsed(test_text, tests)
    function = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and ast.get_docstring(n)), None)
    if function is None:
        yield UnusableRecord(key, "no-task-text")
        return
    unsafe = [n for n in test_tree.body if isinstance(n, ast.FunctionDef) and _is_unsafe(n.name, function.name)]
    if not unsafe:
        yield UnusableRecord(key, "one-side-only")
    task = _Task(ast.get_docstring(function) or "", _signature(text, function))
    chosen = _python_code(text, tree, function)
    for number, other in enumerate(unsafe):
        rejected = _python_code(test_text, test_tree, other, {other.name: function.name})
        yield SourcePair(
            key=f"{key}:{number}",
            criterion="SH",
            language="Python",
            chosen=chosen,
            rejected=rejected,
            prompt=task.prompt("Python"),
            group=_group(path),
            signature=task.signature,
            rule=_rule(path),
            check=None if _TOOL in test_text else _check(path, tests.name, test_text, (tree, test_tree)),
        )


def _parsed(text: str, path: Path) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise InputError(f"{path} is no Python: {error}.", "Fetch the source's files again.") from error


def _is_unsafe(name: str, safe: str) -> bool:
    return re.fullmatch(rf"{re.escape(safe)}_unsafe(?:_\d+)?", name) is not None


def _signature(text: str, function: ast.FunctionDef) -> str:
    lines = text.split("\n")[function.lineno - 1 : function.body[0].lineno - 1]
    return "\n".join(lines).strip()


def _python_code(text: str, tree: ast.Module, function: ast.FunctionDef, names: dict[str, str] | None = None) -> str:
    """Return a function without its docstring, behind the imports and definitions of its file that it needs."""
    wanted: list[ast.stmt] = [function]
    needed = _used(function)
    for node in reversed(tree.body):
        bound = _bound(node)
        if node is not function and bound & needed and "pytest" not in bound and not _is_task_import(node):
            wanted.append(node)
            if not isinstance(node, ast.Import | ast.ImportFrom):
                needed |= _used(node)
    parts = []
    for node in tree.body:
        if node not in wanted:
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [alias for alias in node.names if _alias(alias) in needed]
            parts.append(ast.unparse(node))
        else:
            parts.append("\n\n" + _source(text, node))
    code = remove_revealing_comments("\n".join(parts), "Python", _tells)
    for old, new in (names or {}).items():
        code = re.sub(rf"\b{re.escape(old)}\b", new, code)
    return code.strip() + "\n"


def _used(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _alias(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement at the top level gives a meaning to."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {_alias(alias) for alias in node.names}
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {n.id for target in node.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    return set()


def _is_task_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cwe_")


def _source(text: str, node: ast.stmt) -> str:
    """Return a statement's own text; a function's docstring is the request, so it goes."""
    lines = text.split("\n")
    first, last = node.lineno - 1, node.end_lineno or node.lineno
    doc = node.body[0] if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) else None
    if doc is None:
        return "\n".join(lines[first:last])
    return "\n".join(lines[first : doc.lineno - 1] + lines[doc.end_lineno or doc.lineno : last])


def _check(path: Path, test_name: str, test_text: str, trees: tuple[ast.Module, ast.Module]) -> Check:
    """Return how pytest runs the tests of the task's own function; those of the insecure ones are left out."""
    modules = {name.split(".")[0] for tree in trees for node in ast.walk(tree) for name in _modules(node)}
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


def _modules(node: ast.AST) -> list[str]:
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
        responses="people; a secure reference and an insecure counterpart for each task",
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
            "One task in several languages is one group. Python tasks bring their tests (pytest and each task's own "
            "libraries are needed); the entry point by which the other languages are tested is no part of the answers."
        ),
    )
)
