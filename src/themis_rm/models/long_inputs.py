"""Which tokens of an answer are read if a conversation is longer than the model's limit.

The prompt and what the chat template writes after the answer are always complete: only the answer is shortened, at the
boundaries of its tokens, or split into windows.
"""

from __future__ import annotations

from collections.abc import Sequence

from themis_rm.models.settings import LongInputs

OVERLAP = 4
"""A window shares at least the fourth part of its tokens, rounded down, with the previous one."""

MAX_WINDOWS = 256
"""Most windows of an answer, so that one row cannot take the time of a benchmark; a longer answer is ``too-long``."""


def uses_windows(mode: LongInputs) -> bool:
    """Return whether a mode splits long answers instead of shortening them."""
    return mode in ("windows-mean", "windows-min")


def fit_answer(answer: Sequence[int], available: int, mode: LongInputs) -> list[list[int]]:
    """Return the tokens of an answer that are read, one list per sequence; no list if the answer is refused.

    Args:
        answer: Tokens of the answer.
        available: Most tokens of the answer in one sequence, at least 1.
        mode: What to do with a longer answer.
    """
    if len(answer) <= available:
        return [list(answer)]
    if mode == "end":
        return [list(answer[:available])]
    if mode == "head-tail":
        first = (available + 1) // 2
        return [[*answer[:first], *answer[len(answer) - (available - first) :]]]
    starts = window_starts(len(answer), available) if uses_windows(mode) else []
    return [list(answer[start : start + available]) for start in starts] if len(starts) <= MAX_WINDOWS else []


def window_starts(count: int, size: int) -> list[int]:
    """Return the first token of each window; the last window ends with the answer.

    Args:
        count: Tokens of the answer, more than ``size``.
        size: Tokens of a window.
    """
    return [*range(0, count - size, size - size // OVERLAP), count - size]
