"""Calibrate scores to probabilities, and choose the least probability of a label for a precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

MIN_RECALL = 0.05
"""Least recall of a threshold."""

_STEPS = 100
_RIDGE = 1e-6


def sigmoid(values: Numbers) -> Numbers:
    """Return the logistic function."""
    result: Numbers = 1 / (1 + np.exp(-np.clip(values, -30, 30)))
    return result


def fit_platt(scores: Numbers, shares: Numbers, weights: Numbers) -> tuple[float, float]:
    """Return slope and offset with which the logistic function of a score is its probability.

    Platt scaling (J. Platt, *Probabilistic outputs for support vector machines*, 1999): a logistic regression on the
    score, by Newton's method.

    Args:
        scores: Scores, shape ``[n]``.
        shares: Truth, from 0 to 1, shape ``[n]``.
        weights: How much each score counts, shape ``[n]``.
    """
    inputs = np.stack([scores, np.ones_like(scores)], axis=1)
    weights = weights / weights.sum()
    found = np.zeros(2)
    for _ in range(_STEPS):
        chances = sigmoid(inputs @ found)
        gradient = inputs.T @ (weights * (chances - shares)) + _RIDGE * found
        hessian = (inputs * (weights * chances * (1 - chances))[:, None]).T @ inputs + _RIDGE * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 5.0 / max(1e-12, float(np.abs(step).max())))
        found -= step
        if np.abs(step).max() < 1e-10:
            break
    return float(found[0]), float(found[1])


def threshold_of(
    chances: Numbers, shares: Numbers, weights: Numbers, precision: float
) -> tuple[float, dict[str, float]]:
    """Return the least probability of labels with a precision, and their estimated precision and recall.

    It is at least one half: below that, a label is more often wrong than right, however many right ones are above it.
    If no probability has the precision, the result is the one with the best precision of at least
    :data:`MIN_RECALL` of recall.

    Args:
        chances: Probabilities, shape ``[n]``.
        shares: Truth, from 0 to 1, shape ``[n]``.
        weights: How many commits each one represents, shape ``[n]``.
        precision: Least share of right labels.
    """
    order = np.argsort(-chances, kind="stable")
    right, given = np.cumsum((shares * weights)[order]), np.cumsum(weights[order])
    reached, recall = right / np.maximum(given, 1e-12), right / max(float(right[-1]), 1e-12)
    possible = (chances[order] >= 0.5) & (recall >= MIN_RECALL)
    if not possible.any():
        possible[int(np.searchsorted(recall, MIN_RECALL))] = True
    fits = np.flatnonzero(possible & (reached >= precision))
    last = int(fits[-1]) if len(fits) else int(np.argmax(np.where(possible, reached, -1.0)))
    facts = {"precision": reached[last], "recall": recall[last], "share": right[-1] / given[-1], "read": last + 1}
    return float(chances[order[last]]), {name: round(float(value), 4) for name, value in facts.items()}


@dataclass(frozen=True)
class Calibration:
    """What the scores of one criterion are calibrated to.

    Attributes:
        platt: Slope and offset of the logit.
        chances: Probability of each score, shape ``[n]``.
        threshold: Least probability of a label.
        estimates: Estimated precision and recall of the threshold, share of the criterion, and commits above it.
    """

    platt: tuple[float, float]
    chances: Numbers
    threshold: float
    estimates: dict[str, float]


def calibrate(scores: Numbers, shares: Numbers, weights: Numbers, precision: float) -> Calibration:
    """Calibrate the scores of one criterion, and choose its threshold.

    Args:
        scores: Scores, shape ``[n]``.
        shares: Truth, from 0 to 1, shape ``[n]``.
        weights: How many commits each score represents, shape ``[n]``.
        precision: Least share of right labels.
    """
    slope, offset = fit_platt(scores, shares, weights)
    chances = sigmoid(slope * scores + offset)
    return Calibration((slope, offset), chances, *threshold_of(chances, shares, weights, precision))
