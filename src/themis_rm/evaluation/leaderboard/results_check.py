"""The figures that a ``results.json`` states, computed again from the scores beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from themis_rm.evaluation.leaderboard.runs import RunSet, ScoredRun
from themis_rm.evaluation.leaderboard.score_files import FAILED, MISSING, WON
from themis_rm.evaluation.leaderboard.slices import groupings

TOLERANCE = 1e-4
"""Published figures have four digits."""


@dataclass(frozen=True, slots=True)
class ResultMismatch:
    """A stated figure that its scores do not give.

    Attributes:
        run: Whose.
        figure: Where it stands, as ``by_aspect.Security_Hardness.accuracy``.
        stated: What stands there; ``None`` where nothing does.
        found: What the scores give; ``None`` where they give nothing.
    """

    run: str
    figure: str
    stated: float | None
    found: float | None


def check_results(runs: RunSet, run: ScoredRun) -> list[ResultMismatch]:
    """Return every published figure of a run's ``results.json`` that is off by more than :data:`TOLERANCE`.

    Published accuracies are strict (ties and failures are wrong), and moments of score differences are over scored
    pairs. Further figures about parse failures are checked where the scores tell which rows failed.

    Args:
        runs: The universe with its labels.
        run: One of its runs; without a ``results.json`` there is nothing to check.
    """
    if run.results is None:
        return []
    found = dict(_flat(_figures(runs, run)))
    blocks = ("overall", "by_aspect", "by_language", "by_subset")
    stated = dict(_flat({name: getattr(run.results, name) for name in blocks}))
    # Figures about failures stand in generative models' files alone, and need scores that tell failures apart.
    checked = [name for name in found if _about(name) not in _FAILURES or (name in stated and run.marks_failures)]
    checked += [name for name in stated if name not in found and _about(name) in {"accuracy", "count"}]
    return [
        ResultMismatch(run.name, name, stated.get(name), found.get(name))
        for name in checked
        if not _same(stated.get(name), found.get(name))
    ]


def _about(figure: str) -> str:
    return figure.rpartition(".")[2]


_FAILURES = {"accuracy_valid_only", "valid_pairs", "total_parse_failures", "parse_failure_rate"}


def _figures(runs: RunSet, run: ScoredRun) -> dict[str, Any]:
    present = run.outcomes != MISSING
    failed = run.outcomes == FAILED
    wins, rows = int((run.outcomes == WON).sum()), int(present.sum())
    gaps = (run.scores[0] - run.scores[1])[present & ~failed]
    scored = len(gaps)
    blocks: dict[str, Any] = {
        "overall": {
            "accuracy": wins / rows,
            "total_examples": rows,
            "correct_predictions": wins,
            "mean_score_difference": float(gaps.mean()) if scored else None,
            "median_score_difference": float(np.median(gaps)) if scored else None,
            "std_score_difference": float(gaps.std(ddof=1)) if scored > 1 else None,
            "accuracy_valid_only": wins / scored if scored else None,
            "valid_pairs": scored,
            "total_parse_failures": rows - scored,
            "parse_failure_rate": (rows - scored) / rows,
        }
    }
    names = {"criterion": "by_aspect", "language": "by_language", "subset": "by_subset"}
    for grouping in groupings(runs, band=1.0):
        block = names.get(grouping.cuts[0].kind if grouping.cuts else "")
        if block is None:
            continue
        counts = grouping.counts(run.outcomes[None])[0]
        blocks[block] = {
            cut.key: {"accuracy": int(row[WON]) / int(row[:MISSING].sum()), "count": int(row[:MISSING].sum())}
            for cut, row in zip(grouping.cuts, counts, strict=True)
            if row[:MISSING].sum()
        }
    return blocks


def _flat(blocks: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float | None]]:
    for name, value in blocks.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is None or isinstance(value, int | float):
            yield f"{prefix}{name}", value


def _same(stated: float | None, found: float | None) -> bool:
    if stated is None or found is None:
        return stated is None and found is None
    return abs(stated - found) <= TOLERANCE
