"""The manifest of a compiled benchmark: what went in, what came out, and by which checksum one knows it again."""

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
    """One source in a compiled benchmark."""

    name: str
    """Its slug."""
    title: str
    """How people call it."""
    license: str
    """SPDX expression."""
    citation: str
    """Authors, year, title, where."""
    upstream: str
    """Where the files are."""
    revision: str
    """Commit that the mapper was written against."""
    responses: str
    """Who wrote the answers."""
    tests: bool
    """Whether it brings tests."""
    input_digest: str
    """Hash of the files that were read."""
    records: int
    """Records read."""
    kept: int
    """Pairs in the benchmark."""
    dropped: dict[str, int]
    """Reason -> records."""

    @classmethod
    def of(cls, source: BenchmarkSource, **counted: Any) -> Self:
        """Take the metadata from the catalog."""
        known = {name: getattr(source, name) for name in cls.model_fields if hasattr(source, name)}
        return cls(**known, **counted)


class Nested(ResultPart):
    """A source whose pairs lie in another one."""

    source: str
    """The source that lost them."""
    inside: str
    """The source that keeps them."""
    pairs: int
    """How many it lost to that source."""
    share: float
    """Of its sound pairs."""


class Manifest(Result):
    """What a compiled benchmark is made of."""

    kind = "manifest of a compiled benchmark"

    pairs: int
    """Rows."""
    sha256: str
    """Of the Parquet file."""
    digest: str
    """Hash of the pairs in their order, which the file format does not change; results carry the same."""
    version: str
    """Of the package that compiled it."""
    sources: list[SourceEntry]
    """Sources that were there, by name."""
    absent: list[str]
    """Known sources whose folder was not there."""
    unknown: list[str]
    """Folders that belong to no source."""
    nested: list[Nested]
    """Sources that share pairs with others."""
    coverage: dict[str, dict[str, int]]
    """Criterion -> language -> pairs (benchmark names)."""
    prompt_sources: dict[str, int]
    """Where the requests come from -> pairs."""
    unwritten: dict[str, int]
    """Why the chat model wrote no request -> pairs, which kept their template."""
    checks: int
    """Pairs that can be executed."""
    settings: dict[str, Any]
    """Of the compilation."""


def coverage_table(title: str, coverage: Mapping[str, Mapping[str, int]]) -> Table:
    """Return criterion x language as a table that fits 80 columns.

    Args:
        title: Above it.
        coverage: Criterion -> language -> count (benchmark names).
    """
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column("")
    for row in benchmark_languages():
        table.add_column(row.name if len(row.name) < 7 else row.extensions[0][1:].upper(), justify="right")
    table.add_column("all", justify="right")
    for asked in CRITERIA:
        cells = coverage.get(asked.benchmark_aspect, {})
        counts = [cells.get(row.benchmark_name, 0) for row in benchmark_languages()]
        table.add_row(asked.short, *(_count(count) for count in [*counts, sum(counts)]))
    table.add_section()
    totals = [sum(cells.get(row.benchmark_name, 0) for cells in coverage.values()) for row in benchmark_languages()]
    table.add_row("all", *(_count(count) for count in [*totals, sum(totals)]))
    return table


def _count(count: int) -> str:
    return f"{count:,}" if count else "·"


def declared_coverage(sources: Iterable[BenchmarkSource]) -> dict[str, dict[str, int]]:
    """Return criterion -> language -> how many sources say that they have pairs there."""
    counts = {row.benchmark_aspect: {item.benchmark_name: 0 for item in benchmark_languages()} for row in CRITERIA}
    for source in sources:
        for asked in CRITERIA:
            for spoken in source.languages if asked.short in source.criteria else ():
                counts[asked.benchmark_aspect][spoken] += 1
    return counts
