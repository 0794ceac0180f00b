"""Percentiles over a sliding window of latency samples."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator
from math import ceil


def rolling_percentile(samples: Iterable[float], window: int, q: float) -> Iterator[float]:
    """Yield the ``q``-quantile of the latest ``window`` samples after each sample.

    Raises:
        ValueError: ``window`` is below one or ``q`` is outside ``(0, 1]``.
    """
    if window < 1:
        raise ValueError("window must hold at least one sample")
    if not 0 < q <= 1:
        raise ValueError("q must lie in (0, 1]")

    recent: deque[float] = deque()
    ranked: list[float] = []
    for sample in samples:
        if len(recent) == window:
            del ranked[bisect_left(ranked, recent.popleft())]
        recent.append(sample)
        insort(ranked, sample)
        yield ranked[ceil(q * len(ranked)) - 1]
