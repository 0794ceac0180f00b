"""Pairs of accepted contest submissions of which one runs faster, as CodeNet's descendants hold them."""

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

LEAST_SPEED_UP = 1.5
"""Least ratio of the judge's CPU times for which a pair counts: below it two runs of one program differ as much."""

LEAST_GAIN_MS = 20.0
"""Least difference of the judge's CPU times in milliseconds: the start of an interpreter varies by as much."""

_TIME_LIMIT_S = 20.0


def is_noise(slow_ms: float, fast_ms: float) -> bool:
    """Tell whether two CPU times in milliseconds are too close for either program to be the faster one."""
    return slow_ms - fast_ms < LEAST_GAIN_MS or slow_ms < LEAST_SPEED_UP * fast_ms


def submission_pair(
    *, key: str, problem: str, slow: str, fast: str, language: str, pages: Path, subset: str = ""
) -> SourcePair:
    """Return two submissions to a problem as a pair about runtime.

    Comments in which the two differ go from both: authors note there what the judge said ("AC, 33 ms").

    Args:
        key: Names the pair within its source.
        problem: CodeNet's id of the problem.
        slow: The slower program.
        fast: The faster one.
        language: Benchmark name of their language.
        pages: Folder of the problem statements; without it the pair has neither request nor check.
        subset: See :class:`~themis_rm.benchmark.sources.source.SourcePair`.
    """
    if language == "Python":
        slow, fast = unconverted(slow), unconverted(fast)
    fast, slow = remove_differing_comments(fast, slow, language)
    fast, slow = remove_blank_lines(fast, language), remove_blank_lines(slow, language)
    stated = load_statement(pages, problem)
    return SourcePair(
        key=key,
        criterion="EE",
        language=language,
        chosen=fast,
        rejected=slow,
        prompt=stated.to_prompt(get_language(language).name) if stated else "",
        group=problem,
        subset=subset,
        rule="contest submission by CPU time",
        check=stated.to_check(language, _TIME_LIMIT_S, packages(fast, slow, language)) if stated else None,
    )


def packages(chosen: str, rejected: str, language: str) -> list[str]:
    """Return the modules outside of Python's own library that either program imports."""
    if language != "Python":
        return []
    found: set[str] = set()
    for code in (chosen, rejected):
        try:
            with warnings.catch_warnings(action="ignore"):
                tree = ast.parse(code)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return sorted(found - sys.stdlib_module_names)


def unconverted(code: str) -> str:
    """Return a Python program without what a conversion from Python 2 did to it.

    The programs of PIE went through ``2to3``, though they are Python 3: ``input()`` became ``eval(input())``, which
    fails on words, and ``print(a, b)`` became ``print((a, b))``, which prints a tuple. NoFunEval took out the word
    ``eval`` and left its brackets.
    """
    data = to_bytes(code)
    kept, position = [], 0
    for start, end, inner in _conversions(parse(data, "Python").root_node, data):
        if start >= position:
            kept += [data[position:start], inner]
            position = end
    return to_text(b"".join([*kept, data[position:]]))


def _conversions(root: Node, data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield where a converted expression stands, and what it was made from; those inside of one come with it."""
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
            within = to_bytes(unconverted(to_text(inner[1:-1])))
            if only.type == "parenthesized_expression" or len(only.named_children) > 1:
                yield only.start_byte, only.end_byte, within
