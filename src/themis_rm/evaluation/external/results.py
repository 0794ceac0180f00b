"""Results of external benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from pydantic import Field

from themis_rm.evaluation.bootstrap import unseen_share
from themis_rm.evaluation.columns import format_interval, format_percent
from themis_rm.evaluation.external.figures import FigureTerms, bootstrap_intervals
from themis_rm.evaluation.results import new_table
from themis_rm.evaluation.statistics import Resampling
from themis_rm.results import Result, ResultPart

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table


RESULTS, SUITE_RESULTS = "external.json", "suite.json"
"""Files in the output directory of a benchmark, and of a suite."""


class Figure(ResultPart):
    """One of the authors' figures, with an interval over prompts."""

    name: str
    """Name of the figure, ``overall`` for the headline."""
    level: str
    """``overall``, ``section`` or ``subset``."""
    value: float
    """The figure as a share, not in percent."""
    low: float
    """Lower end of the bootstrap interval."""
    high: float
    """Upper end of the bootstrap interval."""
    prompts: int
    """Number of prompts behind it."""


def compute_figures(terms: Sequence[FigureTerms], resampling: Resampling) -> list[Figure]:
    """Return figures with their intervals, in the order of their definitions.

    A bootstrap of equal values has no width: where a figure is 0 or 1, the other end is the exact binomial limit
    (Clopper & Pearson, 1934) for the share of prompts with another outcome.
    """
    figures = []
    for one, at in zip(terms, bootstrap_intervals(terms, resampling), strict=True):
        low, high = at.low, at.high
        if low == high and one.value in {0, 1}:
            unseen = float(unseen_share(np.array([one.prompts]), resampling.confidence_level)[0])
            low, high = (0.0, unseen) if one.value == 0 else (1 - unseen, 1.0)
        figures.append(Figure(name=one.name, level=one.level, value=one.value, low=low, high=high, prompts=one.prompts))
    return figures


class ExternalCounts(ResultPart):
    """What became of the rows of an external benchmark."""

    read: int
    """Rows of the benchmark."""
    scored: int
    """Prompts whose responses all have scores."""
    failed: dict[str, int]
    """Reason -> responses without a score; their prompts count as wrong."""
    truncated: int
    """Responses that were cut to the maximum length."""
    notes: dict[str, int] = Field(default_factory=dict)
    """Note on scores, such as ``control-tokens`` -> responses."""
    ties: int
    """Prompts with a correct and an incorrect response of equal score."""
    rejected: dict[str, int]
    """Reason -> rows that cannot be used."""
    beyond_limit: int = 0
    """Rows that the limit left out."""


class ExternalBaseline(ResultPart):
    """Figures of a baseline on the same prompts."""

    name: str
    """Name of the baseline."""
    figures: list[Figure]
    """Its figures."""


class ExternalResults(Result):
    """Figures of a reward model on an external benchmark, as its authors define them."""

    kind: ClassVar[str] = "result of an external benchmark"

    benchmark: str
    """Name of the benchmark."""
    title: str
    """Name that its authors use."""
    citation: str
    """Where the figures are defined."""
    model: str
    """Name of the model."""
    family: str
    """Model family."""
    model_digest: str
    """Hash of weights, configuration, tokenizer and chat template."""
    model_facts: dict[str, Any]
    """Further facts that change scores."""
    benchmark_digest: str
    """Hash of the scored prompts and responses."""
    prompts: str
    """System message of prompts without one: ``none`` or ``all`` (the prompt that lists all criteria)."""
    prompt_source: str = ""
    """Where the prompt set comes from; empty for ``none``."""
    prompt_digest: str
    """Hash of the prompt set; empty for ``none``."""
    limit: int | None
    """Number of prompts that were scored, if not all."""
    confidence_level: float
    """Confidence level of the intervals."""
    versions: dict[str, str]
    """Versions of this package and of its dependencies."""
    figures: list[Figure]
    """The authors' figures, the headline first."""
    baselines: list[ExternalBaseline]
    """The same figures of baselines."""
    counts: ExternalCounts
    """What became of the rows."""

    @property
    def overall(self) -> Figure:
        """Return the headline figure."""
        return self.figures[0]

    def records(self) -> Sequence[dict[str, Any]]:
        """Return one row per figure, with the baselines' figures next to it."""
        others = {
            baseline.name: {figure.name: figure.value for figure in baseline.figures} for baseline in self.baselines
        }
        return [
            {
                "figure": figure.name,
                "level": figure.level,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
                "prompts": figure.prompts,
                **{name: values.get(figure.name) for name, values in others.items()},
            }
            for figure in self.figures
        ]

    def summary(self) -> str:
        """Return the headline figure with its interval and the number of prompts that failed."""
        figure = self.overall
        text = f"{self.title}: {format_percent(figure.value)} % ({format_interval(figure.low, figure.high)})"
        return ", ".join([text, *([self.failures()] if self.failures() else [])])

    def failures(self) -> str:
        """Return ``failed 3 of 40 prompts (timeout 5)``; empty without any."""
        failed = self.overall.prompts - self.counts.scored
        reasons = ", ".join(f"{reason} {count}" for reason, count in self.counts.failed.items())
        return f"failed {failed:,} of {self.overall.prompts:,} prompts ({reasons})" if failed else ""

    def table(self) -> Group:
        """Return the figures as a table for a terminal of 80 columns, and notes."""
        from rich.console import Group
        from rich.text import Text

        title = f"{self.model} on {self.title}, prompts: {self.prompts}"
        table = new_table(f"{title}\n{self.failures()}" if self.failures() else title)
        table.add_column("figure")
        for name in ("%", "interval", "prompts", *(baseline.name for baseline in self.baselines)):
            table.add_column(name, justify="right", no_wrap=True)
        level = self.figures[0].level
        for figure, record in zip(self.figures, self.records(), strict=True):
            if figure.level != level:
                table.add_section()
                level = figure.level
            others = [format_percent(record[baseline.name]) for baseline in self.baselines]
            cells = (format_percent(figure.value), format_interval(figure.low, figure.high), f"{figure.prompts:,}")
            table.add_row(figure.name, *cells, *others)
        return Group(table, Text("\n".join(self.notes())))

    def notes(self) -> list[str]:
        """Return what a reader of the table must know."""
        counts = self.counts
        lines = [f"Figures as defined by: {self.citation}."]
        if self.prompt_source:
            lines.append(f"Criteria prompts: {self.prompt_source}.")
        lines.append(f"Intervals: {100 * self.confidence_level:g} %, bootstrap over the prompts of each subset.")
        parts = [f"truncated {counts.truncated:,}"]
        parts += [f"{note} {responses:,}" for note, responses in counts.notes.items()]
        lines.append(
            f"Prompts whose correct and incorrect responses tie: {counts.ties:,}; responses: {', '.join(parts)}."
        )
        if counts.rejected:
            reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in counts.rejected.items())
            lines.append(f"Rows that cannot be used: {reasons}.")
        if counts.beyond_limit:
            lines.append(f"{counts.beyond_limit:,} prompts are beyond the limit of {self.limit:,}.")
        return lines


class SuiteResults(Result):
    """Results of several external benchmarks."""

    kind: ClassVar[str] = "result of a suite"

    suite: str
    """Name of the suite."""
    results: list[ExternalResults]
    """One result per benchmark."""

    @classmethod
    def of(cls, suite: str, results: Sequence[ExternalResults]) -> Self:
        """Return the results of a suite."""
        return cls(suite=suite, results=list(results))

    def records(self) -> Sequence[dict[str, Any]]:
        """Return one row per benchmark."""
        return [
            {
                "benchmark": one.title,
                "value": one.overall.value,
                "low": one.overall.low,
                "high": one.overall.high,
                "prompts": one.overall.prompts,
                "scored": one.counts.scored,
                **{baseline.name: baseline.figures[0].value for baseline in one.baselines},
            }
            for one in self.results
        ]

    def table(self) -> Table:
        """Return the headline figures as a table for a terminal."""
        model = self.results[0].model if self.results else ""
        table = new_table(f"{model} on the suite {self.suite}")
        table.add_column("benchmark")
        baselines = list(dict.fromkeys(baseline.name for one in self.results for baseline in one.baselines))
        for name in ("%", "interval", "prompts", "failed", *baselines):
            table.add_column(name, justify="right", no_wrap=True)
        for one in self.results:
            figure, values = one.overall, {baseline.name: baseline.figures[0].value for baseline in one.baselines}
            interval, failed = format_interval(figure.low, figure.high), figure.prompts - one.counts.scored
            cells = (format_percent(figure.value), interval, f"{figure.prompts:,}", f"{failed:,}")
            table.add_row(one.title, *cells, *(format_percent(values.get(name)) for name in baselines))
        return table

    def summary(self) -> str:
        """Return the headline figures."""
        return "; ".join(one.summary() for one in self.results)
