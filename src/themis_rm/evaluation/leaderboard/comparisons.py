"""Every model against every other, paired, and what the tests together say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from themis_rm.evaluation.bootstrap import mean_intervals
from themis_rm.evaluation.leaderboard.groups import letter_groups, letters, rank_intervals
from themis_rm.evaluation.leaderboard.score_files import MISSING, TIED, WON
from themis_rm.evaluation.leaderboard.slices import Slice
from themis_rm.evaluation.statistics import DIFFERENCES, Comparison, flips, holm_adjust, mcnemar_tests, sign_flip_test


@dataclass(frozen=True)
class PairwiseComparisons:
    """All pairs of models in one cut.

    Two models are compared on the pairs that both have; a failed pair is lost on its side. Two tests stand side by side
    and may disagree, because they ask different things: ``p_mcnemar`` looks at strict wins, as the published accuracy
    does, and takes a tie for a loss; ``p_value`` looks at the headline accuracy, where a tie is half a win (see
    :func:`~themis_rm.evaluation.statistics.flip_test`). A model that ties often can be significantly worse in the first
    and not in the second. Groups and ranks use the second, for it tests what the table is sorted by. Both are adjusted
    by Holm's rule over all pairs of models of the cut, not over the cuts.

    The tests take pairs of answers for independent. Those that come from one source problem are not quite: where a
    benchmark has many pairs of one problem, true p-values are larger and intervals wider.

    Attributes:
        cut: Where.
        first: Shape ``[comparisons]``, index of the first model.
        second: Index of the second one; always behind the first.
        n: Pairs in both.
        left_out: Pairs in one of them only.
        difference: Accuracy (ties half) of the first minus that of the second on the shared pairs; NaN for none.
        low: Lower end of its paired bootstrap interval.
        high: Upper end.
        p_value: Paired randomization test of the difference.
        p_holm: That, adjusted.
        only_first: Pairs that the first alone has strictly right.
        only_second: Pairs that the second alone has strictly right.
        p_mcnemar: McNemar's exact test on those two.
        mcnemar_holm: That, adjusted.
        groups: Models that are statistically the same, best first (see :func:`letter_groups`).
        letters: For each model the letters of its groups.
        ranks: Shape ``[models, 2]``, best and worst rank of each model (see :func:`rank_intervals`).
    """

    cut: Slice
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    n: NDArray[np.int64]
    left_out: NDArray[np.int64]
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
    def of(cls, cut: Slice, outcomes: NDArray[np.uint8], level: float) -> PairwiseComparisons:
        """Compare all models in one cut.

        Args:
            cut: Where.
            outcomes: Shape ``[models, pairs of the cut]``.
            level: Of intervals; groups are at one minus it.
        """
        models = len(outcomes)
        first, second = np.triu_indices(models, 1)
        joint = _joint_counts(outcomes)[:, :, first, second]
        steps = _steps(joint)
        n = steps.sum(axis=1)
        present = (outcomes != MISSING).sum(axis=1)
        low, high = mean_intervals(steps, DIFFERENCES, level)
        only_first, only_second = joint[2, 0] + joint[2, 1], joint[0, 2] + joint[1, 2]
        p_value, p_mcnemar = sign_flip_test(*flips(steps)), mcnemar_tests(only_first, only_second)
        p_holm = np.array(holm_adjust(p_value.tolist()))
        with np.errstate(invalid="ignore"):
            difference = steps @ np.array(DIFFERENCES) / n
            values = ((outcomes == WON).sum(axis=1) + (outcomes == TIED).sum(axis=1) / 2) / present
        significant = np.zeros((models, models), dtype=bool)
        significant[first, second] = significant[second, first] = p_holm < 1 - level
        tested = [int(model) for model in np.argsort(-values, kind="stable") if present[model]]
        groups = letter_groups(tested, significant)
        return cls(
            cut=cut,
            first=first,
            second=second,
            n=n,
            left_out=present[first] + present[second] - 2 * n,
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
            letters=letters(groups, models),
            ranks=rank_intervals(values, significant),
        )

    def between(self, one: int, two: int) -> Comparison:
        """Return the comparison of two models, turned so that the first one named is the first."""
        place = int(np.flatnonzero((self.first == min(one, two)) & (self.second == max(one, two)))[0])
        found = Comparison(
            n=int(self.n[place]),
            left_out=int(self.left_out[place]),
            difference=float(self.difference[place]),
            low=float(self.low[place]),
            high=float(self.high[place]),
            p_value=float(self.p_value[place]),
            only_first=int(self.only_first[place]),
            only_second=int(self.only_second[place]),
            p_mcnemar=float(self.p_mcnemar[place]),
        )
        return found if one < two else found.turned()


def _joint_counts(outcomes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how often each pair of outcomes (lost, tied, won) stands together, shape ``[3, 3, models, models]``."""
    won, tied = outcomes == WON, outcomes == TIED
    lost = ~won & ~tied & (outcomes != MISSING)
    # Counts stay far below 2**24, so single precision is exact and the fast way to multiply.
    sides = np.stack([lost, tied, won]).astype(np.float32)
    return np.rint(np.einsum("aip,bjp->abij", sides, sides, optimize=True)).astype(np.int64)


def _steps(joint: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how often each of the differences -1, -1/2, 0, 1/2, 1 stands, shape ``[comparisons, 5]``."""
    steps = [sum(joint[a, b] for a in range(3) for b in range(3) if a - b == gap) for gap in range(-2, 3)]
    return np.stack(steps, axis=1)
