"""RunBugRun: CodeNet submissions, a failing one and the accepted one that its author sent next, with tests."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.formats.codenet import STATEMENTS_DIRECTORY, load_statement
from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, SourcePair, SourceRecord, UnusableRecord
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
"""Upstream's name of a language -> its benchmark name; empty for one that is not ours."""

_BUGS = re.compile(rf"(?P<language>{'|'.join(_LANGUAGES)})_test\d*\.jsonl(?:\.gz)?")
_TESTS = ("tests_all.jsonl.gz", "tests_all.jsonl")
_COLUMNS = ("problem_id", "buggy_code", "fixed_code", "buggy_submission_id", "fixed_submission_id")
_MOST_TESTS = 30
"""Tests of one problem that a check holds; a problem has a hundred and more."""

_Tests = dict[str, list[tuple[str, str]]]


def _read(folder: Path) -> Iterator[SourceRecord]:
    wanted = {record["problem_id"] for _, record in _bugs(folder)}
    tests = _tests(folder, wanted)
    for language, record in _bugs(folder):
        yield _pair(record, language, tests.get(record["problem_id"], []), folder.parent / STATEMENTS_DIRECTORY)


def _bugs(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield upstream's name of the language and the record, for every bug of the test split."""
    shards = [(match, path) for path in sorted(folder.rglob("*")) if (match := _BUGS.fullmatch(path.name))]
    tables = [path for path in sorted(folder.rglob("*.parquet")) if path.name.startswith("test")]
    if not shards and not tables:
        raise InputError(
            f"No bugs of the test split are in {folder}.",
            "It should hold files such as python_test0.jsonl.gz of a release, or test-*.parquet.",
        )
    for match, path in shards:
        for record in _records(path, _COLUMNS):
            yield match["language"], record
    for path in tables:
        for record in read_rows(path, (*_COLUMNS, "language")):
            yield record["language"], record


def _records(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Stream the records of a JSON-lines file, compressed or not.

    Raises:
        InputError: The file cannot be read, or a record is no object or lacks one of the columns.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8") as handle:
            for number, line in enumerate(handle, 1):
                record = json.loads(line)
                missing = [name for name in columns if not isinstance(record, dict) or name not in record]
                if missing:
                    raise InputError(f"{path}:{number} lacks {', '.join(missing)}.", "Fetch the source's files again.")
                yield record
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"Cannot read {path}: {error}.", "Fetch the source's files again.") from error


def _tests(folder: Path, problems: set[str]) -> _Tests:
    """Return the first tests of these problems; none where the file of tests is not there."""
    found: _Tests = defaultdict(list)
    path = next((path for name in _TESTS for path in sorted(folder.rglob(name))), None)
    if path is not None:
        for record in _records(path, ("problem_id", "input", "output")):
            held = record["problem_id"]
            if held in problems and len(found[held]) < _MOST_TESTS:
                found[held].append((record["input"], record["output"]))
    return dict(found)


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
        check=_check(record, language, tests),
    )


def _check(record: dict[str, Any], language: str, tests: list[tuple[str, str]]) -> Check | None:
    file = ""
    if language == "Java":
        classes = {record.get(f"{side}_main_class") or "Main" for side in ("buggy", "fixed")}
        if len(classes) > 1:
            return None  # one check has one name for the file of either answer
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
        responses="people: contest submissions",
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
            f"are ignored. A check runs the first {_MOST_TESTS} tests of a problem. Problem statements are read from "
            f"{STATEMENTS_DIRECTORY} next to this directory. The columns follow upstream's loader; the data itself was "
            "not available. CodeNet's license is assumed to apply."
        ),
    )
)
