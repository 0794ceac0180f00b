"""Leaderboard of external benchmarks: the headline figures of several models next to published ones."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from themis_rm.errors import InputError
from themis_rm.evaluation.columns import format_percent
from themis_rm.evaluation.external.benchmarks import EXTERNAL_BENCHMARKS, SUITES
from themis_rm.evaluation.external.results import RESULTS, SUITE_RESULTS, ExternalResults
from themis_rm.evaluation.reference import runs as reference
from themis_rm.evaluation.results import new_table
from themis_rm.results import Result, ResultPart
from themis_rm.storage.atomic import write_text

if TYPE_CHECKING:
    from rich.console import Group

PUBLISHED = {"rewardbench": "rewardbench_v1", "rewardbench2": "rewardbench_v2", "judgebench": "judgebench"}
"""Benchmark -> column of the published figures."""


class ExternalFigure(ResultPart):
    """The headline figure of an entry on one benchmark."""

    value: float
    """The figure as a share."""
    low: float | None = None
    """Lower end of the bootstrap interval; ``None`` for a published figure."""
    high: float | None = None
    """Upper end of the bootstrap interval."""
    prompts: int | None = None
    """Number of prompts behind it."""
    failed: int = 0
    """Prompts without scores for all their responses; they count as wrong."""


class ExternalEntry(ResultPart):
    """A row of the leaderboard."""

    name: str
    """Unique name."""
    kind: Literal["model", "baseline", "reference"]
    """``reference`` has published figures only."""
    figures: dict[str, ExternalFigure]
    """Benchmark -> headline figure."""

    def average(self, benchmarks: Sequence[str]) -> float | None:
        """Return the mean of the figures, ``None`` if one is missing."""
        if any(name not in self.figures for name in benchmarks):
            return None
        return sum(self.figures[name].value for name in benchmarks) / len(benchmarks)


class ExternalLeaderboard(Result):
    """Headline figures of models on external benchmarks."""

    kind: ClassVar[str] = "leaderboard of external benchmarks"

    benchmarks: list[str]
    """Names of the benchmarks, in the order of the columns."""
    entries: list[ExternalEntry]
    """Models, baselines and published models, each by their average."""
    confidence_level: float
    """Confidence level of the intervals."""
    notices: list[str]
    """What a reader of the figures must know."""
    source: str = ""
    """Where the published figures come from; empty without any."""
    results: list[ExternalResults] = Field(default_factory=list)
    """The compared results, with the figures of sections and subsets."""

    def titles(self) -> list[str]:
        """Return the names of the benchmarks that their authors use."""
        return [EXTERNAL_BENCHMARKS.get(name).title for name in self.benchmarks]

    def records(self) -> Sequence[dict[str, Any]]:
        """Return one row per entry and benchmark."""
        return [
            {"model": entry.name, "kind": entry.kind, "benchmark": name, **entry.figures[name].model_dump()}
            for entry in self.entries
            for name in self.benchmarks
            if name in entry.figures
        ]

    def to_csv(self) -> str:
        """Return :meth:`records` as CSV; missing values are empty."""
        out = io.StringIO()
        writer = csv.DictWriter(out, ["model", "kind", "benchmark", *ExternalFigure.model_fields], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.records())
        return out.getvalue()

    def write_csv(self, path: str | Path) -> None:
        """Write :meth:`to_csv` to a file, atomically."""
        write_text(path, self.to_csv())

    def summary(self) -> str:
        """Return the number of models and benchmarks."""
        counts = Counter(entry.kind for entry in self.entries)
        return f"{counts['model']} models on {len(self.benchmarks)} benchmarks, {counts['reference']} published models"

    def table(self) -> Group:
        """Return the figures as a table for a terminal of 80 columns."""
        from rich.console import Group
        from rich.text import Text

        table = new_table("External benchmarks, in percent")
        table.add_column("model", overflow="ellipsis", no_wrap=True)
        for title in [*self.titles(), "average"]:
            table.add_column(title, justify="right", overflow="fold")
        kind = self.entries[0].kind if self.entries else "model"
        for entry in self.entries:
            if entry.kind != kind:
                table.add_section()
                kind = entry.kind
            name = f"{entry.name} *" if entry.kind == "reference" else entry.name
            cells = [_cell(entry.figures.get(name)) for name in self.benchmarks]
            table.add_row(name, *cells, format_percent(entry.average(self.benchmarks)))
        return Group(table, Text("\n".join(self.notes())))

    def notes(self) -> list[str]:
        """Return what a reader of the table must know."""
        level = f"{100 * self.confidence_level:g} %"
        lines = [f"± is half the width of the {level} bootstrap interval over prompts."]
        if self.source:
            lines.append(f"*: figures of {self.source}, on the complete benchmarks.")
        return [*lines, *self.notices]


def _cell(figure: ExternalFigure | None) -> str:
    if figure is None:
        return "-"
    if figure.low is None or figure.high is None:
        return format_percent(figure.value)
    return f"{format_percent(figure.value)} ±{50 * (figure.high - figure.low):.1f}"


def find_external_results(path: str | Path) -> list[Path]:
    """Return the result files of external benchmarks at a path: a file, or the output directory of a run or suite."""
    path = Path(path)
    if path.name in {RESULTS, SUITE_RESULTS}:
        path = path.parent
    if (path / RESULTS).is_file():
        return [path / RESULTS]
    return sorted(path.glob(f"*/{RESULTS}")) if (path / SUITE_RESULTS).is_file() else []


def build_external_leaderboard(paths: Sequence[str | Path], with_reference: bool = True) -> ExternalLeaderboard:
    """Compare models on external benchmarks.

    Args:
        paths: Output directories of ``evaluate`` with an external benchmark or a suite.
        with_reference: Whether published models are added.

    Raises:
        InputError: A path has no results of an external benchmark, or two runs of a model on a benchmark are given.
    """
    results: list[ExternalResults] = []
    for path in paths:
        files = find_external_results(path)
        if not files:
            raise InputError(
                f"{path} has no results of an external benchmark.",
                "Compare runs of external benchmarks and runs of other benchmarks separately.",
            )
        results += [ExternalResults.load(file) for file in files]
    used = {one.benchmark for one in results}
    ordered = dict.fromkeys([*SUITES["general"], *EXTERNAL_BENCHMARKS.names()])
    benchmarks = [name for name in ordered if name in used]
    models = _merge(results)
    baselines = _baselines(results)
    known = list(_published(benchmarks)) if with_reference else []
    return ExternalLeaderboard(
        benchmarks=benchmarks,
        entries=[entry for group in (models, baselines, known) for entry in _sorted(group, benchmarks)],
        confidence_level=results[0].confidence_level,
        notices=list(_notices(results)),
        source=reference.SOURCE if known else "",
        results=results,
    )


def _merge(results: Sequence[ExternalResults]) -> list[ExternalEntry]:
    """Return one entry per model and prompt mode."""
    modes = {(one.model, one.prompts) for one in results}
    repeated = Counter(name for name, _ in modes)
    figures: dict[str, dict[str, ExternalFigure]] = {}
    for one in results:
        name = f"{one.model} [prompts: {one.prompts}]" if repeated[one.model] > 1 else one.model
        of_model = figures.setdefault(name, {})
        if one.benchmark in of_model:
            raise InputError(f"{name} has two results on {one.title}.", "Name one of the runs.")
        best = one.overall
        failed = best.prompts - one.counts.scored
        of_model[one.benchmark] = ExternalFigure(
            value=best.value, low=best.low, high=best.high, prompts=best.prompts, failed=failed
        )
    return [ExternalEntry(name=name, kind="model", figures=values) for name, values in figures.items()]


def _baselines(results: Sequence[ExternalResults]) -> list[ExternalEntry]:
    figures: dict[str, dict[str, ExternalFigure]] = {}
    for one in results:
        for baseline in one.baselines:
            best = baseline.figures[0]
            figure = ExternalFigure(value=best.value, low=best.low, high=best.high, prompts=best.prompts)
            figures.setdefault(baseline.name, {}).setdefault(one.benchmark, figure)
    return [ExternalEntry(name=name, kind="baseline", figures=values) for name, values in figures.items()]


def _published(benchmarks: Sequence[str]) -> Iterator[ExternalEntry]:
    columns = {name: PUBLISHED[name] for name in benchmarks if name in PUBLISHED}
    for run in reference.load().runs.values():
        known = {name: run.other_figures[column] for name, column in columns.items() if column in run.other_figures}
        if known:
            figures = {name: ExternalFigure(value=value / 100) for name, value in known.items()}
            yield ExternalEntry(name=run.run, kind="reference", figures=figures)


def _sorted(entries: Sequence[ExternalEntry], benchmarks: Sequence[str]) -> list[ExternalEntry]:
    """Return entries by the mean of the figures that they have, those with more figures first."""

    def key(entry: ExternalEntry) -> tuple[int, float, str]:
        values = [entry.figures[name].value for name in benchmarks if name in entry.figures]
        return -len(values), -sum(values) / max(1, len(values)), entry.name

    return sorted(entries, key=key)


def _notices(results: Sequence[ExternalResults]) -> Iterator[str]:
    digests: dict[str, dict[str, int]] = {}
    for one in results:
        digests.setdefault(one.title, {})[one.benchmark_digest + str(one.limit or "")] = one.overall.prompts
        if one.failures():
            yield f"{one.model} on {one.title}: {one.failures()}."
    for title, found in digests.items():
        if len(found) > 1:
            counts = " and ".join(f"{prompts:,}" for prompts in found.values())
            yield f"{title}: the runs have different prompts ({counts}); their figures are not comparable."
