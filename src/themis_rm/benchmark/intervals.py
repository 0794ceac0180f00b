"""Confidence intervals of proportions."""

from __future__ import annotations

from typing import Literal


def proportion_interval(
    successes: int, trials: int, level: float = 0.95, method: Literal["exact", "wilson"] = "exact"
) -> tuple[float | None, float | None]:
    """Return the confidence interval of a proportion, or ``(None, None)`` without trials.

    Args:
        successes: Number of successes.
        trials: Number of trials.
        level: Confidence level.
        method: ``exact`` (Clopper & Pearson, 1934) or ``wilson`` (Wilson, 1927).
    """
    from scipy.stats import binomtest

    if not trials:
        return None, None
    interval = binomtest(successes, trials).proportion_ci(level, method)
    return float(interval.low), float(interval.high)
