"""The verb ``plan``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import TRAINING, app
from themis_rm.cli.options import TrainingRecipe
from themis_rm.cli.output import new_table, written
from themis_rm.errors import SettingError

if TYPE_CHECKING:
    from themis_rm.training.planning.estimate import TrainingPlan


@verb(
    app,
    "plan",
    "plan stage2 -s size=8B --gpus 32 --gpu h100 --pairs 350000",
    "plan recipe.yaml --gpus 1 --gpu rtx-4090 --data dataset",
    "plan stage1 -s size=0.6B --gpus 8 --gpu a100-80gb --pairs 110000 --out launch",
    panel=TRAINING,
)
def plan(
    call: Call,
    recipe: TrainingRecipe,
    gpu: Annotated[
        str,
        typer.Option(
            "--gpu", metavar="NAME", help="b200, h200, h100, a100-80gb, a100-40gb, l40s, l4, rtx-4090 or cpu."
        ),
    ] = "h100",
    gpus: Annotated[
        int | None, typer.Option("--gpus", metavar="N", min=1, help="Number of GPUs; by default the recipe's.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="DATA", help="Preference data: pairs are counted, lengths measured.")
    ] = None,
    pairs: Annotated[
        int | None, typer.Option("--pairs", metavar="N", min=1, help="Number of training pairs, without --data.")
    ] = None,
    tokens_per_pair: Annotated[
        int | None,
        typer.Option(
            "--tokens-per-pair",
            metavar="N",
            min=4,
            help="Mean tokens of a pair, the shared prompt once; default: measured, or 2 x max_length.",
        ),
    ] = None,
    mfu: Annotated[
        float | None,
        typer.Option("--mfu", metavar="SHARE", min=0.01, max=1.0, help="Share of the peak FLOP/s that is reached."),
    ] = None,
    price_per_gpu_hour: Annotated[
        float | None, typer.Option("--price-per-gpu-hour", metavar="PRICE", min=0.0, help="Price of a GPU per hour.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Output directory for a launch script, a Slurm job and a Containerfile."
        ),
    ] = None,
    gpus_per_node: Annotated[
        int, typer.Option("--gpus-per-node", metavar="N", min=1, help="GPUs of a machine, for --out.")
    ] = 8,
) -> None:
    """Estimate memory, time and disk space of a training run before it is started."""
    from themis_rm.training.recipe import TrainRecipe

    if data and pairs:
        raise SettingError("--data and --pairs both say how many pairs there are.", "Give one of them.")
    settings = TrainRecipe.load(recipe, call.overrides())
    with require_extra("train"):
        from themis_rm.training.planning.data import measure_workload
        from themis_rm.training.planning.estimate import Workload
        from themis_rm.training.planning.estimate import plan as make_plan
        from themis_rm.training.planning.launch import Launch, write_launch_files
    workload = measure_workload(settings, data) if data else Workload(pairs)
    if tokens_per_pair:
        workload = Workload(workload.pairs, tokens_per_pair, workload.completion)
    processes = gpus or settings.num_processes
    result = make_plan(settings, gpu, processes, workload, mfu=mfu, price_per_gpu_hour=price_per_gpu_hour)
    files = []
    if out:
        options = [word for setting in call.set_ for word in ("-s", setting)]
        options += ["--config", str(call.config)] if call.config else []
        launch = Launch(recipe, options, processes, gpus_per_node, result.hours)
        files = write_launch_files(launch, out)
    call.output(result, _memory_table(result), *_lines(result), *map(written, files))


def _memory_table(plan: TrainingPlan) -> Any:
    table = new_table("memory of one GPU", "GB")
    for part, size in plan.memory.items():
        table.add_row(part, f"{size / 1e9:.2f}")
    table.add_row("total", f"{plan.needed / 1e9:.2f}", style="bold")
    return table


def _lines(plan: TrainingPlan) -> Iterator[str]:
    yield f"{plan.weights / 1e6:,.1f} M weights, {plan.trained / 1e6:,.1f} M of them trained"
    verdict = "fits" if plan.fits else "does NOT fit"
    yield f"{verdict}: {plan.needed / 1e9:.1f} GB of {plan.available / 1e9:.0f} GB ({plan.gpu}: {plan.source})"
    needed = 0
    for setting, needed in plan.changes.items():
        yield f"  -s '{setting}' brings it to {needed / 1e9:.1f} GB"
    if plan.changes:
        enough = needed <= plan.available
        yield "  together these settings make it fit" if enough else "  that is not enough: use more or larger GPUs"
    yield f"host memory: {plan.host_memory / 1e9:.1f} GB per process"
    yield (
        f"step: {plan.pairs_per_step:,} pairs, {plan.tokens_per_step:,} tokens ({plan.tokens_per_pair:,} per pair), "
        f"{plan.passes} passes per GPU, {plan.step_flops / 1e12:,.1f} TFLOP"
        + (f" and {plan.recomputed_flops / 1e12:,.1f} TFLOP recomputed" if plan.recomputed_flops else "")
        + f", {plan.step_seconds:,.1f} s at {plan.mfu:.0%} of the peak"
    )
    if plan.steps is None or plan.hours is None:
        yield "steps and hours: not known without --pairs or --data"
    else:
        price = "" if plan.price is None else f", price {plan.price:,.0f}"
        yield f"{plan.steps:,} steps, {plan.hours:,.1f} hours on {plan.gpus} x {plan.gpu}{price}"
    yield (
        f"disk: {plan.checkpoint / 1e9:.1f} GB per checkpoint (two while one is written), "
        f"{plan.exported / 1e9:.1f} GB exported"
    )
