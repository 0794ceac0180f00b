"""VJBench-trans: Java methods with a known vulnerability, rewritten so that no model has read them, and their mends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.cleaning.fixes import dedent_code
from themis_rm.benchmark.sources.formats.tables import read_table
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.errors import InputError
from themis_rm.languages.syntax import strip_comments

_FOLDER = "VJBench-trans"
_TABLE = "VJBench_dataset.csv"
_VULNERABLE, _MENDED = "code_structure_change_only", "patch_for_code_structure_change_only"


def _read(folder: Path) -> Iterator[SourceRecord]:
    weaknesses = _weaknesses(folder / _TABLE)
    cases = sorted(path for path in (folder / _FOLDER).glob("*/") if path.is_dir())
    if not cases:
        raise InputError(f"{folder / _FOLDER} holds no cases.", "Fetch the source's files again.")
    for case in cases:
        vulnerable, mended = (case / f"{case.name}_{part}.java" for part in (_VULNERABLE, _MENDED))
        if not vulnerable.is_file() or not mended.is_file():
            yield UnusableRecord(case.name, "one-side-only")
            continue
        yield SourcePair(
            key=case.name,
            criterion="SH",
            language="Java",
            chosen=_method(mended),
            rejected=_method(vulnerable),
            group=case.name,
            rule=weaknesses.get(case.name, ""),
        )


def _weaknesses(table: Path) -> dict[str, str]:
    """Return case -> CWE; the table has no row for the cases that come from Vul4J."""
    columns = ("Vulnerability IDs", "CWE Type")
    return {row[columns[0]]: row[columns[1]] for row in read_table(table, columns)}


def _method(path: Path) -> str:
    """Return a method without comments: only the mended ones have any, and they speak of the mend."""
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
        responses="people; a method of a real project before and after its CVE's hint, both restructured by hand",
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
            "Of each case the restructured method and its patch are read: of the original and the renamed methods "
            "upstream has no mended version. 35 of the 50 cases are Vul4J's, in other words."
        ),
    )
)
