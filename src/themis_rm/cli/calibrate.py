"""The verb ``calibrate``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from themis_rm.cli import completion
from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import EVALUATION, app
from themis_rm.cli.options import BatchTokens, Device, DType, SampleSize, model_flags
from themis_rm.cli.output import new_table, written
from themis_rm.models.calibration import PAIR_MEANING

if TYPE_CHECKING:
    from rich.table import Table

    from themis_rm.models.calibration import Calibration, Coefficient


@verb(
    app,
    "calibrate",
    "calibrate checkpoint --pairs authored",
    "calibrate OWNER/NAME --pairs pairs.parquet --out calibrated",
    "calibrate checkpoint --pairs validation.jsonl -s prompts=[own,all]",
    panel=EVALUATION,
)
def calibrate(
    call: Call,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Checkpoint directory, name on the Hub, themis-nano, or baseline.",
            autocompletion=completion.models,
        ),
    ],
    pairs: Annotated[
        str,
        typer.Option(
            "--pairs", metavar="PATH", help="Benchmark pairs, preference data in any known format, 'authored'."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Output directory; default: that of the model. An interrupted job resumes.",
        ),
    ] = None,
    limit: SampleSize = None,
    device: Device = None,
    dtype: DType = None,
    batch_tokens: BatchTokens = None,
) -> None:
    """Fit the probabilities that rewards mean, with which 'score' and 'rank' complete their output."""
    settings = call.settings({"limit": limit, **model_flags(device, dtype, batch_tokens)})
    with require_extra("train"):
        from themis_rm.evaluation.calibrate import REPORT, output_files
        from themis_rm.evaluation.calibrate import calibrate as run
        from themis_rm.report.calibration import write_calibration_page

    result = run(model, pairs, out, settings)
    work, file = output_files(model, out)
    page = write_calibration_page(result, work / REPORT)
    call.output(result, *_lines(result), *_tables(result), written(file), written(page))


def _lines(result: Calibration) -> list[str]:
    source, failed = result.source, sum(result.source.failed.values())
    return [
        f"{result.model}, {source.pairs:,} pairs of {source.name} in {source.clusters:,} tasks"
        + (f", {failed:,} not scored" if failed else ""),
        "Loss and ECE (calibration error): of the raw rewards -> calibrated, each pair predicted by a fit without its "
        "task; guessing has a loss of 0.693.",
    ]


def _tables(result: Calibration) -> Iterator[Table]:
    yield _table(
        result, PAIR_MEANING.partition(",")[0], 0, {label: curve.slope for label, curve in result.curves.items()}
    )
    responses = "P(a response is the preferred one of its pair), from its reward alone"
    yield _table(result, responses, 1, {label: curve.response_slope for label, curve in result.curves.items()})


def _table(result: Calibration, title: str, number: int, slopes: Mapping[str, Coefficient]) -> Table:
    table = new_table("criterion", "pairs", "slope", f"{100 * result.confidence_level:g} %", "loss", "ECE", title=title)
    for label, slope in slopes.items():
        fit = result.fits[label][number]
        table.add_row(
            label,
            f"{result.curves[label].pairs:,}",
            f"{slope.value:.3g}",
            f"{slope.low:.3g} to {slope.high:.3g}",
            f"{fit.log_loss_before:.3g} -> {fit.log_loss:.3f}",
            f"{100 * fit.ece_before:.0f} -> {100 * fit.ece:.0f} %",
        )
    return table
