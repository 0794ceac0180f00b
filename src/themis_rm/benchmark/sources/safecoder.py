"""SafeCoder: functions before and after a security fix, with a description by a language model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.cleaning.fixes import dedent_code, is_fragment, remove_fix_comments
from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)
from themis_rm.errors import InputError
from themis_rm.languages import benchmark_language_of_path

_FILES = ("train/sec-desc.jsonl", "train/sec-new-desc.jsonl", "val/sec-desc.jsonl", "val/sec-new-desc.jsonl")
_COLUMNS = ("func_name", "func_src_before", "func_src_after", "commit_link", "file_name", "vul_type", "description")

_MENTIONS_DIFFERENCE = re.compile(
    r"(?i)\b(?:first|second|updated|original) version\b|\bboth versions\b|\bsafer?\b|\bsafely\b|\bsanitized file paths|"
    r"\bstring formatting or\b|\bSHA-1\b|\bwith and without\b|\boptional XSS\b|"
    r"\b(?:paths are|input is) (?:secure|sanitized)"
)
"""Descriptions that mention the difference, as their author saw both versions; they would reveal the label."""
_PROGRAM_NAMES = re.compile(r"(?i)\bsafe_(?:mode|paths)\b")
"""Names of the described program that look like such a word."""
_ASKS_FOR_WEAKNESS = re.compile(r"(?i)\binsecure\b|\bvulnerab")
"""Descriptions that ask for the weakness, for which the fixed version is the worse response."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    paths = [directory / name for name in _FILES if (directory / name).is_file()]
    if not paths:
        raise InputError(f"{directory} holds none of {', '.join(_FILES)}.", DOWNLOAD_HINT)
    seen: set[tuple[str, str]] = set()
    for path in paths:
        part = f"{path.parent.name}/{path.stem}"
        for number, record in read_jsonl(path):
            missing = [name for name in _COLUMNS if not isinstance(record.get(name), str)]
            if missing:
                raise InputError(f"{path}:{number} lacks {', '.join(missing)}.", DOWNLOAD_HINT)
            versions = (record["func_src_before"], record["func_src_after"])
            if versions in seen:
                yield UnusableRecord(f"{part}/{number}", "duplicate")
                continue
            seen.add(versions)
            yield _pair(f"{part}/{number}", record)


def _pair(key: str, record: dict[str, Any]) -> SourceRecord:
    language_row = benchmark_language_of_path(record["file_name"])
    description = record["description"].strip()
    if language_row is None:
        return UnusableRecord(key, "language")
    if _ASKS_FOR_WEAKNESS.search(description):
        return UnusableRecord(key, "asks-for-the-weakness")
    chosen, rejected = dedent_code(record["func_src_after"]), dedent_code(record["func_src_before"])
    if is_fragment(chosen, language_row.name) and is_fragment(rejected, language_row.name):
        return UnusableRecord(key, "fragment")
    chosen, rejected = remove_fix_comments(chosen, rejected, language_row.name)
    name = record["func_name"]
    return SourcePair(
        key=key,
        criterion="SH",
        language=language_row.benchmark_name,
        chosen=chosen,
        rejected=rejected,
        prompt="" if _MENTIONS_DIFFERENCE.search(_PROGRAM_NAMES.sub("", description)) else description,
        group=record["commit_link"],
        name="" if name.startswith("(") else name,
        rule=record["vul_type"].upper(),
    )


SOURCES.register(
    BenchmarkSource(
        name="safecoder",
        title="SafeCoder",
        subset="SAFECODER",
        license="MIT",
        criteria=("SH",),
        languages=("C", "Cpp", "Go", "Java", "JavaScript", "Python", "Ruby"),
        prompts="upstream",
        responses="people; a function before and after a commit that fixes a security weakness",
        tests=False,
        citation=(
            "He, Vero, Krasnopolska and Vechev (2024). Instruction Tuning for Secure Code Generation. "
            "ICML 2024, arXiv:2402.09497"
        ),
        upstream="github:eth-sri/SafeCoder",
        revision="1bf9d57b42b785ca1bf5454c040cc9d2d27c4ab5",
        files=_FILES,
        read=_read,
        notes=(
            "The descriptions were written by a language model that saw both versions; the few that mention the "
            "difference are omitted. Files that are missing of the four are skipped. Some commits of the 'new' files "
            "only change test code."
        ),
    )
)
