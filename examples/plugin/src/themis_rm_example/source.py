"""A benchmark source: one JSONL file whose rows have ``id``, ``prompt``, ``good`` and ``bad``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, SourcePair, SourceRecord, UnusableRecord

FILE = "pairs.jsonl"


def read(directory: Path) -> Iterator[SourceRecord]:
    """Yield one record per line."""
    path = directory / FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for row in map(json.loads, lines):
        if not row["bad"]:
            yield UnusableRecord(row["id"], "no-rejected-version")
            continue
        yield SourcePair(
            key=row["id"],
            criterion="FC",
            language="Python",
            chosen=row["good"],
            rejected=row["bad"],
            prompt=row["prompt"],
        )


SOURCES.register(
    BenchmarkSource(
        name="example_pairs",
        title="Example pairs",
        subset="EXAMPLE_PAIRS",
        license="CC0-1.0",
        criteria=("FC",),
        languages=("Python",),
        prompts="upstream",
        responses="people; written for this example",
        tests=False,
        citation="The Themis developers (2026). Example pairs of the plugin template.",
        upstream="github:themis-rm/themis-rm",
        revision="",
        files=(FILE,),
        read=read,
    )
)
