"""The stage ``curate``: counts add up, and the output depends only on inputs and settings."""

import dataclasses
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from themis_rm.curation.curate import curate
from themis_rm.curation.settings import CurateSettings
from themis_rm.errors import InputError, SettingError
from themis_rm.pipeline import ExecutorSettings, StageReport
from themis_rm.records import CodePair, Commit, Solution
from themis_rm.storage.parquet import read_rows, write_rows

ONE = ExecutorSettings(workers=1)
EVIDENCE = {"criteria": {"labels": "evidence"}}
SUBJECT = CurateSettings.build({"filters": {"instructions": {"source": "subject"}, **EVIDENCE}})
SUBJECTS = [
    "Fix crash on empty input (#12)",
    "Speed up the mean with a single pass",
    "Fix memory leak in the cache of totals",
    "Refactor the mean for readability",
    "Prevent SQL injection in the login form",
    "Add a page about nothing",
    "fix: bug",
]


def code(name: str, guard: bool) -> str:
    lines = [f"def {name}(values):", '    """Return the mean."""']
    lines += ["    if not values:", "        return 0.0"] if guard else []
    return "\n".join([*lines, "    total = sum(values)", "    return total / len(values)", ""])


def commit(number: int, **changes) -> Commit:
    subject = SUBJECTS[number % len(SUBJECTS)]
    values = {
        "commit": f"{number:040x}",
        "subject": subject,
        "message": subject + "\n",
        "repos": f"repo{number % 3}",
        "file_path": "src/mean.py",
        "license": "MIT",
        "unix_time": 1_500_000_000 + number,
        "new_contents": code(f"mean{number}", True),
        "old_contents": code(f"mean{number}", False),
        "language": "Python",
    }
    return Commit(**(values | changes))


def write(folder: Path, shards: list[list[Commit]]) -> Path:
    for number, rows in enumerate(shards):
        write_rows(folder / f"{number:05d}.parquet", rows, Commit.schema())
    return folder


@pytest.fixture
def commits(tmp_path):
    first = [commit(n) for n in range(30)]
    second = [
        commit(100, reverted=True),
        commit(101, language="Fortran"),
        commit(105, new_contents=code("mean3", True), old_contents=code("mean3", False)),  # the pair of commit 3
        commit(
            107, old_contents=code("mean0", False) + "x = 1\n", new_contents=code("mean0", True)
        ),  # the better version of commit 0
        commit(112, old_contents=code("a", True), new_contents=code("a", False)),
        commit(119, old_contents=code("a", False), new_contents=code("a", True)),  # contradicts 112
        commit(126, new_contents="x = 1\n" * 12_000),
        commit(133, new_contents=code("b", False), old_contents=code("b", False)),
    ]
    return write(tmp_path / "commits", [first, second, [commit(200)]])


def contents(out: Path) -> dict[str, bytes]:
    files = [f for part in ("pairs", "dropped") for f in (out / part).rglob("*.parquet")]
    return {str(f.relative_to(out)): f.read_bytes() for f in files}


def test_counts_add_up_and_every_dropped_row_is_written_out(commits, tmp_path):
    report = curate(commits, None, tmp_path / "out", SUBJECT, ONE)
    assert report.read == 39
    assert report.kept == sum(1 for _ in read_rows(tmp_path / "out" / "pairs"))
    assert report.kept + sum(report.dropped.values()) == report.read
    excluded = {f.name: sum(1 for _ in read_rows(f)) for f in (tmp_path / "out" / "dropped").iterdir()}
    assert excluded == report.dropped
    assert report.dropped == {
        "contradicted": 2,
        "duplicate-answer": 1,
        "duplicate-pair": 1,
        "no-criterion": 4,
        "other-language": 1,
        "reverted": 1,
        "short-subject": 4,
        "too-large": 1,
        "unchanged": 1,
    }
    assert StageReport.load(tmp_path / "out") == report


def test_the_version_after_a_commit_is_the_chosen_one(commits, tmp_path):
    curate(commits, None, tmp_path / "out", SUBJECT, ONE)
    first = next(read_rows(tmp_path / "out" / "pairs"))
    pair = CodePair.from_dict(first)
    assert (pair.chosen, pair.rejected) == (code("mean0", True), code("mean0", False))
    assert (pair.instruction, pair.instruction_source, pair.origin) == (
        "Fix crash on empty input",
        "subject",
        "commit",
    )
    terms = ["FC:fix crash on empty", "FC:+added-check", "FC:+added-condition"]
    assert (pair.criteria, pair.terms, pair.unix_time) == (["FC"], terms, 1_500_000_000)


def test_the_report_counts_pairs_by_criterion_and_language(commits, tmp_path):
    report = curate(commits, None, tmp_path / "out", CurateSettings(), ONE)
    rows = list(read_rows(tmp_path / "out" / "pairs"))
    assert sum(report.details["kept_by_criterion"].values()) == sum(len(row["criteria"]) for row in rows)
    assert list(report.details["kept_by_criterion"]) == ["FC", "EE", "ME", "R&M", "SH"]
    assert report.details["kept_by_language"] == {"Python": len(rows)}
    assert report.details["tokens_counted_by"] == "estimate (Qwen3)"


def test_the_output_does_not_depend_on_the_number_of_workers(commits, tmp_path):
    curate(commits, None, tmp_path / "one", CurateSettings(), ONE)
    curate(commits, None, tmp_path / "two", CurateSettings(), ExecutorSettings(workers=2))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_an_interrupted_run_resumes_to_the_same_bytes(commits, tmp_path):
    out = tmp_path / "out"
    first = curate(commits, None, out, CurateSettings(), ONE)
    wanted = contents(out)
    # The state after a kill in the last pass: one task unfinished, its output truncated, intermediate rows present.
    shutil.rmtree(out / "logs" / "unique")
    (out / "report.json").unlink()
    (out / "logs" / "find" / "completions" / "00000").unlink()
    for part in ("completions", "stats"):
        shutil.rmtree(out / "logs" / "commits" / part)
    next(iter((out / "pairs").iterdir())).write_bytes(b"PAR1 cut off")
    again = curate(commits, None, out, CurateSettings(), ONE)
    assert contents(out) == wanted
    assert (again.kept, again.dropped) == (first.kept, first.dropped)


def test_a_finished_run_is_not_run_again(commits, tmp_path):
    first = curate(commits, None, tmp_path / "out", CurateSettings(), ONE)
    times = {f: f.stat().st_mtime_ns for f in (tmp_path / "out" / "pairs").iterdir()}
    again = curate(commits, None, tmp_path / "out", CurateSettings(), ONE)
    assert {f: f.stat().st_mtime_ns for f in (tmp_path / "out" / "pairs").iterdir()} == times
    assert (again.read, again.kept, again.dropped, again.details) == (
        first.read,
        first.kept,
        first.dropped,
        first.details,
    )


def test_other_settings_replace_the_output(commits, tmp_path):
    curate(commits, None, tmp_path / "out", CurateSettings(), ONE)
    report = curate(
        commits, None, tmp_path / "out", CurateSettings.build({"filters": {"merged": {"enabled": True}}}), ONE
    )
    assert report.kept == 0
    assert "not-merged" in report.dropped
    assert not list((tmp_path / "out" / "pairs").glob("*"))


def test_a_directory_with_other_files_is_not_changed(commits, tmp_path):
    (tmp_path / "out" / "pairs").mkdir(parents=True)
    with pytest.raises(InputError, match="not written by an earlier run"):
        curate(commits, None, tmp_path / "out", CurateSettings(), ONE)


def test_the_published_columns_are_sufficient(tmp_path):
    published = Commit.required()
    table = pa.Table.from_pylist([commit(n).to_dict() for n in range(5)], schema=Commit.schema()).select(published)
    (tmp_path / "in").mkdir()
    pq.write_table(table, tmp_path / "in" / "part.parquet")
    settings = CurateSettings.build({"filters": EVIDENCE})
    assert curate(tmp_path / "in", None, tmp_path / "out", settings, ONE).kept == 5


def test_rows_with_null_texts_are_dropped_and_written_out(tmp_path):
    rows = [commit(n).to_dict() for n in range(3)]
    rows[1]["old_contents"] = None
    (tmp_path / "in").mkdir()
    schema = pa.schema([pa.field(f.name, f.type) for f in Commit.schema()])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / "in" / "part.parquet")
    report = curate(tmp_path / "in", None, tmp_path / "out", CurateSettings(), ONE)
    assert report.dropped == {"malformed-row": 1}
    assert next(read_rows(tmp_path / "out" / "dropped" / "malformed-row"))["commit"] == rows[1]["commit"]


def test_a_missing_column_is_a_user_error(tmp_path):
    write_rows(tmp_path / "in" / "a.parquet", [], Solution.schema())
    with pytest.raises(InputError, match="lacks the column"):
        curate(tmp_path / "in", None, tmp_path / "out", CurateSettings(), ONE)


def test_no_input_is_a_user_error(tmp_path):
    with pytest.raises(InputError, match="nothing to curate"):
        curate(None, None, tmp_path / "out", CurateSettings(), ONE)


def test_an_unknown_language_is_rejected():
    with pytest.raises(SettingError, match="Unknown language 'Pyton'"):
        CurateSettings.build({"filters": {"language": {"languages": ["Pyton"]}}})


def solution(number: int) -> Solution:
    return Solution(
        id=f"s{number:03d}",
        instruction=f"Return the mean of the positive values, variant {number}.",
        solution=(
            f"def mean{number}(values, limit):\n"
            "    total = 0\n"
            "    count = 0\n"
            "    for value in values:\n"
            "        if value > 0 and count < limit:\n"
            "            total += value\n"
            "            count += 1\n"
            "    if count == 0:\n"
            "        return 0\n"
            "    return total / count\n"
        ),
        language="Python",
        repos="lib",
        file_path="mean.py",
        license="MIT",
        name=f"mean{number}",
        line=1,
        instruction_source="docstring",
    )


def test_solutions_become_pairs_with_an_injected_bug_and_counts_add_up(commits, tmp_path):
    write_rows(tmp_path / "solutions" / "a.parquet", [solution(n) for n in range(12)], Solution.schema())
    settings = CurateSettings.build({"near_duplicates": {"enabled": False}})  # the solutions differ in their name only
    report = curate(commits, tmp_path / "solutions", tmp_path / "out", settings, ONE)
    rows = list(read_rows(tmp_path / "out" / "pairs"))
    injected = [row for row in rows if row["origin"] == "injection"]
    assert len(injected) >= 12
    assert all(row["operator"] and row["chosen"] != row["rejected"] for row in injected)
    details = report.details
    assert report.read == details["commits_read"] + details["solutions_read"] == 39 + 12
    added = details["pairs_injected"] - details["solutions_injected"]
    assert report.kept + sum(report.dropped.values()) == report.read + added
    assert details["kept_by_origin"]["injection"] == len(injected)


def test_solutions_without_a_bug_site_are_written_out(tmp_path):
    plain = dataclasses.replace(solution(0), solution="def f():\n    pass\n")
    write_rows(tmp_path / "solutions" / "a.parquet", [plain, solution(1)], Solution.schema())
    report = curate(None, tmp_path / "solutions", tmp_path / "out", CurateSettings(), ONE)
    assert report.dropped == {"no-bug-site": 1}
    assert next(read_rows(tmp_path / "out" / "dropped" / "no-bug-site"))["id"] == plain.id


def test_long_files_become_windows_that_the_pair_and_the_report_name(tmp_path):
    rest = "".join(f"\n\ndef pad{n}(values):\n    return sorted(values)[{n}]\n" for n in range(400))
    long = commit(0, old_contents=code("mean", False) + rest, new_contents=code("mean", True) + rest)
    report = curate(write(tmp_path / "in", [[long]]), None, tmp_path / "out", CurateSettings(), ONE)
    (row,) = read_rows(tmp_path / "out" / "pairs")
    assert (row["chosen"], row["rejected"]) == (code("mean", True), code("mean", False))
    assert row["window"] == "1-4 -> 1-6"
    assert row["instruction"].endswith("\n\nThe code is an excerpt of mean.py; the rest of the file is not shown.")
    assert report.details["kept_by_window_criterion"] == {"FC": 1}
    assert report.details["kept_by_window_language"] == {"Python": 1}


def test_tests_of_a_commit_are_in_its_pair(tmp_path):
    tests = [{"path": "tests/test_mean.py", "contents": "assert mean([1]) == 1\n"}]
    report = curate(write(tmp_path / "in", [[commit(0, tests=tests), commit(1)]]), None, tmp_path / "out", SUBJECT, ONE)
    assert [row["tests"] for row in read_rows(tmp_path / "out" / "pairs")] == [tests, []]
    assert report.details["pairs_with_tests"] == 1


def test_commits_to_tests_are_pairs_of_their_own_task(tmp_path):
    tests = [commit(0, file_path="tests/test_mean.py", subject="Fix the flaky test of means"), commit(1)]
    settings = CurateSettings.build({"filters": {"file_kind": {"keep": ["test-file"]}}})
    report = curate(write(tmp_path / "in", [tests]), None, tmp_path / "out", settings, ONE)
    assert {row["task"]: row["file_path"] for row in read_rows(tmp_path / "out" / "pairs")} == {
        "tests": "tests/test_mean.py",
        "change": "src/mean.py",
    }
    assert report.details["kept_by_task"] == {"change": 1, "tests": 1}
