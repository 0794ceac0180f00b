"""Manifest of a compiled benchmark: its sources, its counts and its checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from themis_rm.benchmark.sources.source import BenchmarkSource
from themis_rm.criteria import CRITERIA
from themis_rm.languages import benchmark_languages
from themis_rm.results import Result, ResultPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.table import Table


class SourceEntry(ResultPart):
    """One source of a compiled benchmark."""

    name: str
    """Slug."""
    title: str
    """Title for people."""
    license: str
    """SPDX expression."""
    citation: str
    """Authors, year, title, and where."""
    upstream: str
    """Repository of the files."""
    revision: str
    """Commit that the mapper was written against."""
    responses: str
    """Authors of the responses."""
    tests: bool
    """Whether the source has tests."""
    input_digest: str
    """SHA-256 over the names and contents of the files that were read."""
    records: int
    """Number of records that were read."""
    kept: int
    """Number of pairs in the benchmark."""
    dropped: dict[str, int]
    """Reason -> records."""

    @classmethod
    def of(cls, source: BenchmarkSource, **counts: Any) -> Self:
        """Return an entry with the source's metadata and the given counts."""
        metadata = {name: getattr(source, name) for name in cls.model_fields if hasattr(source, name)}
        return cls(**metadata, **counts)


class NestedSource(ResultPart):
    """A source whose pairs are partly or completely contained in another one."""

    source: str
    """Source that lost the shared pairs."""
    inside: str
    """Source that keeps them."""
    pairs: int
    """Number of shared pairs."""
    share: float
    """Their share of the valid pairs of ``source``."""


class Manifest(Result):
    """Contents of a compiled benchmark."""

    kind = "manifest of a compiled benchmark"

    pairs: int
    """Number of pairs."""
    sha256: str
    """SHA-256 of the Parquet file."""
    digest: str
    """Digest of the pairs in their order, independent of the file format; evaluation results have the same."""
    version: str
    """Version of the package that compiled the benchmark."""
    sources: list[SourceEntry]
    """Sources that were read, by name."""
    missing_sources: list[str]
    """Known sources without a directory."""
    unknown_directories: list[str]
    """Directories that belong to no known source."""
    nested: list[NestedSource]
    """Sources that share pairs with a larger source."""
    coverage: dict[str, dict[str, int]]
    """Criterion -> language -> pairs (benchmark names)."""
    prompt_sources: dict[str, int]
    """Origin of the prompts -> pairs."""
    prompt_failures: dict[str, int]
    """Reason why the chat model generated no prompt -> pairs, which keep their template."""
    checks: int
    """Number of pairs that can be executed."""
    settings: dict[str, Any]
    """Settings of the compilation."""

    def records(self) -> list[dict[str, Any]]:
        """Return one row per source."""
        return [
            {
                "source": entry.name,
                "license": entry.license,
                "records": entry.records,
                "kept": entry.kept,
                "dropped": sum(entry.dropped.values()),
                "reasons": format_reasons(entry.dropped),
            }
            for entry in self.sources
        ]

    def summary(self) -> str:
        """Return the number of pairs, sources and executable pairs, and the checksum."""
        return (
            f"{self.pairs:,} pairs from {len(self.sources)} sources, {self.checks:,} executable, "
            f"sha256 {self.sha256[:16]}"
        )

    def empty_sources(self) -> list[str]:
        """Return one line for each source that was read and gave no pair."""
        return [
            f"{entry.name} gave no pair: "
            + (f"{entry.records:,} records, {format_reasons(entry.dropped)}" if entry.records else "it has no record")
            for entry in self.sources
            if not entry.kept
        ]


def format_reasons(dropped: Mapping[str, int]) -> str:
    """Return reasons with their counts in one line, the most frequent first."""
    reasons = sorted(dropped.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {count:,}" for reason, count in reasons)


def coverage_table(title: str, coverage: Mapping[str, Mapping[str, int]]) -> Table:
    """Return criterion x language as a table that fits 80 columns.

    Args:
        title: Title of the table.
        coverage: Criterion -> language -> count (benchmark names).
    """
    from rich import box
    from rich.table import Table

    languages = benchmark_languages()
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("")
    for row in languages:
        table.add_column(row.name if len(row.name) < 7 else row.extensions[0][1:].upper(), justify="right")
    table.add_column("all", justify="right")
    for item in CRITERIA:
        cells = coverage.get(item.benchmark_aspect, {})
        counts = [cells.get(row.benchmark_name, 0) for row in languages]
        table.add_row(item.short, *(_format_count(count) for count in [*counts, sum(counts)]))
    table.add_section()
    totals = [sum(cells.get(row.benchmark_name, 0) for cells in coverage.values()) for row in languages]
    table.add_row("all", *(_format_count(count) for count in [*totals, sum(totals)]))
    return table


def _format_count(count: int) -> str:
    return f"{count:,}" if count else "·"


def declared_coverage(sources: Iterable[BenchmarkSource]) -> dict[str, dict[str, int]]:
    """Return criterion -> language -> number of sources that declare pairs for both."""
    counts = {row.benchmark_aspect: {item.benchmark_name: 0 for item in benchmark_languages()} for row in CRITERIA}
    for source in sources:
        for item in CRITERIA:
            for lang in source.languages if item.short in source.criteria else ():
                counts[item.benchmark_aspect][lang] += 1
    return counts
