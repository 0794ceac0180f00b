"""Audit of a benchmark: runs all measurements and checks, and writes the results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import themis_rm
from themis_rm.benchmark.audit.checks import LEVELS, AuditCheck, run_checks
from themis_rm.benchmark.audit.differences import difference_findings
from themis_rm.benchmark.audit.duplicates import duplicate_findings
from themis_rm.benchmark.audit.features import PairFeatures, count_values, extract_features, read_pairs
from themis_rm.benchmark.audit.findings import Finding, count_findings, write_findings
from themis_rm.benchmark.audit.leaks import (
    OneSidedWord,
    find_one_sided_words,
    label_leak_findings,
    one_sided_word_findings,
)
from themis_rm.benchmark.audit.lengths import LengthBiases
from themis_rm.benchmark.audit.near_duplicates import (
    cluster_duplicates,
    find_near_duplicates,
    near_duplicate_findings,
)
from themis_rm.benchmark.audit.settings import AuditSettings
from themis_rm.benchmark.audit.statistics import BenchmarkStatistics, parsing_findings
from themis_rm.benchmark.audit.surface import SurfaceBias, surface_biases
from themis_rm.benchmark.audit.training import TrainingOverlap, check_training_set, find_training_overlap
from themis_rm.progress import status_spinner
from themis_rm.results import Result, ResultPart

if TYPE_CHECKING:
    from rich.console import Group

AUDIT, FINDINGS = "audit.json", "findings.parquet"
"""Names of the files in the output directory."""


class DuplicateCluster(ResultPart):
    """A cluster of near duplicates."""

    pairs: int
    """Number of pairs."""
    sources: dict[str, int]
    """Source -> pairs."""
    aspects: dict[str, int]
    """Criterion -> pairs."""
    tasks: int
    """Number of distinct tasks."""
    first: list[str]
    """Ids of the first five pairs."""


class Audit(Result):
    """Result of an audit."""

    kind = "audit of a benchmark"

    benchmark: str
    """Name of the benchmark."""
    digest: str
    """Digest of its usable pairs; evaluation results have the same."""
    pairs: int
    """Number of usable pairs; everything below is about these."""
    rejected: dict[str, int]
    """Reason -> rows that are not usable pairs."""
    version: str
    """Version of this package."""
    settings: AuditSettings
    """Settings of the audit."""
    checks: list[AuditCheck]
    """Outcome of each check, the most severe first."""
    findings: dict[str, dict[str, int]]
    """Kind -> scope -> pairs; ``findings.parquet`` lists each one."""
    lengths: LengthBiases
    """Length bias."""
    surface: dict[str, SurfaceBias]
    """Criterion -> accuracy of cross-fitted n-grams."""
    clusters: list[DuplicateCluster]
    """Clusters of near duplicates, the largest first."""
    words: list[OneSidedWord]
    """Words whose side is associated with the label, by source, the strongest first."""
    statistics: BenchmarkStatistics
    """Statistics of parsing, tasks and prompts."""
    overlap: TrainingOverlap | None
    """Overlap with a training set, if one was given."""

    def records(self) -> list[dict[str, Any]]:
        """Return one row per check."""
        return [check.model_dump() for check in self.checks]

    def summary(self) -> str:
        """Return the number of pairs and of checks by level."""
        levels = Counter(check.level for check in self.checks)
        return f"{self.benchmark}, {self.pairs:,} pairs, " + ", ".join(f"{levels[name]} {name}" for name in LEVELS)

    def table(self) -> Group:
        """Return the audit as tables for a terminal of 100 columns, the most severe checks first."""
        from themis_rm.benchmark.audit.tables import audit_tables

        return audit_tables(self)


def audit(
    benchmark: str | Path,
    out: str | Path,
    settings: AuditSettings | None = None,
    against: str | Path | None = None,
) -> Audit:
    """Audit a benchmark and write ``audit.json`` and ``findings.parquet``.

    Args:
        benchmark: ``authored``, or a benchmark file or directory. The columns of a compiled benchmark allow more
            checks than the published columns.
        out: Output directory.
        settings: See :class:`AuditSettings`.
        against: Training set to search for the benchmark: preference data in any known format, or another benchmark.

    Raises:
        InputError: The benchmark or the training set cannot be read.
    """
    settings, out = settings or AuditSettings(), Path(out)
    if against:
        check_training_set(Path(against))
    read, pairs = read_pairs(benchmark)
    step = "parsing"
    with status_spinner("audit", lambda: step):
        items = extract_features(pairs)
        step = "near duplicates"
        findings, clusters = _compare_pairs(items, settings)
        step = "words"
        words = find_one_sided_words(items, settings)
        findings += [
            *difference_findings(items),
            *label_leak_findings(items),
            *one_sided_word_findings(items, words),
            *parsing_findings(items),
        ]
        step = "n-grams"
        surface = surface_biases(items, settings.confidence_level) if settings.fit_ngrams else {}
        step = "training set"
        overlap, overlap_findings = find_training_overlap(pairs, Path(against), settings) if against else (None, [])
        findings += overlap_findings
    lengths = LengthBiases.of(pairs, settings.confidence_level)
    statistics = BenchmarkStatistics.of(items, settings.min_repeats)
    counts = count_findings(findings)
    result = Audit(
        benchmark=read.name,
        digest=read.digest,
        pairs=len(pairs),
        rejected=read.reasons,
        version=themis_rm.__version__,
        settings=settings,
        checks=run_checks(len(pairs), lengths, surface, counts, words, statistics, overlap, settings),
        findings=counts,
        lengths=lengths,
        surface=surface,
        clusters=clusters,
        words=words,
        statistics=statistics,
        overlap=overlap,
    )
    write_findings(out / FINDINGS, findings)
    result.save(out / AUDIT)
    return result


def _compare_pairs(
    items: Sequence[PairFeatures], settings: AuditSettings
) -> tuple[list[Finding], list[DuplicateCluster]]:
    near = find_near_duplicates(items, settings.shingle_size, settings.min_jaccard, settings.num_permutations)
    clusters = cluster_duplicates(near)
    findings = [*duplicate_findings(items), *near_duplicate_findings(items, near, clusters)]
    return findings, [_describe_cluster([items[number] for number in members]) for members in clusters]


def _describe_cluster(members: Sequence[PairFeatures]) -> DuplicateCluster:
    pairs = [member.pair for member in members]
    return DuplicateCluster(
        pairs=len(pairs),
        sources=count_values(pair.source for pair in pairs),
        aspects=count_values(pair.aspect for pair in pairs),
        tasks=len({member.task for member in members}),
        first=[pair.id for pair in pairs[:5]],
    )
