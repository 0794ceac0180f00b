"""Recompute the figures of a ``results.json`` from the scores of the same run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from themis_rm.evaluation.leaderboard.runs import RunSet, ScoredRun
from themis_rm.evaluation.leaderboard.score_files import FAILED, MISSING, WON
from themis_rm.evaluation.leaderboard.slices import build_groupings

TOLERANCE = 1e-4
"""Published figures have four digits."""


@dataclass(frozen=True, slots=True)
class ResultMismatch:
    """A figure of a ``results.json`` that differs from the one computed from the scores.

    Attributes:
        run: Name of the run.
        figure: Key of the figure, such as ``by_aspect.Security_Hardness.accuracy``.
        stated: The figure in the file; ``None`` if it is absent.
        computed: The figure computed from the scores; ``None`` if they give none.
    """

    run: str
    figure: str
    stated: float | None
    computed: float | None


def check_results(runs: RunSet, run: ScoredRun) -> list[ResultMismatch]:
    """Return every published figure of a run's ``results.json`` that is off by more than :data:`TOLERANCE`.

    Published accuracies are strict (ties and failures are wrong), and moments of score differences are over scored
    pairs. Figures about parse failures are checked if the scores say which rows failed.

    Args:
        runs: All runs with their labels.
        run: The run to check; without a ``results.json`` there is nothing to check.
    """
    if run.results is None:
        return []
    computed = dict(_flatten(_compute_blocks(runs, run)))
    blocks = ("overall", "by_aspect", "by_language", "by_subset")
    stated = dict(_flatten({name: getattr(run.results, name) for name in blocks}))
    # Only files of generative models have figures about failures, and only some scores say which rows failed.
    checked = [name for name in computed if _last(name) not in _FAILURES or (name in stated and run.marks_failures)]
    checked += [name for name in stated if name not in computed and _last(name) in {"accuracy", "count"}]
    return [
        ResultMismatch(run.name, name, stated.get(name), computed.get(name))
        for name in checked
        if not _equal(stated.get(name), computed.get(name))
    ]


def _last(figure: str) -> str:
    return figure.rpartition(".")[2]


_FAILURES = {"accuracy_valid_only", "valid_pairs", "total_parse_failures", "parse_failure_rate"}


def _compute_blocks(runs: RunSet, run: ScoredRun) -> dict[str, Any]:
    present = run.outcomes != MISSING
    failed = run.outcomes == FAILED
    wins, rows = int((run.outcomes == WON).sum()), int(present.sum())
    differences = (run.scores[0] - run.scores[1])[present & ~failed]
    scored = len(differences)
    blocks: dict[str, Any] = {
        "overall": {
            "accuracy": wins / rows if scored else None,
            "total_examples": rows,
            "correct_predictions": wins,
            "mean_score_difference": float(differences.mean()) if scored else None,
            "median_score_difference": float(np.median(differences)) if scored else None,
            "std_score_difference": float(differences.std(ddof=1)) if scored > 1 else None,
            "accuracy_valid_only": wins / scored if scored else None,
            "valid_pairs": scored,
            "total_parse_failures": rows - scored,
            "parse_failure_rate": (rows - scored) / rows,
        }
    }
    names = {"criterion": "by_aspect", "language": "by_language", "subset": "by_subset"}
    for grouping in build_groupings(runs, max_length_ratio=1.0):
        block = names.get(grouping.slices[0].kind if grouping.slices else "")
        if block is None:
            continue
        counts = grouping.count_outcomes(run.outcomes[None])[0]
        blocks[block] = {
            part.key: {
                "accuracy": int(row[WON]) / int(row[:MISSING].sum()) if row[:FAILED].sum() else None,
                "count": int(row[:MISSING].sum()),
            }
            for part, row in zip(grouping.slices, counts, strict=True)
            if row[:MISSING].sum()
        }
    return blocks


def _flatten(blocks: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float | None]]:
    for name, value in blocks.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        elif value is None or isinstance(value, int | float):
            yield f"{prefix}{name}", value


def _equal(stated: float | None, computed: float | None) -> bool:
    if stated is None or computed is None:
        return stated is None and computed is None
    return abs(stated - computed) <= TOLERANCE
