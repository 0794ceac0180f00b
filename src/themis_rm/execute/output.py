"""Comparison of a program's output with the expected one."""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_MAX_DIGITS = 300
"""Longer numbers are compared as text, because they may exceed what a float can represent."""


def normalize_output(text: str) -> str:
    """Return an output without white space at the end of each line and without blank lines at its start and end."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def output_difference(expected: str, printed: str, tolerance: float = 0.0) -> str:
    """Return the first difference between two outputs, or an empty text.

    Args:
        expected: Expected output.
        printed: The program's output.
        tolerance: 0 to compare lines; otherwise words are compared, and numbers may differ by it, absolutely or
            relatively.
    """
    expected, printed = normalize_output(expected), normalize_output(printed)
    if tolerance:
        return _word_difference(expected.split(), printed.split(), tolerance)
    if expected == printed:
        return ""
    for number, (line, other) in enumerate(zip(expected.split("\n"), printed.split("\n"), strict=False), 1):
        if line != other:
            return f"line {number}: expected {line[:80]!r}, printed {other[:80]!r}"
    return f"expected {len(expected.splitlines())} lines, printed {len(printed.splitlines())}"


def _word_difference(expected: list[str], printed: list[str], tolerance: float) -> str:
    for number, (word, other) in enumerate(zip(expected, printed, strict=False), 1):
        if word != other and not _close(word, other, tolerance):
            return f"word {number}: expected {word[:80]!r}, printed {other[:80]!r}"
    return "" if len(expected) == len(printed) else f"expected {len(expected)} words, printed {len(printed)}"


def _close(word: str, other: str, tolerance: float) -> bool:
    if max(len(word), len(other)) > _MAX_DIGITS or not (_NUMBER.fullmatch(word) and _NUMBER.fullmatch(other)):
        return False
    return math.isclose(float(word), float(other), rel_tol=tolerance, abs_tol=tolerance)
