"""Verbs for human judgments of pairs: ``browse`` and ``agreement``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import DATA, app
from themis_rm.cli.options import (
    AspectFilter,
    BatchTokens,
    DataFormat,
    Device,
    DType,
    LanguageFilter,
    Prompts,
    data_flags,
    model_flags,
)
from themis_rm.cli.output import print_lines, stage_lines

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA", help="Pairs of curate, preference data in any known format, commits, or 'authored'."
    ),
]
Dropped = Annotated[
    Path | None,
    typer.Option("--dropped", metavar="PATH", help="Rows that a data stage has dropped, to read them too."),
]


@verb(
    app,
    "browse",
    "browse curated/pairs --out page.html --sample 100",
    "browse curated/pairs --dropped curated/dropped --out page.html --sample 200 --seed 1",
    "browse OWNER/NAME --out page.html --sample 50 --blind",
    panel=DATA,
)
def browse(
    call: Call,
    data: Data,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page to write, one HTML file.")],
    dropped: Dropped = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", min=1, help="Show N rows, balanced over criteria and languages."),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of the sample.")] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="Shuffle the two versions and hide the label until a row is judged.")
    ] = False,
    format_: DataFormat = None,
    language: LanguageFilter = None,
    aspect: AspectFilter = None,
) -> None:
    """Write an offline page on which people read pairs and judge their labels."""
    from themis_rm.report.browse import BEYOND_SIZE, write_browse_page

    flags = {"sample": sample, "seed": seed, "blind": blind or None, **data_flags(format_, language, aspect)}
    report = write_browse_page(data, out, call.settings(flags), dropped)
    call.output(report, *stage_lines(report, out))
    if BEYOND_SIZE in report.dropped and sample is None:
        print_lines("The page has the first rows only. Use --sample N for rows of all criteria.", stderr=True)


@verb(
    app,
    "agreement",
    "agreement curated/pairs judgments-ada.jsonl",
    "agreement curated/pairs judgments-*.jsonl --out agreement.json",
    "agreement curated/pairs judgments-*.jsonl --model checkpoint",
    panel=DATA,
)
def agreement(
    call: Call,
    data: Data,
    judgments: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Judgments that the page of browse has saved.")
    ],
    dropped: Dropped = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the result as JSON.")] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="MODEL", help="Model to compare with the labels that are right."),
    ] = None,
    prompts: Prompts = None,
    format_: DataFormat = None,
    language: LanguageFilter = None,
    aspect: AspectFilter = None,
    device: Device = None,
    dtype: DType = None,
    batch_tokens: BatchTokens = None,
) -> None:
    """Count how many labels readers call right, and how far readers agree with each other and with a model."""
    from themis_rm.annotation.agreement import measure_agreement

    flags = {"prompts": prompts, **data_flags(format_, language, aspect), **model_flags(device, dtype, batch_tokens)}
    settings = call.settings(flags)
    if model is None:
        results = measure_agreement(data, judgments, settings, dropped)
    else:
        with require_extra("train"):
            results = measure_agreement(data, judgments, settings, dropped, model)
    if out is not None:
        results.save(out)
    call.output(results, results.table())
