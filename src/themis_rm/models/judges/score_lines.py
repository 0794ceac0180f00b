r"""Parser of a score in the last line, ``Score: 7``, in the forms that chat models write.

Labels are score, rating, grade, mark, verdict and final answer. They and the number may be in Markdown, a table, a code
fence, ``\boxed{}`` or JSON; ``/9`` or ``out of 9`` and a closing sentence that says nothing about scores may follow.
Ranges, alternatives, other scales, and several scores without a last one are failures.
"""

from __future__ import annotations

import re

from themis_rm.models.judges.answers import FAILED, ParsedScore, answer_span, in_range, is_closing
from themis_rm.models.judges.json_scores import last_json_score

_OPEN = r"[\s*_`\"'“$\[({]*+(?:\\(?:boxed|text|mathbf|textbf)\{[\s*]*+)*(?:<(?=-?[\d.,]{1,9}>))?"
_CLOSE = r"[ \t\r\xa0*_`\"'”$\])}>.!|★⭐]*+(?:\\\])?[ \t\r.]*"
_NUMBER = r"(?:-?\d+(?:\.\d+|,\d{1,2})?)(?!\d|[.,]\d)"
_OUT_OF = (
    r"(?:[ \t*_`}\])]*(?:/|out\s+of|of)[\s*_`{\[(]*9(?:[.,]0+)?(?![0-9]|[.,][0-9]))?"
    r"(?:[ \t]+(?:points?|marks|stars)\b)?"
)
_QUALIFIER = (
    r"(?:(?:so|thus|hence|therefore|my|the|a|an|final|overall|total|numeric(?:al)?|answer'?s?)[ ,\t]{1,4}){0,4}"
)
_LABEL = r"(?:score|rating|grade|mark|verdict|final answer)"
_OF_WHAT = r"(?:[ \t]{1,4}(?:for|of)[ \t]+(?:the|this)[ \t]+(?:answer|response|code|solution))?"
_SCALE = r"(?:[ \t]{0,4}[(\[][ \t]*(?:1[ \t]*(?:-|–|to)[ \t]*9|out of 9|/[ \t]*9|integer)[ \t]*[)\]])?"
_SEPARATOR = r"[*_`\"']*+\s*+(?:[:=：|]|[-–—](?=\s)|->|=>|→|is(?:[ \t]+(?:an?[ \t])?|:))?"

_STATEMENT = re.compile(
    rf"^(?P<lead>[ \t>*_#`~|•\"'“(\[{{$+-]*+)(?:[0-9]{{1,2}}[.)][ \t*_]+)?(?:"
    rf"{_QUALIFIER}{_LABEL}{_OF_WHAT}[*_`]*{_SCALE}{_SEPARATOR}{_OPEN}(?P<labeled>{_NUMBER}){_OUT_OF}"
    r"|(?:i|i'd|i would)[ \t]+(?:rate|grade|score|give)[ \t]+(?:(?:it|this|(?:the|this) answer)[ \t]+)?(?:an?[ \t]+)?"
    rf"{_OPEN}(?P<rated>{_NUMBER})(?=\s*(?:/|out\s+of)){_OUT_OF}"
    rf"|<{_LABEL}>\s*+(?P<tagged>{_NUMBER})\s*+</{_LABEL}>"
    rf")(?P<close>{_CLOSE})(?P<rest>[^\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBERS = ("labeled", "rated", "tagged")
_ALONE = re.compile(rf"{_OPEN}({_NUMBER}){_OUT_OF}{_CLOSE}", re.IGNORECASE)
_BOX = re.compile(rf"\\boxed\{{\s*({_NUMBER})(?:\s*/\s*9)?\s*\}}")
_REST = re.compile(r"\(|[,;:–—-][ \t(]")
_QUOTES = re.compile(r"[\"'“”`({\[]")
_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\Z")


def parse_score_line(text: str) -> ParsedScore:
    """Parse the last line of the rubric judge, ``Score: 7``, 1 to 9."""
    span = answer_span(text)
    if isinstance(span, ParsedScore):
        return span
    start, end = span
    fence = _FENCE.search(text[start:end])
    body = start, start + fence.start() if fence else end
    stated = _last_statement(text, *body)
    if text[start : body[1]].endswith("}"):
        written = last_json_score(text, *body, 1, 9)
        if written is not None:
            return FAILED if stated.value not in {None, written.value} else written
    return stated


def _last_statement(text: str, start: int, end: int) -> ParsedScore:
    statements = list(_STATEMENT.finditer(text[start:end]))
    if not statements:
        return _unlabeled(text, start, end)
    last = statements[-1]
    closing = text[start + last.end() : end]
    if not _is_complete(last, closing) or (closing.strip() and _is_contradicted(statements)):
        return FAILED
    group = next(name for name in _NUMBERS if last[name])
    return in_range(text, (start + last.start(group), start + last.end(group)), 1, 9)


def _is_complete(statement: re.Match[str], closing: str) -> bool:
    """Return whether the text after a score is a closing sentence, in its line or after it."""
    rest, close = statement["rest"], statement["close"]
    if not rest and not closing.strip():
        return True
    if _QUOTES.search(statement["lead"] + close) or "```" in closing:  # the sentence may be about a quoted score
        return False
    separated = not rest or close.strip() or _REST.match(rest)
    return bool(separated) and is_closing(rest + closing)


def _is_contradicted(statements: list[re.Match[str]]) -> bool:
    """Return whether several statements have different scores."""
    numbers = {next(match[name] for name in _NUMBERS if match[name]) for match in statements}
    return len({float(number.replace(",", ".")) for number in numbers}) > 1


def _unlabeled(text: str, start: int, end: int) -> ParsedScore:
    """Parse an answer that is only a number, or that ends with the only box."""
    alone = _ALONE.fullmatch(text[:end].rstrip(), start)
    if alone:
        return in_range(text, alone.span(1), 1, 9)
    boxes = list(_BOX.finditer(text, start, end))
    if len(boxes) == 1 == text.count("\\boxed", start, end) and not re.search(r"\w", text[boxes[0].end() : end]):
        return in_range(text, boxes[0].span(1), 1, 9)
    return FAILED
