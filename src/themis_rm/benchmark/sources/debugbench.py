"""DebugBench: LeetCode solutions with one to four bugs that a language model put in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.cleaning.surface import breaks_syntax, remove_differing_comments
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.errors import InputError

_LANGUAGES = {"cpp": "Cpp", "java": "Java", "python3": "Python"}
_SPOKEN = {"Cpp": "C++", "Java": "Java", "Python": "Python"}
_SHARD = re.compile(r"(?P<language>[a-z0-9]+)_(?P<kind>.+)")


def _read(folder: Path) -> Iterator[SourceRecord]:
    for path in sorted(folder.glob("*.json")):
        match = _SHARD.fullmatch(path.stem)
        if match is None or match["language"] not in _LANGUAGES:
            yield UnusableRecord(path.stem, "language")
            continue
        for number, record in enumerate(_records(path)):
            yield _pair(record, f"{path.stem}/{number}", _LANGUAGES[match["language"]], match["kind"])


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        records = json.loads(read_text(path))
    except ValueError as error:
        raise InputError(f"Cannot read {path}: {error}.", "Fetch the source's files again.") from error
    if not isinstance(records, list):
        raise InputError(f"{path} is no JSON array.", "Fetch the source's files again.")
    return records


def _pair(record: dict[str, Any], key: str, language: str, kind: str) -> SourceRecord:
    chosen, rejected = (record[side].replace("\r\n", "\n") for side in ("oracle_code", "buggy_code"))
    if breaks_syntax(chosen, rejected, language):
        return UnusableRecord(key, "syntax-error")
    chosen, rejected = remove_differing_comments(chosen, rejected, language)
    return SourcePair(
        key=key,
        criterion="FC",
        language=language,
        chosen=chosen.strip("\n") + "\n",
        rejected=rejected.strip("\n") + "\n",
        prompt=_prompt(record, language),
        group=record["slug"],
        name=record["slug"],
        rule="; ".join(record["type"]) if "type" in record else kind,
    )


def _prompt(record: dict[str, Any], language: str) -> str:
    parts = [f"Solve this problem in {_SPOKEN[language]}.", record["description"].strip()]
    parts += [f"Example {number}:\n{text.strip()}" for number, text in enumerate(record["examples"], 1)]
    if record["constraints"].strip():
        parts.append(f"Constraints:\n{record['constraints'].strip()}")
    return "\n\n".join(parts) + "\n"


SOURCES.register(
    BenchmarkSource(
        name="debugbench",
        title="DebugBench",
        subset="DEBUGBENCH",
        license="Apache-2.0",
        criteria=("FC",),
        languages=tuple(_LANGUAGES.values()),
        prompts="upstream",
        responses="chosen: people (LeetCode); rejected: the same with bugs put in by GPT-4",
        tests=False,
        citation=(
            "Runchu Tian et al. (2024). DebugBench: Evaluating Debugging Capability of Large Language Models. "
            "arXiv:2401.04621"
        ),
        upstream="github:thunlp/DebugBench",
        revision="2761bab93c4c65351b19d0ef4a94b26abe47a185",
        files=("benchmark/*.json",),
        read=_read,
        notes=(
            "Whatever a parser refuses is left out, also among the multiple bugs: nothing is left to judge. Comments "
            "that differ between the sides are taken out of both. Upstream lost the carets of powers in the "
            "constraints (104 is 10^4). Many pairs share a problem: they share a group."
        ),
    )
)
