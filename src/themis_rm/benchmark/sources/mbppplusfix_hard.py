"""MBPP+Fix (hard): solutions by language models that pass most tests of an MBPP+ task, but not all.

References are bare functions, while models add docstrings, comments and calls that try out their code. These would
reveal the model's solution, which is the rejected one, so both sides are reduced to the code that the tests run.
"""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.cleaning.surface import remove_blank_lines
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    read_jsonl,
)
from themis_rm.execute.check import Check
from themis_rm.languages.syntax import strip_comments


def _read(directory: Path) -> Iterator[SourceRecord]:
    seen: Counter[str] = Counter()
    for _, record in read_jsonl(directory / "MBPP+Fix_hard_test.jsonl"):
        task = str(record["task_id"])
        seen[task] += 1
        yield SourcePair(
            key=f"{task}/{seen[task]}",
            criterion="FC",
            language="Python",
            chosen=_reduce(record["canonical_solution"]),
            rejected=_reduce(record["code"]),
            prompt=f"{record['prompt'].strip()}\n\nSignature: `{record['signature'].strip()}`\n",
            group=f"MBPP/{task}",
            name=record["entry_point"],
            signature=record["signature"],
            check=Check(id="", language="Python", after=f"\n\n{record['test']}\n", packages=["numpy"], seconds=30.0),
        )


def _reduce(code: str) -> str:
    """Return a solution without comments, docstrings and top-level trials; unchanged if Python cannot parse it."""
    code = strip_comments(code, "Python")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about patterns such as "\\w" in strings that are not raw
            tree = ast.parse(code)
    except SyntaxError:
        return code.strip("\n") + "\n"
    lines = code.split("\n")
    for node in [*(node for node in tree.body if _is_trial(node)), *_docstrings(tree)]:
        lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return remove_blank_lines("\n".join(lines), "Python").strip("\n") + "\n"


def _is_trial(node: ast.stmt) -> bool:
    """Return whether a top-level statement only tries out or prints what others define."""
    return isinstance(node, ast.Assert | ast.Expr) or (isinstance(node, ast.If) and "__name__" in ast.dump(node.test))


def _docstrings(tree: ast.Module) -> list[ast.stmt]:
    return [
        node.body[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) and len(node.body) > 1
    ]


SOURCES.register(
    BenchmarkSource(
        name="mbppplusfix_hard",
        title="MBPP+Fix (Hard)",
        subset="MBPP_PLUS_FIX_HARD",
        license="MIT",
        criteria=("FC",),
        languages=("Python",),
        prompts="upstream",
        responses="chosen: people (MBPP+ references); rejected: language models",
        tests=True,
        citation=(
            "Archiki Prasad et al. (2025). Learning to Generate Unit Tests for Automated Debugging. arXiv:2502.01619"
        ),
        upstream="github:archiki/UTGenDebug",
        revision="93ad91f27ff09e2b006612db82e32c91be3a5192",
        files=("datasets/MBPP+Fix_hard_test.jsonl",),
        read=_read,
        notes="Comments, docstrings and top-level trials (assert, print) are removed from both sides.",
    )
)
