"""Strict reading of what a judge wrote: a text to a score and where it stands, or why there is none.

The rules are the same for every interface: thoughts never count, and a block of them that is left open holds no
answer; where several scores stand, the last one counts and is never replaced by an earlier one because it is malformed;
a score off the scale is a failure, not a number. The texts are untrusted: nothing here raises on any of them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

PARSE_FAILED = "parse-failed"
OUT_OF_RANGE = "out-of-range"
OPEN_THOUGHTS = "thoughts-left-open"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A score and the place where it was read.

    Attributes:
        value: On the interface's scale; ``None`` for a failure.
        start: First character of the score in the text.
        end: One past its last character.
        failure: ``parse-failed``, ``out-of-range`` or ``thoughts-left-open``; empty for a score.
    """

    value: float | None
    start: int = 0
    end: int = 0
    failure: str = ""


_THOUGHT = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_SPECIAL = re.compile(r"<\|[^|<>\s]{1,40}\|>")
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"


def answer_start(text: str) -> int | None:
    """Return where the answer begins behind the thoughts, or ``None`` where a block of thoughts is left open.

    Chat templates may open the block in the prompt, so that a text has only its end.
    """
    start, opened = 0, False
    for tag in _THOUGHT.finditer(text):
        opened = not tag.group(1)
        if not opened:
            start = tag.end()
    return None if opened else start


def _answer(text: str) -> tuple[int, int] | None:
    """Return the span of the answer: behind the thoughts, before special tokens that a server left at the end."""
    start = answer_start(text)
    if start is None:
        return None
    end = len(text)
    while True:
        end = start + len(text[start:end].rstrip())
        mark = text.rfind("<|", start, end)
        if mark < 0 or not _SPECIAL.fullmatch(text, mark, end):
            return start, end
        end = mark


def _scored(text: str, span: tuple[int, int], low: float, high: float) -> Parsed:
    value = float(text[span[0] : span[1]])
    # A comparison that is false for what is no number, too.
    return Parsed(value, *span) if low <= value <= high else Parsed(None, failure=OUT_OF_RANGE)


_SCORE_LINE = re.compile(
    r"[\s*_#>`]*score[\s*_`]*[:=][\s*_`]*(-?[0-9]+(?:\.[0-9]+)?)(?:\s*/\s*9)?[\s*_`.]*", re.IGNORECASE
)


def parse_score_line(text: str) -> Parsed:
    """Read the last line of our own rubric judge, ``Score: 7``, on its scale from 1 to 9."""
    answer = _answer(text)
    if answer is None:
        return Parsed(None, failure=OPEN_THOUGHTS)
    start, end = answer
    line = max(start, text.rfind("\n", start, end) + 1)
    found = _SCORE_LINE.fullmatch(text, line, end)
    return _scored(text, found.span(1), 1, 9) if found else Parsed(None, failure=PARSE_FAILED)


_BOX = re.compile(r"\\boxed\{(\d+(?:\.[05])?)\}")


def parse_boxed(text: str) -> Parsed:
    r"""Read the last ``\boxed{}`` (CE-RM): the overall score, 0 to 10 in steps of a half."""
    answer = _answer(text)
    if answer is None:
        return Parsed(None, failure=OPEN_THOUGHTS)
    start, end = answer
    last = text.rfind("\\boxed{", start, end)
    found = _BOX.match(text, last, end) if last >= 0 else None
    return _scored(text, found.span(1), 0, 10) if found else Parsed(None, failure=PARSE_FAILED)


_VERDICT = re.compile(r"(?<![^\W_])(yes|no)(?=[\W_]*\Z)", re.IGNORECASE)


def parse_verdict(text: str) -> Parsed:
    """Read the last word (Nemotron GenRM): 1 for yes, 0 for no."""
    answer = _answer(text)
    if answer is None:
        return Parsed(None, failure=OPEN_THOUGHTS)
    start, end = answer
    found = _VERDICT.search(text[:end], max(start, end - _LONGEST_TAIL))
    if not found:
        return Parsed(None, failure=PARSE_FAILED)
    return Parsed(1.0 if found.group(1).casefold() == "yes" else 0.0, *found.span(1))


_LONGEST_TAIL = 200
"""Most characters of a verdict and the punctuation behind it."""


@dataclass(frozen=True, slots=True)
class _Prose:
    """How a score is written where there is no JSON.

    Attributes:
        labeled: Patterns with the number in group 1 and what it is out of, if anything, in group 2; tried in order.
    """

    labeled: tuple[re.Pattern[str], ...]


def _prose(digit: str, labels: str) -> _Prose:
    number = rf"(-?{digit}+(?:\.{digit}+)?)"
    out_of = rf"(?:\s*(?:/|out of|of)\s*({digit}+))?"
    # What follows must not make it another number, a range, a share or a word.
    ends = r"(?![.,]?\d|[A-Za-z_]|\s*[-–~%/]|\s*(?:out )?of\b)"
    return _Prose(
        (
            re.compile(rf"(?<![A-Za-z0-9_])(?:{labels})[\s*_\"'`]*{number}{out_of}{ends}", re.IGNORECASE),
            re.compile(rf"(?<![\w.,/])(-?{digit}+(?:\.{digit}+)?)\s*/\s*(5){ends}"),
            re.compile(rf"\A[\s*_\"'`]*{number}{out_of}[\s*_\"'`.]*\Z"),
        )
    )


_IS = r"[\s*_\"'`]*(?:is|[:=：])"
_UNIT_TEST_PROSE = _prose("[0-9]", rf"score{_IS}")
_R3_PROSE = _prose(r"\d", rf"(?:score|rating){_IS}|final answer(?:{_IS})?|\[result\](?:{_IS})?|评分\s*[:：是为]?")


def parse_unit_test(text: str) -> Parsed:
    """Read ``{"score": 4}`` (LMUnit), 1 to 5; without JSON a score that is named so or stands alone."""
    return _parse_json(text, _UNIT_TEST_PROSE)


def parse_explained(text: str) -> Parsed:
    """Read ``{"explanation": ..., "score": 4}`` (R3), 1 to 5; without JSON a score that is named so or stands alone."""
    return _parse_json(text, _R3_PROSE)


def _parse_json(text: str, prose: _Prose) -> Parsed:
    answer = _answer(text)
    if answer is None:
        return Parsed(None, failure=OPEN_THOUGHTS)
    start, end = answer
    at = None
    for first, last in _objects(text[:end], start):
        found = _score_at(text, first, last)
        at = at if found is None else (found, last)
    if at is not None:
        span = _value_span(text, *at)
        return _scored(text, span, 1, 5) if span else Parsed(None, failure=PARSE_FAILED)
    body = text[start:end]
    for pattern in prose.labeled:
        matches = list(pattern.finditer(body))
        if matches:
            found_last = matches[-1]
            if found_last.group(2) and float(found_last.group(2)) != 5:
                return Parsed(None, failure=PARSE_FAILED)
            first, last = found_last.span(1)
            return _scored(text, (start + first, start + last), 1, 5)
    return Parsed(None, failure=PARSE_FAILED)


def _objects(text: str, start: int) -> list[tuple[int, int]]:
    """Return the spans of the outermost well-formed JSON objects, in order."""
    decoder = json.JSONDecoder(strict=False)
    spans = []
    at = text.find("{", start)
    while at >= 0:
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            spans.append((at, end))
        at = text.find("{", end)
    return spans


_PART = re.compile(r'"((?:\\.|[^"\\])*)"(\s*:\s*)?|[{}\[\]]', re.DOTALL)


def _score_at(text: str, start: int, end: int) -> int | None:
    """Return where the value of an object's ``score`` begins: of the outermost key, of equals the last one."""
    depth, best, best_depth = 0, None, 0
    for part in _PART.finditer(text, start, end):
        if part.group(0) in "{[":
            depth += 1
        elif part.group(0) in "}]":
            depth -= 1
        elif part.group(2) and part.group(1).casefold() == "score" and (best is None or depth <= best_depth):
            best, best_depth = part.end(), depth
    return best


_PLAIN_VALUE = re.compile(rf"({_NUMBER})(?=\s*[,}}\]])")
_QUOTED_VALUE = re.compile(rf'"\s*({_NUMBER})(?:\s*/\s*5)?\s*"')


def _value_span(text: str, at: int, end: int) -> tuple[int, int] | None:
    """Return the span of a value's number: as it is, quoted, or the only number in an object."""
    found = _PLAIN_VALUE.match(text, at, end) or _QUOTED_VALUE.match(text, at, end)
    if found:
        return found.span(1)
    if text[at] != "{":
        return None
    inner_end = json.JSONDecoder(strict=False).raw_decode(text, at)[1]
    inner = list(re.finditer(rf":\s*({_NUMBER})(?=\s*[,}}])", text[at:inner_end]))
    return (at + inner[0].start(1), at + inner[0].end(1)) if len(inner) == 1 else None
