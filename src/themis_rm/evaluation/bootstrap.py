"""Exact bootstrap intervals for means of outcomes with few values, vectorized over thousands of samples.

A bootstrap sample of ``n`` pairs is ``n`` draws from the observed distribution. If outcomes take a few equally spaced
values, the distribution of the mean over infinitely many bootstrap samples has a closed form: the observed distribution
convolved ``n`` times with itself, which a Fourier transform turns into an ``n``-th power. This is the "ideal bootstrap"
of Efron & Tibshirani (1993, "An introduction to the bootstrap", chapter 6); it needs no seed and has no Monte Carlo
error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

_WINDOW = 16.0  # width in standard deviations of the sum; the mass outside is below 1e-13
_BATCH = 1 << 20  # complex numbers in memory at a time


def mean_intervals(
    counts: NDArray[np.int64], values: tuple[float, ...], level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return percentile bootstrap intervals of means.

    If all outcomes of a sample are equal, resampling gives an interval of zero width however small the sample is. The
    interval then uses the exact binomial limit (Clopper & Pearson, 1934) for the share of pairs with another outcome,
    and places these pairs at the ends of the scale.

    Args:
        counts: Shape ``[samples, values]``: the number of outcomes of each value in each sample.
        values: Possible outcomes, equally spaced and ascending.
        level: Confidence level.

    Returns:
        Lower and upper ends, each of shape ``[samples]``; NaN for an empty sample.
    """
    totals = counts.sum(axis=1)
    low, high = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    tail = (1 - level) / 2
    constant = (counts.max(axis=1) == totals) & (totals > 0)
    if constant.any():
        center = np.asarray(values)[counts[constant].argmax(axis=1)]
        share = unseen_share(totals[constant], level)
        low[constant] = center - share * (center - values[0])
        high[constant] = center + share * (values[-1] - center)
    rest = np.flatnonzero(~constant & (totals > 0))
    widths = _window_widths(counts[rest], totals[rest])
    for width in np.unique(widths):
        for batch in _split_into_batches(rest[widths == width], int(width)):
            ends = _quantiles(counts[batch], totals[batch], int(width), tail)
            step = values[1] - values[0]
            low[batch], high[batch] = (values[0] + step * end / totals[batch] for end in ends)
    return low, high


def unseen_share(totals: NDArray[np.int64], level: float) -> NDArray[np.float64]:
    """Return the upper Clopper-Pearson limit for the share of an outcome that was never observed.

    Args:
        totals: Number of observations.
        level: Confidence level of the two-sided interval.
    """
    return np.asarray(beta.ppf((1 + level) / 2, 1, totals), dtype=np.float64)


def _window_widths(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of lattice points that each sample's window needs, a power of two."""
    positions = np.arange(counts.shape[1])
    chances = counts / totals[:, None]
    variance = totals * (chances @ positions**2 - (chances @ positions) ** 2)
    full = 2.0 * totals * (counts.shape[1] - 1) + 2  # the window is centered on the mean, which may be near an end
    needed = np.minimum(full, _WINDOW * np.sqrt(np.maximum(variance, 0)) + 64)
    return np.left_shift(1, np.ceil(np.log2(needed)).astype(np.int64))


def _split_into_batches(rows: NDArray[np.intp], width: int) -> list[NDArray[np.intp]]:
    return np.array_split(rows, max(1, -(-len(rows) * width // _BATCH)))


def _quantiles(
    counts: NDArray[np.int64], totals: NDArray[np.int64], width: int, tail: float
) -> list[NDArray[np.float64]]:
    """Return the lattice sums (first value 0, step 1) at which the bootstrap distribution crosses both tails."""
    chances = counts / totals[:, None]
    positions = np.arange(counts.shape[1])
    center = np.rint(totals * (chances @ positions))
    frequencies = 2 * np.pi * np.arange(width // 2 + 1) / width
    transform = chances @ np.exp(-1j * positions[:, None] * frequencies)
    size = np.abs(transform) ** totals[:, None]
    # The power decays fast: terms too small to change a sum in double precision are skipped.
    row, column = np.nonzero(size > 1e-18)
    angle = totals[row] * np.angle(transform[row, column]) + center[row] * frequencies[column]
    power = np.zeros_like(transform)
    power[row, column] = size[row, column] * np.exp(1j * angle)
    # irfft puts the center at index 0 and sums below the center at the end.
    masses = np.fft.fftshift(np.fft.irfft(power, n=width, axis=1), axes=1)
    cumulative = np.cumsum(masses, axis=1)
    first = center - width // 2
    return [first + (cumulative >= edge - 1e-12).argmax(axis=1) for edge in (tail, 1 - tail)]
