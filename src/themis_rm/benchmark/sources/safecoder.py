"""SafeCoder: functions before and after a security fix, with a description by a language model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.cleaning.fixes import dedent_code, is_fragment, remove_fix_comments
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)
from themis_rm.errors import InputError
from themis_rm.languages import language_of_path

_FILES = ("train/sec-desc.jsonl", "train/sec-new-desc.jsonl", "val/sec-desc.jsonl", "val/sec-new-desc.jsonl")
_COLUMNS = ("func_name", "func_src_before", "func_src_after", "commit_link", "file_name", "vul_type", "description")

_TELLS_BOTH = re.compile(
    r"(?i)\b(?:first|second|updated|original) version\b|\bboth versions\b|\bsafer?\b|\bsafely\b|\bsanitized file paths|"
    r"\bstring formatting or\b|\bSHA-1\b|\bwith and without\b|\boptional XSS\b|"
    r"\b(?:paths are|input is) (?:secure|sanitized)"
)
"""The describer saw both versions: here it speaks of the difference, so the request would answer itself."""
_KEEPS = re.compile(r"(?i)\bsafe_(?:mode|paths)\b")
"""Names of the program's own that look like such a word."""
_WANTS_WEAKNESS = re.compile(r"(?i)\binsecure\b|\bvulnerab")
"""The request asks for the weakness: by it the fixed version would be the worse answer."""


def _read(folder: Path) -> Iterator[SourceRecord]:
    paths = [folder / name for name in _FILES if (folder / name).is_file()]
    if not paths:
        raise InputError(f"{folder} holds none of {', '.join(_FILES)}.", "Fetch the source's files again.")
    seen: set[tuple[str, str]] = set()
    for path in paths:
        part = f"{path.parent.name}/{path.stem}"
        for number, record in read_jsonl(path):
            missing = [name for name in _COLUMNS if not isinstance(record.get(name), str)]
            if missing:
                raise InputError(f"{path}:{number} lacks {', '.join(missing)}.", "Fetch the source's files again.")
            versions = (record["func_src_before"], record["func_src_after"])
            if versions in seen:
                yield UnusableRecord(f"{part}/{number}", "duplicate")
                continue
            seen.add(versions)
            yield _pair(f"{part}/{number}", record)


def _pair(key: str, record: dict[str, Any]) -> SourceRecord:
    spoken = language_of_path(record["file_name"])
    description = record["description"].strip()
    if spoken is None:
        return UnusableRecord(key, "language")
    if _WANTS_WEAKNESS.search(description):
        return UnusableRecord(key, "asks-for-the-weakness")
    chosen, rejected = dedent_code(record["func_src_after"]), dedent_code(record["func_src_before"])
    if is_fragment(chosen, spoken.name) and is_fragment(rejected, spoken.name):
        return UnusableRecord(key, "fragment")
    chosen, rejected = remove_fix_comments(chosen, rejected, spoken.name)
    name = record["func_name"]
    return SourcePair(
        key=key,
        criterion="SH",
        language=spoken.benchmark_name,
        chosen=chosen,
        rejected=rejected,
        prompt="" if _TELLS_BOTH.search(_KEEPS.sub("", description)) else description,
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
        responses="people; a function before and after a commit that mends a security weakness",
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
            "The descriptions were written by a language model that saw both versions; the few that speak of the "
            "difference are left out. A missing file of the four is passed over. Some commits of the 'new' files "
            "change test code only."
        ),
    )
)
