"""Strict parsers of judges' responses: a text to a score and its position, or the reason why there is none.

The rules are the same for every interface: reasoning never counts, and an unclosed block of it is a failure; of several
scores the last one counts, and is not replaced by an earlier one if it is malformed; a score outside of the scale is a
failure; a text that may be read in two ways is a failure. The texts are untrusted: no text raises an exception.
"""

from __future__ import annotations

import re

from themis_rm.models.judges.answers import (
    FAILED,
    OUT_OF_RANGE,
    PARSE_FAILED,
    UNCLOSED_REASONING,
    ParsedScore,
    answer_span,
    in_range,
    is_closing,
)
from themis_rm.models.judges.json_scores import parse_explained, parse_unit_test
from themis_rm.models.judges.score_lines import parse_score_line

__all__ = [
    "OUT_OF_RANGE",
    "PARSE_FAILED",
    "UNCLOSED_REASONING",
    "ParsedScore",
    "parse_boxed",
    "parse_explained",
    "parse_score_line",
    "parse_unit_test",
    "parse_verdict",
]

_BOX = re.compile(r"\\boxed\{(\d+(?:\.[05])?)\}")


def parse_boxed(text: str) -> ParsedScore:
    r"""Parse the last ``\boxed{}`` (CE-RM): the overall score, 0 to 10 in steps of a half."""
    span = answer_span(text)
    if isinstance(span, ParsedScore):
        return span
    start, end = span
    last = text.rfind("\\boxed{", start, end)
    match = _BOX.match(text, last, end) if last >= 0 else None
    if match is None or not is_closing(text[match.end() : end]):
        return FAILED
    return in_range(text, match.span(1), 0, 10)


_VERDICT = re.compile(r"(?<![^\W_])(yes|no)(?=[\W_]*\Z)", re.IGNORECASE)

_MAX_VERDICT_LENGTH = 200
"""Most characters of a verdict and the punctuation after it."""


def parse_verdict(text: str) -> ParsedScore:
    """Parse the last word (Nemotron GenRM): 1 for yes, 0 for no."""
    span = answer_span(text)
    if isinstance(span, ParsedScore):
        return span
    start, end = span
    match = _VERDICT.search(text[:end], max(start, end - _MAX_VERDICT_LENGTH))
    if not match:
        return FAILED
    return ParsedScore(1.0 if match.group(1).casefold() == "yes" else 0.0, *match.span(1))
