"""CodePrefBench, security part: insecure Python samples of CyberSecEval and their corrected versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.cleaning.fixes import remove_fix_comments
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

_FILES = ("eval/security-alignment.jsonl.gz", "security-alignment.jsonl.gz", "security-alignment.jsonl")


def _read(directory: Path) -> Iterator[SourceRecord]:
    path = next((directory / name for name in _FILES if (directory / name).is_file()), None)
    if path is None:
        raise InputError(f"{directory} lacks {_FILES[0]}.", DOWNLOAD_HINT)
    seen: set[str] = set()
    for number, record in read_jsonl(path):
        key, gold = record.get("task_id"), record.get("gt_choice")
        choices, instruction = record.get("choices"), record.get("instruction")
        if not isinstance(key, str) or not isinstance(instruction, str):
            raise InputError(f"{path}:{number} lacks task_id or instruction.", DOWNLOAD_HINT)
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


SOURCES.register(
    BenchmarkSource(
        name="codeprefbench",
        title="CodePrefBench (security)",
        subset="CODEPREFBENCH_SECURITY",
        license="CC-BY-NC-4.0",
        criteria=("SH",),
        languages=("Python",),
        prompts="upstream",
        responses="people (the insecure version) and language models (the corrected version)",
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
            "Upstream has no language column: all 207 samples are Python, some of them Python 2, some cut off. The "
            "data is for research only, not for training."
        ),
    )
)
