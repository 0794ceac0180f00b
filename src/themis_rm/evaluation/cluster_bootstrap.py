"""Cluster bootstrap intervals of a mean: all pairs of a task are resampled together.

Outcomes of pairs of the same task are correlated, so resampling pairs independently gives intervals that are too
narrow. The cluster bootstrap draws as many clusters as there are, with replacement, and takes the mean over all their
values (Davison & Hinkley, 1997, "Bootstrap methods and their application", section 3.8; Cameron, Gelbach & Miller,
2008, "Bootstrap-based improvements for inference with clustered errors"). Clusters differ in size, so the mean is a
ratio of two sums and its distribution has no closed form as in :mod:`themis_rm.evaluation.bootstrap`. A saddlepoint
approximation replaces drawing (Davison & Hinkley, 1988, "Saddlepoint approximations in resampling methods"), again
without seed or Monte Carlo error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from themis_rm.evaluation.bootstrap import unseen_share


def cluster_interval(
    sums: NDArray[np.float64], sizes: NDArray[np.int64], scale: tuple[float, float], level: float
) -> tuple[float, float]:
    """Return the percentile cluster bootstrap interval of ``sums.sum() / sizes.sum()``.

    Compared with drawing, an end is off by less than half the distance between neighboring resampled means, and by
    about a hundredth of a standard error if clusters differ in size. With fewer than about thirty clusters, percentile
    intervals are too narrow, this one included. If all clusters have the same mean, resampling gives zero width; the
    interval then uses the exact binomial limit (Clopper & Pearson, 1934) for the share of clusters with another mean,
    and places these at the ends of the scale.

    Args:
        sums: Shape ``[clusters]``: sum of the values of each cluster.
        sizes: Shape ``[clusters]``: number of values of each cluster, at least one.
        scale: Smallest and largest possible value.
        level: Confidence level.

    Returns:
        Lower and upper end.
    """
    cells, counts = np.unique(np.stack([sums, sizes], axis=1), axis=0, return_counts=True)
    means = cells[:, 0] / cells[:, 1]
    center = float(sums.sum() / sizes.sum())
    if means.min() == means.max():
        share = float(unseen_share(counts.sum(), level))
        return center - share * (center - scale[0]), center + share * (scale[1] - center)
    low, high = (_interval_end(cells, counts, center, sign, float(ndtri((1 + level) / 2))) for sign in (-1, 1))
    return low, high


def _interval_end(
    cells: NDArray[np.float64], counts: NDArray[np.int64], center: float, sign: int, deviates: float
) -> float:
    """Return the lower (``sign`` -1) or upper (1) end, ``deviates`` normal deviates from the center."""

    def excess(mean: float) -> float:
        return sign * _modified_signed_root(mean, cells, counts) - deviates

    edge = float((sign * cells[:, 0] / cells[:, 1]).max()) * sign
    spread = np.sqrt(counts @ (cells[:, 0] - center * cells[:, 1]) ** 2) / (counts @ cells[:, 1])
    step = sign * float(spread) / 2
    near, far = center, center + step
    # Search outwards in steps: the approximation is not valid at the edge, where resampled means accumulate.
    while sign * (edge - far) > 0:
        if excess(far) >= 0:
            return float(brentq(excess, near, far, xtol=1e-9))
        near, far = far, far + step
    return edge


def _modified_signed_root(mean: float, cells: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the normal quantile of the probability that a resampled mean is at most ``mean``.

    This is the probability that the sum of ``sum - mean * size`` over the drawn clusters is at most 0, from the tail
    formula of Lugannani & Rice (1980) in the form of Barndorff-Nielsen (1986), the modified signed root.
    """
    total = counts.sum()
    values = cells[:, 0] - mean * cells[:, 1]

    def tilted(at: float) -> tuple[NDArray[np.float64], float]:
        """Return probabilities under an exponential tilt, and the cumulant generating function at the tilt."""
        powers = at * values
        top = powers.max()
        weights = counts * np.exp(powers - top)
        mass = weights.sum()
        return weights / mass, float(total * (np.log(mass / total) + top))

    def slope(at: float) -> float:
        return float(tilted(at)[0] @ values)

    # The slope increases with the tilt; the values have both signs, so it has a root.
    start = slope(0.0)
    reach = -np.sign(start) / np.abs(values).max()
    while slope(reach) * start > 0:
        reach *= 2
    tilt = brentq(slope, 0.0, reach, rtol=1e-12) if start else 0.0
    probabilities, cumulant = tilted(tilt)
    signed = float(np.sign(tilt) * np.sqrt(max(0.0, -2 * cumulant)))
    if abs(signed) < 1e-6:
        return signed
    return signed + float(np.log(tilt * np.sqrt(total * (probabilities @ values**2)) / signed)) / signed
