"""The statistics that stand under every number: ties, intervals, paired tests, answers of matched length.

A pair's outcome is 1 (chosen above rejected), 1/2 (tie) or 0. A pair that could not be scored counts as 0 and is told
apart in ``failed``. Pure functions of counts and arrays, seeded where they resample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, betaincinv

from themis_rm.records import PairScore

WIN, TIE, LOSS = 1.0, 0.5, 0.0


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are drawn.

    Attributes:
        resamples: Bootstrap draws.
        level: Probability that the interval should cover.
        seed: Seed of the draws; the same counts always give the same interval.
    """

    resamples: int = 10_000
    level: float = 0.95
    seed: int = 0

    @property
    def quantiles(self) -> list[float]:
        """Return the two tails."""
        return [(1 - self.level) / 2, (1 + self.level) / 2]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Preference accuracy over some pairs.

    Attributes:
        n: Pairs, failed ones included.
        wins: Pairs with chosen strictly above rejected.
        ties: Pairs with equal scores.
        failed: Pairs without two scores; they count as lost.
        value: Ties count half; ``None`` for no pairs.
        low: Lower end of the interval of ``value``.
        high: Upper end.
        strict: ``wins / n``, the published accuracy.
        tie_rate: ``ties / n``.
    """

    n: int
    wins: int
    ties: int
    failed: int
    value: float | None
    low: float | None
    high: float | None
    strict: float | None
    tie_rate: float | None

    @classmethod
    def of(cls, scores: Iterable[PairScore], how: Resampling) -> Self:
        """Count outcomes and add the interval."""
        n = wins = ties = failed = 0
        for row in scores:
            n += 1
            result = outcome(row)
            failed += result is None
            wins += result == WIN
            ties += result == TIE
        if not n:
            return cls(0, 0, 0, 0, None, None, None, None, None)
        low, high = accuracy_interval(wins, ties, n, how)
        return cls(n, wins, ties, failed, (wins + ties / 2) / n, low, high, wins / n, ties / n)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the pairs that both were asked about.

    Attributes:
        n: Pairs in both.
        left_out: Pairs in one of them only.
        difference: Accuracy (ties half) of the first minus that of the second.
        low: Lower end of its paired bootstrap interval.
        high: Upper end.
        p_bootstrap: Two-sided p-value of the paired bootstrap.
        only_first: Pairs that the first alone has strictly right.
        only_second: Pairs that the second alone has strictly right.
        p_mcnemar: Two-sided exact p-value of McNemar's test on those two counts.
    """

    n: int
    left_out: int
    difference: float
    low: float
    high: float
    p_bootstrap: float
    only_first: int
    only_second: int
    p_mcnemar: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def outcome(row: PairScore) -> float | None:
    """Return 1, 1/2 or 0, or ``None`` for a pair without two scores."""
    if row.chosen_score is None or row.rejected_score is None:
        return None
    if row.chosen_score == row.rejected_score:
        return TIE
    return WIN if row.chosen_score > row.rejected_score else LOSS


def accuracy_interval(wins: int, ties: int, n: int, how: Resampling) -> tuple[float, float]:
    """Return the percentile bootstrap interval of ``(wins + ties / 2) / n``.

    Resampling pairs with replacement changes the counts alone, so the counts are drawn at once from a multinomial
    (Efron & Tibshirani, 1993, "An introduction to the bootstrap", chapter 13). Where all pairs came out the same,
    resampling would give an interval of no width, however few they are; the exact binomial one stands in (Clopper &
    Pearson, 1934), on the scale of that outcome.
    """
    losses = n - wins - ties
    tail = 1 - how.level
    if wins == n:
        return float(betaincinv(n, 1, tail / 2)), 1.0
    if losses == n:
        return 0.0, float(betaincinv(1, n, 1 - tail / 2))
    if ties == n:
        # Unseen outcomes may fall to either side: at most a share of 1 - ppf of all, each moving it by one half.
        slack = (1 - float(betaincinv(n, 1, tail / 2))) / 2
        return 0.5 - slack, 0.5 + slack
    draws = np.random.default_rng(how.seed).multinomial(n, np.array([wins, ties, losses]) / n, size=how.resamples)
    low, high = np.quantile((draws[:, 0] + draws[:, 1] / 2) / n, how.quantiles)
    return float(low), float(high)


def mcnemar_exact(only_first: int, only_second: int) -> float:
    """Return the two-sided exact p-value of McNemar's test (McNemar, 1947), the binomial one."""
    total = only_first + only_second
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), total, 0.5))) if total else 1.0


def paired_bootstrap(differences: NDArray[np.float64], how: Resampling) -> tuple[float, float, float]:
    """Resample the differences of paired outcomes.

    Args:
        differences: Shape ``[pairs]``, outcome of the first minus that of the second: multiples of 1/2 in [-1, 1].
        how: Draws, level, seed.

    Returns:
        Lower end, upper end and two-sided p-value. The p-value is twice the smaller share of draws on the far side of
        zero, itself included, with one added to count and draws so that it is never 0 (Davison & Hinkley, 1997,
        section 4.2).
    """
    steps = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    counts = np.array([(differences == step).sum() for step in steps])
    n = int(counts.sum())
    draws = np.random.default_rng(how.seed).multinomial(n, counts / n, size=how.resamples) @ steps / n
    low, high = np.quantile(draws, how.quantiles)
    tail = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return float(low), float(high), min(1.0, 2 * (tail + 1) / (how.resamples + 1))


def compare(first: Iterable[PairScore], second: Iterable[PairScore], how: Resampling) -> Comparison | None:
    """Compare two runs on the pairs that are in both, by ``id``; ``None`` if there are none.

    A failed pair is a lost pair on its side.
    """
    one, two = ({row.id: outcome(row) or LOSS for row in rows} for rows in (first, second))
    shared = [key for key in one if key in two]
    if not shared:
        return None
    a = np.array([one[key] for key in shared])
    b = np.array([two[key] for key in shared])
    low, high, p_value = paired_bootstrap(a - b, how)
    only_first = int(((a == WIN) & (b != WIN)).sum())
    only_second = int(((b == WIN) & (a != WIN)).sum())
    return Comparison(
        n=len(shared),
        left_out=len(one) + len(two) - 2 * len(shared),
        difference=float((a - b).mean()),
        low=low,
        high=high,
        p_bootstrap=p_value,
        only_first=only_first,
        only_second=only_second,
        p_mcnemar=mcnemar_exact(only_first, only_second),
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number by Holm's step-down rule (Holm, 1979), in the given order."""
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def length_matched(scores: Iterable[PairScore], band: float) -> list[PairScore]:
    """Return the pairs whose responses differ in length by at most a factor ``band``.

    Matching within a caliper on the confounder (Stuart, 2010, "Matching methods for causal inference"), here the
    length that judges are known to reward (Dubois et al., 2024, "Length-controlled AlpacaEval"). Unlike a regression
    it needs no model of how length acts; its price is the pairs that it leaves out, so their number stands beside it.
    """
    return [
        row
        for row in scores
        if row.chosen_length > 0
        and row.rejected_length > 0
        and max(row.chosen_length, row.rejected_length) <= band * min(row.chosen_length, row.rejected_length)
    ]


def length_balanced(scores: Sequence[PairScore]) -> float | None:
    """Return the mean of the accuracies where chosen is the longer and where it is the shorter answer.

    Each side counts half however many pairs it has (post-stratification; Holt & Smith, 1979), so that "the longer
    answer wins" and "the shorter answer wins" both get exactly 1/2. ``None`` where a side is empty; pairs of equal
    length are left out.
    """
    means = []
    for sign in (1, -1):
        side = [outcome(row) or LOSS for row in scores if sign * (row.chosen_length - row.rejected_length) > 0]
        if not side:
            return None
        means.append(sum(side) / len(side))
    return sum(means) / 2


def by(scores: Iterable[PairScore], column: str) -> dict[str, list[PairScore]]:
    """Group rows by the value of a column, groups in sorted order."""
    groups: dict[str, list[PairScore]] = {}
    for row in scores:
        groups.setdefault(getattr(row, column), []).append(row)
    return dict(sorted(groups.items()))


def published(scores: Sequence[PairScore]) -> Mapping[str, Any]:
    """Return the published ``overall`` block: strict accuracy, and moments of the scored pairs' differences.

    Figures are rounded to 4 digits and the standard deviation is the sample one (n - 1), as in the published files.
    """
    correct = sum(outcome(row) == WIN for row in scores)
    gaps = np.array([row.score_diff for row in scores if row.score_diff is not None])
    return {
        "accuracy": round(correct / len(scores), 4) if scores else None,
        "total_examples": len(scores),
        "correct_predictions": correct,
        "mean_score_difference": round(float(gaps.mean()), 4) if len(gaps) else None,
        "median_score_difference": round(float(np.median(gaps)), 4) if len(gaps) else None,
        "std_score_difference": round(float(gaps.std(ddof=1)), 4) if len(gaps) > 1 else None,
    }


def published_groups(scores: Sequence[PairScore], column: str) -> dict[str, dict[str, Any]]:
    """Return the published ``by_...`` block: strict accuracy and count by the values of a column."""
    return {
        value: {"accuracy": round(sum(outcome(row) == WIN for row in rows) / len(rows), 4), "count": len(rows)}
        for value, rows in by(scores, column).items()
    }
