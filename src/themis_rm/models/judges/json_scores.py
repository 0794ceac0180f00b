"""Parsers of a score in JSON, ``{"score": 4}``, and of labeled scores in prose if there is no JSON.

Responses quote the code that they grade, often without the escapes that JSON needs, so that quoted code may contain a
complete object. An object inside a malformed one never counts; of a malformed object, only a score that ends it does.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from themis_rm.models.judges.answers import FAILED, ParsedScore, answer_span, in_range, is_closing

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"


def parse_unit_test(text: str) -> ParsedScore:
    """Parse ``{"score": 4}`` (LMUnit), 1 to 5; without JSON a labeled score, or an answer that is only a number."""
    return _parse(text, _UNIT_TEST_PROSE)


def parse_explained(text: str) -> ParsedScore:
    """Parse ``{"explanation": ..., "score": 4}`` (R3), 1 to 5; without JSON like :func:`parse_unit_test`."""
    return _parse(text, _R3_PROSE)


def _parse(text: str, prose: _Prose) -> ParsedScore:
    span = answer_span(text)
    if isinstance(span, ParsedScore):
        return span
    start, end = span
    last_json = last_json_score(text, start, end, 1, 5)
    after = _after_json(text, start, end)
    if last_json is not None and not _MENTION.search(text, after, end):
        return last_json
    return _parse_prose(text, after, end, prose)


_KEY = re.compile(r"""(?<!\\)["'“”]score["'“”]\s*:|(?<=[{,])\s*score\s*:""", re.IGNORECASE)
"""The key of a score as JSON, as a Python literal or without quotes; not within an escaped string."""

_MENTION = re.compile(r"(?<![^\W_])(?:score|rating|\[result\]|final answer)|评分", re.IGNORECASE)
_OBJECT_START = re.compile(r"""\{\s*(?:["'“”][^"'“”{}\n]{0,40}["'“”]|\w{1,40})\s*:""")
_MAY_BE_OBJECT = re.compile(r"""\{\s*["}]""")
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_FENCE = re.compile(r"\s*```\s*\Z")


@dataclass(frozen=True, slots=True)
class _Objects:
    """The JSON objects of an answer.

    Attributes:
        spans: Spans of the outermost well-formed objects before ``malformed``, in order.
        malformed: Start of the first malformed object, ``None`` if there is none. Where it ends is not known.
    """

    spans: list[tuple[int, int]]
    malformed: int | None


def _find_objects(text: str, start: int, end: int) -> _Objects:
    decoder, spans = json.JSONDecoder(strict=False), []
    # Positions stay the same.
    text = _TRAILING_COMMA.sub(" ", text[:end])
    at = text.find("{", start)
    while at >= 0:
        after = _end_of_object(decoder, text, at)
        if after is not None:
            spans.append((at, after))
        elif _OBJECT_START.match(text, at):
            return _Objects(spans, at)
        at = text.find("{", after or at + 1)
    return _Objects(spans, None)


def _end_of_object(decoder: json.JSONDecoder, text: str, at: int) -> int | None:
    if not _MAY_BE_OBJECT.match(text, at):  # the error of the decoder takes time in proportion to the text
        return None
    try:
        return decoder.raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        return None


def _after_json(text: str, start: int, end: int) -> int:
    """Return the index after the last JSON object or key of a score, the start if there is none."""
    objects = _find_objects(text, start, end)
    after = objects.spans[-1][1] if objects.spans else start
    if objects.malformed is not None:
        keys = list(_KEY.finditer(text, objects.malformed, end))
        after = keys[-1].end() if keys else objects.malformed
    return after


def last_json_score(text: str, start: int, end: int, low: float, high: float) -> ParsedScore | None:
    """Parse the last score that is written as JSON.

    Args:
        text: A response.
        start: Start of the answer.
        end: End of the answer.
        low: Lowest score.
        high: Highest score.

    Returns:
        The score or a failure, ``None`` if no JSON object and no malformed one has a score.
    """
    objects = _find_objects(text, start, end)
    if objects.malformed is not None:
        if not _KEY.search(text, objects.malformed, end):
            return None
        found = _score_of_malformed(text, objects.malformed, end)
        return in_range(text, found, low, high) if found else FAILED
    scored = [(keys, last) for first, last in objects.spans if (keys := _score_keys(text, first, last))]
    if not scored:
        return None
    values = [[_value_span(text, key, last) for key in keys] for keys, last in scored]
    span = values[-1][-1]
    if span is None or len({_number(text, other) for other in values[-1]}) > 1:
        return FAILED
    after = _without(text, scored[-1][1], end, objects.spans)
    if not is_closing(_FENCE.sub("", after), digits=False):
        return FAILED
    if re.search(r"\w", after) and len({_number(text, other) for keys in values for other in keys}) > 1:
        return FAILED
    return in_range(text, span, low, high)


def _number(text: str, span: tuple[int, int] | None) -> float | None:
    return None if span is None else float(text[span[0] : span[1]])


def _without(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> str:
    """Return a part of the text without the objects in it."""
    parts, at = [], start
    for first, last in spans:
        if first >= start:
            parts.append(text[at:first])
            at = last
    return "".join([*parts, text[at:end]])


_VALUE_OF_MALFORMED = re.compile(rf"""\s*["'“”]?\s*({_NUMBER})(?:\s*/\s*5)?(?=\s*["'“”]?\s*(?:[,}}\]]|\Z))""")
_END_OF_MALFORMED = re.compile(r"""\s*["'“”]?\s*,?[\s}\]]*(?:```)?\s*""")


def _score_of_malformed(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the span of the score of a malformed object that starts at ``start``, ``None`` if it is ambiguous.

    It is the last key of a score, if the object ends after it, or if nothing else in the object mentions a score. A key
    that opens an object within the malformed one is quoted.
    """
    key = list(_KEY.finditer(text, start, end))[-1]
    before = text[start : key.start()].rstrip()
    if before != "{" and not before.endswith(","):
        return None
    value = _VALUE_OF_MALFORMED.match(text, key.end(), end)
    if value is None:
        return None
    ends = _END_OF_MALFORMED.fullmatch(text, value.end(), end)
    alone = len(re.findall("score", text[start:end], re.IGNORECASE)) == 1 and text[start:end].rstrip("` \n").endswith(
        "}"
    )
    return value.span(1) if ends or alone else None


_PART = re.compile(r'"((?:\\.|[^"\\])*)"(\s*:\s*)?|[{}\[\]]', re.DOTALL)


def _score_keys(text: str, start: int, end: int) -> list[int]:
    """Return the indices of the values of an object's outermost keys ``score``, in order."""
    best: list[int] = []
    depth = best_depth = 0
    for part in _PART.finditer(text, start, end):
        if part.group(0) in "{[":
            depth += 1
        elif part.group(0) in "}]":
            depth -= 1
        elif part.group(2) and part.group(1).casefold() == "score" and (not best or depth <= best_depth):
            best = [*best, part.end()] if best and depth == best_depth else [part.end()]
            best_depth = depth
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
    inner_end = json.JSONDecoder(strict=False).raw_decode(_TRAILING_COMMA.sub(" ", text[:end]), at)[1]
    inner = list(re.finditer(rf":\s*({_NUMBER})(?=\s*[,}}])", text[at:inner_end]))
    return (at + inner[0].start(1), at + inner[0].end(1)) if len(inner) == 1 else None


@dataclass(frozen=True, slots=True)
class _Prose:
    """Patterns of a score that is not written as JSON.

    Attributes:
        patterns: Tried in order; group 1 is the number, group 2 the maximum score if one is written.
    """

    patterns: tuple[re.Pattern[str], ...]


def _prose(digit: str, labels: str) -> _Prose:
    number = rf"(-?{digit}+(?:\.{digit}+)?)"
    out_of = rf"(?:\s*(?:/|out of|of)\s*({digit}+))?"
    # The following text must not make it another number, a range, an alternative, a percentage or a word.
    opens = r"[\s*_\"'`$({\[]*(?:\\boxed\{)?"
    ends = r"(?![.,]?\d|[A-Za-z_]|\s*[-–~%/+]|\s*(?:out )?of\b|\s*(?:or|to|and)\s*\d)"
    return _Prose(
        (
            re.compile(rf"(?<![A-Za-z0-9_])(?:{labels}){opens}{number}{out_of}{ends}", re.IGNORECASE),
            re.compile(rf"(?<![\w.,/])(-?{digit}+(?:\.{digit}+)?)\s*/\s*(5){ends}"),
            re.compile(rf"\A[\s*_\"'`]*{number}{out_of}[\s*_\"'`.]*\Z"),
        )
    )


_IS = r"[\s*_\"'`]*(?:is|[:=：])"
_UNIT_TEST_PROSE = _prose("[0-9]", rf"score{_IS}")
_R3_PROSE = _prose(r"\d", rf"(?:score|rating){_IS}|final answer(?:{_IS})?|\[result\](?:{_IS})?|评分\s*[:：是为]?")


def _parse_prose(text: str, start: int, end: int, prose: _Prose) -> ParsedScore:
    body = text[start:end]
    for pattern in prose.patterns:
        matches = list(pattern.finditer(body))
        if not matches:
            continue
        last = matches[-1]
        if (last.group(2) and float(last.group(2)) != 5) or not is_closing(body[last.end() :], digits=False):
            return FAILED
        return in_range(text, (start + last.start(1), start + last.end(1)), 1, 5)
    return FAILED
