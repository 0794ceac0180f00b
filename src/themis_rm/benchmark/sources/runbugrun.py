"""RunBugRun: CodeNet submissions, a failing one and the next accepted one of the same author, with tests."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.formats.codenet import STATEMENTS_DIRECTORY, load_statement
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)
from themis_rm.errors import InputError
from themis_rm.execute.check import Check
from themis_rm.languages import get_language
from themis_rm.storage.parquet import read_rows

_LANGUAGES = {
    "c": "C",
    "cpp": "Cpp",
    "go": "Go",
    "java": "Java",
    "javascript": "JavaScript",
    "php": "",
    "python": "Python",
    "ruby": "Ruby",
}
"""Upstream's name of a language -> its benchmark name; empty for languages outside of the benchmark."""

_BUGS = re.compile(rf"(?P<language>{'|'.join(_LANGUAGES)})_test\d*\.jsonl(?:\.gz)?")
_TESTS = ("tests_all.jsonl.gz", "tests_all.jsonl")
_COLUMNS = ("problem_id", "buggy_code", "fixed_code", "buggy_submission_id", "fixed_submission_id")
_MAX_TESTS = 30
"""Number of tests of a problem that a check runs; problems have a hundred and more."""

_Tests = dict[str, list[tuple[str, str]]]


def _read(directory: Path) -> Iterator[SourceRecord]:
    wanted = {record["problem_id"] for _, record in _read_bugs(directory)}
    tests = _read_tests(directory, wanted)
    for language, record in _read_bugs(directory):
        yield _pair(record, language, tests.get(record["problem_id"], []), directory.parent / STATEMENTS_DIRECTORY)


def _read_bugs(directory: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield upstream's name of the language and the record of every bug in the test split."""
    shards = [(match, path) for path in sorted(directory.rglob("*")) if (match := _BUGS.fullmatch(path.name))]
    tables = [path for path in sorted(directory.rglob("*.parquet")) if path.name.startswith("test")]
    if not shards and not tables:
        raise InputError(
            f"{directory} contains no bugs of the test split.",
            "Download files such as python_test0.jsonl.gz of a release, or test-*.parquet, into it.",
        )
    for match, path in shards:
        for _, record in read_jsonl(path, _COLUMNS):
            yield match["language"], record
    for path in tables:
        for record in read_rows(path, (*_COLUMNS, "language")):
            yield record["language"], record


def _read_tests(directory: Path, problems: set[str]) -> _Tests:
    """Return the first tests of these problems; none if the file of tests is missing."""
    tests: _Tests = defaultdict(list)
    path = next((path for name in _TESTS for path in sorted(directory.rglob(name))), None)
    if path is not None:
        for _, record in read_jsonl(path, ("problem_id", "input", "output")):
            problem = record["problem_id"]
            if problem in problems and len(tests[problem]) < _MAX_TESTS:
                tests[problem].append((record["input"], record["output"]))
    return dict(tests)


def _pair(record: dict[str, Any], name: str, tests: list[tuple[str, str]], pages: Path) -> SourceRecord:
    key = f"{record['buggy_submission_id']}-{record['fixed_submission_id']}"
    language = _LANGUAGES.get(name.casefold(), "")
    if not language:
        return UnusableRecord(key, "language")
    problem = load_statement(pages, record["problem_id"])
    return SourcePair(
        key=key,
        criterion="FC",
        language=language,
        chosen=record["fixed_code"],
        rejected=record["buggy_code"],
        prompt=problem.to_prompt(get_language(language).name) if problem is not None else "",
        group=record["problem_id"],
        rule="; ".join(record.get("labels") or ()),
        check=_build_check(record, language, tests),
    )


def _build_check(record: dict[str, Any], language: str, tests: list[tuple[str, str]]) -> Check | None:
    file = ""
    if language == "Java":
        classes = {record.get(f"{side}_main_class") or "Main" for side in ("buggy", "fixed")}
        if len(classes) > 1:
            return None  # a check has one file name for both responses
        file = f"{classes.pop()}.java"
    if not tests:
        return None
    inputs, outputs = ([test[side] for test in tests] for side in (0, 1))
    return Check(id="", language=language, file=file, inputs=inputs, outputs=outputs)


SOURCES.register(
    BenchmarkSource(
        name="runbugrun",
        title="RunBugRun",
        subset="RUNBUGRUN",
        license="CDLA-Permissive-2.0",
        criteria=("FC",),
        languages=tuple(language for language in _LANGUAGES.values() if language),
        prompts="upstream",
        responses="people; contest submissions",
        tests=True,
        citation=(
            "Julian Aron Prenner, Romain Robbes (2023). RunBugRun: An Executable Dataset for Automated Program Repair. "
            "arXiv:2304.01102"
        ),
        upstream="github:giganticode/run_bug_run_data",
        revision="",
        files=("<language>_test*.jsonl.gz", "tests_all.jsonl.gz"),
        read=_read,
        notes=(
            "Reads the files of a release, or Parquet exports of the test split with a language column; other splits "
            f"are ignored. A check runs the first {_MAX_TESTS} tests of a problem. Problem statements are read from "
            f"{STATEMENTS_DIRECTORY} next to this directory. The columns follow upstream's loader; the data itself was "
            "not available. CodeNet's license is assumed to apply."
        ),
    )
)
