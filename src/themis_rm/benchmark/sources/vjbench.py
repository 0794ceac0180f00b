"""VJBench-trans: vulnerable Java methods, restructured so that no model was trained on them, and their fixes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.cleaning.fixes import dedent_code
from themis_rm.benchmark.sources.formats.tables import read_table
from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.errors import InputError
from themis_rm.languages.syntax import strip_comments

_DIRECTORY = "VJBench-trans"
_TABLE = "VJBench_dataset.csv"
_VULNERABLE, _FIXED = "code_structure_change_only", "patch_for_code_structure_change_only"


def _read(directory: Path) -> Iterator[SourceRecord]:
    weaknesses = _read_weaknesses(directory / _TABLE)
    cases = sorted(path for path in (directory / _DIRECTORY).glob("*/") if path.is_dir())
    if not cases:
        raise InputError(f"{directory / _DIRECTORY} contains no cases.", DOWNLOAD_HINT)
    for case in cases:
        vulnerable, fixed = (case / f"{case.name}_{part}.java" for part in (_VULNERABLE, _FIXED))
        if not vulnerable.is_file() or not fixed.is_file():
            yield UnusableRecord(case.name, "one-side-only")
            continue
        yield SourcePair(
            key=case.name,
            criterion="SH",
            language="Java",
            chosen=_read_method(fixed),
            rejected=_read_method(vulnerable),
            group=case.name,
            rule=weaknesses.get(case.name, ""),
        )


def _read_weaknesses(table: Path) -> dict[str, str]:
    """Return case -> CWE; the table lacks the cases from Vul4J."""
    columns = ("Vulnerability IDs", "CWE Type")
    return {row[columns[0]]: row[columns[1]] for row in read_table(table, columns)}


def _read_method(path: Path) -> str:
    """Return a method without comments, as only the fixed ones have any and they explain the fix."""
    code = dedent_code(strip_comments(read_text(path), "Java"))
    return re.sub(r"\n{3,}", "\n\n", code)


SOURCES.register(
    BenchmarkSource(
        name="vjbench",
        directory="vjbench_vul4j_trans",
        title="VJBench-trans",
        subset="VJBENCH_TRANS",
        license="BSD-3-Clause",
        criteria=("SH",),
        languages=("Java",),
        prompts="template",
        responses="people; a method of a real project before and after the fix of a CVE, both restructured manually",
        tests=False,
        citation=(
            "Wu, Jiang, Pham, Lutellier, Davis, Tan, Babkin and Shah (2023). How Effective Are Neural Networks for "
            "Fixing Security Vulnerabilities. ISSTA 2023, arXiv:2305.18607"
        ),
        upstream="github:lin-tan/llm-vul",
        revision="ca3f45eb52a423bf4c89d75cde7c476ea7483f9a",
        files=("VJBench_dataset.csv", "VJBench-trans/"),
        read=_read,
        notes=(
            "Reads the restructured method and its patch of each case, as upstream has no fixed version of the "
            "original and the renamed methods. 35 of the 50 cases are rewritten cases of Vul4J."
        ),
    )
)
