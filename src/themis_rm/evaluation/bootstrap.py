"""Bootstrap intervals of means of few-valued outcomes, exact and for thousands of samples at once.

A bootstrap sample of ``n`` pairs is ``n`` draws from the sample's own distribution. Where an outcome is one of a few
equally spaced values, the distribution of its mean over infinitely many such samples can be written down: it is the
sample's distribution convolved ``n`` times with itself, which Fourier transforms turn into an ``n``-th power. That is
the "ideal bootstrap" of Efron & Tibshirani (1993, "An introduction to the bootstrap", chapter 6), with neither seed
nor noise of drawing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

_SPREAD = 16.0  # window in standard deviations of the sum: what lies outside is less than 1e-13
_BLOCK = 1 << 20  # complex numbers held at once


def mean_intervals(
    counts: NDArray[np.int64], values: tuple[float, ...], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return percentile bootstrap intervals of means.

    Where all pairs of a sample came out the same, resampling would give an interval of no width however few they are;
    the exact binomial one (Clopper & Pearson, 1934) for the share of pairs that might come out otherwise stands in,
    these pairs laid to the ends of the scale.

    Args:
        counts: Shape ``[samples, values]``: how often each value stands in each sample.
        values: Equally spaced, ascending.
        level: Probability that an interval should cover.

    Returns:
        Lower and upper ends, each of shape ``[samples]``; NaN for a sample of no pairs.
    """
    totals = counts.sum(axis=1)
    low, high = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    tail = (1 - level) / 2
    same = (counts.max(axis=1) == totals) & (totals > 0)
    if same.any():
        center = np.asarray(values)[counts[same].argmax(axis=1)]
        share = 1 - betaincinv(totals[same], 1, tail)
        low[same] = center - share * (center - values[0])
        high[same] = center + share * (values[-1] - center)
    rest = np.flatnonzero(~same & (totals > 0))
    widths = _widths(counts[rest], totals[rest])
    for width in np.unique(widths):
        for block in _blocks(rest[widths == width], int(width)):
            ends = _quantiles(counts[block], totals[block], int(width), tail)
            step = values[1] - values[0]
            low[block], high[block] = (values[0] + step * end / totals[block] for end in ends)
    return low, high


def _widths(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each sample how many lattice points its window needs, a power of two."""
    positions = np.arange(counts.shape[1])
    chances = counts / totals[:, None]
    variance = totals * (chances @ positions**2 - (chances @ positions) ** 2)
    whole = 2.0 * totals * (counts.shape[1] - 1) + 2  # the window is centered on the mean, which may lie at an end
    needed = np.minimum(whole, _SPREAD * np.sqrt(np.maximum(variance, 0)) + 64)
    return np.left_shift(1, np.ceil(np.log2(needed)).astype(np.int64))


def _blocks(rows: NDArray[np.intp], width: int) -> list[NDArray[np.intp]]:
    return np.array_split(rows, max(1, -(-len(rows) * width // _BLOCK)))


def _quantiles(
    counts: NDArray[np.int64], totals: NDArray[np.int64], width: int, tail: float
) -> list[NDArray[np.float64]]:
    """Return the lattice sums (first value 0, step 1) at which the bootstrap distribution passes both tails."""
    chances = counts / totals[:, None]
    positions = np.arange(counts.shape[1])
    center = np.rint(totals * (chances @ positions))
    frequencies = 2 * np.pi * np.arange(width // 2 + 1) / width
    transform = chances @ np.exp(-1j * positions[:, None] * frequencies)
    size = np.abs(transform) ** totals[:, None]
    # The power dies off fast; what cannot change a sum in double precision needs no phase.
    row, place = np.nonzero(size > 1e-18)
    angle = totals[row] * np.angle(transform[row, place]) + center[row] * frequencies[place]
    power = np.zeros_like(transform)
    power[row, place] = size[row, place] * np.exp(1j * angle)
    # irfft puts the center at 0 and what lies below it at the end.
    masses = np.fft.fftshift(np.fft.irfft(power, n=width, axis=1), axes=1)
    reached = np.cumsum(masses, axis=1)
    first = center - width // 2
    return [first + (reached >= edge - 1e-12).argmax(axis=1) for edge in (tail, 1 - tail)]
