"""Column names and number formats shared by every table of figures: terminal, CSV, data frames and HTML."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from themis_rm.evaluation.statistics import Accuracy

COLUMNS = {
    "rank": "Best and worst rank that the paired tests leave open.",
    "model": "Name of the model or baseline.",
    "kind": "model, baseline, or reference (published figures without pair scores).",
    "slice": "Which pairs: all, criterion, language, subset, cell (criterion in a language), length-matched, macro-*.",
    "criterion": "Criterion of the pairs; empty for all.",
    "language": "Programming language of the pairs; empty for all.",
    "subset": "Source of the pairs; empty for all.",
    "n": "Number of pairs, failed ones included.",
    "wins": "Pairs whose better response has the higher reward.",
    "ties": "Pairs with equal rewards.",
    "failed": "Pairs without two rewards; they count as losses.",
    "missing": "Pairs of the benchmark that the run lacks; they are in no accuracy.",
    "accuracy": "Share of pairs ranked correctly; a tie counts half.",
    "low": "Lower end of the confidence interval of the accuracy.",
    "high": "Upper end of the confidence interval of the accuracy.",
    "strict": "Strict accuracy: wins / n; a tie counts as wrong.",
    "tie_rate": "Share of pairs with equal rewards.",
    "group": "Models that share a letter do not differ significantly.",
    "macro": "Mean of the accuracies by criterion or language, each with the same weight.",
    "parameters": "Parameters in billions.",
    "series": "Models of one training recipe in several sizes.",
}
"""Column -> meaning. Shares are between 0 and 1 in files and data frames, and in percent in tables for reading."""

COUNTS = ("n", "wins", "ties", "failed")
SHARES = ("accuracy", "low", "high", "strict", "tie_rate")


def accuracy_record(accuracy: Accuracy) -> dict[str, Any]:
    """Return the counts and shares of an accuracy by column."""
    values = {name: getattr(accuracy, name) for name in (*COUNTS, *SHARES[1:])}
    return {name: accuracy.value if name == "accuracy" else values[name] for name in (*COUNTS, *SHARES)}


def format_percent(share: float | None, digits: int = 1) -> str:
    """Return a share in percent without the sign, ``-`` for a missing one."""
    return "-" if share is None or math.isnan(share) else f"{100 * share:.{digits}f}"


def format_interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Return an interval of shares in percent, ``-`` for a missing one."""
    if low is None or high is None or math.isnan(low):
        return "-"
    return f"{100 * low:.{digits}f}–{100 * high:.{digits}f}"


def format_number(value: float | None) -> str:
    """Return a number with four significant digits, ``-`` for a missing one."""
    return "-" if value is None else f"{value:.4g}"
