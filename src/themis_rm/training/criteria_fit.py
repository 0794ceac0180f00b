"""Fit of a reward head with one row for each criterion to the features of preference pairs.

The Bradley-Terry model on linear rewards is a logistic regression on differences of features. The row of a criterion is
a shared row plus a deviation, both with a ridge penalty (Evgeniou and Pontil, 2004, "Regularized multi-task learning"),
so that criteria with few pairs borrow from the others. The penalties are selected by cross-validation over
repositories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from themis_rm.models.criteria_head import LOG_PROBABILITY

Array = npt.NDArray[np.float64]

_LIGHT = 0.01
"""Factor of the penalty of the log-probability and of the length. A penalty suits many features with small effects."""


@dataclass(frozen=True)
class PairFeatures:
    """Features of preference pairs.

    Attributes:
        chosen: Features of the chosen responses, shape ``[pairs, features]``.
        rejected: Those of the rejected responses, same shape.
        criteria: Row of the head of each pair, shape ``[pairs]``; -1 for a pair without one.
        weights: Weight of each pair in the fit, shape ``[pairs]``.
        groups: Pairs of one group are in one fold of the cross-validation, shape ``[pairs]``.
        lengths: Tokens of both responses, shape ``[pairs, 2]``.
    """

    chosen: Array
    rejected: Array
    criteria: npt.NDArray[np.int64]
    weights: Array
    groups: npt.NDArray[np.int64]
    lengths: Array

    def __len__(self) -> int:
        return len(self.criteria)

    def select(self, indices: npt.NDArray[np.intp]) -> PairFeatures:
        """Return the pairs at these indices."""
        return PairFeatures(*(getattr(self, name)[indices] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Candidate:
    """One pair of penalties of the cross-validation.

    Attributes:
        penalty: Penalty of the shared row.
        ratio: Penalty of the deviations, divided by that of the shared row.
        loss: Mean Bradley-Terry loss on held-out folds.
        accuracy: Accuracy on held-out folds, ties count half.
    """

    penalty: float
    ratio: float
    loss: float
    accuracy: float


@dataclass(frozen=True)
class CriteriaFit:
    """A fitted head.

    Attributes:
        weight: Shape ``[criteria, features]``.
        bias: Shape ``[criteria]``; with it the mean reward of the fitted responses is zero.
        candidates: Results of the cross-validation, in the order of the grid.
        chosen: The candidate with the lowest loss.
        margins: Difference of rewards of each pair, from the fit without its fold, shape ``[pairs]``.
        iterations: Iterations of the optimizer in the last fit.
    """

    weight: Array
    bias: Array
    candidates: list[Candidate]
    chosen: Candidate
    margins: Array
    iterations: int


def fit_criteria_head(
    pairs: PairFeatures,
    prior: Array,
    penalties: Sequence[float],
    ratios: Sequence[float],
    *,
    folds: int = 5,
    control_length: bool = True,
) -> CriteriaFit:
    """Fit a head to pairs.

    Args:
        pairs: The pairs; those without a criterion count for the shared row.
        prior: Weights that the penalties pull towards, shape ``[criteria, features]``: zeros, or those of a head that
            is trained further.
        penalties: Penalties to try, for features that are scaled to a root mean square of 1.
        ratios: Ratios to try, see :class:`Candidate`.
        folds: Number of folds.
        control_length: Fit the effect of the logarithm of the length together with the features, and leave it out of
            the rewards.

    Raises:
        ValueError: There are fewer groups than two.
    """
    difference = pairs.chosen - pairs.rejected
    scale = np.sqrt(np.mean(difference**2, axis=0)) + 1e-12
    length = np.log(pairs.lengths[:, 0] / pairs.lengths[:, 1])
    problem = _Problem(
        difference / scale,
        length / (np.sqrt(np.mean(length**2)) + 1e-12) if control_length else np.zeros(len(pairs)),
        pairs.criteria,
        pairs.weights / pairs.weights.sum(),
        prior * scale,
    )
    held_out = _folds(pairs.groups, pairs.weights, folds)
    parts = [problem.subset(np.setdiff1d(np.arange(len(pairs)), fold)) for fold in held_out]
    # Each fit starts from that of the same fold with other penalties, which is near.
    starts: list[Array | None] = [None] * len(parts)
    tried = []
    for penalty, ratio in product(sorted(penalties, reverse=True), ratios):
        margins = np.empty(len(pairs))
        for number, (fold, part) in enumerate(zip(held_out, parts, strict=True)):
            rows, starts[number], _ = part.solve(penalty, ratio, starts[number])
            margins[fold] = problem.margins(rows)[fold]
        loss = float(pairs.weights @ np.logaddexp(0.0, -margins) / pairs.weights.sum())
        accuracy = float(np.mean((np.sign(margins) + 1) / 2))
        tried.append((Candidate(penalty, ratio, loss, accuracy), margins))
    chosen, margins = min(tried, key=lambda item: item[0].loss)
    rows, _, iterations = problem.solve(chosen.penalty, chosen.ratio)
    weight = rows / scale
    center = (pairs.weights @ (pairs.chosen + pairs.rejected)) / (2 * pairs.weights.sum())
    return CriteriaFit(weight, -weight @ center, [item for item, _ in tried], chosen, margins, iterations)


def _folds(groups: npt.NDArray[np.int64], weights: Array, count: int) -> list[npt.NDArray[np.intp]]:
    """Return the indices of the pairs of each fold: the heaviest group first, each to the lightest fold."""
    names, codes = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError("cross-validation needs pairs of two groups")
    totals = np.bincount(codes, weights)
    sums, fold_of = np.zeros(min(count, len(names))), np.zeros(len(names), np.int64)
    for group in np.argsort(-totals, kind="stable"):
        fold_of[group] = int(np.argmin(sums))
        sums[fold_of[group]] += totals[group]
    return [np.flatnonzero(fold_of[codes] == fold) for fold in range(len(sums))]


class _Problem:
    """The penalized objective on scaled features.

    Its parameters are one row that all criteria share, one deviation for each criterion, and the effect of the length
    on the pairs of each criterion; the prior is subtracted from all rows.

    Args:
        features: Differences of features, shape ``[pairs, features]``.
        length: Difference of lengths, shape ``[pairs]``.
        criteria: Criterion of each pair; -1 for a pair that counts for the shared row only.
        weights: Weight of each pair, shape ``[pairs]``; their sum is 1.
        prior: Rows that the penalties pull towards, shape ``[criteria, features]``.
    """

    def __init__(
        self, features: Array, length: Array, criteria: npt.NDArray[np.int64], weights: Array, prior: Array
    ) -> None:
        self.features, self.length, self.criteria, self.weights, self.prior = features, length, criteria, weights, prior
        count, width = prior.shape
        self.shape = (count + 1, width)
        self.members = [np.flatnonzero(criteria == row) for row in range(count)]
        self.light = np.ones(width)
        self.light[LOG_PROBABILITY] = _LIGHT
        shared = prior.mean(0)
        self.offset = np.concatenate([shared[None], prior - shared])

    def subset(self, indices: npt.NDArray[np.intp]) -> _Problem:
        """Return the problem of some of the pairs."""
        weights = self.weights[indices]
        return _Problem(
            self.features[indices], self.length[indices], self.criteria[indices], weights / weights.sum(), self.prior
        )

    def margins(self, rows: Array) -> Array:
        """Return the differences of rewards, shape ``[pairs]``, for a head of shape ``[criteria, features]``."""
        margins: Array = self.features @ rows.mean(0)
        for row, pairs in enumerate(self.members):
            margins[pairs] = self.features[pairs] @ rows[row]
        return margins

    def solve(self, penalty: float, ratio: float, start: Array | None = None) -> tuple[Array, Array, int]:
        """Return the head, shape ``[criteria, features]``, the parameters, and the number of iterations."""
        count, width = self.shape
        strength = penalty * self.light * np.where(np.arange(count) == 0, 1.0, ratio)[:, None]
        size = count * width

        def objective(values: Array) -> tuple[float, Array]:
            change, slopes = values[:size].reshape(self.shape), values[size:]
            rows = self.offset + change
            margins = self.features @ rows[0]
            for row, pairs in enumerate(self.members):
                margins[pairs] += self.features[pairs] @ rows[row + 1] + self.length[pairs] * slopes[row]
            residual = -self.weights * expit(-margins)
            gradient = strength * change
            gradient[0] += residual @ self.features
            of_length = penalty * _LIGHT * slopes
            for row, pairs in enumerate(self.members):
                gradient[row + 1] += residual[pairs] @ self.features[pairs]
                of_length[row] += residual[pairs] @ self.length[pairs]
            loss = self.weights @ np.logaddexp(0.0, -margins)
            loss += 0.5 * ((strength * change**2).sum() + penalty * _LIGHT * slopes @ slopes)
            return float(loss), np.concatenate([gradient.ravel(), of_length])

        initial = np.zeros(size + count - 1) if start is None else start
        found = minimize(objective, initial, jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-6})
        rows = self.offset + found.x[:size].reshape(self.shape)
        return rows[0] + rows[1:], found.x, int(found.nit)
