"""The stage ``mine``: kept and dropped commits, counts, and resumed runs."""

import json
import signal
import subprocess
import sys

import pytest
from tests.mining.conftest import AFTER, BEFORE

from themis_rm.errors import InputError
from themis_rm.mining.repositories import mine_repositories
from themis_rm.mining.settings import MineSettings
from themis_rm.pipeline import ExecutorSettings, StageReport


def test_a_change_becomes_a_row_with_all_columns(history, mine):
    repo = history()
    commit = repo.change("Return one more than asked\n\nCallers count from one.\n")
    rows, report = mine(repo.path)
    parent = repo.git("rev-parse", "HEAD^")
    assert [row.to_dict() for row in rows] == [
        {
            "commit": commit,
            "subject": "Return one more than asked",
            "message": "Return one more than asked\n\nCallers count from one.",
            "repos": "repo",
            "file_path": "a.py",
            "license": "MIT",
            "unix_time": 1_500_000_180,
            "new_contents": "def f(x):\n    return x + 1\n",
            "old_contents": "def f(x):\n    return x\n",
            "language": "Python",
            "merged": "none",
            "reverted": False,
            "parent": parent,
            "author_time": 1_500_000_180,
            "tests": [],
            "other_files": [],
        }
    ]
    assert (report.read, report.kept, report.dropped) == (3, 1, {"root": 1, "added": 1})


def test_every_commit_is_kept_or_dropped_under_a_reason(history, mine):
    repo = history()
    repo.change()
    repo.commit("Change two files at once", {"a.py": b"x = 1\n", "b.py": b"y = 1\n"})
    repo.commit("Remove a file again", {"b.py": None})
    repo.commit("Nothing happens in here")
    repo.commit("Write some notes down", {"notes.txt": b"1"})
    repo.commit("Write more notes down", {"notes.txt": b"2"})
    repo.commit("tiny", {"a.py": b"x = 2\n"})
    repo.commit("x" * 15_000, {"a.py": b"x = 3\n"})
    repo.commit("bump version to 1.2.3", {"a.py": b"x = 4\n"})
    repo.commit('Revert "Change two files at once"', {"a.py": b"x = 5\n"})
    (repo.path / "a.py").write_bytes(b"x = 6\n")
    repo.commit_raw(b"Say \xff in some old encoding")
    repo.commit("Grow beyond the size limit", {"a.py": b"#" * 2000})
    repo.commit("Put a zero byte into the file", {"a.py": b"x = '\0'\n"})
    repo.commit("Write the file in Latin-1", {"a.py": b"# \xe9\n"})
    _, report = mine(repo.path, max_bytes=1000)
    assert report.read == report.kept + sum(report.dropped.values()) == 16
    assert report.dropped == {
        "added": 2, "deleted": 1, "message-boilerplate": 1, "message-long": 1, "message-not-utf8": 1,
        "message-revert": 1, "message-short": 1, "no-file": 1, "not-utf8": 1, "other-language": 1, "root": 1, "several-files": 1,
        "too-large": 2,
    }  # fmt: skip


def test_a_zero_byte_makes_a_file_binary(history, mine):
    repo = history()
    repo.change()
    repo.commit("Put a zero byte into the file", {"a.py": b"x = '\0'\n"})
    assert mine(repo.path)[1].dropped["binary"] == 1


def test_merges_are_dropped_and_mark_the_commits_of_pull_requests(history, mine):
    repo = history()
    repo.commit("Add a file to change", {"a.py": b"1\n", "b.py": b"1\n"})
    repo.git("checkout", "-q", "-b", "topic")
    inside = repo.commit("Count from two on", {"a.py": b"2\n"})
    repo.git("checkout", "-q", "main")
    outside = repo.commit("Count from three on", {"b.py": b"3\n"})
    repo.minutes += 1
    repo.git("merge", "-q", "--no-ff", "-m", "Merge pull request #7 from someone/topic", "topic")
    squashed = repo.commit("Count from four on (#8)", {"a.py": b"4\n"})
    rows, report = mine(repo.path)
    assert {row.commit: row.merged for row in rows} == {inside: "merge", outside: "none", squashed: "squash"}
    assert report.dropped["merge"] == 1


def test_reverted_commits_are_marked(history, mine):
    repo = history()
    first = repo.change("Return one more than asked")
    second = repo.commit("Return two more than asked", {"a.py": b"2\n"})
    repo.commit(f"Undo a mistake\n\nThis reverts commit {second[:9]}.\n", {"a.py": b"1\n"})
    rows, report = mine(repo.path)
    assert {row.commit: row.reverted for row in rows if row.commit in (first, second)} == {first: False, second: True}
    assert report.details["kept-reverted"] == 1


def test_since_and_until_apply_to_the_committer_time(history, mine):
    repo = history()
    repo.change()
    assert len(mine(repo.path, since="2017-07-14", until="2017-07-15")[0]) == 1
    assert mine(repo.path, since="2017-07-15", out=repo.path.parent / "late")[1].dropped == {"outside-time-range": 3}


def test_only_the_given_languages_are_kept(history, mine):
    repo = history()
    repo.change(path="a.go")
    repo.change(path="a.py")
    assert [row.language for row in mine(repo.path, languages=["go"])[0]] == ["Go"]


def test_first_parent_skips_merged_branches(history, mine):
    repo = history()
    repo.commit("Add a file to change", {"a.py": b"1\n"})
    repo.git("checkout", "-q", "-b", "topic")
    repo.commit("Count from two on", {"a.py": b"2\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "Merge pull request #7 from someone/topic", "topic")
    assert mine(repo.path, first_parent=True)[0] == []


def test_commits_under_another_license_are_dropped(history, mine):
    repo = history(license="GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n")
    repo.change()
    rows, report = mine(repo.path)
    assert (rows, report.read, report.dropped) == ([], 3, {"license": 3})
    assert "GPL-3.0" in report.details["repositories"][0]["reason"]


def test_any_license_accepts_repositories_without_one(history, mine):
    repo = history(license=None)
    repo.change()
    assert [row.license for row in mine(repo.path, any_license=True)[0]] == ["none"]


def test_a_failed_repository_does_not_end_the_run(history, mine, tmp_path):
    repo = history()
    repo.change()
    (tmp_path / "plain").mkdir()
    rows, report = mine(tmp_path / "plain", repo.path, tmp_path / "nowhere")
    assert len(rows) == 1
    assert [row["name"] for row in report.details["failed"]] == ["plain", "nowhere"]
    assert report.details["repositories-failed"] == 2
    assert StageReport.load(tmp_path / "out").details["failed"] == report.details["failed"]


def test_a_run_without_any_repository_mined_is_a_user_error(mine, tmp_path):
    (tmp_path / "plain").mkdir()
    with pytest.raises(InputError, match=r"No repository could be mined\. plain: It is not a git repository"):
        mine(tmp_path / "plain")


def test_no_repository_is_a_user_error(mine):
    with pytest.raises(InputError, match="No repository is given"):
        mine()


def test_equal_names_become_unique_and_repeated_repositories_are_dropped(history, mine):
    first, second = history("x/repo"), history("y/repo")
    first.change()
    second.change()
    rows, _ = mine(first.path, second.path, str(first.path) + "/")
    assert len(rows) == len({row.repos for row in rows}) == 2
    assert all(row.repos.startswith("repo~") for row in rows)


def test_the_remote_decides_the_name_and_its_password_is_not_written(history, mine, tmp_path):
    repo = history()
    repo.change()
    repo.git("remote", "add", "origin", "https://user:secret@example.org/owner/project.git")
    rows, _ = mine(repo.path)
    assert rows[0].repos == "owner/project"
    assert not [file for file in (tmp_path / "out").rglob("*.json") if "secret" in file.read_text()]


def test_results_of_other_settings_are_an_error(history, mine):
    repo = history()
    repo.change()
    mine(repo.path)
    with pytest.raises(InputError, match="other settings or inputs"):
        mine(repo.path, max_bytes=17)


def test_new_commits_need_another_output_directory(history, mine):
    repo = history()
    repo.change()
    mine(repo.path)
    repo.commit("Return two more than asked", {"a.py": b"2\n"})
    with pytest.raises(InputError, match="new commits in a repository"):
        mine(repo.path)


def test_only_failed_repositories_are_mined_again(history, mine, tmp_path):
    repo, late = history(), tmp_path / "late.bundle"
    repo.change()
    late.write_bytes(b"incomplete")
    _, report = mine(repo.path, late)
    assert report.details["repositories-failed"] == 1
    shard = tmp_path / "out" / "commits" / "00000.parquet"
    written = shard.stat().st_mtime_ns
    repo.git("bundle", "create", "-q", str(late), "HEAD", "main")
    rows, report = mine(repo.path, late)
    assert (len(rows), report.read, report.details["failed"]) == (2, 6, [])
    assert shard.stat().st_mtime_ns == written


def test_the_output_does_not_depend_on_the_number_of_workers(history, tmp_path):
    repos = []
    for number in range(3):
        repo = history(f"r{number}")
        repo.change()
        repo.change(path="b.go")
        repos.append(str(repo.path))
    for workers in (1, 3):
        mine_repositories(repos, tmp_path / f"out{workers}", MineSettings(), ExecutorSettings(workers=workers))
    one, three = ({f.name: f.read_bytes() for f in (tmp_path / f"out{n}" / "commits").iterdir()} for n in (1, 3))
    assert one == three


def test_a_partial_shard_of_a_killed_run_is_deleted(history, mine, tmp_path):
    repo = history(license=None)
    repo.change()
    mine(repo.path)
    (tmp_path / "out" / "logs" / "mine" / "completions" / "00000").unlink()
    (tmp_path / "out" / "commits" / "00000.parquet").write_bytes(b"PAR1 truncated")
    assert mine(repo.path)[0] == []


def test_clones_of_bundles_are_deleted_after_mining(history, mine, tmp_path):
    repo = history()
    repo.change()
    repo.git("bundle", "create", "-q", str(tmp_path / "-quiet.bundle"), "main")  # without HEAD, named like an option
    rows, _ = mine(tmp_path / "-quiet.bundle")
    assert [row.repos for row in rows] == ["-quiet"]
    assert not list((tmp_path / "out" / "clones").iterdir())


def test_bare_repositories_worktrees_and_file_urls_yield_the_same_rows(history, mine, tmp_path):
    repo = history()
    repo.change()
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    repo.git("worktree", "add", "-q", str(tmp_path / "tree"))
    commits = [
        [row.commit for row in mine(place, out=tmp_path / f"out-{number}")[0]]
        for number, place in enumerate((repo.path, tmp_path / "bare.git", tmp_path / "tree", f"file://{repo.path}"))
    ]
    assert commits == [commits[0]] * 4


def test_the_outcome_of_each_repository_is_in_the_report(history, mine, tmp_path):
    repo = history()
    repo.change()
    _, report = mine(repo.path)
    outcome = report.details["repositories"][0]
    assert (outcome["name"], outcome["status"], outcome["license"], outcome["commits"], outcome["kept"]) == (
        "repo",
        "mined",
        "MIT",
        3,
        1,
    )
    assert json.loads((tmp_path / "out" / "repositories" / "00000.json").read_text()) == outcome


def test_sha256_repositories_are_mined(history, mine):
    repo = history(object_format="sha256")
    commit = repo.change()
    assert len(commit) == 64
    assert [row.commit for row in mine(repo.path)[0]] == [commit]


def test_a_missing_git_program_is_a_user_error(mine, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="git program is not installed"):
        mine(tmp_path)


def test_versions_match_the_output_of_git_show(history, mine):
    repo = history()
    for number in range(12):
        for name in ("a.py", "sub/b.c"):
            repo.commit(f"Set number {number} in {name}", {name: b"n = %d\n\xc3\xa9\r\n" % number})
    rows, _ = mine(repo.path)
    assert len(rows) == 22
    for row in rows:
        for commit, text in ((row.commit, row.new_contents), (row.parent, row.old_contents)):
            shown = subprocess.run(
                ["git", "show", f"{commit}:{row.file_path}"], cwd=repo.path, capture_output=True, check=True
            )
            assert shown.stdout == text.encode()


def change_with_tests(repo, number, name="a.py", **files):
    """Commit a change of a source file with a test, a document, and further files."""
    extra = {"tests/test_a.py": b"assert f(%d)\n" % number, "CHANGES.md": b"%d" % number}
    return repo.commit(f"Return number {number} instead", {name: b"n = %d\n" % number} | extra | files)


def test_tests_and_documents_may_come_with_a_change(history, mine):
    repo = history()
    for number in range(3):
        change_with_tests(repo, number)
    rows, report = mine(repo.path, extra_files="tests-and-docs")
    assert [(row.new_contents, row.tests, row.other_files) for row in rows] == [
        (
            f"n = {number}\n",
            [{"path": "tests/test_a.py", "contents": f"assert f({number})\n"}],
            ["CHANGES.md"],
        )
        for number in (2, 1)
    ]
    assert (report.details["kept-with-tests"], report.details["kept-with-extra-files"]) == (2, 2)


def test_new_tests_are_kept_and_deleted_ones_named(history, mine):
    repo = history()
    repo.commit("Add a file and its old test", {"a.py": BEFORE, "tests/test_old.py": b"old\n"})
    repo.commit("Return one more than asked", {"a.py": AFTER, "tests/test_old.py": None, "tests/test_new.py": b"new\n"})
    ((row,), _) = mine(repo.path, extra_files="tests-and-docs")
    assert row.tests == [{"path": "tests/test_new.py", "contents": "new\n"}]
    assert row.other_files == ["tests/test_old.py"]


@pytest.mark.parametrize(
    "content",
    [b"x" * 61, b"\0", b"\xff", b"# SPDX-License-Identifier: BSD-2-Clause\n"],
    ids=["large", "binary", "not-utf8", "license"],
)
def test_tests_that_cannot_be_kept_are_named(history, mine, content):
    repo = history()
    change_with_tests(repo, 0)
    change_with_tests(repo, 1, **{"tests/other.py": content})
    ((row,), _) = mine(repo.path, extra_files="tests-and-docs", max_bytes=60)
    assert [test["path"] for test in row.tests] == ["tests/test_a.py"]
    assert row.other_files == ["CHANGES.md", "tests/other.py"]


def test_the_tests_of_a_commit_have_one_limit_together(history, mine):
    repo = history()
    change_with_tests(repo, 0)
    change_with_tests(repo, 1, **{"tests/b.py": b"x" * 30, "tests/c.py": b"x" * 31, "tests/d.py": b"x" * 15})
    ((row,), _) = mine(repo.path, extra_files="tests-and-docs", max_bytes=60)
    assert [test["path"] for test in row.tests] == ["tests/b.py", "tests/d.py", "tests/test_a.py"]


KILLED = """
import os, signal, sys
from pathlib import Path
from themis_rm.mining import repositories
from themis_rm.mining.miner import RepositoryMiner
from themis_rm.mining.settings import MineSettings
from themis_rm.pipeline import ExecutorSettings

left = int(sys.argv[2])
original = RepositoryMiner._row

def row(*arguments):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments)

RepositoryMiner._row = row
repositories._ROW_GROUP_BYTES = 100
repositories.mine_repositories(sys.argv[3:], Path(sys.argv[1]), MineSettings(), ExecutorSettings(workers=1))
"""


@pytest.mark.parametrize("moment", [1, 3, 6])
def test_a_killed_run_resumes_to_the_same_bytes(history, tmp_path, moment, monkeypatch):
    repos = []
    for number in range(3):
        repo = history(f"r{number}")
        for path in ("a.py", "b.go"):
            repo.change(path=path)
        repos.append(str(repo.path))
    monkeypatch.setattr("themis_rm.mining.repositories._ROW_GROUP_BYTES", 100)
    complete, resumed = tmp_path / "complete", tmp_path / "resumed"
    mine_repositories(repos, complete, MineSettings(), ExecutorSettings(workers=1))
    result = subprocess.run([sys.executable, "-c", KILLED, str(resumed), str(moment), *repos], check=False)
    assert result.returncode == -signal.SIGKILL
    report = mine_repositories(repos, resumed, MineSettings(), ExecutorSettings(workers=1))
    assert report.kept == 6
    for file in (complete / "commits").iterdir():
        assert (resumed / "commits" / file.name).read_bytes() == file.read_bytes()
    assert not (resumed / "scratch").exists()


def test_a_full_disk_is_not_contained(history, mine, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    repo = history()
    repo.change()
    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_batch", full)
    with pytest.raises(OSError, match="No space left"):
        mine(repo.path)


@pytest.mark.parametrize(
    ("sources", "text", "language"),
    [
        ({}, b"struct a { int b; };\n", "C"),
        ({"a.cpp": b"int b;\n"}, b"struct a { int b; };\n", "C++"),
        ({"a.c": b"int b;\n"}, b"template <class T> struct a { T b; };\n", "C++"),
    ],
)
def test_the_language_of_a_header_comes_from_its_text_and_the_sources_around(
    history, mine, tmp_path, sources, text, language
):
    repo = history()
    repo.commit("Add the sources of a", {**sources, "a.h": text})
    repo.commit("Add a second member to a", {"a.h": text.replace(b"b;", b"b, c;")})
    rows, _ = mine(repo.path)
    assert [row.language for row in rows] == [language]
    rows, report = mine(repo.path, out=tmp_path / "c", languages=["C"])
    assert len(rows) == (language == "C")
    assert report.dropped.get("other-language", 0) == (language != "C")
