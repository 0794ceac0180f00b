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
from themis_rm.cli.options import BatchTokens, Device, DType, Limit, OptionalModel, model_flags
from themis_rm.cli.output import print_json, print_lines, written
from themis_rm.errors import InputError, SettingError
from themis_rm.terminal import visible_json

if TYPE_CHECKING:
    from themis_rm.serve.stream import ScoreSummary

JSON_LINES, JSON = (".jsonl", ".ndjson"), (".json",)
"""Suffixes of files of requests."""
OTHER_DATA = (".parquet", ".arrow", ".feather", ".csv", ".tsv", ".xlsx", ".gz", ".zip", ".zst", ".safetensors", ".bin")
"""Suffixes of files that are neither requests nor code; they are refused, not scored as code."""


@verb(
    app,
    "score",
    "score solution.py --prompt 'Sort a list.' -c FC,SH",
    "score requests.jsonl --model checkpoint --out scores.parquet",
    "score --model length --prompt 'Add two numbers.' < solution.py",
    panel=SCORING,
)
def score(
    call: Call,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE", help="Code files, or one .jsonl or .json file of requests; - is standard input."
        ),
    ] = None,
    model: OptionalModel = None,
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
        from themis_rm.models.embedded import NAME, default_model_notice
        from themis_rm.serve.scorer import Scorer

    requests = islice(_requests(files or [], prompt, settings), limit)  # the paths are checked before the model is read
    scorer = Scorer.load(model or NAME, settings.prompt_set, settings.model, settings.calibration)
    if model is None:
        print_lines(default_model_notice("--model"), stderr=True)
    if scorer.calibration is not None:
        source = scorer.calibration.source
        print_lines(
            "probability: of being the preferred response of a pair, from the reward alone (calibrated with "
            f"{source.pairs:,} pairs of {source.name}); not of being correct.",
            stderr=True,
        )
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
    data = [path for path in files if path.suffix.lower() in {*JSON_LINES, *JSON, *OTHER_DATA}]
    if not data:
        return read_code_requests(files, settings)
    if len(files) > 1:
        raise SettingError(f"Several files, one of them {data[0].name}.", "Score one file of requests, or code files.")
    return _read_request_file(files[0], settings)


def _read_request_file(path: Path, settings: Any) -> Iterator[Any]:
    from themis_rm.serve.requests import read_jsonl_requests
    from themis_rm.storage.json_text import read_json

    suffix = path.suffix.lower()
    if suffix in OTHER_DATA:
        raise InputError(f"{path} is data, not code.", "Write requests as .jsonl or .json; name code by its suffix.")
    if suffix in JSON:
        values = read_json(path, "Write a list of requests, or one request per line of a .jsonl file.")
        lines = (json.dumps(value).encode() for value in (values if isinstance(values, list) else [values]))
        return read_jsonl_requests(lines, settings)
    return read_jsonl_requests(_lines(path), settings)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as handle:
        yield from handle


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
            typer.echo(visible_json(json.dumps(row.to_dict(), ensure_ascii=False)))
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
    file = f" {written(out)}" if out else ""
    notes = "".join(f", {rows:,} {note}" for note, rows in summary.notes.items())
    yield f"{summary.scored:,} scores of {summary.read:,} inputs{skipped}{truncated}{notes}{file}"
    yield from (f"  {line}" for line in summary.examples)
    for reason, rows in (summary.invalid + summary.failed).items():
        detail = f" ({summary.details[reason]})" if reason in summary.details else ""
        yield f"  {rows:,} not scored: {reason}{detail}"
