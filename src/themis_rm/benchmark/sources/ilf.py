"""ILF: MBPP solutions of a language model that fail the tests, and what a person made of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.source import Source, SourcePair, Unusable, read_jsonl
from themis_rm.execute.check import Check

_PROMPT = re.compile(r'\A\s*"""(?P<request>.*?)"""\s*\n(?P<declaration>.*)\Z', re.DOTALL)
"""A record's prompt: the request as a docstring, then imports and the signature that the model was to go on from."""


def _read(folder: Path) -> Iterator[SourcePair | Unusable]:
    seen: Counter[str] = Counter()
    for _, record in read_jsonl(folder / "surge_annotations.jsonl"):
        task = str(record["task_id"])
        seen[task] += 1
        yield _pair(record, f"{task}/{seen[task]}", f"MBPP/{task}")


def _pair(record: dict[str, Any], key: str, group: str) -> SourcePair | Unusable:
    if record["passed"] is not True:
        return Unusable(key, "fails-tests")
    match = _PROMPT.match(record["prompt"])
    if match is None:
        return Unusable(key, "no-request")
    declaration = match["declaration"].strip("\n") + "\n"
    whole = record["original_model_completion"]
    if not whole.startswith(record["prompt"].rstrip()):
        return Unusable(key, "no-original")
    chosen = _answer(declaration, record["completion"])
    rejected = _answer(declaration, whole[len(record["prompt"].rstrip()) :])
    name = re.findall(r"^def\s+(\w+)", declaration, re.MULTILINE)
    if not name:
        return Unusable(key, "no-signature")
    return SourcePair(
        key=key,
        criterion="FC",
        language="Python",
        chosen=chosen,
        rejected=rejected,
        prompt=f"{match['request'].strip()}\n\n```python\n{declaration}```\n",
        group=group,
        name=name[-1],
        check=Check(
            id="", language="Python", after=f"\n\n{record['test']}\n\ncheck({name[-1]})\n", packages=["pytest"]
        ),
    )


def _answer(declaration: str, body: str) -> str:
    return declaration + "\n".join(line.rstrip() for line in body.strip("\n").split("\n")) + "\n"


SOURCES = (
    Source(
        name="ilf_surge_mbpp",
        title="ILF (Surge annotations of MBPP)",
        subset="ILF_MBPP",
        licence="MIT",
        criteria=("FC",),
        languages=("Python",),
        prompts="upstream",
        responses="chosen: people who repaired a model's answer; rejected: that answer (CodeGen-Mono 6.1B)",
        tests=True,
        citation=(
            "Angelica Chen et al. (2023). Improving Code Generation by Training with Natural Language Feedback. "
            "arXiv:2303.16749"
        ),
        upstream="github:nyu-mll/ILF-for-code-generation",
        revision="1bbccca2934b26e2d8745e5afab65eb677cbe92a",
        files=("surge_annotations.jsonl",),
        read=_read,
    ),
)
