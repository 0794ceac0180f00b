"""The verb ``score``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import SCORING, app
from themis_rm.cli.options import BatchTokens, Device, DType, Limit, Model, model_flags
from themis_rm.cli.output import print_json, print_lines
from themis_rm.errors import InputError, SettingError

if TYPE_CHECKING:
    from themis_rm.serve.stream import ScoreSummary


@verb(
    app,
    "score",
    "score solution.py --model checkpoint --prompt 'Sort a list.' -c FC,SH",
    "score requests.jsonl --model checkpoint --out scores.parquet",
    "score --model length --prompt 'Add two numbers.' < solution.py",
    panel=SCORING,
)
def score(
    call: Call,
    model: Model,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Code files, or one .jsonl file of requests; - is standard input."),
    ] = None,
    criteria: Annotated[
        list[str] | None,
        typer.Option("--criteria", "-c", metavar="NAMES", help="FC, EE, ME, R&M, SH, all or none; comma-separated."),
    ] = None,
    prompt: Annotated[
        str | None, typer.Option("--prompt", "-p", metavar="TEXT", help="Prompt that the code responds to.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write .jsonl or .parquet instead of standard output."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted --out FILE.jsonl.")] = False,
    limit: Limit = None,
    device: Device = None,
    dtype: DType = None,
    batch_tokens: BatchTokens = None,
) -> None:
    """Score responses: one JSON line per response and criterion. Standard input is code (with --prompt) or JSONL."""
    names = [name for item in criteria or [] for name in item.split(",")]
    flags = {"criteria": names or None, "prompt": prompt, **model_flags(device, dtype, batch_tokens)}
    settings = call.settings(flags)
    with require_extra("train"):
        from themis_rm.serve.scorer import Scorer

    scorer = Scorer.load(model, settings.prompt_set, settings.model)
    requests = islice(_requests(files or [], prompt, settings), limit)
    summary = _score(scorer, requests, out, settings, resume)
    _print_summary(call, summary, out)


def _requests(files: list[Path], prompt: str | None, settings: Any) -> Iterator[Any]:
    from themis_rm.serve.requests import read_code_requests, read_jsonl_requests

    if not files or files == [Path("-")]:
        if sys.stdin.isatty():
            raise InputError("Nothing to score.", "Name files, or pipe in code (with --prompt) or JSONL.")
        if prompt is None:
            return read_jsonl_requests(sys.stdin.buffer, settings)
        return read_code_requests([Path("/dev/stdin")], settings)
    for path in files:
        if not path.is_file():
            raise InputError(f"{path} is not a file.")
    jsonl = [path for path in files if path.suffix == ".jsonl"]
    if jsonl and len(files) > 1:
        raise SettingError("Several files, one of them .jsonl.", "Score one .jsonl file at a time, or code files.")
    return _read_jsonl(jsonl[0], settings) if jsonl else read_code_requests(files, settings)


def _read_jsonl(path: Path, settings: Any) -> Iterator[Any]:
    from themis_rm.serve.requests import read_jsonl_requests

    with path.open("rb") as handle:
        yield from read_jsonl_requests(handle, settings)


def _score(scorer: Any, requests: Iterable[Any], out: Path | None, settings: Any, resume: bool) -> ScoreSummary:
    from themis_rm.progress import track
    from themis_rm.serve.stream import ScoredResponse, ScoreSummary, score_to_file

    if out is not None:
        return score_to_file(scorer, track(requests, "score"), out, settings, resume)
    summary = ScoreSummary()

    def counted() -> Iterator[Any]:
        for request in requests if sys.stdout.isatty() else track(requests, "score"):
            summary.read += 1
            yield request

    for row in scorer.score_requests(counted(), settings.chunk_size):
        summary.count(row)
        if isinstance(row, ScoredResponse):
            typer.echo(json.dumps(row.to_dict(), ensure_ascii=False))
    return summary


def _print_summary(call: Call, summary: ScoreSummary, out: Path | None) -> None:
    if call.json_ and out is not None:
        print_json(summary)
    elif out is not None or not summary.complete or summary.notes:
        print_lines(*_summary_lines(summary, out), stderr=True)
    if not summary.complete:
        raise typer.Exit(2)


def _summary_lines(summary: ScoreSummary, out: Path | None) -> Iterator[str]:
    skipped = f", {summary.skipped:,} skipped as done before" if summary.skipped else ""
    truncated = f", {summary.truncated:,} truncated" if summary.truncated else ""
    file = f" -> {out}" if out else ""
    notes = "".join(f", {rows:,} {note}" for note, rows in summary.notes.items())
    yield f"{summary.scored:,} scores of {summary.read:,} inputs{skipped}{truncated}{notes}{file}"
    yield from (f"  {line}" for line in summary.examples)
    for reason, rows in (summary.invalid + summary.failed).items():
        yield f"  {rows:,} not scored: {reason}"
