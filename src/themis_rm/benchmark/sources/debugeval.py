"""DebugEval: bug repair pairs from DebugBench, LiveCodeBench and AtCoder."""

from __future__ import annotations

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
    read_jsonl,
)
from themis_rm.errors import InputError
from themis_rm.languages import get_language

_FILE = "debugevalsuite_task124.jsonl"
_COLUMNS = ("question_id", "question_content", "buggy_code", "correct_code", "language", "task4")
_LANGUAGES = {"cpp": "Cpp", "java": "Java", "python": "Python", "python3": "Python"}


def _read(directory: Path) -> Iterator[SourceRecord]:
    paths = sorted(directory.rglob(_FILE))
    if not paths:
        raise InputError(f"{_FILE} is not in {directory}.", DOWNLOAD_HINT)
    for number, record in read_jsonl(paths[0], _COLUMNS):
        yield _pair(record, f"{record['question_id']}/{number}")


def _pair(record: dict[str, Any], key: str) -> SourceRecord:
    language = _LANGUAGES.get(record["language"].casefold())
    if language is None:
        return UnusableRecord(key, "language")
    if record["task4"] != "True":
        return UnusableRecord(key, "not-for-comparison")
    chosen, rejected = record["correct_code"], record["buggy_code"]
    if breaks_syntax(chosen, rejected, language):
        return UnusableRecord(key, "syntax-error")
    chosen, rejected = remove_differing_comments(chosen, rejected, language)
    return SourcePair(
        key=key,
        criterion="FC",
        language=language,
        chosen=chosen.strip("\n") + "\n",
        rejected=rejected.strip("\n") + "\n",
        prompt=f"Solve this problem in {get_language(language).name}.\n\n{record['question_content'].strip()}\n",
        group=str(record["question_id"]),
        rule=str(record.get("major_error_type") or ""),
    )


SOURCES.register(
    BenchmarkSource(
        name="debugeval",
        title="DebugEval",
        subset="DEBUG_EVAL",
        license="NOASSERTION",
        criteria=("FC",),
        languages=("Cpp", "Java", "Python"),
        prompts="upstream",
        responses="people (contest and LeetCode solutions); bugs made by people or inserted by a language model",
        tests=False,
        citation=(
            "Weiqing Yang et al. (2024). COAST: Enhancing the Code Debugging Ability of LLMs through Communicative "
            "Agent Based Data Synthesis. arXiv:2408.05006"
        ),
        upstream="hf:yangweiqing/DebugEval",
        revision="",
        files=(f"eval/{_FILE}",),
        read=_read,
        notes=(
            "Only the records that upstream uses to compare two versions (task4), without those that have new syntax "
            "errors. The columns follow upstream's evaluation code; the data and its license were not available. Pairs "
            "from DebugBench are in that source too: the compiler keeps one."
        ),
    )
)
