"""Separate the reasoning that a model writes before its answer.

Reasoning is a block that opens the answer: ``<think>`` to ``</think>``. Templates that write ``<think>`` themselves
leave only the closing tag in the answer, so everything before a lone closing tag is reasoning too. Tags inside code
must not count: a closing tag counts only at the beginning or at the end of a line.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_OPEN = re.compile(r"\s*<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_CLOSE = r"(?:^[ \t]*</{tag}>|</{tag}>[ \t]*$)"
_ANY_TAG = "(?:think|thinking|thought|reasoning)"
_LONE_CLOSE = re.compile(_CLOSE.format(tag=_ANY_TAG), re.IGNORECASE | re.MULTILINE)


class SplitAnswer(NamedTuple):
    """An answer without its reasoning.

    Attributes:
        text: The answer; empty if the reasoning never ends.
        reasoning: Text of the reasoning, without its tags; ``None`` if there is none.
        closed: Whether the reasoning ends; ``True`` without reasoning.
    """

    text: str
    reasoning: str | None
    closed: bool


def split_reasoning(answer: str) -> SplitAnswer:
    """Return an answer and its reasoning apart."""
    opening = _OPEN.match(answer)
    if opening is None:
        lone = _LONE_CLOSE.search(answer)
        if lone is None:
            return SplitAnswer(answer, None, closed=True)
        return SplitAnswer(answer[lone.end() :], answer[: lone.start()], closed=True)
    tag = re.escape(opening[1])
    start = opening.end()
    # On the opening tag's own line any closing tag counts: '<think></think>code'.
    first_line = re.compile(f"[^\n]*?</{tag}>", re.IGNORECASE).match(answer, start)
    closing = re.compile(_CLOSE.format(tag=tag), re.IGNORECASE | re.MULTILINE).search(answer, start)
    ends = [match.end() for match in (first_line, closing) if match is not None]
    if not ends:
        return SplitAnswer("", answer[start:], closed=False)
    end = min(ends)
    return SplitAnswer(answer[end:], answer[start : answer.rindex("<", start, end)], closed=True)
