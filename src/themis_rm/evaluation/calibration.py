"""Fit a calibration of a reward model to pairs: the probabilities that its rewards mean.

Two responses to one prompt: ``P(a is preferred to b) = sigmoid(s * (reward(a) - reward(b)))``, the Bradley-Terry model
with a slope ``s``. One response: ``P(it is the preferred one of its pair) = sigmoid(offset + b * reward)``, which is
Platt scaling (J. Platt, 1999) and knows neither the other response nor the difficulty of the prompt.

Coefficients maximize the likelihood with the penalty of Firth (1993, "Bias reduction of maximum likelihood estimates"),
which keeps them finite where rewards separate the pairs. Slopes of criteria are shrunk to a common one by the
random-effects model of DerSimonian & Laird (1986, "Meta-analysis in clinical trials"): the fewer pairs a criterion has,
the closer it is to the others. Intervals are percentiles of a bootstrap that resamples clusters (tasks, or prompts).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from themis_rm.models.calibration import Coefficient, Curve, Fit, ReliabilityBin
from themis_rm.progress import track
from themis_rm.storage.digests import stable_id

Numbers = NDArray[np.float64]

_STEPS = 200
_LARGEST_STEP = 2.0
BINS, MIN_BIN = 10, 20
"""Most bins of the reliability plot and of the expected calibration error, and fewest predictions of a bin: with fewer,
its share is mostly noise."""


@dataclass(frozen=True)
class RewardPairs:
    """Rewards of pairs under one criteria prompt.

    Attributes:
        chosen: Rewards of the preferred responses, shape ``[n]``.
        rejected: Rewards of the other ones, shape ``[n]``.
        clusters: Cluster of each pair, shape ``[n]``.
    """

    chosen: Numbers
    rejected: Numbers
    clusters: NDArray[np.str_]

    @property
    def margins(self) -> Numbers:
        """Return the differences of the rewards, shape ``[n]``."""
        return self.chosen - self.rejected

    def select(self, mask: NDArray[np.bool_]) -> RewardPairs:
        """Return some of the pairs."""
        return RewardPairs(self.chosen[mask], self.rejected[mask], self.clusters[mask])


@dataclass(frozen=True)
class Coefficients:
    """Coefficients of one label, see :class:`~themis_rm.models.calibration.Curve`."""

    slope: float
    response_slope: float
    response_offset: float
    own_slope: float | None = None


Group = Mapping[str, RewardPairs]
"""Label -> its pairs, of the labels whose slopes are shrunk to each other."""


def fit_logistic(inputs: Numbers, outcomes: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Fit a logistic regression by maximum likelihood with Firth's penalty.

    Args:
        inputs: Shape ``[n, k]``; not all zero in any column.
        outcomes: 0 or 1, shape ``[n]``.
        weights: How much each row counts, shape ``[n]``.

    Returns:
        Coefficients of shape ``[k]`` and their covariance of shape ``[k, k]``.
    """
    scales = np.sqrt((inputs**2).mean(axis=0))
    rows = inputs / scales
    found = np.zeros(inputs.shape[1])

    def information(chances: Numbers) -> tuple[Numbers, Numbers]:
        spread = weights * chances * (1 - chances)
        return spread, np.linalg.inv((rows * spread[:, None]).T @ rows)

    for _ in range(_STEPS):
        chances = expit(rows @ found)
        spread, covariance = information(chances)
        leverage = spread * ((rows @ covariance) * rows).sum(axis=1)
        step = covariance @ (rows.T @ (weights * (outcomes - chances) + leverage * (0.5 - chances)))
        step *= min(1.0, _LARGEST_STEP / max(1e-12, float(np.abs(step).max())))
        found = found + step
        if np.abs(step).max() < 1e-9:
            break
    _, covariance = information(expit(rows @ found))
    return found / scales, covariance / np.outer(scales, scales)


def shrink(values: Numbers, variances: Numbers) -> tuple[Numbers, float]:
    """Shrink estimates to their common mean.

    Args:
        values: Estimates, shape ``[k]``, at least one.
        variances: Their variances, shape ``[k]``.

    Returns:
        The shrunk estimates, and the common mean: what an estimate without any data would be.
    """
    precision = 1 / variances
    mean = float(precision @ values / precision.sum())
    spread = float(precision @ (values - mean) ** 2)
    excess = precision.sum() - (precision**2).sum() / precision.sum()
    between = max(0.0, (spread - (len(values) - 1)) / excess) if excess > 1e-12 * precision.sum() else 0.0
    if len(values) == 1:
        return values, mean
    precision = 1 / (variances + between)
    mean = float(precision @ values / precision.sum())
    return (values * between + mean * variances) / (between + variances), mean


def fit_group(group: Group, counts: Mapping[str, Numbers] | None = None) -> dict[str, Coefficients]:
    """Fit the coefficients of all labels of a group; a label without usable pairs gets the common slopes.

    Args:
        group: The pairs.
        counts: Label -> how often each pair counts, for a bootstrap sample.
    """
    weights = counts or {label: np.ones(len(pairs.chosen)) for label, pairs in group.items()}
    slopes = _fit_slopes(group, weights, _pair_slope)
    response_slopes = _fit_slopes(group, weights, _response_slope)
    return {
        label: Coefficients(
            slopes[label][0],
            response_slopes[label][0],
            _response_offset(pairs, weights[label], response_slopes[label][0]),
            slopes[label][1],
        )
        for label, pairs in group.items()
    }


_SlopeFit = Callable[[RewardPairs, Numbers], tuple[float, float] | None]


def _fit_slopes(group: Group, weights: Mapping[str, Numbers], fit: _SlopeFit) -> dict[str, tuple[float, float | None]]:
    """Return label -> shrunk slope and slope of its own pairs."""
    own = {label: found for label, pairs in group.items() if (found := fit(pairs, weights[label])) is not None}
    if not own:
        return dict.fromkeys(group, (0.0, None))
    shrunk, mean = shrink(np.array([value for value, _ in own.values()]), np.array([var for _, var in own.values()]))
    by_label = dict(zip(own, shrunk.tolist(), strict=True))
    return {label: (by_label[label], own[label][0]) if label in own else (mean, None) for label in group}


def _pair_slope(pairs: RewardPairs, weights: Numbers) -> tuple[float, float] | None:
    used = (weights > 0) & (pairs.margins != 0)  # a tie has the same likelihood for every slope
    if not used.any():
        return None
    values, covariance = fit_logistic(pairs.margins[used][:, None], np.ones(int(used.sum())), weights[used])
    return float(values[0]), float(covariance[0, 0])


def _response_slope(pairs: RewardPairs, weights: Numbers) -> tuple[float, float] | None:
    used = weights > 0
    rewards, outcomes = _responses(pairs.select(used))
    counts = np.tile(weights[used], 2)
    if len(rewards) == 0 or np.ptp(rewards) == 0:
        return None
    centered = rewards - np.average(rewards, weights=counts)
    inputs = np.stack([centered, np.ones_like(rewards)], axis=1)
    values, covariance = fit_logistic(inputs, outcomes, counts)
    return float(values[0]), float(covariance[0, 0])


def _responses(pairs: RewardPairs) -> tuple[Numbers, Numbers]:
    """Return the rewards of all responses, and whether each is the preferred one, of shape ``[2 n]``."""
    n = len(pairs.chosen)
    return np.concatenate([pairs.chosen, pairs.rejected]), np.repeat([1.0, 0.0], n)


def _response_offset(pairs: RewardPairs, weights: Numbers, slope: float) -> float:
    """Return the offset with which half of the responses are expected to be preferred ones, as is the case."""
    rewards, _ = _responses(pairs.select(weights > 0))
    if len(rewards) == 0:
        return 0.0
    counts, powers = np.tile(weights[weights > 0], 2), slope * rewards

    def excess(offset: float) -> float:
        return float(counts @ (expit(offset + powers) - 0.5))

    low, high = -float(powers.max()), -float(powers.min())
    return low if high - low < 1e-12 else float(brentq(excess, low, high, xtol=1e-12))


def fit_curves(group: Group, n_resamples: int, level: float, seed: int) -> dict[str, Curve]:
    """Fit the curves of a group, with bootstrap intervals.

    Args:
        group: The pairs.
        n_resamples: Number of bootstrap samples of clusters.
        level: Confidence level.
        seed: Seed of the samples.
    """
    found = fit_group(group)
    names = sorted({str(name) for pairs in group.values() for name in pairs.clusters})
    places = {label: np.searchsorted(names, pairs.clusters) for label, pairs in group.items()}
    generator = np.random.default_rng(seed)
    samples = []
    for _ in track(range(n_resamples), "resample"):
        drawn = np.bincount(generator.integers(len(names), size=len(names)), minlength=len(names)).astype(np.float64)
        samples.append(fit_group(group, {label: drawn[place] for label, place in places.items()}))
    tails = [(1 - level) / 2, (1 + level) / 2]

    def coefficient(label: str, name: str) -> Coefficient:
        values = [getattr(sample[label], name) for sample in samples]
        low, high = np.quantile(values, tails).tolist() if values else [getattr(found[label], name)] * 2
        return Coefficient(value=getattr(found[label], name), low=low, high=high)

    return {
        label: Curve(
            pairs=len(pairs.chosen),
            slope=coefficient(label, "slope"),
            own_slope=found[label].own_slope,
            response_slope=coefficient(label, "response_slope"),
            response_offset=found[label].response_offset,
        )
        for label, pairs in group.items()
    }


def cross_fit(group: Group, folds: int) -> dict[str, tuple[Numbers, Numbers]]:
    """Predict every pair by a fit without its cluster.

    Args:
        group: The pairs; at least two clusters.
        folds: Number of parts that clusters are split into.

    Returns:
        Label -> log-odds of the preferred response against the other one, shape ``[n]``, and log-odds of all responses
        as in :func:`_responses`, shape ``[2 n]``.
    """
    names = sorted({str(name) for pairs in group.values() for name in pairs.clusters}, key=stable_id)
    fold_of = {name: number % folds for number, name in enumerate(names)}
    parts = {label: np.array([fold_of[str(name)] for name in pairs.clusters]) for label, pairs in group.items()}
    result = {label: (np.zeros(len(pairs.chosen)), np.zeros(2 * len(pairs.chosen))) for label, pairs in group.items()}
    for fold in range(min(folds, len(names))):
        found = fit_group({label: pairs.select(parts[label] != fold) for label, pairs in group.items()})
        for label, pairs in group.items():
            held, fit = parts[label] == fold, found[label]
            rewards, _ = _responses(pairs.select(held))
            result[label][0][held] = fit.slope * pairs.margins[held]
            result[label][1][np.tile(held, 2)] = fit.response_offset + fit.response_slope * rewards
    return result


def measure_fits(group: Group, folds: int) -> dict[str, list[Fit]]:
    """Return label -> how well its pairs and its responses are predicted, see :func:`cross_fit`."""
    predicted = cross_fit(group, folds)
    return {label: _fits([group[label]], [predicted[label]]) for label in group if len(group[label].chosen)}


def measure_group(group: Group, folds: int) -> list[Fit]:
    """Return the same as :func:`measure_fits` for the pairs of all labels together."""
    predicted = cross_fit(group, folds)
    return _fits(list(group.values()), [predicted[label] for label in group])


def _fits(pairs: Sequence[RewardPairs], predicted: Sequence[tuple[Numbers, Numbers]]) -> list[Fit]:
    margins = np.concatenate([item.margins for item in pairs])
    responses = [_responses(item) for item in pairs]
    rewards = np.concatenate([values for values, _ in responses])
    outcomes = np.concatenate([truth for _, truth in responses])
    pair_odds = np.concatenate([odds for odds, _ in predicted])
    return [
        _fit("pairs", *_as_confidence(margins), *_as_confidence(pair_odds)),
        _fit("responses", rewards, outcomes, np.concatenate([odds for _, odds in predicted]), outcomes),
    ]


def _as_confidence(odds: Numbers) -> tuple[Numbers, Numbers]:
    """Return the log-odds of the response that is predicted to be preferred, and whether it is; a tie is one half."""
    return np.abs(odds), (np.sign(odds) + 1) / 2


def _fit(kind: str, before: Numbers, truth_before: Numbers, after: Numbers, truth: Numbers) -> Fit:
    bins = reliability_bins(expit(after), truth)
    return Fit(
        kind="pairs" if kind == "pairs" else "responses",
        n=len(after),
        log_loss_before=log_loss(before, truth_before),
        log_loss=log_loss(after, truth),
        ece_before=calibration_error(reliability_bins(expit(before), truth_before)),
        ece=calibration_error(bins),
        bins=bins,
    )


def log_loss(odds: Numbers, outcomes: Numbers) -> float:
    """Return the mean negative log-likelihood, in nats.

    Args:
        odds: Log-odds, shape ``[n]``.
        outcomes: From 0 to 1, shape ``[n]``.
    """
    return float((np.logaddexp(0, -odds) * outcomes + np.logaddexp(0, odds) * (1 - outcomes)).mean())


def reliability_bins(probabilities: Numbers, outcomes: Numbers, bins: int = BINS) -> list[ReliabilityBin]:
    """Return bins of equal size, in ascending order of the probability; see :data:`MIN_BIN`.

    Args:
        probabilities: Predictions, shape ``[n]``, at least one.
        outcomes: What came true, from 0 to 1, shape ``[n]``.
        bins: Most bins.
    """
    order = np.argsort(probabilities, kind="stable")
    parts = np.array_split(order, max(1, min(bins, len(order) // MIN_BIN)))
    return [
        ReliabilityBin(predicted=float(probabilities[part].mean()), observed=float(outcomes[part].mean()), n=len(part))
        for part in parts
    ]


def calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Return the expected calibration error of bins (Naeini, Cooper & Hauskrecht, 2015; bins of equal size)."""
    total = sum(item.n for item in bins)
    return sum(item.n * abs(item.predicted - item.observed) for item in bins) / total
