"""EvalPerf: correct solutions by language models, ranked in levels of efficiency."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.cleaning.surface import remove_differing_comments
from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
)
from themis_rm.errors import InputError
from themis_rm.storage.parquet import read_rows

_COLUMNS = ("task_id", "prompt", "entry_point", "reference", "scores")


def _read(directory: Path) -> Iterator[SourceRecord]:
    files = sorted(directory.rglob("test-*.parquet"))
    if not files:
        raise InputError(f"{directory} contains no test-*.parquet.", DOWNLOAD_HINT)
    for file in files:
        for record in read_rows(file, _COLUMNS):
            yield from _pairs(record)


def _pairs(record: dict[str, Any]) -> Iterator[SourceRecord]:
    """Yield the fastest level paired with each slower one."""
    task, levels, scores = record["task_id"], record["reference"] or [], record["scores"] or []
    if len(levels) != len(scores) or any(low > high for low, high in pairwise(scores)):
        yield UnusableRecord(task, "levels-out-of-order")
        return
    if len(levels) < 2:
        yield UnusableRecord(task, "one-side-only")
    for number, slower in enumerate(levels[:-1]):
        key = f"{task}:{number}"
        if scores[number] == scores[-1]:
            yield UnusableRecord(key, "equal-scores")
            continue
        chosen, rejected = remove_differing_comments(levels[-1], slower, "Python")
        yield SourcePair(
            key=key,
            criterion="EE",
            language="Python",
            chosen=chosen,
            rejected=rejected,
            prompt=record["prompt"].strip(),
            group=task,
            name=record["entry_point"],
            rule="level of efficiency",
        )


SOURCES.register(
    BenchmarkSource(
        name="evalperf",
        title="EvalPerf",
        subset="EVALPERF",
        license="Apache-2.0",
        criteria=("EE",),
        languages=("Python",),
        prompts="upstream",
        responses="language models; clustered by CPU instructions on a performance-exercising input",
        tests=False,
        citation=(
            "Jiawei Liu, Songrun Xie, Junhao Wang, Yuxiang Wei, Yifeng Ding and Lingming Zhang (2024). Evaluating "
            "Language Models for Efficient Code Generation. COLM 2024, arXiv:2408.06450"
        ),
        upstream="hf:evalplus/evalperf",
        revision="",
        files=("data/test-*.parquet",),
        read=_read,
        notes=(
            "Levels are ordered from slowest to fastest; the fastest is paired with each of the others. The dataset "
            "was not available: its columns are those that the evalplus package reads and writes."
        ),
    )
)
