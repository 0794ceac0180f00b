"""The command line: thin verbs over the Python API.

Results go to standard output, progress and faults to standard error. A fault that the user can mend is one line and
exit code 2.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

import themis_rm
from themis_rm.cli.benchmark import benchmark
from themis_rm.cli.common import (
    Out,
    Pairs,
    SettingsFile,
    Workers,
    apply_overrides,
    executor_of,
    plain,
    require_extra,
    settings_of,
    tell_report,
)
from themis_rm.cli.models import models
from themis_rm.errors import InputError, SettingError, UserError

if TYPE_CHECKING:
    from themis_rm.evaluation.leaderboard.build import Leaderboard
    from themis_rm.serve.stream import ScoreSummary
    from themis_rm.workflow.run import RunResult

app = typer.Typer(
    name="themis-rm",
    help="Code reward models: mine, curate, assemble, train, evaluate, score; or all of it with run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(benchmark, name="benchmark")
app.add_typer(models, name="models")


def main() -> None:
    """Run the command line; faults of the user's end in one line and exit code 2."""
    try:
        app()
    except UserError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {plain(str(error))}", highlight=False, soft_wrap=True)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. The same command goes on from here.")
        raise SystemExit(130) from None


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"themis-rm {themis_rm.__version__}")
        raise typer.Exit


@app.command()
def mine(
    out: Out,
    repos: Annotated[list[str] | None, typer.Argument(metavar="[REPO]...", help="Clones, bundles or URLs.")] = None,
    repos_file: Annotated[Path | None, typer.Option(help="File with one repository a line.")] = None,
    tree: Annotated[list[Path] | None, typer.Option(help="Source tree to take documented functions from.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of commits.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day before which they end.")] = None,
    max_bytes: Annotated[int | None, typer.Option(help="Largest size of a file.")] = None,
    settings: SettingsFile = None,
    workers: Workers = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A further setting.")] = None,
) -> None:
    """Turn git histories into commits, or a source tree into documented functions."""
    from themis_rm.mining.functions import TreeSettings, mine_trees
    from themis_rm.mining.repositories import mine_repositories
    from themis_rm.mining.settings import MineSettings
    from themis_rm.mining.sources import read_repos_file

    names = [*(repos or []), *(read_repos_file(repos_file) if repos_file else [])]
    if bool(names) == bool(tree):
        raise SettingError("Give either repositories (REPO... or --repos-file) or --tree.")
    pairs = list(set_ or [])
    if tree:
        if max_bytes is not None:
            pairs.append(f"max_file_bytes={max_bytes}")
        tell_report(mine_trees(tree, out, settings_of(TreeSettings, settings, pairs), executor_of(workers)), out)
        return
    given = {"since": since and since.date(), "until": until and until.date(), "max_bytes": max_bytes}
    pairs += [f"{key}={value}" for key, value in given.items() if value is not None]
    tell_report(mine_repositories(names, out, settings_of(MineSettings, settings, pairs), executor_of(workers)), out)


@app.command()
def curate(
    out: Out,
    pairs: Pairs = None,
    commits: Annotated[Path | None, typer.Option(help="Folder of commits, from mine.")] = None,
    solutions: Annotated[Path | None, typer.Option(help="Folder of functions, from mine --tree.")] = None,
    settings: SettingsFile = None,
    workers: Workers = None,
) -> None:
    """Turn commits and functions into pairs labeled with criteria; what is dropped is kept aside by reason."""
    from themis_rm.curation.curate import curate as work
    from themis_rm.curation.settings import CurateSettings

    if commits is None and solutions is None:
        raise SettingError("Give --commits, --solutions or both.")
    tell_report(work(commits, solutions, out, settings_of(CurateSettings, settings, pairs), executor_of(workers)), out)


@app.command()
def assemble(
    source: Annotated[Path, typer.Argument(metavar="PAIRS", help="Folder of labeled pairs, from curate.")],
    out: Out,
    pairs: Pairs = None,
    settings: SettingsFile = None,
    workers: Workers = None,
) -> None:
    """Turn labeled pairs into a preference dataset with splits and a card."""
    from themis_rm.dataset.assemble import assemble as work
    from themis_rm.dataset.settings import AssembleSettings

    tell_report(work(source, out, settings_of(AssembleSettings, settings, pairs), executor_of(workers)), out)


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="YAML file, or the name of a recipe (stage1, stage2, tiny).")],
    out: Out,
    pairs: Pairs = None,
    data: Annotated[str | None, typer.Option(help="Preference dataset, instead of the recipe's 'data'.")] = None,
) -> None:
    """Train a reward model, and the n-gram baseline beside it; OUT/model is the checkpoint."""
    from themis_rm.progress import status_spinner
    from themis_rm.training.recipe import TrainRecipe

    typed = TrainRecipe.load(recipe, pairs or [])
    source = data or typed.data
    if not source:
        raise SettingError("The recipe names no data.", "Give --data DIR, or data=DIR.")
    with require_extra("train"):
        from themis_rm.training.runner import train as work
        from themis_rm.workflow.view import read_progress
    with status_spinner("train", lambda: read_progress(out)):
        report = work(typed, source, out)
    console = Console()
    tell_report(report.to_stage_report(), out)
    for split, figures in report.metrics.items():
        if figures.get("n"):
            told = f"accuracy on {figures['n']:.0f} {split} pairs: {100 * figures['accuracy']:.1f} %"
            console.print(told, highlight=False)
    console.print(f"checkpoint: {report.checkpoint}", highlight=False, soft_wrap=True)


@app.command()
def evaluate(
    model: Annotated[str, typer.Option(help="Checkpoint folder, or the name of a baseline.")],
    out: Out,
    benchmark: Annotated[str, typer.Option(help="Benchmark file or folder, or 'authored'.")] = "authored",
    prompts: Annotated[str | None, typer.Option(help="Criteria prompts: none, all or own.")] = None,
    pairs: Pairs = None,
    settings: SettingsFile = None,
) -> None:
    """Benchmark a reward model, with baselines, intervals and paired tests beside the published figures."""
    with require_extra("train"):
        from themis_rm.evaluation.evaluate import EvaluateSettings
        from themis_rm.evaluation.evaluate import evaluate as work

    given = [f"prompts={prompts}"] if prompts else []
    results = work(model, benchmark, out, settings_of(EvaluateSettings, settings, [*given, *(pairs or [])]))
    Console().print(results.table())
    if results.counts and results.counts.rejected:
        told = ", ".join(f"{rows} {reason}" for reason, rows in results.counts.rejected.items())
        Console(stderr=True).print(f"Set aside in {out / 'rejected.jsonl'}: {told}.", highlight=False, soft_wrap=True)


@app.command(name="rerank-eval")
def rerank_eval(
    data: Annotated[Path, typer.Argument(help="JSONL: a problem, its candidates and what they pass, a line.")],
    out: Out,
    pairs: Pairs = None,
    model: Annotated[str | None, typer.Option(help="Model; by default the rewards in the file are ranked.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Rank candidate programs by reward: Hits@K and rank correlation with the pass rate, with intervals."""
    with require_extra("train"):
        from themis_rm.evaluation.reranking.rerank import RerankSettings, rerank

    results = rerank(model, data, out, settings_of(RerankSettings, settings, pairs))
    Console().print(results.table())
    told = ", ".join(f"{lines} {reason}" for reason, lines in results.rejected.items())
    if told or results.overall.unscored:
        unscored = f"candidates without a reward: {results.overall.unscored}"
        Console(stderr=True).print("; ".join(filter(None, [told and f"lines left out: {told}", unscored])))


@app.command()
def adversarial(
    model: Annotated[str, typer.Option(help="Checkpoint folder, or the name of a baseline.")],
    out: Out,
    benchmark: Annotated[str, typer.Option(help="Benchmark file or folder, or 'authored'.")] = "authored",
    pairs: Pairs = None,
    settings: SettingsFile = None,
) -> None:
    """Make up the worse answers with edits that change nothing but the impression, and count who falls for it."""
    with require_extra("train"):
        from themis_rm.evaluation.adversarial.attack import AttackSettings, attack

    Console().print(attack(model, benchmark, out, settings_of(AttackSettings, settings, pairs)).table())


@app.command(name="verify-backend")
def verify_backend(
    model: Annotated[str, typer.Option(help="Checkpoint folder or name: the reference, run here.")],
    url: Annotated[str, typer.Option(help="Server that serves the same model.")],
    dialect: Annotated[str, typer.Option(help="Its wire format: vllm-classify, vllm-pooling, sglang or tei.")],
    benchmark: Annotated[str, typer.Option(help="Benchmark file or folder, or 'authored'.")] = "authored",
    pairs: Pairs = None,
    settings: SettingsFile = None,
    out: Annotated[Path | None, typer.Option(help="Write the report here (JSON).")] = None,
) -> None:
    """Compare a server's rewards with those computed here: differences, order, and the pairs that flip."""
    with require_extra("train"):
        from themis_rm.evaluation.backends import BackendSettings
        from themis_rm.evaluation.backends import verify_backend as work

    given = [f"model.remote.url={url}", f"model.remote.dialect={dialect}", *(pairs or [])]
    report = work(model, benchmark, settings_of(BackendSettings, settings, given))
    Console().print(report.table())
    if out is not None:
        report.save(out)
    if not report.agrees:
        raise typer.Exit(1)


@app.command()
def leaderboard(
    runs: Annotated[list[Path] | None, typer.Argument(metavar="[RUN]...", help="Folders of evaluate.")] = None,
    pairs: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A further setting.")] = None,
    published: Annotated[Path | None, typer.Option(help="Folder of run folders, such as the published scores.")] = None,
    benchmark: Annotated[
        str | None, typer.Option(help="The benchmark they were run on, for texts and the length baseline.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write all figures here, one a line.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the page here: one file that works offline.")] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Write the whole board here.")] = None,
    check_against: Annotated[
        list[Path] | None, typer.Option(help="Published table (CSV) to hold against the scores; may be repeated.")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Compare runs: accuracies with intervals, paired tests over all pairs of models, groups that are the same."""
    from themis_rm.evaluation.leaderboard.build import LeaderboardSettings
    from themis_rm.evaluation.leaderboard.build import leaderboard as work
    from themis_rm.evaluation.leaderboard.tables import terminal_table, write_csv

    if not runs and published is None:
        raise SettingError("Nothing to compare.", "Give folders of evaluate, --published DIR, or both.")
    board = work(runs or [], published, benchmark, settings_of(LeaderboardSettings, settings, pairs))
    console = Console()
    console.print(terminal_table(board, console.width))
    for notice in board.notices:
        console.print(f"note: {plain(str(notice))}", highlight=False, soft_wrap=True)
    for table in check_against or []:
        _told_of_check(board, table)
    if csv is not None:
        write_csv(board, csv)
    if json_ is not None:
        board.save(json_, texts=benchmark is not None)
    if html is not None:
        from themis_rm.report.leaderboard import write_page

        write_page(board, html)
    for path in filter(None, (csv, json_, html)):
        console.print(f"-> {plain(str(path))}", highlight=False, soft_wrap=True)


@app.command(name="hand-over")
def hand_over(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="results.json of evaluate, or its folder.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the model card.")],
    pairs: Pairs = None,
    settings: SettingsFile = None,
) -> None:
    """Write results for a model card: model-index metadata, and the hub's eval-results YAML with dataset=OWNER/NAME."""
    from themis_rm.report.hub_export import HubExportSettings, export_results

    file = results / "results.json" if results.is_dir() else results
    for path in export_results(file, out, settings_of(HubExportSettings, settings, pairs)):
        Console().print(f"-> {plain(str(path))}", highlight=False, soft_wrap=True)


def _told_of_check(board: Leaderboard, table: Path) -> None:
    from themis_rm.evaluation.leaderboard.published_tables import check_against

    check, console = check_against(board, table), Console()
    console.print(plain(str(check)), highlight=False, soft_wrap=True)
    for cell in check.differing:
        console.print(f"  {plain(str(cell))}", highlight=False, soft_wrap=True)


@app.command()
def score(
    model: Annotated[str, typer.Option(help="Checkpoint folder, or the name of a baseline.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Code files, .jsonl files of requests, or - for stdin."),
    ] = None,
    criteria: Annotated[
        list[str] | None, typer.Option("--criteria", "-c", help="FC, EE, ME, R&M, SH, all or none; may be repeated.")
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="The request that the code answers.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write JSONL or .parquet here, not to standard output.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on behind what OUT (JSONL) holds already.")] = False,
    pairs: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A further setting.")] = None,
) -> None:
    """Score code: one row a file or request and criterion. Standard input is code with --prompt, else JSONL."""
    with require_extra("train"):
        from themis_rm.serve.requests import ScoreSettings
        from themis_rm.serve.scorer import Scorer

    values: dict[str, Any] = {"criteria": [part for given in criteria or [] for part in given.split(",")]}
    if prompt is not None:
        values["prompt"] = prompt
    settings = apply_overrides(ScoreSettings, values, pairs)
    scorer = Scorer.load(model, settings.prompt_set, settings.model)
    requests = _requests(files or [], prompt, settings)
    summary = _scored_to(scorer, requests, out, settings, resume)
    _told_of_scoring(summary, out)


@app.command()
def run(
    recipe: Annotated[str, typer.Argument(help="YAML file, or the name of a recipe (demo).")],
    pairs: Pairs = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the run; an interrupted one goes on.")] = Path("out"),
) -> None:
    """From git histories to a scored answer: every stage, skipped when unchanged, resumed where it was killed."""
    from themis_rm.workflow.recipe import RunRecipe

    typed = RunRecipe.load(recipe, pairs or [])
    with require_extra("train"):
        from themis_rm.workflow.run import run as work
    _told_of_run(work(typed, out, Console(stderr=True)))


def _requests(files: list[Path], prompt: str | None, settings: Any) -> Iterator[Any]:
    from themis_rm.serve.requests import read_code_requests, read_jsonl_requests

    if not files or files == [Path("-")]:
        if sys.stdin.isatty():
            raise InputError("Nothing to score.", "Name files, or pipe code (with --prompt) or JSONL in.")
        if prompt is not None:
            yield from read_code_requests([Path("/dev/stdin")], settings)
        else:
            yield from read_jsonl_requests(sys.stdin.buffer, settings)
        return
    jsonl = [path for path in files if path.suffix == ".jsonl"]
    if jsonl and (len(files) > 1):
        raise SettingError("Score one .jsonl file at a time, or several code files.")
    for path in files:
        if not path.is_file():
            raise InputError(f"{path} is not a file.")
    if jsonl:
        with jsonl[0].open("rb") as handle:
            yield from read_jsonl_requests(handle, settings)
    else:
        yield from read_code_requests(files, settings)


def _scored_to(scorer: Any, requests: Iterator[Any], out: Path | None, settings: Any, resume: bool) -> ScoreSummary:
    from themis_rm.serve.stream import ScoredResponse, ScoreSummary, score_to_file

    if out is not None:
        return score_to_file(scorer, requests, out, settings, resume)
    summary = ScoreSummary()

    def counted() -> Iterator[Any]:
        for request in requests:
            summary.read += 1
            yield request

    for row in scorer.score_requests(counted(), settings.chunk_size):
        summary.count(row)
        if isinstance(row, ScoredResponse):
            typer.echo(json.dumps(row.to_dict(), ensure_ascii=False))
    return summary


def _told_of_scoring(summary: ScoreSummary, out: Path | None) -> None:
    console = Console(stderr=True)
    if out is not None or not summary.complete:
        told = f"{summary.scored:,} scores of {summary.read:,} inputs"
        told += f", {summary.skipped:,} already there" if summary.skipped else ""
        told += f", {summary.truncated:,} truncated" if summary.truncated else ""
        console.print(told + (f" -> {plain(str(out))}" if out else ""), highlight=False, soft_wrap=True)
    for line in summary.examples:
        console.print(f"  {plain(line)}", highlight=False, soft_wrap=True)
    for reason, rows in (summary.invalid + summary.failed).items():
        console.print(f"  {rows:,} not scored: {reason}", highlight=False)
    if not summary.complete:
        raise typer.Exit(2)


def _told_of_run(done: RunResult) -> None:
    from themis_rm.report.page import verdicts

    console = Console()
    console.print(done.results.table())
    for line in verdicts(done.results):
        console.print(f"• {line}", highlight=False)
    if done.held_out is not None:
        console.print("On held-out pairs made like the training pairs:", highlight=False)
        for line in verdicts(done.held_out):
            console.print(f"• {line}", highlight=False)
    for item in done.examples:
        told = ", ".join(f"{short} {value:+.3f}" for short, value in item.scores.items())
        console.print(f"example: {plain(item.prompt.splitlines()[0])} -> {told}", highlight=False)
    console.print(f"checkpoint: {done.checkpoint}\nreport:     {done.page}", highlight=False, soft_wrap=True)
