"""PIE, C++: slow and fast contest submissions, timed by a simulated processor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.formats.codenet import STATEMENTS_DIRECTORY
from themis_rm.benchmark.sources.formats.submissions import build_submission_pair
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)

_COLUMNS = ("src_id", "tgt_id", "src_code", "tgt_code", "src_agg_runtime", "tgt_agg_runtime", "problem_id")
_MIN_SPEEDUP = 1.1
"""The simulator's timings are deterministic, so that the authors' threshold of ten percent is above the noise."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    path = directory / "test.jsonl"
    for _, record in read_jsonl(path, _COLUMNS):
        yield _pair(record, directory.parent / STATEMENTS_DIRECTORY)


def _pair(record: dict[str, Any], pages: Path) -> SourceRecord:
    key = f"{record['src_id']}-{record['tgt_id']}"
    slow, fast = float(record["src_agg_runtime"]), float(record["tgt_agg_runtime"])
    if not slow >= _MIN_SPEEDUP * fast > 0:
        return UnusableRecord(key, "within-noise")
    return build_submission_pair(
        key=key,
        problem=record["problem_id"],
        slow=record["src_code"],
        fast=record["tgt_code"],
        language="Cpp",
        pages=pages,
    )


SOURCES.register(
    BenchmarkSource(
        name="pie_cpp",
        title="PIE (C++)",
        subset="PIE_PERF",
        license="Apache-2.0",
        criteria=("EE",),
        languages=("Cpp",),
        prompts="upstream",
        responses="people; two accepted contest submissions of one author, timed by gem5",
        tests=True,
        citation=(
            "Alexander Shypula, Aman Madaan, Yimeng Zeng, Uri Alon, Jacob Gardner, Milad Hashemi, Graham Neubig, "
            "Parthasarathy Ranganathan, Osbert Bastani and Amir Yazdanbakhsh (2024). Learning Performance-Improving "
            "Code Edits. ICLR 2024, arXiv:2302.07867"
        ),
        upstream="github:LearningOpt/pie",
        revision="eb3d72bc4f3c9095d0f62506340bc8ca0ef27b09",
        files=("test.jsonl",),
        read=_read,
        notes=(
            "The repository links to the splits on a file host; only test.jsonl is read. The files were not available: "
            "their columns are those that the repository's evaluation reads. Problem statements come from "
            "codenet_problem_descriptions next to it."
        ),
    )
)
