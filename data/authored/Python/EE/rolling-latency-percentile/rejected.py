"""Percentiles over a sliding window of latency samples."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from math import ceil


def nearest_rank(values: Collection[float], q: float) -> float:
    """Return the ``q``-quantile of ``values`` by the nearest-rank rule."""
    ranked = sorted(values)
    rank = ceil(q * len(ranked))
    return ranked[rank - 1]


def rolling_percentile(samples: Iterable[float], window: int, q: float) -> Iterator[float]:
    """Yield the ``q``-quantile of the latest ``window`` samples after each sample.

    Raises:
        ValueError: ``window`` is below one or ``q`` is outside ``(0, 1]``.
    """
    if window < 1:
        raise ValueError("window must hold at least one sample")
    if not 0 < q <= 1:
        raise ValueError("q must lie in (0, 1]")

    recent: deque[float] = deque(maxlen=window)
    for sample in samples:
        recent.append(sample)
        yield nearest_rank(recent, q)
