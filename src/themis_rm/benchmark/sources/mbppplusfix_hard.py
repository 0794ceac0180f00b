"""MBPP+Fix (hard): solutions by language models that pass most tests of an MBPP+ task, but not all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.source import Source, SourcePair, Unusable, read_jsonl
from themis_rm.execute.check import Check


def _read(folder: Path) -> Iterator[SourcePair | Unusable]:
    seen: Counter[str] = Counter()
    for _, record in read_jsonl(folder / "MBPP+Fix_hard_test.jsonl"):
        task = str(record["task_id"])
        seen[task] += 1
        yield SourcePair(
            key=f"{task}/{seen[task]}",
            criterion="FC",
            language="Python",
            chosen=record["canonical_solution"].strip("\n") + "\n",
            rejected=record["code"].strip("\n") + "\n",
            prompt=f"{record['prompt'].strip()}\n\nSignature: `{record['signature'].strip()}`\n",
            group=f"MBPP/{task}",
            name=record["entry_point"],
            signature=record["signature"],
            check=Check(id="", language="Python", after=f"\n\n{record['test']}\n", packages=["numpy"], seconds=30.0),
        )


SOURCES = (
    Source(
        name="mbppplusfix_hard",
        title="MBPP+Fix (Hard)",
        subset="MBPP_PLUS_FIX_HARD",
        licence="MIT",
        criteria=("FC",),
        languages=("Python",),
        prompts="upstream",
        responses="chosen: people (MBPP+ references); rejected: language models",
        tests=True,
        citation=(
            "Archiki Prasad et al. (2025). Learning to Generate Unit Tests for Automated Debugging. arXiv:2502.01619"
        ),
        upstream="github:archiki/UTGenDebug",
        revision="93ad91f27ff09e2b006612db82e32c91be3a5192",
        files=("datasets/MBPP+Fix_hard_test.jsonl",),
        read=_read,
        notes="Several models' solutions share a task, so its pairs share a group.",
    ),
)
