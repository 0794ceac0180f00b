"""ILF: MBPP solutions of a language model that fail the tests, and their corrections by people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)
from themis_rm.execute.check import Check

_REQUEST = re.compile(r'\A\s*"""(?P<request>.*?)"""\s*\n(?P<code>.*)\Z', re.DOTALL)
"""A text of a record: the request as a docstring, then imports, a signature and possibly a body."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    seen: Counter[str] = Counter()
    for _, record in read_jsonl(directory / "surge_annotations.jsonl"):
        task = str(record["task_id"])
        seen[task] += 1
        yield _pair(record, f"{task}/{seen[task]}", f"MBPP/{task}")


def _pair(record: dict[str, Any], key: str, group: str) -> SourceRecord:
    if record["passed"] is not True:
        return UnusableRecord(key, "fails-tests")
    asked, original, repaired = (
        _REQUEST.match(record[name])
        for name in ("prompt", "original_model_completion", "unedited_annotator_completion")
    )
    if asked is None or original is None or repaired is None:
        return UnusableRecord(key, "no-request")
    declaration = asked["code"].strip("\n") + "\n"
    name = re.findall(r"^def\s+(\w+)", declaration, re.MULTILINE)
    if not name:
        return UnusableRecord(key, "no-signature")
    return SourcePair(
        key=key,
        criterion="FC",
        language="Python",
        chosen=_trim_lines(repaired["code"]),
        rejected=_trim_lines(original["code"]),
        prompt=f"{asked['request'].strip()}\n\n```python\n{declaration}```\n",
        group=group,
        name=name[-1],
        check=Check(
            id="", language="Python", after=f"\n\n{record['test']}\n\ncheck({name[-1]})\n", packages=["pytest"]
        ),
    )


def _trim_lines(code: str) -> str:
    return "\n".join(line.rstrip() for line in code.strip("\n").split("\n")) + "\n"


SOURCES.register(
    BenchmarkSource(
        name="ilf_surge_mbpp",
        title="ILF (Surge annotations of MBPP)",
        subset="ILF_MBPP",
        license="MIT",
        criteria=("FC",),
        languages=("Python",),
        prompts="upstream",
        responses="chosen: people who corrected a model's answer; rejected: that answer (CodeGen-Mono 6.1B)",
        tests=True,
        citation=(
            "Angelica Chen et al. (2023). Improving Code Generation by Training with Natural Language Feedback. "
            "arXiv:2303.16749"
        ),
        upstream="github:nyu-mll/ILF-for-code-generation",
        revision="1bbccca2934b26e2d8745e5afab65eb677cbe92a",
        files=("surge_annotations.jsonl",),
        read=_read,
    )
)
