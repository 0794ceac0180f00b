"""Render the report of a run as one HTML page: data, training, results and their uncertainty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import shorten
from typing import Any

import themis_rm
from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError
from themis_rm.evaluation.before_after import BeforeAfter
from themis_rm.evaluation.columns import format_percent
from themis_rm.evaluation.results import Accuracies, BaselineResults, EvaluationResults
from themis_rm.evaluation.statistics import Accuracy
from themis_rm.languages import benchmark_languages
from themis_rm.pipeline import StageReport
from themis_rm.records import BenchmarkPair
from themis_rm.report.environment import html_environment
from themis_rm.report.plots import Interval, dot_plot, training_curves

_SHOWN = 6
"""Held-out pairs of each subset that the page shows."""


@dataclass(frozen=True, slots=True)
class HeldOutPairs:
    """Held-out pairs with what training changed on them.

    Attributes:
        change: Results before and after training.
        pairs: The pairs.
    """

    change: BeforeAfter
    pairs: Sequence[BenchmarkPair]

    def rows(self) -> Iterator[tuple[BenchmarkPair, str, float | None, float | None]]:
        """Yield the first pairs of each subset with the start of their request and their margins."""
        shown: Counter[str] = Counter()
        for pair in self.pairs:
            shown[pair.subset] += 1
            if shown[pair.subset] <= _SHOWN and pair.id in self.change.margins:
                yield pair, shorten(pair.prompt, 110, placeholder=" ..."), *self.change.margins[pair.id]


@dataclass(frozen=True, slots=True)
class ScoredExample:
    """An example response with the model's rewards.

    Attributes:
        prompt: The prompt.
        response: The response.
        scores: Short name of the criterion -> reward.
        start_scores: The rewards of the model that training started from; empty if it was not evaluated.
    """

    prompt: str
    response: str
    scores: Mapping[str, float]
    start_scores: Mapping[str, float] = field(default_factory=dict)


def render(
    name: str,
    stages: Sequence[tuple[str, StageReport]],
    results: EvaluationResults,
    held_out: EvaluationResults | None,
    training_log: Path,
    examples: Sequence[ScoredExample],
    changes: Sequence[BeforeAfter] = (),
    held_out_pairs: HeldOutPairs | None = None,
) -> str:
    """Return the page as self-contained HTML.

    Args:
        name: Name of the run.
        stages: Title and report of each stage, in order.
        results: Results on the benchmark.
        held_out: Results on pairs of the dataset that were not used for training, if there are any.
        training_log: ``log.jsonl`` of the training run.
        examples: Scored responses to show.
        changes: Results before and after training, where the start model was evaluated.
        held_out_pairs: Held-out pairs of which some are shown.

    Raises:
        InputError: The results lack intervals or cells (a published file).
    """
    if results.accuracies is None or results.run is None or results.counts is None:
        raise InputError("These results have no intervals or cells to show.", "Evaluate the model with themis-rm.")
    systems = results.systems()
    return (
        html_environment()
        .get_template("run.html.j2")
        .render(
            name=name,
            version=themis_rm.__version__,
            results=results,
            overall=results.accuracies.overall,
            conclusions=conclusions(results),
            languages=[row for row in benchmark_languages() if row.benchmark_name in results.accuracies.by_language],
            criteria=[row for row in CRITERIA if row.benchmark_aspect in results.accuracies.by_criterion],
            systems=systems,
            plot=dot_plot(_plot_groups(systems)),
            held_out=held_out,
            held_out_conclusions=conclusions(held_out) if held_out else [],
            held_out_plot=dot_plot(_plot_groups(held_out.systems())) if held_out else "",
            curves=training_curves(training_log),
            changes=changes,
            held_out_rows=list(held_out_pairs.rows()) if held_out_pairs else [],
            short_of={row.benchmark_aspect: row.short for row in CRITERIA},
            change_plot=dot_plot(_change_groups(changes)) if changes else "",
            stages=[_stage_bars(title, report) for title, report in stages],
            examples=examples,
            shorts=[row.short for row in CRITERIA],
        )
    )


def conclusions(results: EvaluationResults) -> list[str]:
    """Return in words how the accuracy compares with random guessing and with each baseline, and what limits it.

    Raises:
        InputError: The results lack intervals.
    """
    if results.accuracies is None or results.run is None:
        raise InputError("These results have no intervals.", "Evaluate the model with themis-rm.")
    total, level = results.accuracies.overall, results.run.confidence_level
    if total.value is None or total.low is None or total.high is None:
        return ["No pair could be scored, so there is no conclusion about the model."]
    lines = [
        f"{format_percent(total.value)} % of {total.n} pairs ({level:.0%} interval {format_percent(total.low)} to "
        f"{format_percent(total.high)}): {_against_guessing(total.value, total.low, total.high)}"
    ]
    lines += [
        _against_baseline(item, level) for item in results.baselines if item.comparison and item.p_holm is not None
    ]
    if total.failed:
        lines.append(f"{results.failures().capitalize()}; a failed pair counts as a loss.")
    if results.run.prompt_source:
        lines.append(f"Criteria prompts: {results.run.prompt_source}.")
    truncated = results.counts.truncated if results.counts else 0
    if 10 * truncated >= total.n:
        lines.append(f"{truncated} of {total.n} pairs had a truncated response: the removed part was not scored.")
    smallest = min((cell.n for row in results.accuracies.cells.values() for cell in row.values()), default=0)
    if smallest < 30:
        lines.append(
            f"The smallest cell has {smallest} pairs: draw conclusions from rows and columns, not from single cells."
        )
    return lines


def _against_guessing(value: float, low: float, high: float) -> str:
    if low <= 0.5 <= high:
        return "not distinguishable from guessing on this benchmark."
    return f"{'better' if value > 0.5 else 'worse'} than guessing."


def _against_baseline(item: BaselineResults, level: float) -> str:
    difference = item.comparison.difference if item.comparison else 0.0
    significant = item.p_holm is not None and item.p_holm < 1 - level
    return (
        f"{100 * abs(difference):.1f} points {'above' if difference >= 0 else 'below'} the {item.name} baseline "
        f"(McNemar p = {item.p_holm:.2g} after Holm): {'' if significant else 'not '}a significant difference."
    )


def _plot_groups(systems: Sequence[tuple[str, Accuracies]]) -> list[tuple[str, list[Interval]]]:
    groups = []
    slices: list[tuple[str, str | None]] = [("all criteria", None)]
    slices += [(row.title, row.benchmark_aspect) for row in CRITERIA]
    for title, criterion in slices:
        marks = []
        for name, accuracies in systems:
            accuracy: Accuracy | None = accuracies.by_criterion.get(criterion) if criterion else accuracies.overall
            mark = Interval.from_accuracy(name, accuracy)
            if mark is not None:
                marks.append(mark)
        if marks:
            groups.append((title, marks))
    return groups


def _change_groups(changes: Sequence[BeforeAfter]) -> list[tuple[str, list[Interval]]]:
    groups = []
    for change in changes:
        marks = [Interval.from_accuracy(name, of.overall) for name, of in change.systems()]
        groups.append((change.overall.name, [mark for mark in marks if mark is not None]))
    return groups


def _stage_bars(title: str, report: StageReport) -> dict[str, Any]:
    dropped = sorted(report.dropped.items(), key=lambda item: (-item[1], item[0]))
    widest = max([report.kept, *(rows for _, rows in dropped)], default=1) or 1
    return {
        "title": title,
        "report": report,
        "bars": [("kept", report.kept, 100 * report.kept / widest)]
        + [(reason, rows, 100 * rows / widest) for reason, rows in dropped],
    }
