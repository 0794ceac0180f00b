"""Commits of other projects as the input of ``curate``."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from themis_rm.curation.commit_input import find_commits
from themis_rm.curation.commits import COMMIT_FORMATS
from themis_rm.curation.curate import curate
from themis_rm.curation.settings import CurateSettings
from themis_rm.errors import InputError
from themis_rm.pipeline import ExecutorSettings
from themis_rm.storage.parquet import read_rows

OLD = "def mean(values):\n    total = 0\n    for value in values:\n        total += value\n    return total\n"
NEW = OLD.replace("return total\n", "return total / len(values)\n")

PACKED = {
    "commit": "c1", "old_file": "src/mean.py", "new_file": "src/mean.py", "old_contents": OLD, "new_contents": NEW,
    "subject": "Fix bug in the mean of values", "message": "Fix bug in the mean of values\n\nDivide.", "lang": "Python",
    "license": "apache-2.0", "repos": "owner/one,fork/two",
}  # fmt: skip
PUBLISHED = {
    "commit": "c1", "message": "Fix bug in the mean\n\nDivide.", "file_path": "src/mean.py", "new_contents": NEW,
    "old_contents": OLD,
}  # fmt: skip


def write(path: Path, *rows: Any) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    else:
        path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


def commits_of(path: Path, **columns: str) -> list[dict[str, Any]]:
    return [doc.metadata for doc in find_commits(path, columns).reader().run()]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_commitpack_is_read_in_the_columns_of_commits(tmp_path: Path, kind: str) -> None:
    (row,) = commits_of(write(tmp_path / f"a.{kind}", PACKED))
    assert row == {
        "commit": "c1", "subject": PACKED["subject"], "message": PACKED["message"], "repos": "owner/one",
        "file_path": "src/mean.py", "old_path": "src/mean.py", "license": "Apache-2.0", "unix_time": None,
        "new_contents": NEW, "old_contents": OLD, "language": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        ({"repos": ["owner/one", "fork/two"]}, "repos", "owner/one"),
        ({"repos": None}, "repos", ""),
        ({"license": "wtfpl"}, "license", "WTFPL"),
        ({"license": "our-own"}, "license", "our-own"),
        ({"license": None}, "license", "unknown"),
        ({"subject": None}, "subject", "Fix bug in the mean of values"),
        ({"new_file": "a.h", "lang": "C++"}, "language", "C++"),
        ({"new_file": "Rakefile", "lang": "Ruby"}, "language", "Ruby"),
        ({"new_file": "a.py", "lang": "Ruby"}, "language", ""),
        ({"new_file": "a.txt", "lang": "Text"}, "language", ""),
    ],
    ids=str,
)
def test_values_of_commitpack_are_normalized(
    tmp_path: Path, changes: dict[str, Any], column: str, expected: str
) -> None:
    (row,) = commits_of(write(tmp_path / "a.jsonl", {**PACKED, **changes}))
    assert row[column] == expected


def test_commitpack_becomes_pairs_and_every_dropped_row_has_a_reason(tmp_path: Path) -> None:
    rows = [
        PACKED,
        {**PACKED, "commit": "c2", "old_file": "old.py"},
        {**PACKED, "commit": "c3", "new_contents": None},
        {**PACKED, "commit": "c4", "message": ["x"]},
        "{broken\n",
        "3\n",
    ]
    write(tmp_path / "a.jsonl", *rows)
    report = curate(tmp_path / "a.jsonl", None, tmp_path / "out", CurateSettings(), ExecutorSettings(workers=1))
    assert report.dropped == {"malformed-row": 2, "not-a-row": 1, "not-json": 1, "renamed": 1}
    assert (report.read, report.kept, report.details["format"]) == (6, 1, "commitpack")
    (pair,) = read_rows(tmp_path / "out/pairs")
    assert (pair["chosen"], pair["rejected"], pair["criteria"]) == (NEW, OLD, ["FC"])
    assert (pair["language"], pair["repos"], pair["unix_time"]) == ("Python", "owner/one", None)
    assert [row["commit"] for row in read_rows(tmp_path / "out/dropped/renamed")] == ["c2"]


def test_published_columns_may_lack_those_on_the_origin(tmp_path: Path) -> None:
    (row,) = commits_of(write(tmp_path / "a.jsonl", PUBLISHED))
    assert (row["subject"], row["repos"], row["license"], row["unix_time"]) == (
        "Fix bug in the mean", "", "unknown", None
    )  # fmt: skip


def test_columns_under_other_names_can_be_mapped(tmp_path: Path) -> None:
    row = {name: value for name, value in PUBLISHED.items() if name != "file_path"} | {"path": "a.go"}
    file = write(tmp_path / "a.jsonl", row)
    assert [row["file_path"] for row in commits_of(file, file_path="path")] == ["a.go"]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        (1_500_000_000, 1_500_000_000),
        (1_500_000_000.0, 1_500_000_000),
        ("1500000000", 1_500_000_000),
        ("2017-07-14T02:40:00+00:00", 1_500_000_000),
        ("2017-07-14 02:40:00", 1_500_000_000),
    ],
    ids=str,
)
def test_times_are_read_in_any_form(tmp_path: Path, time: Any, seconds: int) -> None:
    (row,) = commits_of(write(tmp_path / "a.jsonl", {**PUBLISHED, "date": time}), unix_time="date")
    assert row["unix_time"] == seconds


def test_a_time_that_cannot_be_read_drops_the_row(tmp_path: Path) -> None:
    assert commits_of(write(tmp_path / "a.jsonl", {**PUBLISHED, "unix_time": "yesterday"})) == []


def test_unknown_columns_are_refused_with_the_way_to_map_them(tmp_path: Path) -> None:
    row = {name: value for name, value in PUBLISHED.items() if name != "file_path"} | {"path": "a.go"}
    with pytest.raises(InputError, match=r"lacks the column file_path of commits; it has: commit, .*path") as caught:
        find_commits(write(tmp_path / "a.jsonl", row), {})
    assert "--set columns.file_path=NAME" in caught.value.hint


def test_files_of_two_formats_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", PACKED)
    write(tmp_path / "b.jsonl", PUBLISHED)
    with pytest.raises(InputError, match=r"b.jsonl is in the format published, and .*a.jsonl in commitpack"):
        find_commits(tmp_path, {})


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no row that can be read"):
        find_commits(write(tmp_path / "a.jsonl"), {})


def test_the_formats_are_registered() -> None:
    assert COMMIT_FORMATS.names() == ["commitpack", "published"]


TESTS = [{"path": "tests/test_mean.py", "contents": "assert mean([2]) == 2\n"}]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_tests_of_commits_are_read_from_any_table(tmp_path: Path, kind: str) -> None:
    (row,) = commits_of(write(tmp_path / f"a.{kind}", PUBLISHED | {"tests": TESTS}))
    assert row["tests"] == TESTS


@pytest.mark.parametrize("tests", [3, "x", ["x"], [{"path": 1}]])
def test_tests_in_another_form_are_malformed(tmp_path: Path, tests: Any) -> None:
    assert commits_of(write(tmp_path / "a.jsonl", PUBLISHED | {"tests": tests})) == []
    complete = {"subject": "s", "repos": "r", "license": "MIT", "unix_time": 1}
    with pytest.raises(InputError, match="column tests has type"):
        find_commits(write(tmp_path / "a.parquet", PUBLISHED | complete | {"tests": tests}), {})
