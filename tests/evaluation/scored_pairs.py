"""Scored pairs from outcomes, for tests of statistics."""

from themis_rm.records import PairScore


def scored(outcomes, aspect="Functional_Correctness", prefix="p"):
    """Return pairs with the outcomes 1, 0.5, 0, or ``None`` for a failed pair."""
    return [
        PairScore(
            id=f"{prefix}{number}",
            chosen_score=None if outcome is None else float(outcome),
            rejected_score=None if outcome is None else 0.5,
            correct=outcome == 1,
            score_diff=None if outcome is None else outcome - 0.5,
            language="Python",
            aspect=aspect,
            subset="s",
            status="ok" if outcome is not None else "failed",
            note="",
            chosen_length=1,
            rejected_length=1,
        )
        for number, outcome in enumerate(outcomes)
    ]
