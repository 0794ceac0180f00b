"""NoFunEval: edits for latency, resources, runtime, maintainability and security; whole files before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.cleaning.fixes import remove_fix_comments
from themis_rm.benchmark.sources.cleaning.surface import remove_blank_lines
from themis_rm.benchmark.sources.formats.codenet import STATEMENTS_DIRECTORY
from themis_rm.benchmark.sources.formats.submissions import is_noise, submission_pair
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
"""Upstream's name of a language -> its benchmark name; empty for one that is not ours."""

_REQUIREMENTS = {
    "executiontime": ("EE", "NOFUNEVAL_LATENCY"),
    "framerate": ("EE", "NOFUNEVAL_LATENCY"),
    "memory": ("ME", "NOFUNEVAL_MEMORY"),
    "energy": None,
    "bandwidth": None,
}
"""What a commit improves -> criterion and subset; ``None`` for what is none of the five criteria."""

_MAINTAINABILITY = ("maintainability.jsonl", "maintainability_from_generations.jsonl")
_LEAST_KEPT = 0.4
"""Least share of the lines that both versions have, for the smaller one to be an edit of the other and no remnant."""


def _read(folder: Path) -> Iterator[SourceRecord]:
    for name in ("latency.jsonl", "resource_util.jsonl"):
        for number, record in read_jsonl(folder / name):
            yield _commit(record, f"{name.removesuffix('.jsonl')}:{number}")
    for number, record in read_jsonl(folder / "runtime_efficiency.jsonl"):
        yield _submission(record, f"runtime_efficiency:{number}", folder.parent / STATEMENTS_DIRECTORY)
    maintainability = next((name for name in _MAINTAINABILITY if (folder / name).is_file()), _MAINTAINABILITY[0])
    for number, record in read_jsonl(folder / maintainability):
        yield _warning(record, f"maintainability:{number}", "R&M", "NOFUNEVAL_MAINTAIN")
    for number, record in read_jsonl(folder / "security.jsonl"):
        yield _warning(record, f"security:{number}", "SH", "NOFUNEVAL_SECURITY")


def _commit(record: dict[str, Any], key: str) -> SourceRecord:
    language = _LANGUAGES.get(record["pl"].casefold(), "")
    asked = _REQUIREMENTS.get(record["non_functional_requirement"])
    if not language:
        return UnusableRecord(key, "language")
    if asked is None:
        return UnusableRecord(key, "no-criterion")
    criterion, subset = asked
    owner, _, rest = record["commit"].removeprefix("https://github.com/").partition("/")
    return _edit(record, key, criterion, subset, language, group=f"{owner}/{rest.partition('/')[0]}", rule=criterion)


def _warning(record: dict[str, Any], key: str, criterion: str, subset: str) -> SourceRecord:
    language = _LANGUAGES.get(record["pl"].casefold(), "")
    if not language:
        return UnusableRecord(key, "language")
    rule = " ".join(filter(None, (record.get("cwe", "").upper(), record["query"])))
    return _edit(record, key, criterion, subset, language, group=record["codeql_check"].rpartition("/")[2], rule=rule)


def _edit(
    record: dict[str, Any], key: str, criterion: str, subset: str, language: str, *, group: str, rule: str
) -> SourceRecord:
    before, after = (_lines(record[side]) for side in ("source_code", "target_code"))
    kept = sum((before & after).values())
    if kept < _LEAST_KEPT * min(before.total(), after.total()) or after.total() < _LEAST_KEPT * before.total():
        return UnusableRecord(key, "remnant")
    chosen, rejected = remove_fix_comments(record["target_code"], record["source_code"], language)
    if criterion == "SH":
        # Where the generated part was cut out of its template, holes of blank lines are left, unlike on either side.
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


def _lines(code: str) -> Counter[str]:
    return Counter(line.strip() for line in code.split("\n") if line.strip())


def _submission(record: dict[str, Any], key: str, pages: Path) -> SourceRecord:
    if is_noise(float(record["cpu_time_v0"]), float(record["cpu_time_v1"])):
        return UnusableRecord(key, "within-noise")
    return submission_pair(
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
        responses="people: commits; contest submissions; files with a CodeQL warning, mended by hand",
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
            "Upstream's prompts quote the version before the edit, so they are no requests; only the contest problems "
            "have one (from codenet_problem_descriptions beside it), with samples as tests. The contest problems lie "
            "inside PIE. humanevalclassify.jsonl is not read: it is HumanEvalPack's Python part. Commits for energy "
            "and bandwidth are about none of the criteria. Maintainability may also lie in generated_outputs.jsonl of "
            "any model, renamed maintainability_from_generations.jsonl: it carries the same records."
        ),
    )
)
