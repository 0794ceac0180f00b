"""Paired tests of every model against every other one, with the groups and ranks that follow from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from themis_rm.evaluation.bootstrap import mean_intervals
from themis_rm.evaluation.leaderboard.groups import assign_letters, letter_groups, rank_intervals
from themis_rm.evaluation.leaderboard.score_files import FAILED, MISSING, TIED, WON
from themis_rm.evaluation.leaderboard.slices import Slice
from themis_rm.evaluation.statistics import (
    DIFFERENCES,
    Comparison,
    holm_adjust,
    mcnemar_tests,
    sign_flip_statistics,
    sign_flip_test,
)


@dataclass(frozen=True)
class PairwiseComparisons:
    """Comparisons of all pairs of models in one slice.

    Two models are compared on their shared pairs; a failed pair counts as a loss, unless all pairs of a model in the
    slice failed, which counts as missing. There are two tests of different
    hypotheses, which may disagree: ``p_mcnemar`` tests strict wins, as in published accuracies, where a tie is a loss;
    ``p_value`` tests the headline accuracy, where a tie is half a win (see
    :func:`~themis_rm.evaluation.statistics.sign_flip_test`). A model with many ties can be significantly worse in the
    first and not in the second. Groups and ranks use the second, since models are sorted by the headline accuracy. Both
    are adjusted for all pairs of models of the slice (Holm), not for the number of slices.

    The tests assume independent pairs. If a benchmark has many pairs per source problem, true p-values are larger and
    intervals wider.

    Attributes:
        slice: The slice.
        first: Shape ``[comparisons]``: index of the first model.
        second: Index of the second model, always larger than that of the first.
        n: Shared pairs.
        unshared: Pairs that only one of them has.
        difference: Accuracy (ties half) of the first minus that of the second on the shared pairs; NaN for none.
        low: Lower end of the paired bootstrap interval of ``difference``.
        high: Upper end of that interval.
        p_value: Paired randomization test of ``difference``.
        p_holm: ``p_value``, adjusted.
        only_first: Pairs that only the first model ranks strictly correctly.
        only_second: Pairs that only the second model ranks strictly correctly.
        p_mcnemar: McNemar's exact test on these two counts.
        mcnemar_holm: ``p_mcnemar``, adjusted.
        groups: Groups of models that do not differ significantly, best first (see :func:`letter_groups`).
        letters: Letters of each model's groups.
        ranks: Shape ``[models, 2]``: best and worst rank of each model (see :func:`rank_intervals`).
    """

    slice: Slice
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    n: NDArray[np.int64]
    unshared: NDArray[np.int64]
    difference: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_holm: NDArray[np.float64]
    only_first: NDArray[np.int64]
    only_second: NDArray[np.int64]
    p_mcnemar: NDArray[np.float64]
    mcnemar_holm: NDArray[np.float64]
    groups: tuple[tuple[int, ...], ...]
    letters: tuple[str, ...]
    ranks: NDArray[np.int64]

    @classmethod
    def from_outcomes(cls, part: Slice, outcomes: NDArray[np.uint8], level: float) -> PairwiseComparisons:
        """Compare all models in one slice.

        Args:
            part: The slice.
            outcomes: Shape ``[models, pairs of the slice]``.
            level: Confidence level; groups and ranks use the significance level ``1 - level``.
        """
        models, outcomes = len(outcomes), _without_unscored_runs(outcomes)
        first, second = np.triu_indices(models, 1)
        joint = _count_joint_outcomes(outcomes)[:, :, first, second]
        counts = _count_differences(joint)
        n = counts.sum(axis=1)
        present = (outcomes != MISSING).sum(axis=1)
        low, high = mean_intervals(counts, DIFFERENCES, level)
        only_first, only_second = joint[2, 0] + joint[2, 1], joint[0, 2] + joint[1, 2]
        p_value = sign_flip_test(*sign_flip_statistics(counts))
        p_mcnemar = mcnemar_tests(only_first, only_second)
        p_holm = np.array(holm_adjust(p_value.tolist()))
        with np.errstate(invalid="ignore"):
            difference = counts @ np.array(DIFFERENCES) / n
            values = ((outcomes == WON).sum(axis=1) + (outcomes == TIED).sum(axis=1) / 2) / present
        significant = np.zeros((models, models), dtype=bool)
        significant[first, second] = significant[second, first] = p_holm < 1 - level
        order = [int(model) for model in np.argsort(-values, kind="stable") if present[model]]
        groups = letter_groups(order, significant)
        return cls(
            slice=part,
            first=first,
            second=second,
            n=n,
            unshared=present[first] + present[second] - 2 * n,
            difference=difference,
            low=low,
            high=high,
            p_value=p_value,
            p_holm=p_holm,
            only_first=only_first,
            only_second=only_second,
            p_mcnemar=p_mcnemar,
            mcnemar_holm=np.array(holm_adjust(p_mcnemar.tolist())),
            groups=groups,
            letters=assign_letters(groups, models),
            ranks=rank_intervals(values, significant),
        )

    def between(self, one: int, two: int) -> Comparison:
        """Return the comparison of model ``one`` with model ``two``."""
        index = int(np.flatnonzero((self.first == min(one, two)) & (self.second == max(one, two)))[0])
        comparison = Comparison(
            n=int(self.n[index]),
            unshared=int(self.unshared[index]),
            difference=float(self.difference[index]),
            low=float(self.low[index]),
            high=float(self.high[index]),
            p_value=float(self.p_value[index]),
            only_first=int(self.only_first[index]),
            only_second=int(self.only_second[index]),
            p_mcnemar=float(self.p_mcnemar[index]),
        )
        return comparison if one < two else comparison.swapped()


def _without_unscored_runs(outcomes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the outcomes with all pairs missing of a run that has no scores in this slice: it is in no test."""
    scored = (outcomes < FAILED).any(axis=1, keepdims=True)
    return np.where(scored, outcomes, np.uint8(MISSING))


def _count_joint_outcomes(outcomes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the number of pairs with each combination of outcomes (lost, tied, won) of two models.

    Shape ``[3, 3, models, models]``.
    """
    won, tied = outcomes == WON, outcomes == TIED
    lost = ~won & ~tied & (outcomes != MISSING)
    # Counts are far below 2**24, so single precision is exact, and faster than integer multiplication.
    sides = np.stack([lost, tied, won]).astype(np.float32)
    return np.rint(np.einsum("aip,bjp->abij", sides, sides, optimize=True)).astype(np.int64)


def _count_differences(joint: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of pairs with each of :data:`DIFFERENCES`, shape ``[comparisons, 5]``."""
    counts = [sum(joint[a, b] for a in range(3) for b in range(3) if a - b == step) for step in range(-2, 3)]
    return np.stack(counts, axis=1)
