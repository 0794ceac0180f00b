"""ITSP: C programs of beginners, a rejected version and the accepted one that followed, with the course's tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.execute.check import Check

_HEADER = re.compile(
    r"\A\s*/\*\s*numPass=(?P<passed>\d+), numTotal=(?P<total>\d+)\n(?P<tests>.*?)\*/[ \t]*\n?", re.DOTALL
)
_TEST = re.compile(
    r'^Verdict:(?P<verdict>\w+), Visibility:(?P<visible>[01]), Input:"(?P<input>.*?)", ExpOutput:"(?P<output>.*?)", '
    r'Output:"',
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Test:
    input: str
    output: str
    visible: bool


@dataclass(frozen=True, slots=True)
class _Submission:
    code: str
    passes: bool
    tests: tuple[_Test, ...]


def _read(directory: Path) -> Iterator[SourceRecord]:
    for path in sorted(directory.glob("Lab-*/*/*_buggy.c")):
        problem, number = path.parent.name, path.stem.removesuffix("_buggy")
        key = f"{path.parent.parent.name}/{problem}/{number}"
        correct = path.with_name(f"{number}_correct.c")
        if not correct.is_file():
            yield UnusableRecord(key, "no-correct-version")
            continue
        yield _pair(key, problem, _read_submission(correct), _read_submission(path))


def _read_submission(path: Path) -> _Submission | None:
    """Return a submission without the header that the course added, or ``None`` if it lacks that header."""
    text = read_text(path)
    header = _HEADER.match(text)
    if header is None:
        return None
    tests = tuple(
        _Test(match["input"], match["output"], match["visible"] == "1") for match in _TEST.finditer(header["tests"])
    )
    passes = 0 < int(header["total"]) == int(header["passed"])
    return _Submission(text[header.end() :].strip("\n") + "\n", passes, tests)


def _pair(key: str, problem: str, chosen: _Submission | None, rejected: _Submission | None) -> SourceRecord:
    if chosen is None or rejected is None:
        return UnusableRecord(key, "no-test-record")
    if not chosen.passes:
        return UnusableRecord(key, "correct-version-fails")
    if rejected.passes:
        return UnusableRecord(key, "buggy-version-passes")
    if not any(test.visible for test in chosen.tests):
        return UnusableRecord(key, "no-visible-test")
    return SourcePair(
        key=key,
        criterion="FC",
        language="C",
        chosen=chosen.code,
        rejected=rejected.code,
        prompt=_build_prompt(chosen.tests),
        prompt_source="derived",
        group=f"ITSP/{problem}",
        check=Check(
            id="",
            language="C",
            inputs=[test.input for test in chosen.tests],
            outputs=[test.output for test in chosen.tests],
        ),
    )


def _build_prompt(tests: tuple[_Test, ...]) -> str:
    """Return a prompt that shows the tests that students saw, as the data lacks the task's text."""
    parts = ["Write a C program that reads from standard input and writes to standard output as in these examples."]
    parts += [f"Input:\n{test.input.rstrip()}\nOutput:\n{test.output.rstrip()}" for test in tests if test.visible]
    return "\n\n".join(parts) + "\n"


SOURCES.register(
    BenchmarkSource(
        name="itsp_c",
        title="ITSP (Intelligent Tutoring Systems for Programming)",
        subset="ITSP_C",
        license="MIT",
        criteria=("FC",),
        languages=("C",),
        prompts="derived",
        responses="students; a rejected submission and the accepted one that followed it",
        tests=True,
        citation=(
            "Jooyong Yi, Umair Z. Ahmed, Amey Karkare, Shin Hwei Tan, Abhik Roychoudhury (2017). A Feasibility Study "
            "of Using Automated Program Repair for Introductory Programming Assignments. doi:10.1145/3106237.3106262"
        ),
        upstream="github:jyi/ITSP",
        revision="0553f683f99403efb5ef440af826c1d229a52376",
        files=("dataset/Lab-*/<problem>/<id>_{buggy,correct}.c as Lab-*/...",),
        read=_read,
        notes="The task's text is not published: the prompt shows the tests that the students could see.",
    )
)
