"""Verbs that evaluate models, compare them and export their results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import EVALUATION, app
from themis_rm.cli.options import (
    BatchTokens,
    BenchmarkName,
    Device,
    DType,
    Model,
    Out,
    Prompts,
    SampleSize,
    model_flags,
)
from themis_rm.cli.output import print_lines, written
from themis_rm.errors import InputError, SettingError
from themis_rm.terminal import TerminalConsole

if TYPE_CHECKING:
    from themis_rm.evaluation.leaderboard.result import Leaderboard


@verb(
    app,
    "evaluate",
    "evaluate --model length --out runs/length",
    "evaluate --model OWNER/NAME --benchmark bench.parquet --out runs/name",
    "evaluate --model checkpoint --out runs/mine --prompts own --dtype bfloat16",
    "evaluate --model checkpoint --benchmark rewardbench2 --data files --out runs/rewardbench2",
    "evaluate --model checkpoint --suite general --data files --out runs/general",
    panel=EVALUATION,
)
def evaluate(
    call: Call,
    model: Model,
    out: Out,
    benchmark: BenchmarkName = "authored",
    suite: Annotated[
        str | None, typer.Option("--suite", metavar="NAME", help="All external benchmarks of a suite: general.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="PATH", help="Files of an external benchmark or suite; default: the hub."),
    ] = None,
    prompts: Prompts = None,
    limit: SampleSize = None,
    device: Device = None,
    dtype: DType = None,
    batch_tokens: BatchTokens = None,
) -> None:
    """Evaluate a reward model on a benchmark, next to baselines and published figures."""
    flags = {"prompts": prompts, "limit": limit, **model_flags(device, dtype, batch_tokens)}
    with require_extra("train"):
        from themis_rm.evaluation.evaluate import evaluate as run_evaluation
        from themis_rm.evaluation.external.benchmarks import EXTERNAL_BENCHMARKS
        from themis_rm.evaluation.external.evaluate import evaluate_external, evaluate_suite

    if suite is not None:
        suite_results = evaluate_suite(model, suite, data, out, call.settings(flags, variant="--suite"))
        call.output(suite_results, suite_results.table())
        return
    if benchmark in EXTERNAL_BENCHMARKS:
        external = evaluate_external(model, benchmark, data, out, call.settings(flags, variant="--suite"))
        call.output(external, external.table())
        return
    if data is not None:
        names = ", ".join(EXTERNAL_BENCHMARKS.names())
        raise SettingError(
            "--data is for external benchmarks and suites.", f"Use --suite, or --benchmark with {names}."
        )
    settings = call.settings(flags)
    results = run_evaluation(model, benchmark, out, settings)
    form = [f"format: {results.run.format}"] if results.run and benchmark != "authored" else []
    call.output(results, *form, results.table())
    if results.counts and results.counts.rejected:
        reasons = ", ".join(f"{rows} {reason}" for reason, rows in results.counts.rejected.items())
        print_lines(f"Excluded rows, in {out / 'rejected.jsonl'}: {reasons}.", stderr=True)


@verb(
    app,
    "rerank",
    "rerank candidates.jsonl --model checkpoint --out reranked",
    "rerank candidates.jsonl --out reranked -s k=[1,5]",
    panel=EVALUATION,
)
def rerank(
    call: Call,
    data: Annotated[
        Path, typer.Argument(metavar="FILE", help="JSONL: one problem with its candidates and test outcomes per line.")
    ],
    out: Out,
    model: Annotated[
        str | None,
        typer.Option("--model", "-m", metavar="MODEL", help="Model; by default the rewards in the file are used."),
    ] = None,
    device: Device = None,
    dtype: DType = None,
    batch_tokens: BatchTokens = None,
) -> None:
    """Rank candidate programs by reward: Hits@K and rank correlation with the pass rate."""
    settings = call.settings(model_flags(device, dtype, batch_tokens))
    with require_extra("train"):
        from themis_rm.evaluation.reranking.rerank import rerank as run_reranking

    results = run_reranking(model, data, out, settings)
    call.output(results, results.table())
    reasons = ", ".join(f"{lines} {reason}" for reason, lines in results.rejected.items())
    print_lines(*([f"Excluded or doubtful: {reasons}."] if reasons else []), stderr=True)


@verb(
    app,
    "adversarial",
    "adversarial --model checkpoint --out attack",
    "adversarial --model checkpoint --out attack -s edits=[comments,rename]",
    panel=EVALUATION,
)
def adversarial(
    call: Call,
    model: Model,
    out: Out,
    benchmark: BenchmarkName = "authored",
    prompts: Prompts = None,
    limit: SampleSize = None,
    device: Device = None,
    dtype: DType = None,
    batch_tokens: BatchTokens = None,
) -> None:
    """Count how often edits of the worse response that change only its appearance flip the ranking."""
    settings = call.settings({"prompts": prompts, "limit": limit, **model_flags(device, dtype, batch_tokens)})
    with require_extra("train"):
        from themis_rm.evaluation.adversarial.attack import attack

    results = attack(model, benchmark, out, settings)
    call.output(results, results.table())


@verb(
    app,
    "verify-backend",
    "verify-backend --model checkpoint --url http://localhost:8000 --dialect vllm-classify",
    panel=EVALUATION,
)
def verify_backend(
    call: Call,
    model: Model,
    url: Annotated[str, typer.Option("--url", metavar="URL", help="Server that serves the same model.")],
    dialect: Annotated[
        str, typer.Option("--dialect", metavar="NAME", help="vllm-classify, vllm-pooling, sglang or tei.")
    ],
    benchmark: BenchmarkName = "authored",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the report to this JSON file.")
    ] = None,
    limit: SampleSize = None,
    device: Device = None,
    dtype: DType = None,
    batch_tokens: BatchTokens = None,
) -> None:
    """Compare the rewards of a server with those computed here; exit code 1 if they disagree."""
    remote = {"model.remote.url": url, "model.remote.dialect": dialect}
    settings = call.settings({**remote, "limit": limit, **model_flags(device, dtype, batch_tokens)})
    with require_extra("train"):
        from themis_rm.evaluation.backends import verify_backend as compare

    report = compare(model, benchmark, settings)
    call.output(report, report.table())
    if out is not None:
        report.save(out)
    if not report.agrees:
        raise typer.Exit(1)


@verb(
    app,
    "leaderboard",
    "leaderboard runs/length runs/mine",
    "leaderboard runs/* --benchmark bench.parquet --html leaderboard.html",
    "leaderboard runs/general --html general.html",
    panel=EVALUATION,
)
def leaderboard(
    call: Call,
    runs: Annotated[list[Path] | None, typer.Argument(metavar="RUN", help="Output directories of evaluate.")] = None,
    published: Annotated[
        Path | None, typer.Option("--published", metavar="DIR", help="Directory of run directories.")
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option("--benchmark", "-b", metavar="PATH", help="Their benchmark, for texts and the length baseline."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write all figures as CSV.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a self-contained page.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the leaderboard as JSON.")
    ] = None,
    check_against: Annotated[
        list[Path] | None,
        typer.Option("--check-against", metavar="FILE", help="Published table (CSV) to compare with; repeatable."),
    ] = None,
) -> None:
    """Compare evaluated models: accuracies with intervals, paired tests, groups without significant difference."""
    from themis_rm.evaluation.external.leaderboard import find_external_results
    from themis_rm.evaluation.leaderboard.build import leaderboard as build
    from themis_rm.evaluation.leaderboard.tables import terminal_table, write_csv

    if not runs and published is None:
        raise SettingError("Nothing to compare.", "Give output directories of evaluate, --published DIR, or both.")
    for table in check_against or []:
        if not table.is_file():
            raise InputError(f"There is no file {table}.", "Give a published table in CSV to --check-against.")
    if any(find_external_results(run) for run in runs or []):
        _external_leaderboard(call, runs or [], csv, html, out)
        return
    board = build(runs or [], published, benchmark, call.settings())
    notes = [f"note: {notice}" for notice in board.notices]
    checks = [line for table in check_against or [] for line in _check_lines(board, table)]
    if csv is not None:
        write_csv(board, csv)
    if out is not None:
        board.save(out, texts=benchmark is not None)
    if html is not None:
        from themis_rm.report.leaderboard import write_page

        write_page(board, html)
    files = [written(path) for path in (csv, out, html) if path is not None]
    call.output(board, terminal_table(board, TerminalConsole().width), *notes, *checks, *files)


def _external_leaderboard(call: Call, runs: list[Path], csv: Path | None, html: Path | None, out: Path | None) -> None:
    from themis_rm.evaluation.external.leaderboard import build_external_leaderboard

    board = build_external_leaderboard(runs, call.settings().reference)
    if csv is not None:
        board.write_csv(csv)
    if out is not None:
        board.save(out)
    if html is not None:
        from themis_rm.report.external import write_external_page

        write_external_page(board, html)
    files = [written(path) for path in (csv, out, html) if path is not None]
    call.output(board, board.table(), *files)


@verb(
    app,
    "export-results",
    "export-results runs/mine --out model-card",
    "export-results runs/mine --out model-card -s dataset=OWNER/NAME",
    panel=EVALUATION,
)
def export_results(
    call: Call,
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="results.json of evaluate, or its directory.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Directory of the model card.")],
) -> None:
    """Write results as model-card metadata (model-index) and, with dataset=OWNER/NAME, as eval results of the Hub."""
    from themis_rm.report.hub_export import export_results as export

    file = results / "results.json" if results.is_dir() else results
    files = export(file, out, call.settings())
    call.output({"files": files}, *map(written, files))


def _check_lines(board: Leaderboard, table: Path) -> Iterator[str]:
    from themis_rm.evaluation.leaderboard.published_tables import check_against

    check = check_against(board, table)
    yield str(check)
    yield from (f"  {cell}" for cell in check.differing)
