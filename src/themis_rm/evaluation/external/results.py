"""Results of external benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from themis_rm.evaluation.columns import format_interval, format_percent
from themis_rm.evaluation.external.figures import FigureTerms, bootstrap_intervals
from themis_rm.evaluation.statistics import Resampling
from themis_rm.results import Result, ResultPart


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
    """Return figures with their intervals, in the order of their definitions."""
    intervals = bootstrap_intervals(terms, resampling)
    return [
        Figure(name=one.name, level=one.level, value=one.value, low=at.low, high=at.high, prompts=one.prompts)
        for one, at in zip(terms, intervals, strict=True)
    ]


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
        text = f"{self.title}: {format_percent(figure.value)} ({format_interval(figure.low, figure.high)})"
        failed = figure.prompts - self.counts.scored
        return f"{text}, {failed:,} of {figure.prompts:,} prompts not scored" if failed else text


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

    def summary(self) -> str:
        """Return the headline figures."""
        return "; ".join(one.summary() for one in self.results)
