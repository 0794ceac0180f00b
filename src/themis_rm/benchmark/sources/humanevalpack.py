"""HumanEvalPack: HumanEval in six languages, each solution with one manually inserted bug."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.formats.harnesses import NODE_ASSERT, build_go_program, fix_go_imports
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)
from themis_rm.execute.check import Check

_DIRECTORIES = {"cpp": "Cpp", "go": "Go", "java": "Java", "js": "JavaScript", "python": "Python", "rust": ""}
"""Folder of a language -> its benchmark name; empty for one that is not ours."""

_PACKAGE = re.compile(r"""^#include\s*<((?:boost|openssl)/[^>]+)>|require\('(js-md5)'\)""", re.MULTILINE)
"""Third-party libraries that a few solutions use."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    for name, language in _DIRECTORIES.items():
        for _, record in read_jsonl(directory / name / "humanevalpack.jsonl"):
            yield _pair(record, language) if language else UnusableRecord(record["task_id"], "language")


def _pair(record: dict[str, Any], language: str) -> SourcePair:
    bodies = (record["canonical_solution"], record["buggy_solution"])
    chosen, rejected = (_build_response(record, body, language) for body in bodies)
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


def _build_response(record: dict[str, Any], body: str, language: str) -> str:
    """Return a body below the declaration, which is the same for both bodies."""
    declaration = record["declaration"]
    if declaration.count("{") - declaration.count("}") > 1 and language == "Cpp":
        # One declaration (CPP/38) includes the start of the body: its last unindented line is the signature.
        *_, signature = re.finditer(r"^\S.*\{.*\n", declaration, re.MULTILINE)
        declaration = declaration[: signature.end()]
    code = f"{declaration}{body}"
    if language == "Go":
        # The declaration lacks functions that the prompt provides (Poly, EncodeCyclic). The imports include those of
        # the tests and lack some of the solution's.
        code = f"{record['import']}\n{_provided_functions(record['prompt'])}{code}"
        code = fix_go_imports(code)
    return code.strip("\n") + "\n"


def _provided_functions(prompt: str) -> str:
    """Return the complete functions of a Go prompt before the one to write."""
    starts = [at for at in range(len(prompt)) if prompt.startswith("func ", at) and prompt[at - 1 : at] in ("", "\n")]
    provided = []
    for start in starts[:-1]:
        end = prompt.index("\n}\n", start) + len("\n}\n")
        provided.append(prompt[start:end] + "\n")
    return "".join(provided)


def _check(record: dict[str, Any], language: str, chosen: str, rejected: str) -> Check:
    tests = record["test"]
    if language == "Go":
        return Check(
            id="",
            language=language,
            chosen_program=build_go_program(chosen, tests),
            rejected_program=build_go_program(rejected, tests),
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
        responses="people; HumanEval solutions and translations, each with one manually inserted bug",
        tests=True,
        citation=(
            "Niklas Muennighoff et al. (2023). OctoPack: Instruction Tuning Code Large Language Models. "
            "arXiv:2308.07124"
        ),
        upstream="github:bigcode-project/octopack",
        revision="e17a8f6470264286bc6a52eb8263582083bf3bf6",
        files=("evaluation/create/humaneval-x/data/*/data/humanevalpack.jsonl as <language>/humanevalpack.jsonl",),
        read=_read,
        notes="Rust is omitted. The pairs of a problem share a group across languages.",
    )
)
