"""Strict parsers of judges' responses: a text to a score and its position, or the reason why there is none.

The rules are the same for every interface: reasoning never counts, and an unclosed block of it is a failure; of several
scores the last one counts, and is not replaced by an earlier one if it is malformed; a score outside of the scale is a
failure. The texts are untrusted: no text raises an exception.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

PARSE_FAILED = "parse-failed"
OUT_OF_RANGE = "out-of-range"
UNCLOSED_REASONING = "unclosed-reasoning"


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


_REASONING_TAG = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_SPECIAL_TOKEN = re.compile(r"<\|[^|<>\s]{1,40}\|>")
_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"


def answer_start(text: str) -> int | None:
    """Return the index after the reasoning, ``None`` if a block of reasoning is not closed.

    Chat templates may open the block in the prompt, so that a text may have only its end.
    """
    start, opened = 0, False
    for tag in _REASONING_TAG.finditer(text):
        opened = not tag.group(1)
        if not opened:
            start = tag.end()
    return None if opened else start


def _answer_span(text: str) -> tuple[int, int] | None:
    """Return the span of the answer: after the reasoning, before special tokens at the end."""
    start = answer_start(text)
    if start is None:
        return None
    end = len(text)
    while True:
        end = start + len(text[start:end].rstrip())
        mark = text.rfind("<|", start, end)
        if mark < 0 or not _SPECIAL_TOKEN.fullmatch(text, mark, end):
            return start, end
        end = mark


def _check_range(text: str, span: tuple[int, int], low: float, high: float) -> ParsedScore:
    value = float(text[span[0] : span[1]])
    # The comparison is also false for NaN.
    return ParsedScore(value, *span) if low <= value <= high else ParsedScore(None, failure=OUT_OF_RANGE)


_SCORE_LINE = re.compile(
    r"[\s*_#>`]*score[\s*_`]*[:=][\s*_`]*(-?[0-9]+(?:\.[0-9]+)?)(?:\s*/\s*9)?[\s*_`.]*", re.IGNORECASE
)


def parse_score_line(text: str) -> ParsedScore:
    """Parse the last line of the rubric judge, ``Score: 7``, 1 to 9."""
    answer = _answer_span(text)
    if answer is None:
        return ParsedScore(None, failure=UNCLOSED_REASONING)
    start, end = answer
    line = max(start, text.rfind("\n", start, end) + 1)
    match = _SCORE_LINE.fullmatch(text, line, end)
    return _check_range(text, match.span(1), 1, 9) if match else ParsedScore(None, failure=PARSE_FAILED)


_BOX = re.compile(r"\\boxed\{(\d+(?:\.[05])?)\}")


def parse_boxed(text: str) -> ParsedScore:
    r"""Parse the last ``\boxed{}`` (CE-RM): the overall score, 0 to 10 in steps of a half."""
    answer = _answer_span(text)
    if answer is None:
        return ParsedScore(None, failure=UNCLOSED_REASONING)
    start, end = answer
    last = text.rfind("\\boxed{", start, end)
    match = _BOX.match(text, last, end) if last >= 0 else None
    return _check_range(text, match.span(1), 0, 10) if match else ParsedScore(None, failure=PARSE_FAILED)


_VERDICT = re.compile(r"(?<![^\W_])(yes|no)(?=[\W_]*\Z)", re.IGNORECASE)


def parse_verdict(text: str) -> ParsedScore:
    """Parse the last word (Nemotron GenRM): 1 for yes, 0 for no."""
    answer = _answer_span(text)
    if answer is None:
        return ParsedScore(None, failure=UNCLOSED_REASONING)
    start, end = answer
    match = _VERDICT.search(text[:end], max(start, end - _MAX_VERDICT_LENGTH))
    if not match:
        return ParsedScore(None, failure=PARSE_FAILED)
    return ParsedScore(1.0 if match.group(1).casefold() == "yes" else 0.0, *match.span(1))


_MAX_VERDICT_LENGTH = 200
"""Most characters of a verdict and the punctuation after it."""


@dataclass(frozen=True, slots=True)
class _ProsePatterns:
    """Patterns of a score that is not written as JSON.

    Attributes:
        patterns: Tried in order; group 1 is the number, group 2 the maximum score if one is written.
    """

    patterns: tuple[re.Pattern[str], ...]


def _prose(digit: str, labels: str) -> _ProsePatterns:
    number = rf"(-?{digit}+(?:\.{digit}+)?)"
    out_of = rf"(?:\s*(?:/|out of|of)\s*({digit}+))?"
    # The following text must not make it another number, a range, a percentage or a word.
    ends = r"(?![.,]?\d|[A-Za-z_]|\s*[-–~%/]|\s*(?:out )?of\b)"
    return _ProsePatterns(
        (
            re.compile(rf"(?<![A-Za-z0-9_])(?:{labels})[\s*_\"'`]*{number}{out_of}{ends}", re.IGNORECASE),
            re.compile(rf"(?<![\w.,/])(-?{digit}+(?:\.{digit}+)?)\s*/\s*(5){ends}"),
            re.compile(rf"\A[\s*_\"'`]*{number}{out_of}[\s*_\"'`.]*\Z"),
        )
    )


_IS = r"[\s*_\"'`]*(?:is|[:=：])"
_UNIT_TEST_PROSE = _prose("[0-9]", rf"score{_IS}")
_R3_PROSE = _prose(r"\d", rf"(?:score|rating){_IS}|final answer(?:{_IS})?|\[result\](?:{_IS})?|评分\s*[:：是为]?")


def parse_unit_test(text: str) -> ParsedScore:
    """Parse ``{"score": 4}`` (LMUnit), 1 to 5; without JSON a labeled score, or an answer that is only a number."""
    return _parse_json(text, _UNIT_TEST_PROSE)


def parse_explained(text: str) -> ParsedScore:
    """Parse ``{"explanation": ..., "score": 4}`` (R3), 1 to 5; without JSON like :func:`parse_unit_test`."""
    return _parse_json(text, _R3_PROSE)


def _parse_json(text: str, prose: _ProsePatterns) -> ParsedScore:
    answer = _answer_span(text)
    if answer is None:
        return ParsedScore(None, failure=UNCLOSED_REASONING)
    start, end = answer
    at = None
    for first, last in _objects(text[:end], start):
        value_start = _find_score(text, first, last)
        at = at if value_start is None else (value_start, last)
    if at is not None:
        span = _value_span(text, *at)
        return _check_range(text, span, 1, 5) if span else ParsedScore(None, failure=PARSE_FAILED)
    body = text[start:end]
    for pattern in prose.patterns:
        matches = list(pattern.finditer(body))
        if matches:
            if matches[-1].group(2) and float(matches[-1].group(2)) != 5:
                return ParsedScore(None, failure=PARSE_FAILED)
            first, last = matches[-1].span(1)
            return _check_range(text, (start + first, start + last), 1, 5)
    return ParsedScore(None, failure=PARSE_FAILED)


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


def _find_score(text: str, start: int, end: int) -> int | None:
    """Return the index of the value of an object's ``score``: the outermost key, the last of several."""
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
    """Return the span of a value's number: plain, quoted, or the only number in an object."""
    match = _PLAIN_VALUE.match(text, at, end) or _QUOTED_VALUE.match(text, at, end)
    if match:
        return match.span(1)
    if text[at] != "{":
        return None
    inner_end = json.JSONDecoder(strict=False).raw_decode(text, at)[1]
    inner = list(re.finditer(rf":\s*({_NUMBER})(?=\s*[,}}])", text[at:inner_end]))
    return (at + inner[0].start(1), at + inner[0].end(1)) if len(inner) == 1 else None
