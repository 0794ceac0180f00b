"""Statistics of pairwise accuracy: ties, confidence intervals, paired tests, control for response length.

The outcome of a pair is 1 (chosen above rejected), 1/2 (tie) or 0. A pair that could not be scored counts as 0 and is
also counted in ``failed``. All functions are pure. If pairs are known to share a task, intervals and tests resample
tasks (see :mod:`themis_rm.evaluation.cluster_bootstrap`).
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
"""Possible differences of two paired outcomes."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """Parameters of a bootstrap by drawing.

    Only figures whose bootstrap distribution has no closed form are resampled; accuracies and their differences have
    one (see :mod:`themis_rm.evaluation.bootstrap`).

    Attributes:
        n_resamples: Number of bootstrap samples.
        confidence_level: Confidence level of the intervals.
        seed: Seed of the random generator.
    """

    n_resamples: int = 10_000
    confidence_level: float = 0.95
    seed: int = 0

    @property
    def quantiles(self) -> list[float]:
        """Return the probabilities of the two interval ends."""
        return [(1 - self.confidence_level) / 2, (1 + self.confidence_level) / 2]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Pairwise accuracy over a set of pairs.

    Attributes:
        n: Number of pairs, failed ones included.
        wins: Pairs with the chosen response strictly above the rejected one.
        ties: Pairs with equal scores.
        failed: Pairs without two scores; they count as losses.
        value: Accuracy, a tie counting half; ``None``, like all shares, if no pair has scores.
        low: Lower end of the confidence interval of ``value``.
        high: Upper end of the confidence interval of ``value``.
        strict: ``wins / n``, the accuracy of published tables.
        tie_rate: ``ties / n``.
        tasks: Number of tasks that the interval resamples, each pair without a known task counting as one; ``None`` if
            no two pairs are known to share a task, in which case pairs are resampled.
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

    def __post_init__(self) -> None:
        """Remove the shares if no pair has scores, also from older files: nothing was measured, not 0 %."""
        if self.n == self.failed:
            for name in ("value", "low", "high", "strict", "tie_rate"):
                object.__setattr__(self, name, None)

    @classmethod
    def from_scores(cls, scores: Iterable[PairScore], level: float, tasks: Mapping[str, str] | None = None) -> Self:
        """Count outcomes and compute the interval.

        Args:
            scores: Scored pairs.
            level: Confidence level.
            tasks: Pair id -> task, for pairs that may share a task; ``None`` if tasks are unknown.
        """
        rows = list(scores)
        if not rows:
            return cls(0, 0, 0, 0, None, None, None, None, None)
        outcomes = [pair_outcome(row) for row in rows]
        n, wins, ties, failed = len(rows), outcomes.count(WIN), outcomes.count(TIE), outcomes.count(None)
        values = [value or LOSS for value in outcomes]
        low, high, n_tasks = mean_interval([row.id for row in rows], values, OUTCOMES, level, tasks)
        return cls(n, wins, ties, failed, (wins + ties / 2) / n, low, high, wins / n, ties / n, n_tasks)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Paired comparison of two models on the pairs that both have.

    Attributes:
        n: Number of shared pairs.
        unshared: Number of pairs that only one of them has.
        difference: Accuracy (ties half) of the first model minus that of the second.
        low: Lower end of the paired bootstrap interval of ``difference``.
        high: Upper end of the paired bootstrap interval of ``difference``.
        p_value: Two-sided p-value of the paired randomization test of ``difference``.
        only_first: Pairs that only the first model ranks strictly correctly.
        only_second: Pairs that only the second model ranks strictly correctly.
        p_mcnemar: Two-sided exact p-value of McNemar's test on these two counts.
        tasks: Number of tasks that interval and tests use as units; ``None`` if the units are pairs. With tasks,
            ``p_mcnemar`` is the randomization test of strict wins, which equals McNemar's test if every pair is a unit.
    """

    n: int
    unshared: int
    difference: float
    low: float
    high: float
    p_value: float
    only_first: int
    only_second: int
    p_mcnemar: float
    tasks: int | None = None

    def swapped(self) -> Self:
        """Return the comparison of the second model with the first."""
        return replace(
            self,
            difference=-self.difference,
            low=-self.high,
            high=-self.low,
            only_first=self.only_second,
            only_second=self.only_first,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict."""
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
    """Return the sum of values and the number of pairs of each task, or ``None`` if no two pairs share a task.

    Args:
        ids: Pair ids.
        values: One value per pair.
        tasks: Pair id -> task; a pair without an entry counts as a separate task.
    """
    # The flag distinguishes a pair without a task from a task whose name equals the pair's id.
    index: dict[tuple[str, bool], int] = {}
    numbers = [index.setdefault((tasks.get(key, key), key in tasks), len(index)) for key in ids]
    if len(index) == len(ids):
        return None
    sums, sizes = np.zeros(len(index)), np.zeros(len(index), np.int64)
    np.add.at(sums, numbers, values)
    np.add.at(sizes, numbers, 1)
    return sums, sizes


def mean_interval(
    ids: Sequence[str], values: Sequence[float], scale: tuple[float, ...], level: float, tasks: Mapping[str, str] | None
) -> tuple[float, float, int | None]:
    """Return the percentile bootstrap interval of a mean over pairs.

    Args:
        ids: Pair ids.
        values: One value per pair, each an element of ``scale``.
        scale: Possible values, equally spaced and ascending.
        level: Confidence level.
        tasks: Pair id -> task. If no two pairs share a task, pairs are resampled instead of tasks.

    Returns:
        Lower end, upper end and number of resampled tasks (``None`` if pairs are resampled).
    """
    by_task = sum_by_task(ids, values, tasks or {})
    if by_task is not None:
        return *cluster_interval(*by_task, (scale[0], scale[-1]), level), len(by_task[0])
    counts = np.array([[values.count(value) for value in scale]])
    low, high = mean_intervals(counts, scale, level)
    return float(low[0]), float(high[0]), None


def accuracy_interval(wins: int, ties: int, n: int, level: float) -> tuple[float, float]:
    """Return the percentile bootstrap interval of ``(wins + ties / 2) / n``."""
    low, high = mean_intervals(np.array([[n - wins - ties, ties, wins]]), OUTCOMES, level)
    return float(low[0]), float(high[0])


def mcnemar_test(only_first: int, only_second: int) -> float:
    """Return the two-sided exact (binomial) p-value of McNemar's test (McNemar, 1947)."""
    return float(mcnemar_tests(np.array([only_first]), np.array([only_second]))[0])


def mcnemar_tests(only_first: NDArray[np.int64], only_second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return :func:`mcnemar_test` for many comparisons, shape ``[comparisons]``."""
    total = only_first + only_second
    return np.where(total > 0, np.minimum(1.0, 2 * bdtr(np.minimum(only_first, only_second), total, 0.5)), 1.0)


def count_differences(differences: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the number of paired differences equal to each of :data:`DIFFERENCES`, shape ``[1, 5]``."""
    return np.array([[int((differences == value).sum()) for value in DIFFERENCES]])


def sign_flip_statistics(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the arguments of :func:`sign_flip_test` from counts of :data:`DIFFERENCES`, shape ``[comparisons, 5]``."""
    return counts[:, 0] + counts[:, 4], counts[:, 1] + counts[:, 3], counts @ np.array([-2, -1, 0, 1, 2])


def sign_flip_test(
    n_full: NDArray[np.int64], n_half: NDArray[np.int64], observed: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return exact two-sided p-values of the paired randomization test (Fisher, 1935; Pitman, 1937).

    Under the null hypothesis that two models are equal, the difference of each pair has either sign with the same
    probability. The sum of ``n_full`` differences of 1 and ``n_half`` differences of 1/2 with random signs is a sum of
    two binomials, so nothing is drawn. Without ties it equals McNemar's exact test; with ties it tests the headline
    accuracy, which McNemar's test on strict wins does not. A percentile bootstrap p-value is far too small if few pairs
    differ (``exp(-k)`` for ``k`` pairs in the same direction, instead of ``2 ** -k`` here), and a correction for
    multiple comparisons depends on exactly such small values.

    Args:
        n_full: Shape ``[comparisons]``: pairs on which one model is right and the other wrong.
        n_half: Shape ``[comparisons]``: pairs on which exactly one of the two models ties.
        observed: Shape ``[comparisons]``: sum of differences, in halves.
    """
    p_values = np.ones(len(n_full))
    rows = np.flatnonzero(observed != 0)
    for batch in np.array_split(rows, max(1, int((n_half[rows] + 1).sum()) >> 20)):
        if len(batch):
            p_values[batch] = _sign_flip_tails(n_full[batch], n_half[batch], np.abs(observed[batch]))
    return np.minimum(1.0, 2 * p_values)


def _sign_flip_tails(
    n_full: NDArray[np.int64], n_half: NDArray[np.int64], minimum: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the probability that differences with random signs sum up to ``minimum`` halves or more."""
    sizes = n_half + 1
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    row = np.repeat(np.arange(len(n_half)), sizes)
    plus = np.arange(len(row)) - starts[row]  # number of positive half differences
    halves, fulls = n_half[row], n_full[row]
    probability = np.exp(gammaln(halves + 1) - gammaln(plus + 1) - gammaln(halves - plus + 1) - halves * np.log(2))
    # With x positive full differences: 2 (2 x - fulls) >= minimum - (2 plus - halves).
    needed = -(-(minimum[row] - 2 * plus + halves + 2 * fulls) // 4)
    tail = np.where(needed > fulls, 0.0, bdtr(np.maximum(fulls - np.maximum(needed, 0), 0), fulls, 0.5))
    return np.add.reduceat(probability * tail, starts)


def clustered_sign_flip_test(sums: NDArray[np.int64]) -> float:
    """Return the exact two-sided p-value of the paired randomization test with tasks as units.

    Like :func:`sign_flip_test`, but all differences of a task change sign together (Gail et al., 1996, "On design
    considerations and randomization-based inference for community intervention trials").

    Args:
        sums: Shape ``[tasks]``: sum of the differences of each task, in a unit in which they are integers.
    """
    sizes, counts = np.unique(np.abs(sums[sums != 0]), return_counts=True)
    distribution = np.ones(1)  # of the sum of the positive differences
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        spaced = np.zeros(size * count + 1)
        plus = np.arange(count + 1)
        log_binomial = gammaln(count + 1) - gammaln(plus + 1) - gammaln(count - plus + 1)
        spaced[::size] = np.exp(log_binomial - count * np.log(2))
        distribution = np.convolve(distribution, spaced)
    minimum = -(-(abs(int(sums.sum())) + len(distribution) - 1) // 2)
    return min(1.0, 2 * float(distribution[minimum:].sum()))


def compare(
    first: Iterable[PairScore], second: Iterable[PairScore], level: float, tasks: Mapping[str, str] | None = None
) -> Comparison | None:
    """Compare two runs on their shared pairs.

    A failed pair counts as a loss of the run that failed on it.

    Args:
        first: Scored pairs of the first model.
        second: Scored pairs of the second model; pairs are matched by ``id``.
        level: Confidence level.
        tasks: Pair id -> task. If pairs share a task, interval and tests use tasks as units.

    Returns:
        The comparison, or ``None`` if there are no shared pairs, or one of the runs has scores for none of them.
    """
    outcomes = [{row.id: pair_outcome(row) for row in rows} for rows in (first, second)]
    shared = [key for key in outcomes[0] if key in outcomes[1]]
    if any(all(run[key] is None for key in shared) for run in outcomes):
        return None
    one, two = ({key: outcome or LOSS for key, outcome in run.items()} for run in outcomes)
    a = np.array([one[key] for key in shared])
    b = np.array([two[key] for key in shared])
    low, high, n_tasks = mean_interval(shared, (a - b).tolist(), DIFFERENCES, level, tasks)
    strict = (a == WIN).astype(int) - (b == WIN)
    only_first, only_second = int((strict > 0).sum()), int((strict < 0).sum())
    if n_tasks is None:
        p_value = float(sign_flip_test(*sign_flip_statistics(count_differences(a - b)))[0])
        p_mcnemar = mcnemar_test(only_first, only_second)
    else:
        p_value, p_mcnemar = (_clustered_p_value(shared, values, tasks or {}) for values in (2 * (a - b), strict))
    return Comparison(
        n=len(shared),
        unshared=len(one) + len(two) - 2 * len(shared),
        difference=float((a - b).mean()),
        low=low,
        high=high,
        p_value=p_value,
        only_first=only_first,
        only_second=only_second,
        p_mcnemar=p_mcnemar,
        tasks=n_tasks,
    )


def _clustered_p_value(ids: Sequence[str], values: NDArray[Any], tasks: Mapping[str, str]) -> float:
    by_task = sum_by_task(ids, values.tolist(), tasks)
    sums = values if by_task is None else by_task[0]
    return clustered_sign_flip_test(np.rint(sums).astype(np.int64))


def holm_adjust(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for multiple comparisons (Holm, 1979, step-down procedure), in the given order."""
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def select_length_matched(scores: Iterable[PairScore], max_ratio: float) -> list[PairScore]:
    """Return the pairs whose response lengths differ by at most a factor ``max_ratio``.

    This is caliper matching on a confounder (Stuart, 2010, "Matching methods for causal inference"), here the response
    length, which judges are known to reward (Dubois et al., 2024, "Length-controlled AlpacaEval"). Unlike a regression
    it assumes no model of the effect of length, but it uses fewer pairs, so their number is always reported with it.

    Args:
        scores: Scored pairs.
        max_ratio: Largest ratio of the two lengths, in characters.
    """
    return [
        row
        for row in scores
        if row.chosen_length > 0
        and row.rejected_length > 0
        and max(row.chosen_length, row.rejected_length) <= max_ratio * min(row.chosen_length, row.rejected_length)
    ]


def length_balanced_accuracy(scores: Sequence[PairScore]) -> float | None:
    """Return the mean of the accuracies over pairs with a longer and over pairs with a shorter chosen response.

    Both have the same weight for any number of pairs (post-stratification; Holt & Smith, 1979), so the rules
    "longer wins" and "shorter wins" both get exactly 1/2. Pairs of equal length are not used.

    Returns:
        The accuracy, or ``None`` if one of the two sets has no scored pair.
    """
    means = []
    for sign in (1, -1):
        outcomes = [pair_outcome(row) for row in scores if sign * (row.chosen_length - row.rejected_length) > 0]
        if all(outcome is None for outcome in outcomes):
            return None
        means.append(sum(outcome or LOSS for outcome in outcomes) / len(outcomes))
    return sum(means) / 2


def group_by(scores: Iterable[PairScore], column: str) -> dict[str, list[PairScore]]:
    """Group pairs by the value of a column, groups in sorted order."""
    groups: dict[str, list[PairScore]] = {}
    for row in scores:
        groups.setdefault(getattr(row, column), []).append(row)
    return dict(sorted(groups.items()))


def published_overall(scores: Sequence[PairScore]) -> Mapping[str, Any]:
    """Return the ``overall`` block of a published file: strict accuracy, and moments of the score differences.

    Figures are rounded to 4 digits and the standard deviation is that of a sample (n - 1), as in the published files.
    """
    correct = sum(pair_outcome(row) == WIN for row in scores)
    differences = np.array([row.score_diff for row in scores if row.score_diff is not None])
    return {
        "accuracy": _strict_accuracy(scores),
        "total_examples": len(scores),
        "correct_predictions": correct,
        "mean_score_difference": round(float(differences.mean()), 4) if len(differences) else None,
        "median_score_difference": round(float(np.median(differences)), 4) if len(differences) else None,
        "std_score_difference": round(float(differences.std(ddof=1)), 4) if len(differences) > 1 else None,
    }


def _strict_accuracy(scores: Sequence[PairScore]) -> float | None:
    """Return the published accuracy, in which ties and failures are wrong; ``None`` if no pair has scores."""
    outcomes = [pair_outcome(row) for row in scores]
    if all(outcome is None for outcome in outcomes):
        return None
    return round(outcomes.count(WIN) / len(outcomes), 4)


def published_groups(scores: Sequence[PairScore], column: str) -> dict[str, dict[str, Any]]:
    """Return a ``by_...`` block of a published file: strict accuracy and count for each value of a column."""
    return {
        value: {"accuracy": _strict_accuracy(rows), "count": len(rows)}
        for value, rows in group_by(scores, column).items()
    }
