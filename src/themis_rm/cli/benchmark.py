"""Verbs of ``themis-rm benchmark``: list sources, compile, verify, audit and export a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from themis_rm.cli.extras import require_extra
from themis_rm.cli.grammar import Call, verb
from themis_rm.cli.groups import benchmark
from themis_rm.cli.options import Executor, Limit, Out, Workers, executor_flags
from themis_rm.cli.output import new_table, to_plain, written
from themis_rm.errors import SettingError

if TYPE_CHECKING:
    from rich.table import Table

    from themis_rm.benchmark.manifest import Manifest
    from themis_rm.benchmark.sources.source import BenchmarkSource
    from themis_rm.benchmark.verification_report import VerificationReport

SOURCE_FIELDS = ("title", "subset", "license", "upstream", "revision", "responses", "citation", "notes")
SOURCE_LISTS = ("criteria", "languages", "files")
MOST_DISAGREEMENTS = 20

Compiled = Annotated[Path, typer.Argument(metavar="BENCHMARK", help="Compiled .parquet file.")]


@verb(
    benchmark,
    "sources",
    "benchmark sources",
    "benchmark sources humanevalpack",
    "benchmark sources --sources downloads",
)
def sources(
    call: Call,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Show one source in full.")] = None,
    directory: Annotated[
        Path | None, typer.Option("--sources", metavar="DIR", help="Mark the sources that this directory contains.")
    ] = None,
) -> None:
    """List the public sources from which a benchmark can be compiled."""
    from themis_rm.benchmark.manifest import coverage_table, declared_coverage
    from themis_rm.benchmark.sources.source import SOURCES

    if name is not None:
        source = _source_fields(SOURCES.get(name))
        call.output(source, *(f"{key:>10}  {_text(value)}" for key, value in source.items()))
        return
    coverage = coverage_table("Sources by criterion and language", declared_coverage(SOURCES))
    rows = [_source_fields(source) | _present(source, directory) for source in SOURCES]
    call.output(rows, _source_table(SOURCES, directory), coverage)


@verb(
    benchmark,
    "compile",
    "benchmark compile --sources downloads --out bench.parquet",
    "benchmark compile --sources downloads --out bench.parquet --only humanevalpack",
)
def compile_(
    call: Call,
    directory: Annotated[
        Path, typer.Option("--sources", metavar="DIR", help="Directory with one subdirectory per source.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Parquet file to write. An interrupted job resumes.")
    ],
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Use only this source; repeatable.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Largest number of pairs per source.")
    ] = None,
    executor: Executor = None,
    workers: Workers = None,
) -> None:
    """Compile the sources in a directory into one benchmark with a manifest."""
    from themis_rm.benchmark.compile import compile_benchmark

    flags = {"only": only or None, "max_pairs_per_source": limit, **executor_flags(executor, workers)}
    settings, execution = call.stage_settings(flags)
    manifest = compile_benchmark(directory, out, settings, execution)
    notes = [f"note: {line}" for line in manifest.empty_sources()]
    call.output(manifest, *_manifest_output(manifest, out), *notes)


@verb(
    benchmark,
    "verify",
    "benchmark verify bench.parquet --out verified --mark bench-verified.parquet",
    "benchmark verify authored --out verified --limit 100 -s languages=[Python]",
)
def verify(
    call: Call,
    compiled: Annotated[
        Path, typer.Argument(metavar="BENCHMARK", help="Compiled .parquet file, or 'authored' for the built-in pairs.")
    ],
    out: Out,
    marked: Annotated[
        Path | None,
        typer.Option("--mark", metavar="FILE", help="Write a copy of the benchmark with the outcome per pair."),
    ] = None,
    limit: Limit = None,
    workers: Workers = None,
) -> None:
    """Execute both responses of every pair that has tests, in a sandbox, and report labels that do not agree."""
    from themis_rm.benchmark.verified_column import add_verified_column
    from themis_rm.benchmark.verify import VERIFIED_PAIRS
    from themis_rm.benchmark.verify import verify as execute

    if marked is not None and str(compiled) == "authored":
        raise SettingError("The authored pairs are part of the package; there is nothing to mark.")
    settings = call.settings({"limit": limit, "workers": workers})
    report = execute("authored" if str(compiled) == "authored" else compiled, out, settings)
    lines = list(_verification_output(report))
    if marked is not None:
        counts = add_verified_column(compiled, out / VERIFIED_PAIRS, marked)
        lines.append(f"{', '.join(f'{state} {rows:,}' for state, rows in counts.items())} -> {marked}")
    call.output(report, *lines)


@verb(
    benchmark,
    "audit",
    "benchmark audit bench.parquet --out audit",
    "benchmark audit bench.parquet --out audit --against dataset",
)
def audit(
    call: Call,
    compiled: Annotated[str, typer.Argument(metavar="BENCHMARK", help="Benchmark file or directory, or 'authored'.")],
    out: Out,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="DATA", help="Preference data to search for n-grams of the prompts."),
    ] = None,
) -> None:
    """Report what makes an accuracy on a benchmark less meaningful: length, duplicates, leaks, training overlap."""
    settings = call.settings()
    with require_extra("train"):
        from themis_rm.benchmark.audit.run import audit as run_audit

    result = run_audit(compiled, out, settings, against)
    call.output(result, result.table(), f"by pair {written(out / 'findings.parquet')}")


@verb(
    benchmark,
    "export",
    "benchmark export bench.parquet --out dataset",
    "benchmark export bench.parquet --out dataset --audit audit/audit.json",
)
def export(
    call: Call,
    compiled: Compiled,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Directory to write.")],
    manifest: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE", help="Manifest, if the file is a verified copy.")
    ] = None,
    audited: Annotated[
        Path | None, typer.Option("--audit", metavar="FILE", help="audit.json whose figures the card shows.")
    ] = None,
) -> None:
    """Write a benchmark as a dataset repository of the Hub: full, by criterion, by language, and a dataset card."""
    settings = call.settings()
    with require_extra("train"):
        from themis_rm.report.benchmark_export import export_benchmark

    exported = export_benchmark(compiled, out, settings, manifest, audited)
    call.output(exported, written(out))


def _source_fields(source: BenchmarkSource) -> dict[str, Any]:
    values = {"name": source.name, **{key: getattr(source, key) for key in SOURCE_FIELDS}}
    lists = {key: list(getattr(source, key)) for key in SOURCE_LISTS}
    return {key: to_plain(value) for key, value in values.items()} | lists | {"tests": bool(source.tests)}


def _present(source: BenchmarkSource, directory: Path | None) -> dict[str, bool]:
    return {} if directory is None else {"present": source.directory_in(directory).is_dir()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (", ".join(map(str, value)) if isinstance(value, list) else str(value or "")) or "-"


def _source_table(known: Any, directory: Path | None) -> Table:
    columns = ("source", "license", "criteria", "languages", "tests", *(["present"] if directory else []))
    table = new_table(*columns, left=columns)
    for source in known:
        cells = [source.name, source.license, " ".join(source.criteria), " ".join(source.languages)]
        marks = [bool(source.tests), *_present(source, directory).values()]
        table.add_row(*cells, *("yes" if mark else "·" for mark in marks))
    return table


def _verification_output(report: VerificationReport) -> Iterator[Any]:
    columns = ("source", "n", "agree", "agreement", "low", "high", "chosen fails", "rejected passes")
    table = new_table(*columns, title=f"Labels of {report.benchmark} compared with execution, in %")
    for row in (row for row in [*report.sources, report.total] if row.checked):
        counts = (row.chosen_fails, row.rejected_passes)
        shares = (f"{100 * (share or 0):.1f}" for share in (row.share, row.low, row.high))
        table.add_row(*map(str, (row.source, row.checked, row.agree, *shares, *counts)))
    yield table
    missing = ", ".join(f"{reason} {pairs:,}" for reason, pairs in report.total.not_run.items())
    yield f"not run: {missing or 'none'}"
    yield f"toolchains: {', '.join(f'{name}: {version}' for name, version in report.toolchains.items())}"
    yield f"sandbox: {report.isolation}"
    yield from (f"  disagrees  {pair}" for pair in report.disagreements[:MOST_DISAGREEMENTS])
    if len(report.disagreements) > MOST_DISAGREEMENTS:
        yield f"  and {len(report.disagreements) - MOST_DISAGREEMENTS} more: see report.json"


def _manifest_output(manifest: Manifest, out: Path) -> Iterator[Any]:
    from themis_rm.benchmark.manifest import coverage_table

    table = new_table("source", "read", "kept", "dropped", left=("dropped",))
    for entry in manifest.sources:
        reasons = sorted(entry.dropped.items(), key=lambda item: (-item[1], item[0]))
        dropped = ", ".join(f"{reason} {rows:,}" for reason, rows in reasons)
        table.add_row(entry.name, f"{entry.records:,}", f"{entry.kept:,}", dropped)
    yield table
    yield coverage_table("Pairs by criterion and language", manifest.coverage)
    for item in manifest.nested:
        yield f"{item.pairs:,} pairs of {item.source} ({item.share:.0%}) are in {item.inside} too"
    prompts = ", ".join(f"{name} {pairs:,}" for name, pairs in manifest.prompt_sources.items())
    yield f"prompts: {prompts}; pairs that can be executed: {manifest.checks:,}"
    for label, names in (
        ("missing sources", manifest.missing_sources),
        ("unknown directories", manifest.unknown_directories),
    ):
        if names:
            yield f"{label}: {', '.join(names)}"
    yield f"{manifest.pairs:,} pairs -> {out}  sha256 {manifest.sha256[:16]}"
