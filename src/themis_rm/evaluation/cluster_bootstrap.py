"""Bootstrap intervals of a mean whose values come in clusters: pairs of one task are drawn together or not at all.

Pairs of one task tend to come out alike, so resampling them one by one gives too narrow an interval. The cluster
bootstrap draws as many clusters as there are, with replacement, and takes the mean over all values in them (Davison &
Hinkley, 1997, "Bootstrap methods and their application", section 3.8; Cameron, Gelbach & Miller, 2008,
"Bootstrap-based improvements for inference with clustered errors"). Clusters differ in size, so that mean is a ratio of
two sums and has no lattice on which its distribution could be written down as in
:mod:`themis_rm.evaluation.bootstrap`. A saddlepoint approximation stands in for drawing (Davison & Hinkley, 1988,
"Saddlepoint approximations in resampling methods"): again neither seed nor noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betaincinv, ndtri


def cluster_interval(
    sums: NDArray[np.float64], sizes: NDArray[np.int64], scale: tuple[float, float], level: float
) -> tuple[float, float]:
    """Return the percentile cluster bootstrap interval of ``sums.sum() / sizes.sum()``.

    Against drawing, an end is off by less than half a step between neighboring resampled means, and by about a
    hundredth of a standard error where clusters differ in size. With few clusters (below thirty, say) percentile
    intervals are too narrow, this one too. Where all clusters have the same mean, resampling would give no width; the
    exact binomial interval (Clopper & Pearson, 1934) for the share of clusters that might come out otherwise stands in,
    these laid to the ends of the scale.

    Args:
        sums: Sum of the values in each cluster, shape ``[clusters]``.
        sizes: How many values it has, at least one, likewise.
        scale: Least and greatest value that there can be.
        level: Probability that the interval should cover.
    """
    cells, counts = np.unique(np.stack([sums, sizes], axis=1), axis=0, return_counts=True)
    means = cells[:, 0] / cells[:, 1]
    center = float(sums.sum() / sizes.sum())
    if means.min() == means.max():
        share = 1 - betaincinv(counts.sum(), 1, (1 - level) / 2)
        return center - share * (center - scale[0]), center + share * (scale[1] - center)
    low, high = (_end(cells, counts, center, sign, float(ndtri((1 + level) / 2))) for sign in (-1, 1))
    return low, high


def _end(cells: NDArray[np.float64], counts: NDArray[np.int64], center: float, sign: int, wanted: float) -> float:
    """Return the lower (``sign`` -1) or upper (1) end, ``wanted`` normal deviates from the center."""

    def beyond(mean: float) -> float:
        return sign * _root(mean, cells, counts) - wanted

    edge = float((sign * cells[:, 0] / cells[:, 1]).max()) * sign
    spread = np.sqrt(counts @ (cells[:, 0] - center * cells[:, 1]) ** 2) / (counts @ cells[:, 1])
    step = sign * float(spread) / 2
    near, far = center, center + step
    # Outwards in steps: at the edge, where resamples pile up, the approximation does not hold.
    while sign * (edge - far) > 0:
        if beyond(far) >= 0:
            return float(brentq(beyond, near, far, xtol=1e-9))
        near, far = far, far + step
    return edge


def _root(mean: float, cells: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the normal quantile of the chance that a resample's mean is at most ``mean``.

    That is the chance that the sum of ``sum - mean * size`` over the drawn clusters is at most 0. Its tail is told by
    Lugannani & Rice (1980) in the form of Barndorff-Nielsen (1986), the modified signed root.
    """
    total = counts.sum()
    values = cells[:, 0] - mean * cells[:, 1]

    def tilted(at: float) -> tuple[NDArray[np.float64], float]:
        """Return chances under an exponential tilt, and the cumulant function there."""
        powers = at * values
        top = powers.max()
        weights = counts * np.exp(powers - top)
        mass = weights.sum()
        return weights / mass, float(total * (np.log(mass / total) + top))

    def slope(at: float) -> float:
        return float(tilted(at)[0] @ values)

    # The slope rises with the tilt; the values have both signs, so it passes 0.
    start = slope(0.0)
    reach = -np.sign(start) / np.abs(values).max()
    while slope(reach) * start > 0:
        reach *= 2
    tilt = brentq(slope, 0.0, reach, rtol=1e-12) if start else 0.0
    chances, cumulant = tilted(tilt)
    signed = float(np.sign(tilt) * np.sqrt(max(0.0, -2 * cumulant)))
    if abs(signed) < 1e-6:
        return signed
    return signed + float(np.log(tilt * np.sqrt(total * (chances @ values**2)) / signed)) / signed
