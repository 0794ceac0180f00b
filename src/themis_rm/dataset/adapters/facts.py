"""What optional columns of a row say about its pair: names, weight, and measurements of the two responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from themis_rm.criteria import criterion, is_criterion
from themis_rm.dataset.adapters.pair import Results, UnusableRowError, label_of, name_of, number_of, weight_of

MEASURES: Mapping[str, str] = {"EE": "runtime", "ME": "memory"}
"""Criterion -> end of the columns with its measurement, such as ``chosen_runtime``; any unit, less is better."""


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what optional columns say about a pair, as fields of a pair.

    Raises:
        UnusableRowError: The weight or a measurement is not one.
    """
    return {
        "id": name_of(row, "id", "idx", "prompt_id", "uid"),
        "language": label_of(row, "language", "lang"),
        **measures_of(row, label_of(row, "aspect", "criterion")),
        "subset": name_of(row, "subset", "source", "dataset"),
        "weight": weight_of(row),
    }


def measures_of(row: Mapping[str, Any], aspect: str) -> dict[str, Any]:
    """Return what the columns of a row measure, as fields of :class:`~themis_rm.dataset.adapters.pair.PreferencePair`.

    Args:
        row: The row.
        aspect: The criterion that it names. For a row without one it is the criterion that is measured, run time first.

    Raises:
        UnusableRowError: A measurement is not a positive number.
    """
    gains = {short: gain for short, name in MEASURES.items() if (gain := _gain(row, name)) is not None}
    if gains and not aspect:
        aspect = next(iter(gains))
    short = criterion(aspect).short if is_criterion(aspect) else ""
    return {"aspect": aspect, "gain": gains.get(short), "results": results_of(row)}


def _gain(row: Mapping[str, Any], name: str) -> float | None:
    values = {side: number_of(row, f"{side}_{name}") for side in ("chosen", "rejected")}
    if values["chosen"] is None or values["rejected"] is None:
        return None
    for side, value in values.items():
        if value is not None and value <= 0:
            raise UnusableRowError(f"{side}_{name}-is-not-positive")
    return values["rejected"] / values["chosen"]


def results_of(row: Mapping[str, Any]) -> Results:
    """Return how the results of a row's responses compare: the share of passed tests, else the final answers.

    Raises:
        UnusableRowError: The result of a test is not a number, ``true`` or ``false``.
    """
    passed = [number_of(row, f"{side}_passed") for side in ("chosen", "rejected")]
    if passed[0] is not None and passed[1] is not None:
        if passed[0] < passed[1]:
            return Results.WORSE
        return Results.DIFFER if passed[0] > passed[1] else (Results.EQUAL if passed[0] else Results.FAIL)
    answers = [name_of(row, f"{side}_answer").strip() for side in ("chosen", "rejected")]
    if not all(answers):
        return Results.UNKNOWN
    return Results.EQUAL if answers[0] == answers[1] else Results.DIFFER
