"""Pairs that could not be scored: their reasons with examples, and the rule when a run is not evaluated.

A run without a score says nothing about its model: the server, the template or a limit failed. It has no accuracy, and
no test compares it. The same holds if fewer than a share of the pairs (:data:`MIN_SCORED`) have two scores. In every
other run a failed pair counts as a loss, and the headline says how many failed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from themis_rm.errors import UserError
from themis_rm.models.protocol import NOTES, TRANSIENT_FAILURES, Score
from themis_rm.records import PairScore

MIN_SCORED = 0.1
"""Smallest share of the pairs, or candidates, that must have scores."""
SHOWN_REASONS = 3
"""Number of reasons that messages list."""

_NOT_FAILURES = {"truncated", *NOTES}
_SIDE = re.compile(r"^(?:chosen|rejected): ")


class NotEvaluatedError(UserError):
    """Too few scores to be a result."""


def failure_reasons(row: PairScore) -> list[str]:
    """Return the reasons of a failed pair: one per response that has no score; empty for a scored pair."""
    reasons = [_SIDE.sub("", part) for part in row.note.split("; ")]
    return [reason for reason in reasons if reason and reason not in _NOT_FAILURES]


def count_failures(rows: Iterable[PairScore]) -> dict[str, int]:
    """Return reason -> failed pairs, sorted by reason; a pair is counted under the reason of its first response."""
    reasons = (failure_reasons(row) for row in rows)
    return dict(sorted(Counter(found[0] for found in reasons if found).items()))


def is_transient(row: PairScore) -> bool:
    """Return whether a pair failed for a reason that may not occur again, so that a resumed run scores it again."""
    return not TRANSIENT_FAILURES.isdisjoint(failure_reasons(row))


def format_failures(failures: Iterable[tuple[str, str, str]]) -> str:
    """Return the most frequent reasons with their counts and one example each, in one line.

    Args:
        failures: Reason, where it occurred, and the message behind it (may be empty), of each failure.
    """
    counts: Counter[str] = Counter()
    examples: dict[str, tuple[str, str]] = {}
    for reason, where, detail in failures:
        counts[reason] += 1
        if reason not in examples or (detail and not examples[reason][1]):
            examples[reason] = (where, detail)
    parts = []
    for reason, count in counts.most_common(SHOWN_REASONS):
        where, detail = examples[reason]
        parts.append(f"{reason} {count:,} (for example {where}{f': {one_line(detail)}' if detail else ''})")
    more = len(counts) - SHOWN_REASONS
    return "; ".join([*parts, *([f"{more} more reasons"] if more > 0 else [])])


def one_line(text: str, limit: int = 300) -> str:
    """Return a message as one line of printable characters, of at most ``limit`` characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def require_scores(
    name: str, things: str, scored: int, total: int, minimum: float, failures: Iterable[tuple[str, str, str]]
) -> None:
    """Check that a model scored enough to be evaluated.

    Args:
        name: Name of the model.
        things: What was scored, in the plural.
        scored: Number of scored ones.
        total: Number of all.
        minimum: Smallest share that must be scored. Without any score a run is always refused.
        failures: See :func:`format_failures`.

    Raises:
        NotEvaluatedError: Too few are scored.
    """
    if not total or (scored and scored >= minimum * total):
        return
    raise NotEvaluatedError(
        f"{name} scored {scored:,} of {total:,} {things}, too few for a result. Failed: {format_failures(failures)}.",
        "Fix the cause and run the same command again; scores that were saved are used."
        + (f" To accept so few, set min_scored={scored / total:.2g}." if scored else ""),
    )


def require_scored_pairs(name: str, rows: Sequence[PairScore], minimum: float) -> None:
    """Check that a model scored enough pairs to be evaluated.

    Args:
        name: Name of the model.
        rows: Its scores.
        minimum: See :func:`require_scores`.

    Raises:
        NotEvaluatedError: See :func:`require_scores`.
    """
    failures = ((found[0], row.id, row.detail) for row in rows if (found := failure_reasons(row)))
    scored = sum(row.score_diff is not None for row in rows)
    require_scores(name, "pairs", scored, len(rows), minimum, failures)


def score_detail(*scores: Score) -> str:
    """Return the message behind the first failed score that has one."""
    return next((one_line(score.detail) for score in scores if score.reward is None and score.detail), "")
