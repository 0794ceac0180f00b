"""The verb ``train``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import TRAINING, app
from themis_rm.cli.options import Out, TrainingRecipe
from themis_rm.cli.output import new_table, stage_lines
from themis_rm.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

    from themis_rm.training.recipe import TrainRecipe
    from themis_rm.training.report import TrainReport

_GROUPS = 8
"""Most groups of a sampled run that are listed."""


@verb(
    app,
    "train",
    "train stage2 --data dataset --out model",
    "train recipe.yaml --data dataset --out model --max-steps 10 -s seed=1",
    "train stage2 --data dataset --out model --check",
    panel=TRAINING,
)
def train(
    call: Call,
    recipe: TrainingRecipe,
    out: Out,
    data: Annotated[
        str | None,
        typer.Option("--data", metavar="DATA", help="Preference data, instead of the recipe's."),
    ] = None,
    max_steps: Annotated[
        int | None, typer.Option("--max-steps", metavar="N", min=1, help="Number of updates, instead of epochs.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of weights and order.")] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only train short runs on right, swapped and random labels; exit code 1 if they fail."
        ),
    ] = False,
) -> None:
    """Train a reward model and its n-gram baseline; the checkpoint is in DIR/model."""
    from themis_rm.progress import status_spinner
    from themis_rm.training.recipe import TrainRecipe

    steps = None if check else max_steps
    settings = TrainRecipe.load(recipe, call.overrides({"data": data, "max_steps": steps, "seed": seed}))
    if not settings.data:
        raise SettingError("The recipe names no data.", "Give --data DIR.")
    if check:
        _check(call, settings, out, max_steps)
        return
    with require_extra("train"):
        from themis_rm.report.training import write_training_page
        from themis_rm.training.export import BASELINE
        from themis_rm.training.ranks import is_main_process
        from themis_rm.training.runner import train as run_training
        from themis_rm.workflow.view import read_progress
    with status_spinner("train", lambda: read_progress(out)):
        report = run_training(settings, settings.data, out)
    if not is_main_process():
        return
    page = write_training_page(out)
    accuracies = [
        f"accuracy on {figures['n']:.0f} {split} pairs: {_percent(figures)}"
        for split, figures in report.metrics.items()
        if figures.get("n")
    ]
    by_group = [
        f"validation accuracy by {title}: {_listed(groups['validation'])}"
        for title, groups in (("criterion", report.by_criterion), ("language", report.by_language))
        if groups.get("validation")
    ]
    if report.baselines:
        listed = ", ".join(f"{name} {_percent(figures)}" for name, figures in report.baselines.items())
        accuracies.append(f"baselines on the same validation pairs: {listed}")
    failed = [
        f"{figures['failed']:.0f} {split} pairs have no finite rewards and are in no figure"
        for split, figures in report.metrics.items()
        if figures.get("failed")
    ]
    baseline = report.checkpoint / BASELINE
    left_out = [] if baseline.is_dir() else ["no n-gram baseline: the responses of no row differ in their n-grams"]
    warnings = [f"warning at step {item.step}: {item.message}" for item in report.warnings]
    exported = (
        [f"exported weights: those of step {report.exported_step}, the best evaluation of {report.steps} steps"]
        if report.exported_step not in {None, report.steps}
        else []
    )
    lines = [
        f"format: {report.format}",
        *exported,
        *_count_lines(report),
        *accuracies,
        *by_group,
        *warnings,
        *failed,
        *left_out,
        f"checkpoint: {report.checkpoint}",
        f"page: {page}",
    ]
    call.output(report, *stage_lines(report.to_stage_report(), out), *lines)


def _check(call: Call, settings: TrainRecipe, out: Path, steps: int | None) -> None:
    """Train the short runs of a check and print one row per run."""
    from themis_rm.progress import status_spinner

    with require_extra("train"):
        from themis_rm.training.label_check import check_labels
    with status_spinner("check"):
        result = check_labels(settings, settings.data, out, steps)
    table = new_table("labels", "accuracy", "99.9 % interval", "loss", "n", "expected", "", left=["expected", ""])
    for row in result.rows:
        interval = f"{100 * row.low:.1f} to {100 * row.high:.1f}"
        cells = [f"{100 * row.accuracy:.1f} %", interval, f"{row.loss:.3f}", str(row.n), row.expected]
        table.add_row(row.labels, *cells, "ok" if row.passed else "failed")
    call.output(result, table, *(f"{row.labels}: {row.advice}" for row in result.rows if row.advice))
    if not result.passed:
        raise typer.Exit(1)


def _count_lines(report: TrainReport) -> Iterator[str]:
    """Yield how many training pairs were cut, how many are ties, and how often those of each group were drawn."""
    counts = report.train
    partial = f" ({counts.partial_windows:,} without some of the changes)" if counts.partial_windows else ""
    parts = {
        f"truncated {counts.truncated:,}": counts.truncated,
        f"cut to the changed functions {counts.windows:,}{partial}": counts.windows,
        f"ties {counts.ties:,}": counts.ties,
    }
    if any(parts.values()):
        yield f"of {counts.kept:,} training pairs: {', '.join(text for text, number in parts.items() if number)}"
    if report.draws:
        total = sum(group.draws for group in report.draws.values())
        epochs = f"{total:,} pairs ({total / counts.kept:.2f} epochs)"
        yield f"sampled {epochs} of {len(report.draws)} groups: {_drawn(report)}"


def _drawn(report: TrainReport) -> str:
    """Return the passes over the groups of a sampled run; of many groups those with the fewest and the most."""
    groups = sorted(report.draws.items(), key=lambda item: (item[1].passes, item[0]))
    shown = groups if len(groups) <= _GROUPS else [groups[0], groups[-1]]
    texts = [f"{name} {draws.passes:.2f} passes over {draws.pairs:,} pairs" for name, draws in shown]
    return ", ".join(texts) if len(groups) <= _GROUPS else " to ".join(texts)


def _percent(figures: Mapping[str, float]) -> str:
    return f"{100 * figures['accuracy']:.1f} % [{100 * figures['low']:.1f}, {100 * figures['high']:.1f}]"


def _listed(groups: Mapping[str, Mapping[str, float]]) -> str:
    return ", ".join(f"{name} {_percent(f)} of {f['n']:.0f}" for name, f in groups.items() if f["n"])
