"""MDEval: debugging tasks in many languages, each with a manually annotated bug and unit tests.

Upstream has every record twice: ``raw`` contains the fields, and ``doc`` adds a repair instruction that quotes the
faulty code. Only ``raw`` is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.benchmark.sources.cleaning.surface import breaks_syntax, remove_blank_lines, remove_differing_comments
from themis_rm.benchmark.sources.formats.harnesses import (
    NODE_ASSERT,
    build_csharp_program,
    build_go_program,
    remove_go_imports,
)
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_jsonl,
)
from themis_rm.execute.check import Check
from themis_rm.languages import get_language

_FILES = {
    "C": "C",
    "C#": "CSharp",
    "CPP": "Cpp",
    "Go": "Go",
    "Java": "Java",
    "JavaScript": "JavaScript",
    "Python": "Python",
    "Ruby": "Ruby",
}
"""Name of a language's file -> its benchmark name; the other twelve upstream languages are not in the benchmark."""

_OPEN_CLASS = ("CSharp", "Java")
"""Languages in which a record is a class without its closing brace, which the tests continue with methods."""

_GO_TEST_IMPORTS = frozenset(("testing", "github.com/stretchr/testify/assert", "github.com/stringetchr/testify/assert"))
"""Libraries of the tests; the last path is a misspelling in the data."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    for name, language in _FILES.items():
        tasks: dict[str, str] = {}
        for _, record in read_jsonl(directory / "raw" / f"{name}.jsonl"):
            yield _pair(record, language, tasks.setdefault(record["docstring"].strip(), record["question_id"]))


def _pair(record: dict[str, Any], language: str, task: str) -> SourceRecord:
    key = record["question_id"]
    chosen, rejected = (_solution(record[side], language) for side in ("canonical_solution", "buggy_code"))
    chosen, rejected = remove_differing_comments(chosen, rejected, language)
    chosen, rejected = (remove_blank_lines(code, language) for code in (chosen, rejected))
    check = _build_check(record["test"], language, chosen, rejected)
    if language in _OPEN_CLASS:
        chosen, rejected = f"{chosen.rstrip()}\n}}\n", f"{rejected.rstrip()}\n}}\n"
    if breaks_syntax(chosen, rejected, language):
        return UnusableRecord(key, "syntax-error")
    return SourcePair(
        key=key,
        criterion="FC",
        language=language,
        chosen=chosen,
        rejected=rejected,
        prompt=_build_prompt(record, language),
        group=task,
        rule=f"{record['category']}: {record['subtype'].replace('_', ' ')}",
        check=check,
    )


def _solution(code: str, language: str) -> str:
    return remove_go_imports(code, _GO_TEST_IMPORTS) if language == "Go" else code


def _build_prompt(record: dict[str, Any], language: str) -> str:
    prompt = f"Write this in {get_language(language).name}.\n\n{record['docstring'].strip()}\n"
    example = record["example"]
    # A missing example is NaN upstream.
    return f"{prompt}\n{example.strip()}\n" if isinstance(example, str) and example.strip() else prompt


def _build_check(tests: str, language: str, chosen: str, rejected: str) -> Check:
    if language == "Go":
        programs = [build_go_program(code, tests) for code in (chosen, rejected)]
    elif language == "CSharp":
        programs = [build_csharp_program(code, tests) for code in (chosen, rejected)]
    elif language == "Java":
        programs = [f"{code}\n{tests}\n" for code in (chosen, rejected)]
    else:
        return Check(id="", language=language, after=f"\n{NODE_ASSERT if language == 'JavaScript' else ''}{tests}\n")
    return Check(
        id="",
        language=language,
        file="Solution.java" if language == "Java" else "",
        chosen_program=programs[0],
        rejected_program=programs[1],
    )


SOURCES.register(
    BenchmarkSource(
        name="mdeval",
        title="MDEval",
        subset="MDEVAL",
        license="CC-BY-SA-4.0",
        criteria=("FC",),
        languages=tuple(_FILES.values()),
        prompts="upstream",
        responses="people; reference solutions, with bugs inserted by annotators",
        tests=True,
        citation=("Shukai Liu et al. (2024). MdEval: Massively Multilingual Code Debugging. arXiv:2411.02310"),
        upstream="github:PGCodeLLM/MDEVAL",
        revision="c1363ef4b094428cff70921222eee118898b5b83",
        files=tuple(f"data/raw_data/raw/{name}.jsonl as raw/{name}.jsonl" for name in _FILES),
        read=_read,
        notes=(
            "Comments that differ and blank lines are removed from both sides, as the annotated side lost its "
            "comments. Records with new syntax errors are omitted."
        ),
    )
)
