"""The verb ``ablate``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from themis_rm.cli import completion
from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import TRAINING, app
from themis_rm.cli.options import Out
from themis_rm.cli.output import new_table, written

if TYPE_CHECKING:
    from rich.table import Table


@verb(
    app,
    "ablate",
    "ablate tiny --out ablation --dry-run",
    "ablate tiny --out ablation -s stages.pretrain.data=injected -s stages.train.data=commits",
    "ablate grid.yaml --out ablation -s seeds=[0,1,2,3,4]",
    panel=TRAINING,
)
def ablate(
    call: Call,
    grid: Annotated[
        str,
        typer.Argument(
            metavar="GRID", help="YAML file, or name of a grid (tiny, paper).", autocompletion=completion.grids
        ),
    ],
    out: Out,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the runs that the grid needs, and check that they are matched.")
    ] = False,
) -> None:
    """Train variants of a recipe with matched data and steps, and compare them with paired tests."""
    with require_extra("train"):
        from themis_rm.workflow.ablation.grid import AblationGrid
        from themis_rm.workflow.ablation.plan import describe_plan, make_plan
        from themis_rm.workflow.ablation.run import CSV, MARKDOWN, PAGE
        from themis_rm.workflow.ablation.run import ablate as run_ablation

    settings = AblationGrid.load(grid, call.overrides())
    if dry_run:
        plan = make_plan(settings)
        rows = describe_plan(plan, out)
        missing = [row for row in rows if row["state"] != "done"]
        lines = [f"{name}: {'; '.join(changes) or 'the base'}" for name, changes in plan.differs.items()]
        counts = f"{len(rows)} runs, {len(missing)} missing, {sum(row['steps'] for row in missing):,} steps to train"
        call.output(rows, _table(rows), *lines, counts)
        return
    results = run_ablation(settings, out)
    files = [written(out / name) for name in (CSV, MARKDOWN, PAGE)]
    findings = [*(f"• {line}" for line in results.findings()), *(f"warning: {line}" for line in results.warnings())]
    call.output(results, results.table(), *findings, *files)


def _table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return a table with a line for the runs of all seeds that differ in nothing else."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["stage"], row["steps"], row["pairs"], row["variants"]), []).append(row)
    table = new_table("stage", "steps", "pairs", "seeds", "done", "variants", left=("variants",))
    for (stage, steps, pairs, variants), runs in groups.items():
        seeds = ", ".join(str(run["seed"]) for run in runs)
        done = f"{sum(run['state'] == 'done' for run in runs)} of {len(runs)}"
        table.add_row(stage, f"{steps:,}", f"{pairs:,}", seeds, done, variants)
    return table
