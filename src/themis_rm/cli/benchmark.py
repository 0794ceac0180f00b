"""``themis-rm benchmark``: compile public sources into one benchmark, execute its pairs, audit it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from themis_rm.cli.common import Out, Pairs, SettingsFile, Workers, executor_of, plain, require_extra, settings_of
from themis_rm.errors import SettingError

if TYPE_CHECKING:
    from themis_rm.benchmark.manifest import Manifest
    from themis_rm.benchmark.verification_report import VerificationReport

benchmark = typer.Typer(help="Compile a benchmark from public sources, verify and audit it.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--sources", help="Folder that holds one folder a source.")]


@benchmark.command()
def sources(
    folder: Annotated[Path | None, typer.Option("--sources", help="Say which of them are in this folder.")] = None,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show all about one source.")] = None,
) -> None:
    """List the public sources that a benchmark can be compiled from, and what they cover."""
    from rich import box
    from rich.table import Table

    from themis_rm.benchmark.manifest import coverage_table, declared_coverage
    from themis_rm.benchmark.sources.source import SOURCES

    console = Console()
    if name is not None:
        source = SOURCES.get(name)
        for field in ("title", "subset", "license", "upstream", "revision", "responses", "citation", "notes"):
            console.print(f"{field:>10}  {plain(getattr(source, field) or '-')}", highlight=False)
        console.print(f"{'criteria':>10}  {', '.join(source.criteria)}", highlight=False)
        console.print(f"{'languages':>10}  {', '.join(source.languages)}", highlight=False)
        console.print(f"{'files':>10}  {plain(', '.join(source.files))}", highlight=False)
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for title in ("source", "license", "criteria", "languages", "tests", *(["there"] if folder else [])):
        table.add_column(title, no_wrap=title == "source")
    for source in SOURCES:
        cells = [source.name, source.license, " ".join(source.criteria), " ".join(source.languages)]
        cells.append("yes" if source.tests else "·")
        table.add_row(*cells, *(["yes" if source.directory_in(folder).is_dir() else "·"] if folder else []))
    console.print(table)
    console.print(coverage_table("Sources by criterion and language", declared_coverage(SOURCES)))


@benchmark.command(name="compile")
def compile_(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write; an interrupted job goes on.")],
    pairs: Pairs = None,
    only: Annotated[list[str] | None, typer.Option(help="Use this source alone; may be repeated.")] = None,
    settings: SettingsFile = None,
    workers: Workers = None,
) -> None:
    """Compile the sources in a folder into one frozen benchmark with a manifest."""
    from themis_rm.benchmark.compile import CompileSettings, compile_benchmark

    given = [f"only=[{', '.join(only)}]"] if only else []
    typed = settings_of(CompileSettings, settings, [*given, *(pairs or [])])
    _told(compile_benchmark(folder, out, typed, executor_of(workers)), out)


@benchmark.command()
def verify(
    compiled: Annotated[Path, typer.Argument(metavar="BENCHMARK", help="Compiled .parquet file, or 'authored'.")],
    out: Out,
    pairs: Pairs = None,
    marked: Annotated[
        Path | None, typer.Option("--mark", help="Write a copy with a column that says what was seen.")
    ] = None,
    settings: SettingsFile = None,
    workers: Workers = None,
) -> None:
    """Execute both answers of every pair that brings tests, in a sandbox, and say where the label is not borne out."""
    from themis_rm.benchmark.verified_column import add_verified_column
    from themis_rm.benchmark.verify import VERIFIED_PAIRS, VerifySettings
    from themis_rm.benchmark.verify import verify as work

    if marked is not None and str(compiled) == "authored":
        raise SettingError("The authored pairs are part of the package; there is nothing to mark.")
    given = [] if workers is None else [f"workers={workers}"]
    what = "authored" if str(compiled) == "authored" else compiled
    report = work(what, out, settings_of(VerifySettings, settings, [*given, *(pairs or [])]))
    _told_of_verification(report)
    if marked is not None:
        told = ", ".join(
            f"{state} {rows:,}" for state, rows in add_verified_column(compiled, out / VERIFIED_PAIRS, marked).items()
        )
        Console().print(f"{told} -> {plain(str(marked))}", highlight=False, soft_wrap=True)


@benchmark.command()
def audit(
    compiled: Annotated[str, typer.Argument(metavar="BENCHMARK", help="Benchmark file or folder, or 'authored'.")],
    out: Out,
    pairs: Pairs = None,
    against: Annotated[
        Path | None, typer.Option(help="Training set (preferences or pairs) to look for 13-grams of the requests in.")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Say what could make a number on this benchmark mean less: length, duplicates, leaks, training overlap."""
    with require_extra("train"):
        from themis_rm.benchmark.audit.run import audit as work
        from themis_rm.benchmark.audit.settings import AuditSettings

    console = Console()
    console.print(work(compiled, out, settings_of(AuditSettings, settings, pairs), against).table())
    console.print(f"by pair -> {plain(str(out / 'findings.parquet'))}", highlight=False, soft_wrap=True)


@benchmark.command()
def card(
    compiled: Annotated[Path, typer.Argument(metavar="BENCHMARK", help="Compiled .parquet file.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write: three configurations and a dataset card.")],
    pairs: Pairs = None,
    manifest: Annotated[Path | None, typer.Option(help="Manifest, if the file is a verified copy.")] = None,
    audited: Annotated[Path | None, typer.Option("--audit", help="audit.json to take figures from.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Write a compiled benchmark as a folder for the hub: Full, by criterion, by language, and its card."""
    from themis_rm.report.benchmark_export import BenchmarkExportSettings, export_benchmark

    export_benchmark(compiled, out, settings_of(BenchmarkExportSettings, settings, pairs), manifest, audited)
    Console().print(f"-> {plain(str(out))}", highlight=False, soft_wrap=True)


def _told_of_verification(report: VerificationReport) -> None:
    from rich import box
    from rich.table import Table

    console = Console()
    table = Table(title=f"Labels of {report.benchmark} against execution", box=box.SIMPLE_HEAD, padding=(0, 1))
    for title in ("source", "run", "agree", "share", "95 %", "chosen fails", "rejected passes"):
        table.add_column(title, justify="left" if title == "source" else "right", no_wrap=title == "source")
    for row in (row for row in [*report.sources, report.total] if row.checked):
        interval = f"{100 * (row.low or 0):.1f}–{100 * (row.high or 0):.1f}"
        counts = (row.chosen_fails, row.rejected_passes)
        cells = (row.checked, row.agree, f"{row.share or 0:.1%}", interval, *counts)
        table.add_row(row.source, *map(str, cells))
    console.print(table)
    missing = ", ".join(f"{reason} {pairs:,}" for reason, pairs in report.total.not_run.items())
    console.print(f"not run: {missing or 'none'}", highlight=False)
    tools = ", ".join(f"{name}: {version}" for name, version in report.toolchains.items())
    console.print(f"toolchains: {plain(tools)}\nsandbox: {plain(report.isolation)}", highlight=False)
    for pair in report.disagreements[:20]:
        console.print(f"  disagrees  {plain(pair)}", highlight=False, soft_wrap=True)
    if len(report.disagreements) > 20:
        console.print(f"  and {len(report.disagreements) - 20} more: see report.json", highlight=False)


def _told(manifest: Manifest, out: Path) -> None:
    from rich import box
    from rich.table import Table

    from themis_rm.benchmark.manifest import coverage_table

    console = Console()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("source", no_wrap=True)
    table.add_column("read", justify="right")
    table.add_column("kept", justify="right")
    table.add_column("dropped")
    for entry in manifest.sources:
        reasons = sorted(entry.dropped.items(), key=lambda item: (-item[1], item[0]))
        told = ", ".join(f"{reason} {rows:,}" for reason, rows in reasons)
        table.add_row(entry.name, f"{entry.records:,}", f"{entry.kept:,}", told)
    console.print(table)
    console.print(coverage_table("Pairs by criterion and language", manifest.coverage))
    for item in manifest.nested:
        console.print(f"{item.pairs:,} pairs of {item.source} ({item.share:.0%}) lie in {item.inside}", highlight=False)
    requests = ", ".join(f"{name} {pairs:,}" for name, pairs in manifest.prompt_sources.items())
    console.print(f"requests: {requests}; pairs that can be executed: {manifest.checks:,}", highlight=False)
    for label, names in (
        ("missing sources", manifest.missing_sources),
        ("unknown directories", manifest.unknown_directories),
    ):
        if names:
            console.print(f"{label}: {plain(', '.join(names))}", highlight=False)
    told = f"{manifest.pairs:,} pairs -> {plain(str(out))}  sha256 {manifest.sha256[:16]}"
    console.print(told, highlight=False, soft_wrap=True)
