"""What a judge might have written instead: scores and verdicts weighed by the log-probabilities of their tokens.

A written score is one of a few, so that judges tie often; the expectation over the scores that the model held likely
hardly ever ties. It was proposed for judges by Liu et al., 2023, "G-Eval" (arXiv 2303.16634); here the probabilities
come from the answer itself, given the thoughts and reasons that the model wrote down before the score.

Tokens are found by their bytes: the answer is looked up in what the tokens spell, since servers that keep thoughts
apart leave them among the tokens, and the score in the answer, where the parser read it. No token ids are guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from themis_rm.judge.endpoint import Token
from themis_rm.models.judges.parsing import Parsed

FLOOR = -50.0
"""Log-probability of a verdict that is not among the alternatives of its token, as the published scores have it."""

_BEFORE = " \t\n\"'*_:`$\u2581".encode()
_NUMBER_START = re.compile(rb"[0-9]*\.?[0-9]*")
_NUMBER = re.compile(r"[0-9]+\.?[0-9]*")


@dataclass(frozen=True, slots=True)
class Weighed:
    """An expectation over what might have been written.

    Attributes:
        value: The expected score, or the log-odds of yes over no.
        mass: How much of the probability the readable alternatives had, from 0 to 1.
    """

    value: float
    mass: float


def expected_score(tokens: Sequence[Token], text: str, parsed: Parsed, grid: Sequence[str]) -> Weighed | None:
    """Return the expectation of the score over its tokens' alternatives.

    Each token of the score is gone through, the others before it given. An alternative to it stands for the score that
    it spells with what was written before it. It may go on in tokens that nobody has seen: where all scores that begin
    like it lie within less than 1 (7 and 7.5), their middle stands for it; where they do not (1 and 10), it is left
    out. What was written goes on to its next token, and at its end to what might have followed it (7, then .5). The
    weights of what was readable are renormalized.

    Args:
        tokens: Of the answer, with alternatives.
        text: The answer.
        parsed: The score in it.
        grid: Every score that the judge was asked to choose from, as it is written.

    Returns:
        The expectation, or ``None`` where the answer is not found among the tokens or they have no alternatives.
    """
    place = _place(tokens, text, parsed)
    if place is None or parsed.value is None:
        return None
    index, at, start, end = place
    written = text[parsed.start : parsed.end].encode()
    total = mass = 0.0
    reach = 1.0  # the probability of what was written so far
    while at < end:
        token = tokens[index]
        if not token.alternatives:
            return None
        lead, prefix = token.data[: max(0, start - at)], written[: max(0, at - start)]
        for data, logprob in _others(token):
            value = _value(prefix, _behind(data, lead) if not prefix else data, grid)
            if value is not None:
                total += reach * _probability(logprob) * value
                mass += reach * _probability(logprob)
        reach *= _probability(token.logprob)
        at += len(token.data)
        index += 1
    if at == end and index < len(tokens):
        longer = [(data, logprob) for data, logprob in _others(tokens[index]) if _run(data)]
        for data, logprob in longer:
            value = _value(written, data, grid)
            if value is not None:
                total += reach * _probability(logprob) * value
                mass += reach * _probability(logprob)
        reach *= max(0.0, 1.0 - sum(_probability(logprob) for _, logprob in longer))
    total, mass = total + reach * parsed.value, mass + reach
    return Weighed(total / mass, min(mass, 1.0)) if mass > 0 and math.isfinite(total / mass) else None


def verdict_odds(tokens: Sequence[Token], text: str, parsed: Parsed) -> Weighed | None:
    """Return the log-odds of yes over no at the token of the verdict, or ``None`` where it is not found there."""
    place = _place(tokens, text, parsed)
    if place is None:
        return None
    index, at, start, _ = place
    token, lead = tokens[index], tokens[index].data[: max(0, start - at)]
    there = [*_others(token), (token.data, token.logprob)]
    words = [(_behind(data, lead).decode(errors="replace"), logprob) for data, logprob in there]
    odds = log_odds(words)
    if odds is None:
        return None
    mass = sum(_probability(logprob) for word, logprob in words if _is(word, "yes") or _is(word, "no"))
    return Weighed(odds, min(mass, 1.0))


def log_odds(words: Iterable[tuple[str, float]]) -> float | None:
    """Return log p(yes) - log p(no).

    Args:
        words: The alternatives at the place of the verdict with their log-probabilities. Spellings of the same word
            (case, spaces, punctuation) are added up; a side that is missing gets :data:`FLOOR`.

    Returns:
        A finite number, or ``None`` where neither side is there or a log-probability is no number.
    """
    alternatives = list(words)
    yes = _sum([logprob for word, logprob in alternatives if _is(word, "yes")])
    no = _sum([logprob for word, logprob in alternatives if _is(word, "no")])
    if yes is None and no is None:
        return None
    odds = (FLOOR if yes is None else yes) - (FLOOR if no is None else no)
    return odds if math.isfinite(odds) else None


def _probability(logprob: float) -> float:
    # Some servers round to a little above zero.
    return math.exp(min(logprob, 0.0))


def _is(word: str, side: str) -> bool:
    return word.strip(" \t\n\"'*_:`.\u2581").casefold() == side


def _sum(logprobs: list[float]) -> float | None:
    """Return the logarithm of the sum of the probabilities, ``None`` for none that is above zero."""
    top = max(logprobs, default=-math.inf)
    if any(math.isnan(logprob) for logprob in logprobs):
        return math.nan
    if top == -math.inf:
        return None
    return top + math.log(sum(math.exp(logprob - top) for logprob in logprobs)) if len(logprobs) > 1 else top


def _others(token: Token) -> list[tuple[bytes, float]]:
    return [(data, logprob) for data, logprob in token.alternatives if data != token.data]


def _place(tokens: Sequence[Token], text: str, parsed: Parsed) -> tuple[int, int, int, int] | None:
    """Return the first token that holds some of the score, its first byte, and the score's first and last byte."""
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


def _behind(data: bytes, lead: bytes) -> bytes:
    """Return an alternative without what stands before the score in the token that was written (a space, a quote)."""
    return (data[len(lead) :] if lead and data.startswith(lead) else data).lstrip(_BEFORE)


def _run(data: bytes) -> bytes:
    """Return the part of a number with which a token begins."""
    found = _NUMBER_START.match(data)
    return found[0] if found else b""


def _value(prefix: bytes, data: bytes, grid: Sequence[str]) -> float | None:
    """Return the score that an alternative stands for behind what was written before it, if it is clear."""
    run = _run(data)
    spelled = (prefix + run).decode(errors="replace")
    if not _NUMBER.fullmatch(spelled):
        return None
    same = [float(score) for score in grid if float(score) == float(spelled)]
    if len(run) < len(data):  # something else follows: the number is over
        return same[0] if same else None
    if spelled.endswith("."):
        same = []  # whole scores are written without a point
    begun = [*same, *(float(score) for score in grid if score.startswith(spelled))]
    return (min(begun) + max(begun)) / 2 if begun and max(begun) - min(begun) < 1 else None
