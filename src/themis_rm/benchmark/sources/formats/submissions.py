"""Pairs of accepted contest submissions, one faster than the other, from datasets derived from CodeNet."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from themis_rm.benchmark.sources.cleaning.surface import remove_blank_lines, remove_differing_comments
from themis_rm.benchmark.sources.formats.codenet import load_statement
from themis_rm.benchmark.sources.source import SourcePair
from themis_rm.languages import get_language
from themis_rm.languages.syntax import parse, to_bytes, to_text, walk

MIN_SPEEDUP = 1.5
"""Smallest ratio of the judge's CPU times of a pair: repeated runs of one program differ by less than this."""

MIN_DIFFERENCE_MS = 20.0
"""Smallest difference of the judge's CPU times in milliseconds: the start-up time of an interpreter varies by less."""

_TIME_LIMIT_SECONDS = 20.0


def is_within_noise(slow_ms: float, fast_ms: float) -> bool:
    """Return whether two CPU times in milliseconds are too close to decide which program is faster."""
    return slow_ms - fast_ms < MIN_DIFFERENCE_MS or slow_ms < MIN_SPEEDUP * fast_ms


def build_submission_pair(
    *, key: str, problem: str, slow: str, fast: str, language: str, pages: Path, subset: str = ""
) -> SourcePair:
    """Return two submissions to a problem as a pair about runtime.

    If their comments differ, all are removed: some authors note the judge's verdict there ("AC, 33 ms").

    Args:
        key: Identifies the pair within its source.
        problem: CodeNet's id of the problem.
        slow: The slower program.
        fast: The faster one.
        language: Benchmark name of their language.
        pages: Directory of the problem statements; without it the pair has neither prompt nor check.
        subset: See :class:`~themis_rm.benchmark.sources.source.SourcePair`.
    """
    if language == "Python":
        slow, fast = undo_2to3(slow), undo_2to3(fast)
    fast, slow = remove_differing_comments(fast, slow, language)
    fast, slow = remove_blank_lines(fast, language), remove_blank_lines(slow, language)
    statement = load_statement(pages, problem)
    check = None
    if statement is not None:
        check = statement.to_check(language, _TIME_LIMIT_SECONDS, find_packages(fast, slow, language))
    return SourcePair(
        key=key,
        criterion="EE",
        language=language,
        chosen=fast,
        rejected=slow,
        prompt=statement.to_prompt(get_language(language).name) if statement else "",
        group=problem,
        subset=subset,
        rule="contest submission by CPU time",
        check=check,
    )


def find_packages(chosen: str, rejected: str, language: str) -> list[str]:
    """Return the modules outside of Python's standard library that either program imports."""
    if language != "Python":
        return []
    modules: set[str] = set()
    for code in (chosen, rejected):
        try:
            with warnings.catch_warnings(action="ignore"):
                tree = ast.parse(code)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    return sorted(modules - sys.stdlib_module_names)


def undo_2to3(code: str) -> str:
    """Return a Python program without the changes of a conversion from Python 2.

    PIE converted its programs with ``2to3``, though they are Python 3: ``input()`` became ``eval(input())``, which
    fails on words, and ``print(a, b)`` became ``print((a, b))``, which prints a tuple. NoFunEval then removed the word
    ``eval`` but not its parentheses.
    """
    data = to_bytes(code)
    kept, position = [], 0
    for start, end, inner in _find_conversions(parse(data, "Python").root_node, data):
        if start >= position:
            kept += [data[position:start], inner]
            position = end
    return to_text(b"".join([*kept, data[position:]]))


def _find_conversions(root: Node, data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield start, end and original of each converted expression; nested ones are part of the original."""
    for node in walk(root):
        if node.type == "parenthesized_expression" and node.named_child_count == 1:
            only = node.named_children[0]
            if only.type == "call" and data.startswith(b"input(", only.start_byte):
                yield node.start_byte, node.end_byte, data[only.start_byte : only.end_byte]
        if node.type != "call":
            continue
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None or arguments is None or len(arguments.named_children) != 1:
            continue
        name, only = data[function.start_byte : function.end_byte], arguments.named_children[0]
        inner = data[only.start_byte : only.end_byte]
        if name == b"eval" and only.type == "call" and inner.startswith(b"input("):
            yield node.start_byte, node.end_byte, inner
        elif name == b"print" and only.type in ("tuple", "parenthesized_expression"):
            within = to_bytes(undo_2to3(to_text(inner[1:-1])))
            if only.type == "parenthesized_expression" or len(only.named_children) > 1:
                yield only.start_byte, only.end_byte, within
