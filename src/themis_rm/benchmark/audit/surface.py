"""Surface bias: accuracy of n-grams that were fitted on the benchmark itself, measured by cross-fitting over tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from themis_rm.benchmark.audit.features import PairFeatures
from themis_rm.benchmark.intervals import proportion_interval
from themis_rm.models.ngrams import NGramSettings, feature_difference, fit_differences
from themis_rm.models.ngrams_crossfit import FOLDS, fold_of
from themis_rm.results import ResultPart


class SurfaceBias(ResultPart):
    """Accuracy of n-grams that were fitted on other tasks of the same criterion."""

    n: int
    """Number of pairs."""
    accuracy: float
    """Accuracy; ties count half."""
    low: float
    """Lower bound of the Clopper-Pearson interval; half of the ties, rounded down, count as correct."""
    high: float
    """Upper bound; half of the ties, rounded up, count as correct."""


def surface_biases(items: Sequence[PairFeatures], level: float) -> dict[str, SurfaceBias]:
    """Return criterion -> accuracy of cross-fitted n-grams (see :mod:`themis_rm.models.ngrams_crossfit`).

    One model is fitted per criterion and fold. All pairs of a task are in one fold, so that no model was fitted on a
    task that it is tested on. A criterion with pairs in one fold only is omitted.

    Args:
        items: The pairs.
        level: Confidence level of the intervals.
    """
    settings = NGramSettings()
    differences: dict[str, list[tuple[int, dict[int, float]]]] = defaultdict(list)
    for item in items:
        pair = item.pair
        values = feature_difference(pair.chosen, pair.rejected, "", settings)
        differences[pair.aspect].append((fold_of(item.task), values))
    biases = {}
    for aspect, rows in sorted(differences.items()):
        margins = _margins(rows, settings)
        if margins is not None:
            biases[aspect] = _surface_bias(margins, level)
    return biases


def _surface_bias(margins: Sequence[float], level: float) -> SurfaceBias:
    halves, n = sum((margin > 0) + (margin >= 0) for margin in margins), len(margins)
    low, _ = proportion_interval(halves // 2, n, level)
    _, high = proportion_interval((halves + 1) // 2, n, level)
    return SurfaceBias(n=n, accuracy=halves / (2 * n), low=low or 0.0, high=high or 0.0)


def _margins(rows: Sequence[tuple[int, Mapping[int, float]]], settings: NGramSettings) -> list[float] | None:
    """Return each pair's margin under the model fitted on the other folds, or ``None`` for fewer than two folds."""
    if len({number for number, values in rows if values}) < 2:
        return None
    margins = [0.0] * len(rows)
    for held_out in range(FOLDS):
        model = fit_differences([values for number, values in rows if number != held_out and values], settings)
        for row, (number, values) in enumerate(rows):
            if number == held_out:
                margins[row] = float(sum(float(model.weight[bucket]) * value for bucket, value in values.items()))
    return margins
