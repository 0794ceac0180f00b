"""CodePrefBench, its security part: CyberSecEval's insecure Python samples and their mended versions."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.cleaning.fixes import remove_fix_comments
from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, SourcePair, SourceRecord, UnusableRecord
from themis_rm.errors import InputError

_FILES = ("eval/security-alignment.jsonl.gz", "security-alignment.jsonl.gz", "security-alignment.jsonl")


def _read(folder: Path) -> Iterator[SourceRecord]:
    path = next((folder / name for name in _FILES if (folder / name).is_file()), None)
    if path is None:
        raise InputError(f"{folder} lacks {_FILES[0]}.", "Fetch the source's files again.")
    seen: set[str] = set()
    for number, record in _records(path):
        key, gold = record.get("task_id"), record.get("gt_choice")
        choices, instruction = record.get("choices"), record.get("instruction")
        if not isinstance(key, str) or not isinstance(instruction, str):
            raise InputError(f"{path}:{number} lacks task_id or instruction.", "Fetch the source's files again.")
        if key in seen:
            yield UnusableRecord(f"{key}/{number}", "duplicate")
            continue
        seen.add(key)
        if not isinstance(choices, list) or len(choices) != 2 or not all(isinstance(text, str) for text in choices):
            yield UnusableRecord(key, "not-two-choices")
        elif isinstance(gold, bool) or gold not in {0, 1}:
            yield UnusableRecord(key, "no-gold-choice")
        else:
            chosen, rejected = remove_fix_comments(choices[gold], choices[1 - gold], "Python")
            yield SourcePair(
                key=key,
                criterion="SH",
                language="Python",
                chosen=chosen.rstrip() + "\n",
                rejected=rejected.rstrip() + "\n",
                prompt=instruction.strip(),
                group=key,
            )


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as handle:
            for number, line in enumerate(handle, 1):
                if line.strip():
                    value = json.loads(line)
                    if not isinstance(value, dict):
                        raise InputError(f"{path}:{number} is no JSON object.")
                    yield number, value
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"Cannot read {path}: {error}.", "Fetch the source's files again.") from error


SOURCES.register(
    BenchmarkSource(
        name="codeprefbench",
        title="CodePrefBench (security)",
        subset="CODEPREFBENCH_SECURITY",
        license="CC-BY-NC-4.0",
        criteria=("SH",),
        languages=("Python",),
        prompts="upstream",
        responses="people (the insecure version) and language models (the mended one)",
        tests=False,
        citation=(
            "Liu, Nguyen, Shang, Ding, Li, Yu, Kumar and Wang (2024). Learning Code Preference via Synthetic "
            "Evolution. arXiv:2410.03837"
        ),
        upstream="hf:amazon/CodePrefBench",
        revision="75b564c",
        files=(_FILES[0],),
        read=_read,
        notes=(
            "Upstream has no column for the language: all 207 samples are Python, some for Python 2, some cut off. The "
            "data are for research use only, not for training."
        ),
    )
)
