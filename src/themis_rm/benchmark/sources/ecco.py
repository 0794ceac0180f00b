"""ECCO, history-based editing part: slow and fast Python submissions to contest problems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.codenet import STATEMENTS_DIRECTORY
from themis_rm.benchmark.sources.pie_perf import build_trajectory_pair
from themis_rm.benchmark.sources.source import DOWNLOAD_HINT, SOURCES, BenchmarkSource, SourceRecord
from themis_rm.errors import InputError
from themis_rm.storage.parquet import read_rows

_COLUMNS = (
    "problem_id",
    "language",
    "submission_id_v0",
    "submission_id_v1",
    "cpu_time_v0",
    "cpu_time_v1",
    "status_v1",
    "input",
    "target",
)


def _read(directory: Path) -> Iterator[SourceRecord]:
    files = sorted((directory / "edit").glob("test-*.parquet"))
    if not files:
        raise InputError(f"{directory / 'edit'} contains no test-*.parquet.", DOWNLOAD_HINT)
    for file in files:
        for record in read_rows(file, _COLUMNS):
            yield build_trajectory_pair(record, directory.parent / STATEMENTS_DIRECTORY)


SOURCES.register(
    BenchmarkSource(
        name="ecco",
        title="ECCO",
        subset="ECCO",
        license="NOASSERTION",
        criteria=("EE",),
        languages=("Python",),
        prompts="upstream",
        responses="people; two contest submissions of one author, ranked by the judge's CPU time",
        tests=True,
        citation=(
            "Siddhant Waghjale, Vishruth Veerendranath, Zora Zhiruo Wang and Daniel Fried (2024). ECCO: Can We Improve "
            "Model-Generated Code Efficiency Without Sacrificing Functional Correctness? arXiv:2407.14044"
        ),
        upstream="hf:CodeEff/ECCO",
        revision="",
        files=("edit/test-*.parquet",),
        read=_read,
        notes=(
            "The test split of the edit configuration. It shares problems and submissions with PIE; the larger source "
            "keeps pairs that are in both. Problem statements come from codenet_problem_descriptions next to it. "
            "Upstream states no license; the submissions are from CodeNet (CDLA-Permissive-2.0). The files were not "
            "available: the columns are those of PIE's first version, two of which the repository's code reads."
        ),
    )
)
