"""``runs.csv`` as typed rows: 51 published models on CodeRewardBench, and the names that others give them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from themis_rm.benchmark.leaderboard.score_files import CRITERION_NAMES, LANGUAGE_NAMES

SOURCE = "arXiv 2605.00754 and its public score files (Apache-2.0)"
OVERALL = "overall"

_FACTS = ("run", "name", "hub", "series", "parameters", "kind", "score_file", "rows", OVERALL)
_ELSEWHERE = ("hits10", "rank_corr40", "adversarial", "rewardbench", "judgebench")
_PAIRS = "(pairs)"


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """A published run.

    Attributes:
        run: Name of its folder of scores; boards know it by that.
        name: What the published tables call it.
        hub: Its repository on the hub; empty where the tables name none.
        series: Models of one recipe in several sizes, to be joined by a line; empty for a single one.
        parameters: Billions, nominal.
        kind: ``scalar`` or ``generative``.
        score_file: Whether its pair scores are public.
        rows: Pairs in its scores.
        accuracies: Strict accuracy in per cent, two decimals, by ``overall``, criterion, language or subset.
        elsewhere: Figures of re-ranking, adversarial edits and other benchmarks, as printed; empty for most runs.
        note: What a reader must know about it.
    """

    run: str
    name: str
    hub: str
    series: str
    parameters: float
    kind: str
    score_file: bool
    rows: int
    accuracies: Mapping[str, float]
    elsewhere: Mapping[str, float]
    note: str


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
        """Return the run that a folder, table or hub name means, exactly as written in ``runs.csv``; else ``None``."""
        return self.runs.get(name) or _aliases().get(name)


@cache
def load() -> Reference:
    """Read the shipped figures."""
    text = resources.files(__package__).joinpath("runs.csv").read_text(encoding="utf-8")
    lines = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    columns = [name for name in lines[0] if name not in _FACTS and name != "note" and not name.startswith(_ELSEWHERE)]
    known = {*CRITERION_NAMES, *LANGUAGE_NAMES}
    columns.sort(key=lambda name: name not in known)  # criteria and languages before subsets
    counts = next(line for line in lines if line["run"] == _PAIRS)
    rows = [_run(line, columns) for line in lines if line["run"] != _PAIRS]
    return Reference(
        source=SOURCE,
        pairs={name: int(counts[name]) for name in (OVERALL, *columns)},
        ids_digest=counts["note"],
        runs={row.run: row for row in rows},
    )


def _run(line: Mapping[str, str], columns: list[str]) -> ReferenceRun:
    return ReferenceRun(
        run=line["run"],
        name=line["name"],
        hub=line["hub"],
        series=line["series"],
        parameters=float(line["parameters"]),
        kind=line["kind"],
        score_file=line["score_file"] == "yes",
        rows=int(line["rows"]),
        accuracies={name: float(line[name]) for name in (OVERALL, *columns)},
        elsewhere={name: float(value) for name, value in line.items() if name.startswith(_ELSEWHERE) and value},
        note=line["note"],
    )


@cache
def _aliases() -> dict[str, ReferenceRun]:
    return {name: row for row in load().runs.values() for name in (row.name, row.hub) if name}
