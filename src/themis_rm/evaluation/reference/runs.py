"""``runs.csv`` as typed rows: the figures of 51 published models on CodeRewardBench.

What a model is (hub id, size, kind, notes) stands in the catalog of published models; the two are joined by run.
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
_ELSEWHERE = ("hits10", "rank_corr40", "adversarial", "rewardbench", "judgebench")
_PAIRS = "(pairs)"
_IDS_DIGEST = "abf52b4cdc1f2f55383d183a19dd02a7"  # of the ids that the scores of all runs have


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """A published run.

    Attributes:
        model: What was run.
        score_file: Whether its pair scores are public.
        rows: Pairs in its scores.
        ties: Pairs with two equal scores, per cent, two decimals; ``None`` where the pair scores are not public.
        accuracies: Strict accuracy in per cent, two decimals, by ``overall``, criterion, language or subset.
        elsewhere: Figures of re-ranking, adversarial edits and other benchmarks, as printed; empty for most runs.
    """

    model: PublishedModel
    score_file: bool
    rows: int
    ties: float | None
    accuracies: Mapping[str, float]
    elsewhere: Mapping[str, float]

    @property
    def run(self) -> str:
        """Return the name of its folder of scores; boards know it by that."""
        return self.model.run

    @property
    def name(self) -> str:
        """Return what the published tables call it."""
        return self.model.table

    @property
    def hub(self) -> str:
        """Return its repository on the hub."""
        return self.model.hub

    @property
    def series(self) -> str:
        """Return the recipe that it shares with other sizes; empty for a single one."""
        return self.model.series

    @property
    def parameters(self) -> float:
        """Return billions of parameters, nominal."""
        return self.model.parameters

    @property
    def kind(self) -> Literal["scalar", "generative"]:
        """Return whether it gives a number or writes one."""
        return self.model.kind

    @property
    def note(self) -> str:
        """Return what a reader must know about its figures."""
        return self.model.note


@dataclass(frozen=True, slots=True)
class Reference:
    """All published runs.

    Attributes:
        source: Where the figures come from.
        pairs: Pairs behind each column of accuracies.
        ids_digest: Hash of the sorted ids of the benchmark (``RunSet.digest``): figures join a board on these ids only.
        runs: By run.
    """

    source: str
    pairs: Mapping[str, int]
    ids_digest: str
    runs: Mapping[str, ReferenceRun]

    def find(self, name: str) -> ReferenceRun | None:
        """Return the run that a folder, table or hub name means, exactly as written there; else ``None``."""
        return self.runs.get(name) or _by_name().get(name)


@cache
def load() -> Reference:
    """Read the shipped figures."""
    text = resources.files(__package__).joinpath("runs.csv").read_text(encoding="utf-8")
    lines = {
        line["run"]: line for line in csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    }
    counts = lines[_PAIRS]
    columns = [name for name in counts if name not in _FACTS and not name.startswith(_ELSEWHERE)]
    known = {*CRITERION_NAMES, *LANGUAGE_NAMES}
    columns.sort(key=lambda name: name not in known)  # criteria and languages before subsets
    rows = [_run(model, lines[model.run], columns) for model in published.rows()]
    return Reference(
        source=SOURCE,
        pairs={name: int(counts[name]) for name in (OVERALL, *columns)},
        ids_digest=_IDS_DIGEST,
        runs={row.run: row for row in rows},
    )


def _run(model: PublishedModel, line: Mapping[str, str], columns: list[str]) -> ReferenceRun:
    return ReferenceRun(
        model=model,
        score_file=line["score_file"] == "yes",
        rows=int(line["rows"]),
        ties=float(line["ties"]) if line["ties"] else None,
        accuracies={name: float(line[name]) for name in (OVERALL, *columns)},
        elsewhere={name: float(value) for name, value in line.items() if name.startswith(_ELSEWHERE) and value},
    )


@cache
def _by_name() -> dict[str, ReferenceRun]:
    return {name: row for row in load().runs.values() for name in (row.name, row.hub)}
