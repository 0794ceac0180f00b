"""What all parsers of judges' responses share: the result, the span of the answer, and the text after a score."""

from __future__ import annotations

import re
from dataclasses import dataclass

from themis_rm.endpoints.reasoning import answer_start

PARSE_FAILED = "parse-failed"
OUT_OF_RANGE = "out-of-range"
UNCLOSED_REASONING = "unclosed-reasoning"

MAX_ANSWER = 200_000
"""Most characters of an answer that is parsed; judges write a few thousand."""

_MAX_CLOSING = 400
_MAX_SPECIAL_TOKENS = 400


@dataclass(frozen=True, slots=True)
class ParsedScore:
    """A score and its position in the text.

    Attributes:
        value: The score, on the scale of the interface; ``None`` for a failure.
        start: Index of its first character.
        end: Index after its last character.
        failure: ``parse-failed``, ``out-of-range`` or ``unclosed-reasoning``; empty for a score.
    """

    value: float | None
    start: int = 0
    end: int = 0
    failure: str = ""


FAILED = ParsedScore(None, failure=PARSE_FAILED)

_SPECIAL_TOKENS = re.compile(r"(?:\s*(?:<[|｜][^|｜<>\s]{1,40}[|｜]>|</s>|<eos>|<end_of_turn>))+\Z")


def answer_span(text: str) -> tuple[int, int] | ParsedScore:
    """Return the span of the answer, after the reasoning and before special tokens at the end; or the failure."""
    start = answer_start(text)
    if start is None:
        return ParsedScore(None, failure=UNCLOSED_REASONING)
    if len(text) - start > MAX_ANSWER:
        return FAILED
    end = start + len(text[start:].rstrip())
    tail = max(start, end - _MAX_SPECIAL_TOKENS)
    tokens = _SPECIAL_TOKENS.search(text[:end], tail)
    return start, start + len(text[start : tokens.start() if tokens else end].rstrip())


def in_range(text: str, span: tuple[int, int], low: float, high: float) -> ParsedScore:
    """Return the number at a span if it is on the scale; its decimal separator may be a comma."""
    value = float(text[span[0] : span[1]].replace(",", "."))
    # The comparison is also false for NaN.
    return ParsedScore(value, *span) if low <= value <= high else ParsedScore(None, failure=OUT_OF_RANGE)


_GRADES = re.compile(
    r"(?<![^\W_])(?:scor|rating|rate[ds]?\b|grad(?:e|ing)|mark(?:s|ed)?\b|verdict|points?\b|stars?\b|boxed|award|deserv|g[ai]ve"
    r"|lowest|highest|minimum|maximum|out of|instead|actually|correction|revis|zero|two|three|four|five|six|seven|eight"
    r"|nine|ten)"
    r"|评分",
    re.IGNORECASE,
)


def is_closing(text: str, digits: bool = True) -> bool:
    """Return whether the text after a score says nothing about scores, as a closing sentence.

    Args:
        text: The text.
        digits: Whether any digit is about a score.
    """
    if len(text) > _MAX_CLOSING or _GRADES.search(text):
        return False
    return not (digits and any(character.isdigit() for character in text))
