"""SecBench: commits of open projects that fix security weaknesses, found by their messages and checked manually."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.commits import FIXES_FILE, read_commit, read_fixes
from themis_rm.benchmark.sources.formats.tables import read_table
from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, SourceRecord, UnusableRecord

_TABLE = "secbench.csv"
_EXTENSIONS = frozenset({"c", "h", "cc", "cpp", "java", "js", "py", "rb"})
"""Values of the table's ``language`` column for languages of the benchmark; clones of others are not read."""
_CRITERION_OF_CWE = {"CWE-401": "ME"}
"""Criteria of the weaknesses that are not primarily about security."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    if (directory / FIXES_FILE).is_file():
        yield from read_fixes(directory / FIXES_FILE)
        return
    seen: set[str] = set()
    for row in read_table(directory / _TABLE, ("owner", "project", "sha", "language", "cve_id", "cwe_id")):
        slug = f"{row['owner']}/{row['project']}"
        key = f"{slug}@{row['sha']}"
        if key in seen:
            yield UnusableRecord(key, "duplicate")
        elif row["language"] not in _EXTENSIONS:
            yield UnusableRecord(key, "language")
        else:
            criterion = _CRITERION_OF_CWE.get(row["cwe_id"], "SH")
            yield read_commit(directory / "repos", slug, row["sha"], key, row["cwe_id"], criterion)
        seen.add(key)


SOURCES.register(
    BenchmarkSource(
        name="secbench",
        directory="tqrg_secbench",
        title="SecBench",
        subset="SECBENCH",
        license="MIT",
        criteria=("SH", "ME"),
        languages=("C", "Cpp", "Java", "JavaScript", "Python", "Ruby"),
        prompts="template",
        responses="people; real projects before and after a commit that fixes a weakness",
        tests=False,
        citation=(
            "Reis and Abreu (2017). SECBENCH: A Database of Real Security Vulnerabilities. SecSE at ESORICS 2017, "
            "CEUR-WS 1977, 70-85, https://ceur-ws.org/Vol-1977/paper6.pdf"
        ),
        upstream="github:TQRG/secbench",
        revision="30426f2f30feebe89bbbaeab39ac50b27ee493d3",
        files=("dataset/secbench.csv (as secbench.csv)", "repos/<owner>/<name> (clones)", f"or {FIXES_FILE}"),
        read=_read,
        notes=(
            "The table lists commits without code: without clones every row is counted as no-clone. The license is "
            "that of the table; the code has its projects' licenses. 88 rows, half of them C, are memory leaks."
        ),
    )
)
