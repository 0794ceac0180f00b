"""DebugBench: LeetCode solutions with one to four bugs that a language model inserted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.cleaning.surface import breaks_syntax, remove_differing_comments
from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_json,
)
from themis_rm.errors import InputError
from themis_rm.languages import get_language

_LANGUAGES = {"cpp": "Cpp", "java": "Java", "python3": "Python"}
_SHARD = re.compile(r"(?P<language>[a-z0-9]+)_(?P<kind>.+)")


def _read(directory: Path) -> Iterator[SourceRecord]:
    for path in sorted(directory.glob("*.json")):
        match = _SHARD.fullmatch(path.stem)
        if match is None or match["language"] not in _LANGUAGES:
            yield UnusableRecord(path.stem, "language")
            continue
        for number, record in enumerate(_read_records(path)):
            yield _pair(record, f"{path.stem}/{number}", _LANGUAGES[match["language"]], match["kind"])


def _read_records(path: Path) -> list[dict[str, Any]]:
    records = read_json(path)
    if not isinstance(records, list):
        raise InputError(f"{path} is not a JSON array.", DOWNLOAD_HINT)
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
        prompt=_build_prompt(record, language),
        group=record["slug"],
        name=record["slug"],
        rule="; ".join(record["type"]) if "type" in record else kind,
    )


def _build_prompt(record: dict[str, Any], language: str) -> str:
    parts = [f"Solve this problem in {get_language(language).name}.", record["description"].strip()]
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
        responses="chosen: people (LeetCode); rejected: the same with bugs inserted by GPT-4",
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
            "Records with new syntax errors are omitted, as a parser can distinguish them. Comments that differ "
            "between the sides are removed from both. Upstream lost the carets of powers in the constraints (104 is "
            "10^4). Pairs of the same problem share a group."
        ),
    )
)
