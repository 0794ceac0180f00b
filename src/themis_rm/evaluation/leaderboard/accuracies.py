"""Accuracies of all runs in all slices, with intervals, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from themis_rm.evaluation.bootstrap import mean_intervals
from themis_rm.evaluation.leaderboard.score_files import FAILED, LOST, MISSING, TIED, WON
from themis_rm.evaluation.statistics import OUTCOMES, Accuracy, Resampling


@dataclass(frozen=True)
class AccuracyTable:
    """Accuracies of runs (rows) in slices (columns); each array has shape ``[runs, slices]``.

    A failed pair counts as a loss. A missing pair is only counted in ``missing``. Shares are NaN in a slice in which no
    pair of the run has scores.

    Attributes:
        n: Pairs of the run, failed ones included.
        wins: Pairs with the chosen response strictly above the rejected one.
        ties: Pairs with equal scores.
        failed: Pairs without two scores.
        missing: Pairs of the slice that the run lacks.
        value: Accuracy, a tie counting half.
        low: Lower end of the confidence interval of ``value``.
        high: Upper end of the confidence interval of ``value``.
        strict: ``wins / n``, the accuracy of published tables.
        tie_rate: ``ties / n``.
    """

    n: NDArray[np.int64]
    wins: NDArray[np.int64]
    ties: NDArray[np.int64]
    failed: NDArray[np.int64]
    missing: NDArray[np.int64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    strict: NDArray[np.float64]
    tie_rate: NDArray[np.float64]

    @classmethod
    def from_counts(cls, counts: NDArray[np.int64], level: float) -> AccuracyTable:
        """Compute accuracies from counts of outcomes.

        Args:
            counts: Shape ``[runs, slices, STATES]``.
            level: Confidence level.
        """
        wins, ties, failed = (counts[..., state] for state in (WON, TIED, FAILED))
        n = counts[..., :MISSING].sum(axis=-1)
        measured = counts[..., :FAILED].sum(axis=-1) > 0
        low, high = mean_intervals(_losses_ties_wins(counts).reshape(-1, 3), OUTCOMES, level)
        pairs = np.where(measured, n, np.nan)
        value, strict, rate = (wins + ties / 2) / pairs, wins / pairs, ties / pairs
        low, high = (np.where(measured, end.reshape(n.shape), np.nan) for end in (low, high))
        return cls(n, wins, ties, failed, counts[..., MISSING], value, low, high, strict, rate)

    def accuracy(self, run: int, column: int) -> Accuracy:
        """Return the accuracy of one run in one slice."""
        shares = [getattr(self, name)[run, column] for name in ("value", "low", "high", "strict", "tie_rate")]
        counted = [int(getattr(self, name)[run, column]) for name in ("n", "wins", "ties", "failed")]
        return Accuracy(*counted, *(None if np.isnan(share) else float(share) for share in shares))


@dataclass(frozen=True)
class MacroAverage:
    """Mean of the accuracies of several strata, each with the same weight, independent of its number of pairs.

    This is post-stratification to equal shares (Holt & Smith, 1979); the interval resamples pairs within strata.

    Attributes:
        over: The strata: ``criterion``, ``language``, or ``length`` (the chosen response is longer, or shorter; "longer
            wins" gets exactly 1/2).
        value: Shape ``[runs]``; NaN for a run that has no scores in a stratum.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    over: str
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def from_counts(cls, over: str, counts: NDArray[np.int64], resampling: Resampling) -> MacroAverage:
        """Compute the averages of all runs.

        Args:
            over: Name of the strata.
            counts: Counts of outcomes, shape ``[runs, strata, STATES]``.
            resampling: How the intervals are drawn.
        """
        measured = (counts[..., :FAILED].sum(axis=-1) > 0).all(axis=-1)
        figures = [
            _macro_average(strata if known else [], resampling)
            for strata, known in zip(_losses_ties_wins(counts), measured, strict=True)
        ]
        columns = np.array(figures).reshape(-1, 3)
        return cls(over, columns[:, 0], columns[:, 1], columns[:, 2])


def _losses_ties_wins(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return counts in the order of :data:`OUTCOMES`, a failure counting as a loss; shape ``[..., 3]``."""
    return np.stack([counts[..., LOST] + counts[..., FAILED], counts[..., TIED], counts[..., WON]], axis=-1)


def _macro_average(strata: Sequence[NDArray[np.int64]], resampling: Resampling) -> tuple[float, float, float]:
    """Return value and interval of one run; the mean over strata has no closed-form distribution, so it is drawn."""
    if not len(strata):
        return np.nan, np.nan, np.nan
    rng = np.random.default_rng(resampling.seed)
    outcomes = np.array(OUTCOMES)
    total, draws = 0.0, np.zeros(resampling.n_resamples)
    for counts in strata:
        n = int(counts.sum())
        total += counts @ outcomes / n
        draws += rng.multinomial(n, counts / n, size=resampling.n_resamples) @ outcomes / n
    low, high = np.quantile(draws / len(strata), resampling.quantiles)
    return total / len(strata), float(low), float(high)
