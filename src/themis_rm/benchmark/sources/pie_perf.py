"""PIE, Python: two accepted submissions of one author to a contest problem, the later one faster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.formats.codenet import STATEMENTS_DIRECTORY
from themis_rm.benchmark.sources.formats.submissions import build_submission_pair, is_within_noise
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)

FILE = "codenet-python-test-1k.jsonl"


def _read(directory: Path) -> Iterator[SourceRecord]:
    for _, record in read_jsonl(directory / FILE):
        yield build_trajectory_pair(record, directory.parent / STATEMENTS_DIRECTORY)


def build_trajectory_pair(record: dict[str, Any], pages: Path) -> SourceRecord:
    """Return the pair of a record with the columns of PIE's first version, which ECCO also has.

    Args:
        record: One step from a submission (``v0``) to a faster one (``v1``).
        pages: Directory of the problem statements.
    """
    key = f"{record['submission_id_v0']}-{record['submission_id_v1']}"
    if record["language"].casefold() != "python":
        return UnusableRecord(key, "language")
    if record["status_v1"] != "Accepted":
        return UnusableRecord(key, "not-accepted")
    if is_within_noise(float(record["cpu_time_v0"]), float(record["cpu_time_v1"])):
        return UnusableRecord(key, "within-noise")
    return build_submission_pair(
        key=key,
        problem=record["problem_id"],
        slow=record["input"],
        fast=record["target"],
        language="Python",
        pages=pages,
    )


SOURCES.register(
    BenchmarkSource(
        name="pie_perf_python",
        title="PIE (Python)",
        subset="PIE_PERF",
        license="Apache-2.0",
        criteria=("EE",),
        languages=("Python",),
        prompts="upstream",
        responses="people; two accepted contest submissions of one author, ranked by the judge's CPU time",
        tests=True,
        citation=(
            "Aman Madaan, Alexander Shypula, Uri Alon, Milad Hashemi, Parthasarathy Ranganathan, Yiming Yang, Graham "
            "Neubig and Amir Yazdanbakhsh (2023). Learning Performance-Improving Code Edits. arXiv:2302.07867v1; "
            "copy of Madaan et al. (2023). Self-Refine. arXiv:2303.17651"
        ),
        upstream="github:madaan/self-refine",
        revision="9a206d41e5d2d0c241bb441f41eeadb945afaa55",
        files=(f"data/tasks/pie/{FILE}",),
        read=_read,
        notes=(
            "Problem statements and samples come from codenet_problem_descriptions next to it. Pairs whose CPU times "
            "differ by a factor of less than 1.5 or by less than 20 ms are omitted, as start-up times vary by as much. "
            "Upstream converted all programs with 2to3, which breaks Python 3 code; its changes to input() and print() "
            "are reverted."
        ),
    )
)
