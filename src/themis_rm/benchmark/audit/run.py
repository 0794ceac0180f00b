"""An audit: all looks at one benchmark, its figures, its findings, its verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import themis_rm
from themis_rm.benchmark.audit.differences import differences
from themis_rm.benchmark.audit.duplicates import duplicates
from themis_rm.benchmark.audit.findings import Finding, counts, write_findings
from themis_rm.benchmark.audit.leaks import TellingWord, artifacts, spoken_leaks, telling_words
from themis_rm.benchmark.audit.lengths import LengthBiases
from themis_rm.benchmark.audit.near import clusters, links, near_findings
from themis_rm.benchmark.audit.pairs import PairFeatures, counted, examined, read_pairs
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.audit.shape import Shape, shape_findings
from themis_rm.benchmark.audit.surface import SurfaceBias, surface_biases
from themis_rm.benchmark.audit.training import Overlap, overlap
from themis_rm.benchmark.audit.verdicts import Verdict, verdicts
from themis_rm.progress import status_spinner
from themis_rm.results import Result, ResultPart

if TYPE_CHECKING:
    from rich.console import Group

AUDIT, FINDINGS = "audit.json", "findings.parquet"


class Cluster(ResultPart):
    """Near duplicates that hang together."""

    pairs: int
    """How many."""
    sources: dict[str, int]
    """Source -> pairs."""
    aspects: dict[str, int]
    """Criterion -> pairs."""
    tasks: int
    """Different tasks."""
    first: list[str]
    """Ids of the first few."""


class Audit(Result):
    """What an audit found."""

    kind = "audit of a benchmark"

    benchmark: str
    """Name of the benchmark."""
    digest: str
    """Hash of its usable pairs; results carry the same."""
    pairs: int
    """Usable pairs; all that follows is about them."""
    rejected: dict[str, int]
    """Reason -> rows that are no usable pair."""
    version: str
    """Of the package."""
    settings: AuditSettings
    """Of the audit."""
    verdicts: list[Verdict]
    """One for each problem, the gravest first."""
    findings: dict[str, dict[str, int]]
    """Kind -> scope -> pairs; each one stands in ``findings.parquet``."""
    lengths: LengthBiases
    """Length bias."""
    surface: dict[str, SurfaceBias]
    """Criterion -> what n-grams get there."""
    clusters: list[Cluster]
    """Clusters of near duplicates, the largest first."""
    words: list[TellingWord]
    """Words whose side goes with the label, by source, the strongest first."""
    shape: Shape
    """Parsing, tasks, requests."""
    overlap: Overlap | None
    """With a training set, where one was given."""

    def table(self) -> Group:
        """Return the audit for a terminal of 100 columns, what is worrying first."""
        from themis_rm.benchmark.audit.tables import audit_tables

        return audit_tables(self)


def audit(
    benchmark: str | Path, out: Path, settings: AuditSettings | None = None, against: Path | None = None
) -> Audit:
    """Audit a benchmark and write ``audit.json`` and ``findings.parquet`` into a folder.

    Args:
        benchmark: ``authored``, or a benchmark file or folder. A compiled one says most about its pairs.
        out: Folder to write to.
        settings: See :class:`AuditSettings`.
        against: Training set to look for the benchmark in: a preference dataset, or another benchmark.

    Raises:
        InputError: The benchmark or the training set cannot be read.
    """
    settings = settings or AuditSettings()
    read, pairs = read_pairs(benchmark)
    now = "parsing"
    with status_spinner("audit", lambda: now):
        items = examined(pairs)
        now = "near duplicates"
        found, grouped = _pairwise(items, settings)
        now = "words"
        words = telling_words(items, settings)
        found += [*differences(items), *spoken_leaks(items), *artifacts(items, words), *shape_findings(items)]
        now = "n-grams"
        surface = surface_biases(items, settings.level) if settings.ngrams else {}
        now = "training set"
        overlapping, shared = overlap(pairs, against, settings) if against else (None, [])
        found += shared
    lengths, shape, counted_ = LengthBiases.of(pairs, settings.level), Shape.of(items, settings.repeats), counts(found)
    result = Audit(
        benchmark=read.name,
        digest=read.digest,
        pairs=len(pairs),
        rejected=read.reasons,
        version=themis_rm.__version__,
        settings=settings,
        verdicts=verdicts(len(pairs), lengths, surface, counted_, words, shape, overlapping, settings),
        findings=counted_,
        lengths=lengths,
        surface=surface,
        clusters=grouped,
        words=words,
        shape=shape,
        overlap=overlapping,
    )
    write_findings(out / FINDINGS, found)
    result.save(out / AUDIT)
    return result


def _pairwise(items: Sequence[PairFeatures], settings: AuditSettings) -> tuple[list[Finding], list[Cluster]]:
    linked = links(items, settings.shingle, settings.near, settings.permutations)
    grouped = clusters(linked)
    named = [_cluster([items[number] for number in members]) for members in grouped]
    return [*duplicates(items), *near_findings(items, linked, grouped)], named


def _cluster(members: Sequence[PairFeatures]) -> Cluster:
    pairs = [member.pair for member in members]
    return Cluster(
        pairs=len(pairs),
        sources=counted(pair.source for pair in pairs),
        aspects=counted(pair.aspect for pair in pairs),
        tasks=len({member.task for member in members}),
        first=[pair.id for pair in pairs[:5]],
    )
