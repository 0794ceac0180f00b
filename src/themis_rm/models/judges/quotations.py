"""Scores in the graded text that a judge repeats, which are not its own.

A graded response may contain text in the form of a verdict. Judges quote what they grade, so that their responses
may contain it too. Letters and digits are compared only: quotations differ in whitespace, quotes and escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from themis_rm.endpoints.reasoning import answer_start
from themis_rm.models.judges.answers import FAILED, ParsedScore

MIN_QUOTATION = 22
"""Letters and digits of a quotation; the words around a score that happen to be the same are fewer."""

_SHORT_TEXT = 10
"""Letters and digits of a text that is recognized only if it is quoted completely."""

_SKIPPED = re.compile(r"(?:\\+[nrt]?|[^\w\\]|_)+")
_FILLER = "\ufffd"
_LABEL = re.compile(r"\w+\W{0,20}\Z")
_OUT_OF = re.compile(r"(?:(?:out)?of)?[59]?(?:points|stars|marks)?")
_STATEMENT = re.compile(r"(?:score|rating|grade|verdict|boxed)[\W_]{0,12}(\d{1,9}(?:[.,]\d{1,9})?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Letters:
    """Letters and digits of a text, with their positions."""

    text: str
    positions: list[int]


def _letters(text: str) -> _Letters:
    parts: list[str] = []
    positions: list[int] = []
    at = 0
    for skipped in [*_SKIPPED.finditer(text), None]:
        end = len(text) if skipped is None else skipped.start()
        part = text[at:end]
        lowered = part.lower()
        parts.append(lowered if len(lowered) == len(part) else part)
        positions += range(at, end)
        at = end if skipped is None else skipped.end()
    return _Letters("".join(parts), positions)


def mask_quotations(reply: str, shown: Iterable[str]) -> str:
    """Replace quotations of the shown texts by a filler of the same length.

    Args:
        reply: A judge's response.
        shown: What it graded: the request and the response.
    """
    letters = _letters(reply)
    masked = list(reply)
    for text in shown:
        quoted = _letters(text).text
        size = min(MIN_QUOTATION, len(quoted))
        if size < _SHORT_TEXT:
            continue
        windows = {quoted[at : at + size] for at in range(len(quoted) - size + 1)}
        covered = 0
        for at in range(len(letters.text) - size + 1):
            if letters.text[at : at + size] in windows:
                first = max(covered, at)
                covered = at + size
                start = letters.positions[first - 1] + 1 if first > at else letters.positions[first]
                end = letters.positions[covered - 1] + 1
                masked[start:end] = _FILLER * (end - start)
    return "".join(masked)


def parse_own_score(
    reply: str, shown: Iterable[str], parse: Callable[[str], ParsedScore], several_scores: bool = False
) -> ParsedScore:
    """Parse a judge's score, not one that it quotes.

    A score that the shown texts contain in the same form counts only at the end of the response, and only if no other
    one is stated before it.

    Args:
        reply: A judge's response.
        shown: What it graded.
        parse: Parser of the interface.
        several_scores: Whether the interface asks for further scores before the last one.
    """
    texts = list(shown)
    masked = mask_quotations(reply, texts)
    parsed = parse(masked)
    if parsed.value is None:
        return parsed
    label = _LABEL.search(masked, max(0, parsed.start - 60), parsed.start)
    start = label.start() if label else parsed.start
    statement = _letters(masked[start : parsed.end]).text
    if several_scores or not any(statement in _letters(text).text for text in texts):
        return parsed
    is_object = masked.rstrip("` \n").endswith("}")
    if not is_object and not _OUT_OF.fullmatch(_letters(masked[parsed.end :]).text):
        return FAILED
    stated = {_value(found[1]) for found in _STATEMENT.finditer(masked, answer_start(masked) or 0, start)}
    return parsed if stated <= {parsed.value} else FAILED


def _value(number: str) -> float:
    return float(number.replace(",", "."))
