"""The verb ``run``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from themis_rm.cli import completion
from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import TRAINING, app
from themis_rm.cli.options import Executor, Workers, executor_flags
from themis_rm.cli.output import to_plain
from themis_rm.terminal import TerminalConsole

if TYPE_CHECKING:
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
    call.output(_plain(finished), finished.results.table(), *_lines(finished))


def _plain(finished: RunResult) -> dict[str, Any]:
    names = ("results", "held_out", "checkpoint", "page", "examples")
    return {name: to_plain(getattr(finished, name)) for name in names}


def _lines(finished: RunResult) -> Iterator[str]:
    from themis_rm.report.page import conclusions

    yield from (f"• {line}" for line in conclusions(finished.results))
    if finished.held_out is not None:
        yield "On held-out pairs made like the training pairs:"
        yield from (f"• {line}" for line in conclusions(finished.held_out))
    for item in finished.examples:
        scores = ", ".join(f"{short} {value:+.3f}" for short, value in item.scores.items())
        yield f"example: {item.prompt.splitlines()[0]} -> {scores}"
    yield f"checkpoint: {finished.checkpoint}"
    yield f"report:     {finished.page}"
