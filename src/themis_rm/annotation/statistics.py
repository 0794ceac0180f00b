"""Agreement between readers: Cohen's kappa with an interval, and Krippendorff's alpha."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from themis_rm.benchmark.intervals import proportion_interval


class Kappa(NamedTuple):
    """Cohen's kappa; ``None`` where it is not defined: without rows, or if all answers are the same one."""

    value: float | None
    low: float | None
    high: float | None


def cohen_kappa(pairs: Sequence[tuple[str, str]], level: float = 0.95) -> Kappa:
    """Return Cohen's kappa (1960) of two readers with a large-sample interval (Fleiss, Cohen & Everitt, 1969).

    If the readers agree on every row, the interval of Fleiss has no width: its lower end is then the kappa of the exact
    lower limit of the share of rows on which they agree (Clopper & Pearson, 1934).

    Args:
        pairs: The answers of both readers on each row.
        level: Confidence level.
    """
    names = sorted({answer for pair in pairs for answer in pair})
    if len(names) < 2:
        return Kappa(None, None, None)
    table = np.zeros((len(names), len(names)))
    for first, second in pairs:
        table[names.index(first), names.index(second)] += 1
    shares = table / len(pairs)
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, expected = float(np.trace(shares)), float(rows @ columns)
    kappa = (observed - expected) / (1 - expected)
    if observed == 1:
        low, _ = proportion_interval(len(pairs), len(pairs), level)
        return Kappa(kappa, max(-1.0, ((low or 0.0) - expected) / (1 - expected)), 1.0)
    error = _standard_error(shares, observed, expected, len(pairs))
    from scipy.stats import norm

    width = float(norm.ppf((1 + level) / 2)) * error
    return Kappa(kappa, max(-1.0, kappa - width), min(1.0, kappa + width))


def _standard_error(shares: np.ndarray, observed: float, expected: float, n: int) -> float:
    """Return the standard error of kappa from the shares of the cells (Fleiss, Cohen & Everitt, 1969, formula 13)."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    sums = columns[:, None] + rows[None, :]  # of cell (i, j): the second reader's share of i, the first one's of j
    diagonal = np.diag(shares) @ ((1 - expected) - np.diag(sums) * (1 - observed)) ** 2
    others = (1 - observed) ** 2 * ((shares - np.diag(np.diag(shares))) * sums**2).sum()
    variance = diagonal + others - (observed * expected - 2 * expected + observed) ** 2
    return float(np.sqrt(max(variance, 0.0) / n)) / (1 - expected) ** 2


def krippendorff_alpha(units: Iterable[Sequence[str]]) -> float | None:
    """Return Krippendorff's alpha for nominal answers; readers may have left rows out.

    Args:
        units: The answers on each row; rows with fewer than two are not used.

    Returns:
        The coefficient (Krippendorff, 2011), or ``None`` if no row has two answers or all answers are the same one.
    """
    totals: Counter[str] = Counter()
    differing = 0.0
    for answers in units:
        if len(answers) < 2:
            continue
        counts = Counter(answers)
        totals.update(counts)
        pairs = len(answers) ** 2 - sum(count**2 for count in counts.values())
        differing += pairs / (len(answers) - 1)
    n = sum(totals.values())
    expected = n**2 - sum(count**2 for count in totals.values())
    return 1 - (n - 1) * differing / expected if expected else None
