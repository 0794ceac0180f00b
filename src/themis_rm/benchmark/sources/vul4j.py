"""Vul4J: commits that fix known vulnerabilities of Java projects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.commits import FIXES_FILE, read_commit, read_fixes
from themis_rm.benchmark.sources.formats.tables import read_table
from themis_rm.benchmark.sources.source import SOURCES, BenchmarkSource, SourceRecord, UnusableRecord

_TABLE = "dataset/vul4j_dataset.csv"
_PATCH = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)/commit/([0-9a-f]+)/?")


def _read(directory: Path) -> Iterator[SourceRecord]:
    if (directory / FIXES_FILE).is_file():
        yield from read_fixes(directory / FIXES_FILE)
        return
    for row in read_table(directory / _TABLE, ("vul_id", "cwe_id", "cwe_name", "human_patch")):
        match = _PATCH.fullmatch(row["human_patch"].strip())
        if match is None:
            yield UnusableRecord(row["vul_id"], "no-commit-named")
            continue
        rule = f"{row['cwe_id']} {row['cwe_name']}" if row["cwe_id"].startswith("CWE-") else ""
        yield read_commit(directory / "repos", match.group(1), match.group(2), row["vul_id"], rule)


SOURCES.register(
    BenchmarkSource(
        name="vul4j",
        title="Vul4J",
        subset="VUL4J",
        license="CC-BY-4.0",
        criteria=("SH",),
        languages=("Java",),
        prompts="template",
        responses="people; real projects before and after the fix of a CVE",
        tests=False,
        citation=(
            "Bui, Scandariato and Díaz Ferreyra (2022). Vul4J: A Dataset of Reproducible Java Vulnerabilities Geared "
            "Towards the Study of Program Repair Techniques. MSR 2022, doi:10.1145/3524842.3528482"
        ),
        upstream="github:tuhh-softsec/vul4j",
        revision="",
        files=(_TABLE, "repos/<owner>/<name> (clones of the projects)", f"or {FIXES_FILE}"),
        read=_read,
        notes=(
            "The table lists commits; their code is read from local clones, one changed source file each. The license "
            "is that of the table; the code has its projects' licenses. The tests need each project's build and are "
            "not run."
        ),
    )
)
