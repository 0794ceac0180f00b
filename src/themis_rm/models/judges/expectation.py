"""Expected scores: the scores and verdicts that a judge may write, weighted by the log-probabilities of their tokens.

Stated scores take few values, so that a judge often ties; the expectation over all likely scores hardly ever does. It
was proposed for judges by Liu et al., 2023, "G-Eval" (arXiv 2303.16634); here the probabilities are those in the
response itself, conditioned on the reasoning that the model wrote before the score.

Tokens are located by their bytes: the response within the text of all tokens (servers that return reasoning separately
keep its tokens), and the score within the response, at the position that the parser returned.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from themis_rm.endpoints.chat import TokenLogprob
from themis_rm.models.judges.parsing import ParsedScore

FLOOR = -50.0
"""Log-probability of a verdict that is not among the alternatives of its token, as in the published scores."""

_BEFORE_SCORE = " \t\n\"'*_:`$\u2581".encode()
_NUMBER_START = re.compile(rb"[0-9]*\.?[0-9]*")
_NUMBER = re.compile(r"[0-9]+\.?[0-9]*")


@dataclass(frozen=True, slots=True)
class ExpectedScore:
    """An expectation over the scores that may be written.

    Attributes:
        value: The expected score, or the log-odds of yes over no.
        mass: Total probability of the alternatives that could be parsed, from 0 to 1.
    """

    value: float
    mass: float


def expected_score(
    tokens: Sequence[TokenLogprob], text: str, parsed: ParsedScore, scale: Sequence[str]
) -> ExpectedScore | None:
    """Return the expectation of the score over the alternatives of its tokens.

    The tokens of the score are visited in order, each conditioned on those before it. An alternative to a token
    represents the score that it forms together with the text before it. It may continue in tokens that are not known:
    if all scores with that beginning differ by less than 1 (7 and 7.5), their midpoint represents it; otherwise (1 and
    10) it is left out. The written prefix continues with the next token, and at its end with what might have followed
    it (7, then .5). The weights of the alternatives that could be parsed are normalized.

    Args:
        tokens: Tokens of the response, with alternatives.
        text: The response.
        parsed: The score in it.
        scale: All possible scores, as they are written.

    Returns:
        The expectation, or ``None`` if the response is not found among the tokens or they have no alternatives.
    """
    location = _locate(tokens, text, parsed)
    if location is None or parsed.value is None:
        return None
    index, at, start, end = location
    written = text[parsed.start : parsed.end].encode()
    total = mass = 0.0
    reached = 1.0  # probability of the text written so far
    while at < end:
        token = tokens[index]
        if not token.alternatives:
            return None
        lead, prefix = token.data[: max(0, start - at)], written[: max(0, at - start)]
        for data, logprob in _alternatives(token):
            value = _score_of(prefix, _strip_lead(data, lead) if not prefix else data, scale)
            if value is not None:
                total += reached * _probability(logprob) * value
                mass += reached * _probability(logprob)
        reached *= _probability(token.logprob)
        at += len(token.data)
        index += 1
    if at == end and index < len(tokens):
        longer = [(data, logprob) for data, logprob in _alternatives(tokens[index]) if _leading_number(data)]
        for data, logprob in longer:
            value = _score_of(written, data, scale)
            if value is not None:
                total += reached * _probability(logprob) * value
                mass += reached * _probability(logprob)
        reached *= max(0.0, 1.0 - sum(_probability(logprob) for _, logprob in longer))
    total, mass = total + reached * parsed.value, mass + reached
    return ExpectedScore(total / mass, min(mass, 1.0)) if mass > 0 and math.isfinite(total / mass) else None


def verdict_odds(tokens: Sequence[TokenLogprob], text: str, parsed: ParsedScore) -> ExpectedScore | None:
    """Return the log-odds of yes over no at the token of the verdict, ``None`` if it is not found."""
    location = _locate(tokens, text, parsed)
    if location is None:
        return None
    index, at, start, _ = location
    token, lead = tokens[index], tokens[index].data[: max(0, start - at)]
    candidates = [*_alternatives(token), (token.data, token.logprob)]
    words = [(_strip_lead(data, lead).decode(errors="replace"), logprob) for data, logprob in candidates]
    odds = log_odds(words)
    if odds is None:
        return None
    mass = sum(_probability(logprob) for word, logprob in words if _is(word, "yes") or _is(word, "no"))
    return ExpectedScore(odds, min(mass, 1.0))


def log_odds(words: Iterable[tuple[str, float]]) -> float | None:
    """Return log p(yes) - log p(no).

    Args:
        words: The alternatives at the position of the verdict, with log-probabilities. The probabilities of spellings
            of the same word (case, whitespace, punctuation) are added; a missing side gets :data:`FLOOR`.

    Returns:
        A finite number, or ``None`` if both sides are missing or a log-probability is not a number.
    """
    alternatives = list(words)
    yes = _log_sum([logprob for word, logprob in alternatives if _is(word, "yes")])
    no = _log_sum([logprob for word, logprob in alternatives if _is(word, "no")])
    if yes is None and no is None:
        return None
    odds = (FLOOR if yes is None else yes) - (FLOOR if no is None else no)
    return odds if math.isfinite(odds) else None


def _probability(logprob: float) -> float:
    # Some servers round to slightly more than zero.
    return math.exp(min(logprob, 0.0))


def _is(word: str, verdict: str) -> bool:
    return word.strip(" \t\n\"'*_:`.\u2581").casefold() == verdict


def _log_sum(logprobs: list[float]) -> float | None:
    """Return the logarithm of the sum of the probabilities, ``None`` if the sum is zero."""
    top = max(logprobs, default=-math.inf)
    if any(math.isnan(logprob) for logprob in logprobs):
        return math.nan
    if top == -math.inf:
        return None
    return top + math.log(sum(math.exp(logprob - top) for logprob in logprobs)) if len(logprobs) > 1 else top


def _alternatives(token: TokenLogprob) -> list[tuple[bytes, float]]:
    """Return the alternatives to a token, without itself."""
    return [(data, logprob) for data, logprob in token.alternatives if data != token.data]


def _locate(tokens: Sequence[TokenLogprob], text: str, parsed: ParsedScore) -> tuple[int, int, int, int] | None:
    """Return the first token of the score, the position of its first byte, and the first and last byte of the score."""
    base = b"".join(token.data for token in tokens).rfind(text.encode("utf-8", "surrogatepass"))
    if base < 0 or parsed.value is None:
        return None
    start = base + len(text[: parsed.start].encode("utf-8", "surrogatepass"))
    end = base + len(text[: parsed.end].encode("utf-8", "surrogatepass"))
    at = 0
    for index, token in enumerate(tokens):
        if at + len(token.data) > start:
            return index, at, start, end
        at += len(token.data)
    return None


def _strip_lead(data: bytes, lead: bytes) -> bytes:
    """Return an alternative without the part of the written token before the score (a space, a quote)."""
    return (data[len(lead) :] if lead and data.startswith(lead) else data).lstrip(_BEFORE_SCORE)


def _leading_number(data: bytes) -> bytes:
    """Return the part of a number at the beginning of a token."""
    match = _NUMBER_START.match(data)
    return match[0] if match else b""


def _score_of(prefix: bytes, data: bytes, scale: Sequence[str]) -> float | None:
    """Return the score that an alternative represents after the written prefix, ``None`` if it is ambiguous."""
    number = _leading_number(data)
    text = (prefix + number).decode(errors="replace")
    if not _NUMBER.fullmatch(text):
        return None
    same = [float(score) for score in scale if float(score) == float(text)]
    if len(number) < len(data):  # something else follows: the number is complete
        return same[0] if same else None
    if text.endswith("."):
        same = []  # whole scores are written without a point
    possible = [*same, *(float(score) for score in scale if score.startswith(text))]
    return (min(possible) + max(possible)) / 2 if possible and max(possible) - min(possible) < 1 else None
