"""Accuracies of all runs in all cuts, with intervals, as arrays."""

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
    """Figures of runs (rows) in cuts (columns); each array is of shape ``[runs, cuts]``.

    A failed pair counts as lost, a missing one is in no figure but ``missing``. Without a pair, shares are NaN.

    Attributes:
        n: Pairs in the run, failed ones included.
        wins: Chosen strictly above rejected.
        ties: Equal scores.
        failed: Without two scores.
        missing: Pairs of the cut that the run lacks.
        value: Ties count half.
        low: Lower end of the interval of ``value``.
        high: Upper end.
        strict: ``wins / n``, the published accuracy.
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
    def of(cls, counts: NDArray[np.int64], level: float) -> AccuracyTable:
        """Turn counts of outcomes, shape ``[runs, cuts, STATES]``, into figures."""
        wins, ties, failed = (counts[..., state] for state in (WON, TIED, FAILED))
        n = counts[..., :MISSING].sum(axis=-1)
        lost = counts[..., LOST] + failed
        low, high = mean_intervals(np.stack([lost, ties, wins], axis=-1).reshape(-1, 3), OUTCOMES, level)
        with np.errstate(invalid="ignore"):
            value, strict, rate = (wins + ties / 2) / n, wins / n, ties / n
        ends = (low.reshape(n.shape), high.reshape(n.shape))
        return cls(n, wins, ties, failed, counts[..., MISSING], value, *ends, strict, rate)

    def accuracy(self, run: int, cut: int) -> Accuracy:
        """Return one figure in the form that a run's own results have."""
        shares = [getattr(self, name)[run, cut] for name in ("value", "low", "high", "strict", "tie_rate")]
        counted = [int(getattr(self, name)[run, cut]) for name in ("n", "wins", "ties", "failed")]
        return Accuracy(*counted, *(None if np.isnan(share) else float(share) for share in shares))


@dataclass(frozen=True)
class MacroAverage:
    """The mean of the accuracies in some strata, each counting the same however many pairs it has.

    Post-stratification (Holt & Smith, 1979) to equal shares; the interval resamples pairs within strata.

    Attributes:
        strata: What they are: ``criterion`` (the macro average), ``language``, or ``length`` (chosen is the longer
            answer, or the shorter: "the longer wins" gets exactly 1/2).
        value: Shape ``[runs]``; NaN for a run that lacks a stratum.
        low: Lower end of the interval.
        high: Upper end.
    """

    strata: str
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, strata: str, counts: NDArray[np.int64], how: Resampling) -> MacroAverage:
        """Compute them from counts of outcomes, shape ``[runs, strata, STATES]``."""
        triples = np.stack([counts[..., LOST] + counts[..., FAILED], counts[..., TIED], counts[..., WON]], axis=-1)
        figures = np.array([_balanced(rows, how) for rows in triples]).reshape(-1, 3)
        return cls(strata, figures[:, 0], figures[:, 1], figures[:, 2])


def _balanced(strata: Sequence[NDArray[np.int64]], how: Resampling) -> tuple[float, float, float]:
    """Return value and interval for one run; a mean over strata has no lattice, so resamples are drawn."""
    if not len(strata) or any(not counts.sum() for counts in strata):
        return np.nan, np.nan, np.nan
    draw = np.random.default_rng(how.seed)
    weights = np.array(OUTCOMES)
    total, draws = 0.0, np.zeros(how.resamples)
    for counts in strata:
        n = int(counts.sum())
        total += counts @ weights / n
        draws += draw.multinomial(n, counts / n, size=how.resamples) @ weights / n
    low, high = np.quantile(draws / len(strata), how.quantiles)
    return total / len(strata), float(low), float(high)
