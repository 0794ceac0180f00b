"""ConDefects: AtCoder submissions, a faulty one and the next accepted one of the same author."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_LANGUAGES = {"Java": ("Java", ".java"), "Python": ("Python", ".py")}
_CONTESTS = {"abc": "Beginner", "agc": "Grand", "arc": "Regular"}
_TASK = re.compile(r"(?P<kind>[a-z]+)(?P<number>\d+)_(?P<letter>\w+)")


def _read(directory: Path) -> Iterator[SourceRecord]:
    for path in sorted(directory.glob("*/*/*/")):
        task, name, number = path.relative_to(directory).parts
        if name not in _LANGUAGES:
            yield UnusableRecord(f"{task}/{name}/{number}", "language")
            continue
        yield _pair(path, task, *_LANGUAGES[name])


def _pair(path: Path, task: str, language: str, extension: str) -> SourceRecord:
    key = f"{task}/{language}/{path.name}"
    chosen, rejected = path / f"correctVersion{extension}", path / f"faultyVersion{extension}"
    if not chosen.is_file():
        return UnusableRecord(key, "no-correct-version")
    if not rejected.is_file():
        return UnusableRecord(key, "no-faulty-version")
    prompt = _build_prompt(task, language)
    return SourcePair(
        key=key,
        criterion="FC",
        language=language,
        chosen=read_text(chosen).strip("\n") + "\n",
        rejected=read_text(rejected).strip("\n") + "\n",
        prompt=prompt,
        prompt_source="derived",
        group=task,
        name=task,
    )


def _build_prompt(task: str, language: str) -> str:
    """Return a prompt that names contest and task; empty for an unknown contest."""
    match = _TASK.fullmatch(task)
    if match is None or match["kind"] not in _CONTESTS:
        return ""
    contest = f"AtCoder {_CONTESTS[match['kind']]} Contest {match['number']}"
    return (
        f"Write a {language} program that solves task {match['letter'].upper()} of {contest} ({task}). "
        "It reads standard input and writes standard output.\n"
    )


SOURCES.register(
    BenchmarkSource(
        name="condefects_sample",
        title="ConDefects",
        subset="CONDEFECTS",
        license="MIT",
        criteria=("FC",),
        languages=tuple(language for language, _ in _LANGUAGES.values()),
        prompts="derived",
        responses="people; contest submissions",
        tests=False,
        citation=(
            "Yonghao Wu, Zheng Li, Jie M. Zhang, Yong Liu (2023). ConDefects: A New Dataset to Address the Data "
            "Leakage Concern for LLM-based Fault Localization and Program Repair. arXiv:2310.16253"
        ),
        upstream="github:appmlk/ConDefects",
        revision="43f0834a82c5e3bc4516c079fe7765f63b1a15cd",
        files=("Code/<task>/<language>/<submission>/ as <task>/<language>/<submission>/",),
        read=_read,
        notes=(
            "The data has no problem statements, and CodeNet lacks contests this recent (since October 2021), so that "
            "the prompt only names the task. Tests are a separate download upstream."
        ),
    )
)
