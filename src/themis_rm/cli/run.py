"""The verb ``run``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from themis_rm.cli import completion
from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import TRAINING, app
from themis_rm.cli.options import Executor, Workers, executor_flags
from themis_rm.cli.output import new_table, to_plain
from themis_rm.evaluation.columns import format_interval, format_percent
from themis_rm.terminal import TerminalConsole

if TYPE_CHECKING:
    from rich.table import Table

    from themis_rm.evaluation.before_after import BeforeAfter
    from themis_rm.evaluation.statistics import Accuracy
    from themis_rm.workflow.run import RunResult


@verb(
    app,
    "run",
    "run demo --out demo",
    "run demo --out demo -s repositories=path/to/clone -s train.seed=1",
    panel=TRAINING,
)
def run(
    call: Call,
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE", help="YAML file, or name of a recipe (demo).", autocompletion=completion.run_recipes
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Output directory, by default named after the recipe. An interrupted run resumes from it.",
        ),
    ] = None,
    executor: Executor = None,
    workers: Workers = None,
) -> None:
    """Run all stages of a recipe, from git histories to an evaluated model; unchanged stages are skipped."""
    with require_extra("train"):
        from themis_rm.workflow.recipe import RunRecipe
        from themis_rm.workflow.run import run as run_recipe

    settings = RunRecipe.load(recipe, call.overrides(executor_flags(executor, workers)))
    finished = run_recipe(settings, out or Path(settings.run_name), TerminalConsole(stderr=True))
    # With a start model, the table of both models takes the place of the one by criterion and language.
    tables = [] if finished.changes else [finished.results.table()]
    call.output(_plain(finished), *tables, *_lines(finished))


def _plain(finished: RunResult) -> dict[str, Any]:
    names = ("results", "held_out", "changes", "checkpoint", "page", "examples")
    return {name: to_plain(getattr(finished, name)) for name in names}


def _lines(finished: RunResult) -> Iterator[str | Table]:
    from themis_rm.report.page import conclusions

    yield from (f"• {line}" for line in conclusions(finished.results))
    if finished.held_out is not None:
        yield "On held-out pairs made like the training pairs:"
        yield from (f"• {line}" for line in conclusions(finished.held_out))
    if finished.changes:
        yield "Before and after training, on the same pairs:"
        yield _change_table(finished.changes)
        yield from (f"• {change.conclusion()}" for change in finished.changes)
    for item in finished.examples:
        yield f"example: {item.prompt.splitlines()[0]} -> {_rewards(item.scores)}"
        if item.start_scores:
            yield f"  before training: {_rewards(item.start_scores)}"
    yield f"checkpoint: {finished.checkpoint}"
    yield f"report:     {finished.page}"


def _change_table(changes: Sequence[BeforeAfter]) -> Table:
    table = new_table("accuracy in percent", *(f"{item.overall.name}, {item.describe_pairs()}" for item in changes))
    systems = [dict(item.systems()) for item in changes]
    for name in dict.fromkeys(name for of in systems for name in of):
        table.add_row(name, *(_format_accuracy(of[name].overall) if name in of else "-" for of in systems))
    return table


def _format_accuracy(accuracy: Accuracy) -> str:
    return f"{format_percent(accuracy.value)} [{format_interval(accuracy.low, accuracy.high)}]"


def _rewards(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{short} {value:+.3f}" for short, value in scores.items())
