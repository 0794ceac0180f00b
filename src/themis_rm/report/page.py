"""The one-page report of a run: what went in, what came out, and how far the numbers carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

import themis_rm
from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError
from themis_rm.evaluation.results import Accuracies, EvaluationResults
from themis_rm.evaluation.statistics import Accuracy
from themis_rm.languages import benchmark_languages
from themis_rm.pipeline import StageReport
from themis_rm.report.plots import Interval, dot_plot, training_curves


@dataclass(frozen=True, slots=True)
class ScoredExample:
    """An example with the model's rewards.

    Attributes:
        prompt: The request.
        response: The answer.
        scores: Criterion short name -> reward.
    """

    prompt: str
    response: str
    scores: Mapping[str, float]


def render(
    name: str,
    stages: Sequence[tuple[str, StageReport]],
    results: EvaluationResults,
    held_out: EvaluationResults | None,
    training_log: Path,
    examples: Sequence[ScoredExample],
) -> str:
    """Return the page as one HTML text that needs nothing beside it.

    Args:
        name: Of the run.
        stages: Title and report of each stage, in order.
        results: Of the benchmark, with our figures beside the published ones.
        held_out: Of pairs of the dataset that training did not see, if there are any.
        training_log: ``log.jsonl`` of the training run.
        examples: Scored answers to show.

    Raises:
        InputError: The results lack the figures that the page shows (a published file).
    """
    if results.accuracies is None or results.run is None or results.counts is None:
        raise InputError("These results have no intervals or cells to show.", "Evaluate the model with themis-rm.")
    environment = Environment(
        loader=PackageLoader("themis_rm.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    systems = _systems(results)
    return environment.get_template("run.html.j2").render(
        name=name,
        version=themis_rm.__version__,
        results=results,
        overall=results.accuracies.overall,
        verdicts=verdicts(results),
        languages=[row for row in benchmark_languages() if row.benchmark_name in results.accuracies.by_language],
        criteria=[row for row in CRITERIA if row.benchmark_aspect in results.accuracies.by_aspect],
        systems=systems,
        plot=dot_plot(_groups(systems)),
        held_out=held_out,
        held_out_verdicts=verdicts(held_out) if held_out else [],
        held_out_plot=dot_plot(_groups(_systems(held_out))) if held_out else "",
        curves=training_curves(training_log),
        stages=[_bar(title, report) for title, report in stages],
        examples=examples,
        shorts=[row.short for row in CRITERIA],
    )


def _systems(results: EvaluationResults) -> list[tuple[str, Accuracies]]:
    if results.accuracies is None or results.run is None:
        return []
    return [(results.run.model, results.accuracies), *((b.name, b.accuracies) for b in results.baselines)]


def verdicts(results: EvaluationResults) -> list[str]:
    """Say in words how far the model's accuracy can be told from guessing and from each baseline.

    Raises:
        InputError: The results lack intervals.
    """
    if results.accuracies is None or results.run is None:
        raise InputError("These results have no intervals.")
    of = results.accuracies.overall
    if of.value is None or of.low is None or of.high is None:
        return ["No pair could be scored, so nothing can be said about the model."]
    inside = of.low <= 0.5 <= of.high
    told = [
        f"{100 * of.value:.1f} % of {of.n} pairs ({results.run.level:.0%} interval {100 * of.low:.1f} to "
        f"{100 * of.high:.1f}): "
        + (
            "not distinguishable from guessing on this benchmark."
            if inside
            else f"{'better' if of.value > 0.5 else 'worse'} than guessing."
        )
    ]
    for item in results.baselines:
        found = item.comparison
        if found is None or item.p_holm is None:
            continue
        sure = item.p_holm < 1 - results.run.level
        told.append(
            f"{100 * abs(found.difference):.1f} points {'above' if found.difference >= 0 else 'below'} the "
            f"{item.name} baseline (McNemar p = {item.p_holm:.2g} after Holm): "
            + ("a difference that chance does not explain." if sure else "a difference that chance explains.")
        )
    cut = results.counts.truncated if results.counts else 0
    if 10 * cut >= of.n:
        told.append(f"{cut} of {of.n} pairs had an answer cut to fit the model: what lay behind was not judged.")
    smallest = min((c.n for row in results.accuracies.cells.values() for c in row.values()), default=0)
    if smallest < 30:
        told.append(
            f"The smallest cell holds {smallest} pairs: read rows and columns, not single cells; "
            "a cell says where to look, not what is so."
        )
    return told


def _groups(systems: Sequence[tuple[str, Accuracies]]) -> list[tuple[str, list[Interval]]]:
    groups = []
    cuts: list[tuple[str, str | None]] = [("all criteria", None)]
    cuts += [(row.title, row.benchmark_aspect) for row in CRITERIA]
    for title, aspect in cuts:
        marks = []
        for name, of in systems:
            accuracy: Accuracy | None = of.by_aspect.get(aspect) if aspect else of.overall
            mark = Interval.of(name, accuracy)
            if mark is not None:
                marks.append(mark)
        if marks:
            groups.append((title, marks))
    return groups


def _bar(title: str, report: StageReport) -> dict[str, Any]:
    dropped = sorted(report.dropped.items(), key=lambda item: (-item[1], item[0]))
    widest = max([report.kept, *(rows for _, rows in dropped)], default=1) or 1
    return {
        "title": title,
        "report": report,
        "bars": [("kept", report.kept, 100 * report.kept / widest)]
        + [(reason, rows, 100 * rows / widest) for reason, rows in dropped],
    }
