"""HumanEvalPack: HumanEval in six languages, each solution with one bug put in by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.formats.harnesses import NODE_ASSERT, go_program, with_fitting_go_imports
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)
from themis_rm.execute.check import Check

_FOLDERS = {"cpp": "Cpp", "go": "Go", "java": "Java", "js": "JavaScript", "python": "Python", "rust": ""}
"""Folder of a language -> its benchmark name; empty for one that is not ours."""

_PACKAGE = re.compile(r"""^#include\s*<((?:boost|openssl)/[^>]+)>|require\('(js-md5)'\)""", re.MULTILINE)
"""What a few solutions need beyond their language's own library."""


def _read(folder: Path) -> Iterator[SourceRecord]:
    for name, language in _FOLDERS.items():
        for _, record in read_jsonl(folder / name / "humanevalpack.jsonl"):
            yield _pair(record, language) if language else UnusableRecord(record["task_id"], "language")


def _pair(record: dict[str, Any], language: str) -> SourcePair:
    chosen, rejected = (_answer(record, record[side], language) for side in ("canonical_solution", "buggy_solution"))
    return SourcePair(
        key=record["task_id"],
        criterion="FC",
        language=language,
        chosen=chosen,
        rejected=rejected,
        prompt=record["instruction"].strip(),
        group=f"HumanEval/{record['task_id'].rpartition('/')[2]}",
        name=record["entry_point"],
        signature=record["signature"],
        rule=record["bug_type"],
        check=_check(record, language, chosen, rejected),
    )


def _answer(record: dict[str, Any], body: str, language: str) -> str:
    """Return a body below the declaration that both bodies stand under."""
    declaration = record["declaration"]
    if declaration.count("{") - declaration.count("}") > 1 and language == "Cpp":
        # One declaration (CPP/38) runs on into the body: its last line at the margin is the signature.
        *_, signature = re.finditer(r"^\S.*\{.*\n", declaration, re.MULTILINE)
        declaration = declaration[: signature.end()]
    whole = f"{declaration}{body}"
    if language == "Go":
        # The declaration leaves out functions that the prompt gives to call (Poly, EncodeCyclic), and the imports
        # serve the tests too, or lack what the solution calls.
        whole = f"{record['import']}\n{_given_functions(record['prompt'])}{whole}"
        whole = with_fitting_go_imports(whole)
    return whole.strip("\n") + "\n"


def _given_functions(prompt: str) -> str:
    """Return the complete functions that a Go prompt holds before the one that is asked for."""
    starts = [at for at in range(len(prompt)) if prompt.startswith("func ", at) and prompt[at - 1 : at] in ("", "\n")]
    given = []
    for start in starts[:-1]:
        end = prompt.index("\n}\n", start) + len("\n}\n")
        given.append(prompt[start:end] + "\n")
    return "".join(given)


def _check(record: dict[str, Any], language: str, chosen: str, rejected: str) -> Check:
    tests = record["test"]
    if language == "Go":
        return Check(
            id="",
            language=language,
            chosen_program=go_program(chosen, tests),
            rejected_program=go_program(rejected, tests),
        )
    packages = [name for match in _PACKAGE.finditer(chosen) for name in match.groups() if name]
    return Check(
        id="",
        language=language,
        packages=packages,
        after=f"\n{NODE_ASSERT if language == 'JavaScript' else ''}{tests}\n",
    )


SOURCES.register(
    BenchmarkSource(
        name="humanevalpack",
        title="HumanEvalPack (HumanEvalFix)",
        subset="HUMANEVAL_PACK",
        license="MIT",
        criteria=("FC",),
        languages=("Cpp", "Go", "Java", "JavaScript", "Python"),
        prompts="upstream",
        responses="people: HumanEval solutions and translations, with one bug each put in by hand",
        tests=True,
        citation=(
            "Niklas Muennighoff et al. (2023). OctoPack: Instruction Tuning Code Large Language Models. "
            "arXiv:2308.07124"
        ),
        upstream="github:bigcode-project/octopack",
        revision="e17a8f6470264286bc6a52eb8263582083bf3bf6",
        files=("evaluation/create/humaneval-x/data/*/data/humanevalpack.jsonl as <language>/humanevalpack.jsonl",),
        read=_read,
        notes="Rust is left out. A problem is the same in every language: its pairs share a group.",
    )
)
