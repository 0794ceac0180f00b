"""How often each bug operator is drawn: as often as real fixes undo its edits, equally often, or as a setting says.

``bug_fixes.json`` has what ``benchmarks/bug_fixes.py`` counted in commits that fix bugs: for each operator, the changes
that undo one of its edits, and the share of the fixed functions in which it has an edit at all. An operator is drawn
among those that fit a function, so its weight is the first number divided by the second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

from themis_rm.curation.inject.operators import OPERATORS, BugOperator
from themis_rm.errors import SettingError

Weights = Literal["frequency", "uniform"] | dict[str, float]
"""``frequency``: as in real fixes; ``uniform``: 1 for each; or operator -> weight that replaces the measured one."""

_UNSEEN = 0.5
"""Changes that are added to the count of each operator, since rare bugs occur too."""


@cache
def measured_fixes() -> dict[str, Any]:
    """Return the table of real fixes: where it comes from, and ``operators``: name -> ``changes`` and ``fits``."""
    text = resources.files(__package__).joinpath("bug_fixes.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


@cache
def measured_weights() -> Mapping[str, float]:
    """Return operator -> weight, 1 on average over the operators of each criterion."""
    found: dict[str, dict[str, float]] = {}
    for name, row in measured_fixes()["operators"].items():
        weight = (row["changes"] + _UNSEEN) / max(row["fits"], 0.001)
        found.setdefault(row["criterion"], {})[name] = weight
    return {
        name: round(weight * len(weights) / sum(weights.values()), 4)
        for weights in found.values()
        for name, weight in weights.items()
    }


@cache
def measured_growth(criterion: str) -> Mapping[int, float]:
    """Return the sign of the growth in length that makes a fixed function buggy again -> its share in real fixes."""
    return {int(sign): share for sign, share in measured_fixes()["growth"][criterion].items()}


def operator_weights(
    operators: list[BugOperator], weights: Weights | Mapping[str, float] = "frequency"
) -> dict[str, float]:
    """Return operator -> weight.

    Args:
        operators: The operators.
        weights: See :data:`Weights`.

    Raises:
        SettingError: An operator of ``weights`` is unknown or its weight negative.
    """
    if weights == "uniform":
        return dict.fromkeys((operator.name for operator in operators), 1.0)
    own = {} if isinstance(weights, str) else weights
    for name, weight in own.items():
        OPERATORS.get(name)
        if weight < 0:
            raise SettingError(f"The weight of bug operator '{name}' is negative.")
    measured = measured_weights()
    return {item.name: own.get(item.name, measured.get(item.name, item.weight)) for item in operators}
