"""The statistics that stand under every number: ties, intervals, paired tests, answers of matched length.

A pair's outcome is 1 (chosen above rejected), 1/2 (tie) or 0. A pair that could not be scored counts as 0 and is told
apart in ``failed``. Pure functions of counts and arrays, seeded where they have to draw. Where pairs are known to share
a task, intervals resample tasks (see :mod:`themis_rm.evaluation.cluster_bootstrap`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln

from themis_rm.evaluation.bootstrap import mean_intervals
from themis_rm.evaluation.cluster_bootstrap import cluster_interval
from themis_rm.records import PairScore

WIN, TIE, LOSS = 1.0, 0.5, 0.0
OUTCOMES = (LOSS, TIE, WIN)
DIFFERENCES = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""What two paired outcomes can differ by."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are drawn.

    Attributes:
        resamples: Bootstrap draws, for figures whose bootstrap distribution cannot be written down. Those of plain
            accuracies and their differences can (see :mod:`themis_rm.evaluation.bootstrap`).
        level: Probability that the interval should cover.
        seed: Seed of the draws.
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
        tasks: Tasks that the interval resamples, a pair without a known one counting as its own; ``None`` where no two
            pairs are known to share a task, so that it resamples pairs.
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
    tasks: int | None = None

    @classmethod
    def from_scores(cls, scores: Iterable[PairScore], level: float, tasks: Mapping[str, str] | None = None) -> Self:
        """Count outcomes and add the interval.

        Args:
            scores: Rows of a run.
            level: Probability that the interval should cover.
            tasks: Pair id -> task, for pairs that may share one; ``None`` if nothing is known of them.
        """
        rows = list(scores)
        if not rows:
            return cls(0, 0, 0, 0, None, None, None, None, None)
        outcomes = [pair_outcome(row) for row in rows]
        n, wins, ties, failed = len(rows), outcomes.count(WIN), outcomes.count(TIE), outcomes.count(None)
        low, high, shared = mean_interval(
            [row.id for row in rows], [o or LOSS for o in outcomes], OUTCOMES, level, tasks
        )
        return cls(n, wins, ties, failed, (wins + ties / 2) / n, low, high, wins / n, ties / n, shared)

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
        p_value: Two-sided p-value of the paired randomization test of that difference.
        only_first: Pairs that the first alone has strictly right.
        only_second: Pairs that the second alone has strictly right.
        p_mcnemar: Two-sided exact p-value of McNemar's test on those two counts.
        tasks: Tasks that interval and tests take for their units; ``None`` where the units are pairs. With tasks,
            ``p_mcnemar`` is the randomization test of strict wins, which is McNemar's where every pair is a unit.
    """

    n: int
    left_out: int
    difference: float
    low: float
    high: float
    p_value: float
    only_first: int
    only_second: int
    p_mcnemar: float
    tasks: int | None = None

    def turned(self) -> Self:
        """Return the same comparison seen from the second model."""
        return replace(
            self,
            difference=-self.difference,
            low=-self.high,
            high=-self.low,
            only_first=self.only_second,
            only_second=self.only_first,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def pair_outcome(row: PairScore) -> float | None:
    """Return 1, 1/2 or 0, or ``None`` for a pair without two scores."""
    if row.chosen_score is None or row.rejected_score is None:
        return None
    if row.chosen_score == row.rejected_score:
        return TIE
    return WIN if row.chosen_score > row.rejected_score else LOSS


def sum_by_task(
    ids: Sequence[str], values: Sequence[float], tasks: Mapping[str, str]
) -> tuple[NDArray[np.float64], NDArray[np.int64]] | None:
    """Return the sum of values and the number of pairs of each task, or ``None`` if no two pairs share one.

    Args:
        ids: Pairs.
        values: A value for each.
        tasks: Pair id -> task; a pair without one is a task of its own.
    """
    found: dict[tuple[str, bool], int] = {}
    numbers = [found.setdefault((tasks.get(key, key), key in tasks), len(found)) for key in ids]
    if len(found) == len(ids):
        return None
    sums, sizes = np.zeros(len(found)), np.zeros(len(found), np.int64)
    np.add.at(sums, numbers, values)
    np.add.at(sizes, numbers, 1)
    return sums, sizes


def mean_interval(
    ids: Sequence[str], values: Sequence[float], scale: tuple[float, ...], level: float, tasks: Mapping[str, str] | None
) -> tuple[float, float, int | None]:
    """Return the percentile bootstrap interval of a mean over pairs, and how many tasks it resamples.

    Args:
        ids: Pairs.
        values: A value for each, one of ``scale``.
        scale: Equally spaced, ascending.
        level: Probability that the interval should cover.
        tasks: Pair id -> task. Where no two pairs share one, pairs are resampled and the last part is ``None``.
    """
    shared = sum_by_task(ids, values, tasks or {})
    if shared is not None:
        return *cluster_interval(*shared, (scale[0], scale[-1]), level), len(shared[0])
    counts = np.array([[values.count(value) for value in scale]])
    low, high = mean_intervals(counts, scale, level)
    return float(low[0]), float(high[0]), None


def accuracy_interval(wins: int, ties: int, n: int, level: float) -> tuple[float, float]:
    """Return the percentile bootstrap interval of ``(wins + ties / 2) / n``."""
    low, high = mean_intervals(np.array([[n - wins - ties, ties, wins]]), OUTCOMES, level)
    return float(low[0]), float(high[0])


def mcnemar_test(only_first: int, only_second: int) -> float:
    """Return the two-sided exact p-value of McNemar's test (McNemar, 1947), the binomial one."""
    return float(mcnemar_tests(np.array([only_first]), np.array([only_second]))[0])


def mcnemar_tests(only_first: NDArray[np.int64], only_second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return :func:`mcnemar_exact` of many comparisons, shape ``[comparisons]``."""
    total = only_first + only_second
    return np.where(total > 0, np.minimum(1.0, 2 * bdtr(np.minimum(only_first, only_second), total, 0.5)), 1.0)


def count_differences(differences: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how often each of :data:`DIFFERENCES` stands in paired differences, shape ``[1, 5]``."""
    return np.array([[int((differences == step).sum()) for step in DIFFERENCES]])


def flips(steps: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return what :func:`flip_test` needs from counts of :data:`DIFFERENCES`, shape ``[comparisons, 5]``."""
    return steps[:, 0] + steps[:, 4], steps[:, 1] + steps[:, 3], steps @ np.array([-2, -1, 0, 1, 2])


def sign_flip_test(
    whole: NDArray[np.int64], half: NDArray[np.int64], observed: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return exact two-sided p-values of the paired randomization test (Fisher, 1935; Pitman, 1937).

    If two models are the same, each pair's difference could as well have had the other sign. Under random signs the
    sum of ``whole`` differences of 1 and ``half`` differences of 1/2 is a sum of two binomials, so nothing is drawn.
    Without ties it is McNemar's exact test; with ties it tests what the headline accuracy shows, which McNemar's test
    on strict wins does not. A percentile bootstrap p-value is far too small where few pairs differ (``exp(-k)`` for
    ``k`` pairs that all point one way, against ``2 ** -k`` here), and a correction for many comparisons looks at just
    such values.

    Args:
        whole: Pairs on which one model is right and the other wrong, shape ``[comparisons]``.
        half: Pairs on which exactly one of them ties.
        observed: The sum of differences, in halves.
    """
    p_values = np.ones(len(whole))
    rows = np.flatnonzero(observed != 0)
    for block in np.array_split(rows, max(1, int((half[rows] + 1).sum()) >> 20)):
        if len(block):
            p_values[block] = _flip_tails(whole[block], half[block], np.abs(observed[block]))
    return np.minimum(1.0, 2 * p_values)


def _flip_tails(whole: NDArray[np.int64], half: NDArray[np.int64], least: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the chance that random signs sum up to ``least`` halves or more."""
    sizes = half + 1
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    row = np.repeat(np.arange(len(half)), sizes)
    plus = np.arange(len(row)) - starts[row]  # halves that point the first model's way
    few, many = half[row], whole[row]
    chance = np.exp(gammaln(few + 1) - gammaln(plus + 1) - gammaln(few - plus + 1) - few * np.log(2))
    # The whole ones must make up the rest: 2 (2 x - many) >= least - (2 plus - few).
    needed = -(-(least[row] - 2 * plus + few + 2 * many) // 4)
    tail = np.where(needed > many, 0.0, bdtr(np.maximum(many - np.maximum(needed, 0), 0), many, 0.5))
    return np.add.reduceat(chance * tail, starts)


def clustered_sign_flip_test(sums: NDArray[np.int64]) -> float:
    """Return the exact two-sided p-value of the paired randomization test whose units are tasks.

    As :func:`flip_test`, but all differences of a task change their sign together (Gail et al., 1996, "On design
    considerations and randomization-based inference for community intervention trials").

    Args:
        sums: Sum of the differences of each task, in any unit that makes them whole, shape ``[tasks]``.
    """
    sizes, counts = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    chances = np.ones(1)  # of what the positive signs sum up to
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        spaced = np.zeros(size * count + 1)
        plus = np.arange(count + 1)
        ways = gammaln(count + 1) - gammaln(plus + 1) - gammaln(count - plus + 1)
        spaced[::size] = np.exp(ways - count * np.log(2))
        chances = np.convolve(chances, spaced)
    least = -(-(abs(int(sums.sum())) + len(chances) - 1) // 2)
    return min(1.0, 2 * float(chances[least:].sum()))


def compare(
    first: Iterable[PairScore], second: Iterable[PairScore], level: float, tasks: Mapping[str, str] | None = None
) -> Comparison | None:
    """Compare two runs on the pairs that are in both, by ``id``; ``None`` if there are none.

    A failed pair is a lost pair on its side. Where pairs share a task (``tasks``: pair id -> task), interval and tests
    take tasks for their units.
    """
    one, two = ({row.id: pair_outcome(row) or LOSS for row in rows} for rows in (first, second))
    shared = [key for key in one if key in two]
    if not shared:
        return None
    a = np.array([one[key] for key in shared])
    b = np.array([two[key] for key in shared])
    low, high, units = mean_interval(shared, (a - b).tolist(), DIFFERENCES, level, tasks)
    strict = (a == WIN).astype(int) - (b == WIN)
    only_first, only_second = int((strict > 0).sum()), int((strict < 0).sum())
    if units is None:
        p_value = float(sign_flip_test(*flips(count_differences(a - b)))[0])
        p_mcnemar = mcnemar_test(only_first, only_second)
    else:
        p_value, p_mcnemar = (_task_p(shared, values, tasks or {}) for values in (2 * (a - b), strict))
    return Comparison(
        n=len(shared),
        left_out=len(one) + len(two) - 2 * len(shared),
        difference=float((a - b).mean()),
        low=low,
        high=high,
        p_value=p_value,
        only_first=only_first,
        only_second=only_second,
        p_mcnemar=p_mcnemar,
        tasks=units,
    )


def _task_p(ids: Sequence[str], values: NDArray[Any], tasks: Mapping[str, str]) -> float:
    found = sum_by_task(ids, values.tolist(), tasks)
    sums = values if found is None else found[0]
    return clustered_sign_flip_test(np.rint(sums).astype(np.int64))


def holm_adjust(p_values: Sequence[float]) -> list[float]:
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
        side = [pair_outcome(row) or LOSS for row in scores if sign * (row.chosen_length - row.rejected_length) > 0]
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
    correct = sum(pair_outcome(row) == WIN for row in scores)
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
        value: {"accuracy": round(sum(pair_outcome(row) == WIN for row in rows) / len(rows), 4), "count": len(rows)}
        for value, rows in by(scores, column).items()
    }
