"""What n-grams alone get on a benchmark that they were fitted on, each task judged by a fit that has not seen it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from themis_rm.benchmark.audit.lengths import clopper_pearson
from themis_rm.benchmark.audit.pairs import PairFeatures
from themis_rm.models.ngrams import NGramSettings, difference, fit_differences
from themis_rm.models.ngrams_crossfit import FOLDS, fold
from themis_rm.results import ResultPart


class SurfaceBias(ResultPart):
    """Accuracy of n-grams that were fitted on pairs of the same criterion."""

    n: int
    """Pairs."""
    accuracy: float
    """Share ordered rightly, ties half."""
    low: float
    """Lower end of the Clopper-Pearson interval, ties counted as whole wins and losses in halves."""
    high: float
    """Upper end."""


def surface_biases(items: Sequence[PairFeatures], level: float) -> dict[str, SurfaceBias]:
    """Return criterion -> what n-grams get there (cross-fitting; see :mod:`themis_rm.models.ngrams_crossfit`).

    One fit for each criterion and fold. Pairs of a task are in one fold, so that nothing of a task is learned from its
    own pairs. A criterion in which a fold would have nothing to learn from is left out.

    Args:
        items: The pairs.
        level: What the intervals should cover.
    """
    settings = NGramSettings()
    differences: dict[str, list[tuple[int, dict[int, float]]]] = defaultdict(list)
    for item in items:
        pair = item.pair
        differences[pair.aspect].append((fold(item.task), difference(pair.chosen, pair.rejected, "", settings)))
    found = {}
    for aspect, rows in sorted(differences.items()):
        margins = _margins(rows, settings)
        if margins is not None:
            wins, ties = sum(margin > 0 for margin in margins), sum(margin == 0 for margin in margins)
            halves, n = 2 * wins + ties, len(margins)
            low, high = clopper_pearson(halves // 2, n, level)[0], clopper_pearson((halves + 1) // 2, n, level)[1]
            found[aspect] = SurfaceBias(n=n, accuracy=halves / (2 * n), low=low or 0.0, high=high or 0.0)
    return found


def _margins(rows: Sequence[tuple[int, Mapping[int, float]]], settings: NGramSettings) -> list[float] | None:
    """Return chosen minus rejected for each pair by the fit on all other folds, or ``None`` if one has no data."""
    if len({number for number, values in rows if values}) < 2:
        return None
    margins = [0.0] * len(rows)
    for held_out in range(FOLDS):
        model = fit_differences([values for number, values in rows if number != held_out and values], settings)
        for place, (number, values) in enumerate(rows):
            if number == held_out:
                margins[place] = float(sum(float(model.weight[bucket]) * value for bucket, value in values.items()))
    return margins
