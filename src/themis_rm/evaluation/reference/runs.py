"""Read ``runs.csv``: figures of 51 published models on CodeRewardBench.

Facts about a model (hub id, size, kind, notes) are in the catalog of published models; the two are joined by run.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from themis_rm.evaluation.leaderboard.score_files import CRITERION_NAMES, LANGUAGE_NAMES
from themis_rm.models import published
from themis_rm.models.published import PublishedModel

SOURCE = "arXiv 2605.00754 and its public score files (Apache-2.0)"
OVERALL = "overall"

_FACTS = ("run", "score_file", "rows", "ties", OVERALL)
_OTHER_FIGURES = ("hits10", "rank_corr40", "adversarial", "rewardbench", "judgebench")
_PAIRS = "(pairs)"
_IDS_DIGEST = "abf52b4cdc1f2f55383d183a19dd02a7"  # of the ids that all runs share


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """A published run.

    Attributes:
        model: The model.
        score_file: Whether its pair scores are public.
        rows: Pairs in its scores.
        ties: Pairs with equal scores, in percent with two decimals; ``None`` if the pair scores are not public.
        accuracies: Strict accuracy in percent with two decimals, by ``overall``, criterion, language or subset.
        other_figures: Figures of re-ranking, adversarial edits and other benchmarks, as printed; empty for most runs.
    """

    model: PublishedModel
    score_file: bool
    rows: int
    ties: float | None
    accuracies: Mapping[str, float]
    other_figures: Mapping[str, float]

    @property
    def run(self) -> str:
        """Return the name of its score directory, which is its name on leaderboards."""
        return self.model.run

    @property
    def name(self) -> str:
        """Return its name in the published tables."""
        return self.model.table

    @property
    def hub(self) -> str:
        """Return its hub repository."""
        return self.model.hub

    @property
    def series(self) -> str:
        """Return the name of the series of models of several sizes; empty for a single model."""
        return self.model.series

    @property
    def parameters(self) -> float:
        """Return the nominal number of parameters in billions."""
        return self.model.parameters

    @property
    def kind(self) -> Literal["scalar", "generative"]:
        """Return whether it is a scalar reward model or a generative judge."""
        return self.model.kind

    @property
    def note(self) -> str:
        """Return what a reader of its figures must know."""
        return self.model.note


@dataclass(frozen=True, slots=True)
class Reference:
    """All published runs.

    Attributes:
        source: Where the figures come from.
        pairs: Number of pairs of each column of accuracies.
        ids_digest: Hash of the sorted ids of the benchmark (``RunSet.digest``); figures are only valid for these ids.
        runs: Name -> run.
    """

    source: str
    pairs: Mapping[str, int]
    ids_digest: str
    runs: Mapping[str, ReferenceRun]

    def find(self, name: str) -> ReferenceRun | None:
        """Return the run with this directory, table or hub name (exact match), else ``None``."""
        return self.runs.get(name) or _by_name().get(name)


@cache
def load() -> Reference:
    """Return the published figures."""
    text = resources.files(__package__).joinpath("runs.csv").read_text(encoding="utf-8")
    lines = {
        line["run"]: line for line in csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    }
    counts = lines[_PAIRS]
    columns = [name for name in counts if name not in _FACTS and not name.startswith(_OTHER_FIGURES)]
    known = {*CRITERION_NAMES, *LANGUAGE_NAMES}
    columns.sort(key=lambda name: name not in known)  # criteria and languages before subsets
    rows = [_build_run(model, lines[model.run], columns) for model in published.rows()]
    return Reference(
        source=SOURCE,
        pairs={name: int(counts[name]) for name in (OVERALL, *columns)},
        ids_digest=_IDS_DIGEST,
        runs={row.run: row for row in rows},
    )


def _build_run(model: PublishedModel, line: Mapping[str, str], columns: list[str]) -> ReferenceRun:
    return ReferenceRun(
        model=model,
        score_file=line["score_file"] == "yes",
        rows=int(line["rows"]),
        ties=float(line["ties"]) if line["ties"] else None,
        accuracies={name: float(line[name]) for name in (OVERALL, *columns)},
        other_figures={name: float(value) for name, value in line.items() if name.startswith(_OTHER_FIGURES) and value},
    )


@cache
def _by_name() -> dict[str, ReferenceRun]:
    return {name: row for row in load().runs.values() for name in (row.name, row.hub)}
