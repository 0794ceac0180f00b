"""NoFunEval: edits for latency, resources, runtime, maintainability and security; complete files before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.cleaning.fixes import remove_fix_comments
from themis_rm.benchmark.sources.cleaning.surface import remove_blank_lines
from themis_rm.benchmark.sources.formats.codenet import STATEMENTS_DIRECTORY
from themis_rm.benchmark.sources.formats.submissions import build_submission_pair, is_within_noise
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)

_LANGUAGES = {
    "c": "C",
    "c++": "Cpp",
    "java": "Java",
    "javascript": "JavaScript",
    "javascript xml": "JavaScript",
    "python": "Python",
    "assembly": "",
    "ino": "",
    "kotlin": "",
    "objectivec": "",
    "scala": "",
}
"""Upstream's name of a language -> its benchmark name; empty for languages outside of the benchmark."""

_REQUIREMENTS = {
    "executiontime": ("EE", "NOFUNEVAL_LATENCY"),
    "framerate": ("EE", "NOFUNEVAL_LATENCY"),
    "memory": ("ME", "NOFUNEVAL_MEMORY"),
    "energy": None,
    "bandwidth": None,
}
"""Requirement that a commit improves -> criterion and subset; ``None`` for requirements outside of the criteria."""

_MAINTAINABILITY = ("maintainability.jsonl", "maintainability_from_generations.jsonl")
_MIN_SHARED_LINES = 0.4
"""Smallest share of lines that both versions have in common; below it, one of them is only a remnant."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    for name in ("latency.jsonl", "resource_util.jsonl"):
        for number, record in read_jsonl(directory / name):
            yield _read_commit(record, f"{name.removesuffix('.jsonl')}:{number}")
    for number, record in read_jsonl(directory / "runtime_efficiency.jsonl"):
        yield _read_submission(record, f"runtime_efficiency:{number}", directory.parent / STATEMENTS_DIRECTORY)
    maintainability = next((name for name in _MAINTAINABILITY if (directory / name).is_file()), _MAINTAINABILITY[0])
    for number, record in read_jsonl(directory / maintainability):
        yield _read_warning(record, f"maintainability:{number}", "R&M", "NOFUNEVAL_MAINTAIN")
    for number, record in read_jsonl(directory / "security.jsonl"):
        yield _read_warning(record, f"security:{number}", "SH", "NOFUNEVAL_SECURITY")


def _read_commit(record: dict[str, Any], key: str) -> SourceRecord:
    language = _LANGUAGES.get(record["pl"].casefold(), "")
    requirement = _REQUIREMENTS.get(record["non_functional_requirement"])
    if not language:
        return UnusableRecord(key, "language")
    if requirement is None:
        return UnusableRecord(key, "no-criterion")
    criterion, subset = requirement
    owner, _, rest = record["commit"].removeprefix("https://github.com/").partition("/")
    group = f"{owner}/{rest.partition('/')[0]}"
    return _build_edit_pair(record, key, criterion, subset, language, group=group, rule=criterion)


def _read_warning(record: dict[str, Any], key: str, criterion: str, subset: str) -> SourceRecord:
    language = _LANGUAGES.get(record["pl"].casefold(), "")
    if not language:
        return UnusableRecord(key, "language")
    rule = " ".join(filter(None, (record.get("cwe", "").upper(), record["query"])))
    group = record["codeql_check"].rpartition("/")[2]
    return _build_edit_pair(record, key, criterion, subset, language, group=group, rule=rule)


def _build_edit_pair(
    record: dict[str, Any], key: str, criterion: str, subset: str, language: str, *, group: str, rule: str
) -> SourceRecord:
    before, after = (_count_lines(record[side]) for side in ("source_code", "target_code"))
    shared = sum((before & after).values())
    shorter = min(before.total(), after.total())
    if shared < _MIN_SHARED_LINES * shorter or after.total() < _MIN_SHARED_LINES * before.total():
        return UnusableRecord(key, "remnant")
    chosen, rejected = remove_fix_comments(record["target_code"], record["source_code"], language)
    if criterion == "SH":
        # Generated code was cut out of its template, which left different numbers of blank lines.
        chosen, rejected = remove_blank_lines(chosen, language), remove_blank_lines(rejected, language)
    return SourcePair(
        key=key,
        criterion=criterion,
        language=language,
        chosen=chosen,
        rejected=rejected,
        subset=subset,
        group=group,
        rule=rule,
    )


def _count_lines(code: str) -> Counter[str]:
    return Counter(line.strip() for line in code.split("\n") if line.strip())


def _read_submission(record: dict[str, Any], key: str, pages: Path) -> SourceRecord:
    if is_within_noise(float(record["cpu_time_v0"]), float(record["cpu_time_v1"])):
        return UnusableRecord(key, "within-noise")
    return build_submission_pair(
        key=key,
        problem=record["problem_id"],
        slow=record["source_code"],
        fast=record["target_code"],
        language="Python",
        pages=pages,
        subset="NOFUNEVAL_RUNTIME",
    )


SOURCES.register(
    BenchmarkSource(
        name="nofuneval",
        title="NoFunEval",
        subset="NOFUNEVAL",
        license="MIT",
        criteria=("EE", "ME", "R&M", "SH"),
        languages=("C", "Cpp", "Java", "JavaScript", "Python"),
        prompts="template",
        responses="people; commits, contest submissions, and files with a CodeQL warning that was fixed manually",
        tests=True,
        citation=(
            "Manav Singhal, Tushar Aggarwal, Abhijeet Awasthi, Nagarajan Natarajan and Aditya Kanade (2024). "
            "NoFunEval: Funny How Code LMs Falter on Requirements Beyond Functional Correctness. arXiv:2401.15963"
        ),
        upstream="github:microsoft/NoFunEval",
        revision="c82a903259767e20be36c1a95d96e5b064587b66",
        files=tuple(
            f"datasets/{name}.jsonl"
            for name in ("latency", "resource_util", "runtime_efficiency", "maintainability", "security")
        ),
        read=_read,
        notes=(
            "Upstream's prompts quote the version before the edit and cannot be used. Only the contest problems have "
            "prompts (from codenet_problem_descriptions next to it), with samples as tests; they are also part of PIE. "
            "humanevalclassify.jsonl is HumanEvalPack's Python part and is not read. Commits for energy and bandwidth "
            "are about none of the criteria. The generated_outputs.jsonl of any model contains the same "
            "maintainability records and is read under the name maintainability_from_generations.jsonl."
        ),
    )
)
