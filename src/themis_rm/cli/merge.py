"""The verb ``merge``."""

from __future__ import annotations

from typing import Annotated

import typer

from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import TRAINING, app
from themis_rm.cli.options import Out


@verb(
    app,
    "merge",
    "merge runs/fc/model runs/sh/model --out merged",
    "merge fc sh --method ties --base start --density 0.2 --out merged",
    "merge fc sh -s weights=[2,1] -s normalize_rewards=dataset --out merged",
    panel=TRAINING,
)
def merge(
    call: Call,
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL...", help="Checkpoints or adapters of one backbone: directories or Hub names."),
    ],
    out: Out,
    method: Annotated[
        str | None, typer.Option("--method", metavar="NAME", help="linear (average of weights) or ties.")
    ] = None,
    base: Annotated[
        str | None, typer.Option("--base", metavar="MODEL", help="ties: the model that they were trained from.")
    ] = None,
    density: Annotated[
        float | None, typer.Option("--density", metavar="X", help="ties: share of the differences that is kept.")
    ] = None,
) -> None:
    """Merge reward models of one architecture into one checkpoint, in DIR/model."""
    settings = call.settings({"method": method, "base": base, "density": density})
    with require_extra("train"):
        from themis_rm.training.merging import merge as run_merge

    report = run_merge(models, out, settings)
    lines = [f"{parent.name}: weight {parent.weight:.3f}, digest {parent.digest}" for parent in report.parents]
    call.output(report, *lines, f"checkpoint: {report.checkpoint}")
