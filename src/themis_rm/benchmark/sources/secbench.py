"""SecBench: commits of open projects that mend security weaknesses, found by their messages and checked by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.commits import FIXES, read_commit, read_fixes
from themis_rm.benchmark.sources.formats.tables import read_table
from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, SourceRecord, UnusableRecord

_TABLE = "secbench.csv"
_ENDINGS = frozenset({"c", "h", "cc", "cpp", "java", "js", "py", "rb"})
"""Values of the table's ``language`` that are languages of ours; the others cost no look at a clone."""
_CRITERION_OF_CWE = {"CWE-401": "ME"}
"""Weaknesses that are no matter of security in the first place."""


def _read(folder: Path) -> Iterator[SourceRecord]:
    if (folder / FIXES).is_file():
        yield from read_fixes(folder / FIXES)
        return
    seen: set[str] = set()
    for row in read_table(folder / _TABLE, ("owner", "project", "sha", "language", "cve_id", "cwe_id")):
        slug = f"{row['owner']}/{row['project']}"
        key = f"{slug}@{row['sha']}"
        if key in seen:
            yield UnusableRecord(key, "duplicate")
        elif row["language"] not in _ENDINGS:
            yield UnusableRecord(key, "language")
        else:
            criterion = _CRITERION_OF_CWE.get(row["cwe_id"], "SH")
            yield read_commit(folder / "repos", slug, row["sha"], key, row["cwe_id"], criterion)
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
        responses="people; real projects before and after a commit that mends a weakness",
        tests=False,
        citation=(
            "Reis and Abreu (2017). SECBENCH: A Database of Real Security Vulnerabilities. SecSE at ESORICS 2017, "
            "CEUR-WS 1977, 70-85, https://ceur-ws.org/Vol-1977/paper6.pdf"
        ),
        upstream="github:TQRG/secbench",
        revision="30426f2f30feebe89bbbaeab39ac50b27ee493d3",
        files=("dataset/secbench.csv (as secbench.csv)", "repos/<owner>/<name> (clones)", f"or {FIXES}"),
        read=_read,
        notes=(
            "The table names commits and holds no code: without clones every row is counted as no-clone. Its license "
            "is that of the table: the code has its projects' licenses. 88 rows, half of them C, are memory leaks."
        ),
    )
)
