"""Metrics of scored preference pairs: of all of them, and by criterion and language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from themis_rm.criteria import short_name
from themis_rm.evaluation.statistics import OUTCOMES, mean_interval
from themis_rm.training.token_cache import UNKNOWN, Categories, TokenizedPairs

LEVEL = 0.95
"""Confidence level of the intervals."""

Metrics = dict[str, float]


@dataclass(frozen=True)
class PairMetrics:
    """Metrics of a set of pairs, see :func:`pair_metrics`.

    Attributes:
        overall: Metrics of all pairs.
        by_criterion: Training name of a criterion -> metrics; empty if no pair has one.
        by_language: Programming language -> metrics; empty if no pair has one.
    """

    overall: Metrics
    by_criterion: dict[str, Metrics] = field(default_factory=dict)
    by_language: dict[str, Metrics] = field(default_factory=dict)

    def groups(self) -> dict[str, dict[str, Metrics]]:
        """Return the metrics by group, without columns that the dataset does not have."""
        values = {"by_criterion": self.by_criterion, "by_language": self.by_language}
        return {name: groups for name, groups in values.items() if groups}

    def flat(self) -> Metrics:
        """Return the overall metrics, and each group's accuracy as ``accuracy/NAME``; criteria by their short names."""
        groups = {**self.by_language, **self.by_criterion}
        return {
            **self.overall,
            **{f"accuracy/{short_name(name)}": v["accuracy"] for name, v in groups.items() if "accuracy" in v},
        }


def measure(chosen: np.ndarray, rejected: np.ndarray, pairs: TokenizedPairs, indices: np.ndarray) -> PairMetrics:
    """Return the metrics of scored pairs, over all and by criterion and language.

    Args:
        chosen: Rewards of the chosen responses, shape ``[scored]``.
        rejected: Rewards of the rejected responses, shape ``[scored]``.
        pairs: The split.
        indices: Indices of the scored pairs in the split, shape ``[scored]``.
    """
    groups = pairs.groups[indices]

    def by(column: Categories) -> dict[str, Metrics]:
        codes = column.codes[indices]
        found = {
            name or UNKNOWN: pair_metrics(chosen[codes == code], rejected[codes == code], groups[codes == code])
            for code, name in enumerate(column.names)
            if (codes == code).any()
        }
        return {} if found.keys() <= {UNKNOWN} else found

    return PairMetrics(pair_metrics(chosen, rejected, groups), by(pairs.criteria), by(pairs.languages))


def pair_metrics(chosen: np.ndarray, rejected: np.ndarray, groups: np.ndarray) -> Metrics:
    """Return the metrics of pairs.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.
        groups: Group of each pair, shape ``[pairs]``; intervals resample groups if any has several pairs.

    Returns:
        ``accuracy`` (ties count half), ``low`` and ``high`` (its 95 % interval), ``strict_accuracy``, ``tie_rate``,
        ``margin`` (mean), ``bradley_terry`` (mean loss) and ``n``, the number of pairs; only ``n`` if there are none. A
        pair without two finite rewards is in none of them, and is counted in ``failed`` if there are any.
    """
    finite = np.isfinite(chosen) & np.isfinite(rejected)
    margins = chosen[finite] - rejected[finite]
    n, failed = len(margins), int((~finite).sum())
    counts: Metrics = {"n": n, **({"failed": failed} if failed else {})}
    return {**margin_metrics(margins, groups[finite]), **counts} if n else counts


def margin_metrics(margins: np.ndarray, groups: np.ndarray, level: float = LEVEL) -> Metrics:
    """Return the metrics of pairs from the differences of their rewards, see :func:`pair_metrics`.

    Args:
        margins: Reward of the chosen response minus that of the rejected one, at least one, shape ``[pairs]``.
        groups: Group of each pair, shape ``[pairs]``.
        level: Confidence level of the interval.
    """
    outcomes = (np.sign(margins) + 1) / 2
    ids = [str(i) for i in range(len(margins))]
    tasks: Mapping[str, str] = dict(zip(ids, map(str, groups.tolist()), strict=True))
    low, high, _ = mean_interval(ids, outcomes.tolist(), OUTCOMES, level, tasks)
    return {
        "accuracy": float(outcomes.mean()),
        "low": low,
        "high": high,
        "strict_accuracy": float((margins > 0).mean()),
        "tie_rate": float((margins == 0).mean()),
        "margin": float(margins.mean()),
        "bradley_terry": float(np.logaddexp(0.0, -margins).mean()),
    }
