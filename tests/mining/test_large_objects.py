"""Commits and trees that fill the memory when git reads them as a whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError
from themis_rm.mining import git, large_objects, object_start
from themis_rm.mining.git import open_isolated
from themis_rm.mining.layout import find_git_dir
from themis_rm.mining.object_start import read_start

LONG = b"Return one more than asked\n\n" + b"long " * 20_000


@pytest.fixture(autouse=True)
def small_limit(monkeypatch):
    monkeypatch.setattr(large_objects, "MAX_COMMIT_BYTES", 10_000)


def store_loose(repo):
    return repo


def store_packed(repo):
    repo.git("repack", "-adfq", "--depth=0")


def store_deltas(repo):
    repo.git("repack", "-adfq")


@pytest.fixture(params=[store_loose, store_packed, store_deltas], ids=lambda store: store.__name__)
def repo(history, request):
    """Return a repository with two long messages, that of a merge among them, between short ones."""
    made = history()
    made.change(LONG)
    made.change(path="b.py")
    made.git("checkout", "-q", "-b", "side", "HEAD~1")
    made.change(LONG + b"more", path="c.py")
    made.git("checkout", "-q", "main")
    made.git("merge", "-q", "--no-ff", "-m", "Merge pull request #1 from a/side\n\n" + LONG.decode(), "side")
    made.change(path="d.py")
    request.param(made)
    return made


def test_long_messages_are_dropped_and_the_history_behind_them_is_read(repo, mine):
    rows, report = mine(repo.path)
    assert {row.file_path for row in rows} == {"b.py", "d.py"}
    assert (report.dropped["message-long"], report.dropped["merge"], report.read) == (2, 1, 10)


def test_git_never_reads_a_long_message(repo, tmp_path):
    facts = "--format=%H %P %at %ct"
    with open_isolated(find_git_dir(repo.path), tmp_path) as opened:
        assert len(opened.large) == 3
        assert opened.output(["log", facts, opened.head]).decode().strip() == repo.git("log", facts)
        assert len(opened.output(["log", "--format=%B", opened.head])) < 1_000


def test_the_start_of_a_commit_is_that_which_git_reads(repo):
    for oid in repo.git("rev-list", "--all").split():
        whole = repo.git("cat-file", "commit", oid).encode()
        start = read_start(repo.path / ".git/objects", oid, 400)
        assert start.partition(b"\n\n")[0] == whole.partition(b"\n\n")[0]
        assert len(start) < 10_000


def test_a_long_message_in_a_sha256_repository_is_dropped(history, mine):
    repo = history("sha", object_format="sha256")
    repo.change(LONG)
    repo.change(path="b.py")
    rows, report = mine(repo.path)
    assert (len(rows), report.dropped["message-long"]) == (1, 1)


def test_a_long_name_of_an_author_is_dropped(history, mine, monkeypatch):
    monkeypatch.setattr(large_objects, "_HEADER_BYTES", 10_000)
    repo = history()
    repo.change(b"Return one more than asked", path="b.py")
    repo.commit("Add a file to change", {"a.py": b"x = 1\n"})
    repo.git("commit", "-q", "--allow-empty", "-m", "Say who", GIT_AUTHOR_NAME="n" * 50_000)
    rows, report = mine(repo.path)
    assert (len(rows), report.dropped["bad-date"]) == (1, 1)


def test_a_commit_with_many_parents_keeps_them(history, tmp_path, monkeypatch):
    monkeypatch.setattr(large_objects, "MAX_COMMIT_BYTES", 900)
    repo = history()
    parents = [repo.commit(f"Commit {number} of many") for number in range(20)]
    tree = repo.git("write-tree")
    options = [word for parent in parents for word in ("-p", parent)]
    merge = repo.git("commit-tree", tree, *options, "-m", "Merge them all")
    repo.git("update-ref", "HEAD", merge)
    with open_isolated(find_git_dir(repo.path), tmp_path) as opened:
        assert opened.output(["log", "-1", "--format=%P"]).decode().split() == parents


def test_a_huge_tree_is_an_error(history, mine, monkeypatch):
    monkeypatch.setattr(large_objects, "MAX_TREE_BYTES", 10_000)
    repo = history()
    repo.commit("Add many files", {f"{number:03d}": b"" for number in range(400)})
    with pytest.raises(InputError, match=r"Its tree [0-9a-f]{40} has 1\d,\d{3} bytes, more than 10,000"):
        mine(repo.path)


def test_git_that_is_killed_is_an_error(history, tmp_path, monkeypatch):
    repo = history()
    repo.change()
    with open_isolated(find_git_dir(repo.path), tmp_path) as opened:
        monkeypatch.setattr(git, "git_command", lambda *_, **__: ["sh", "-c", "echo some; kill -SEGV $$"])
        with pytest.raises(InputError, match="git was ended by signal 11"):
            opened.output(["log"])


@given(st.binary(max_size=300), st.binary(max_size=100))
def test_any_difference_is_applied_within_the_limit(delta, base):
    result = object_start._apply(delta, lambda: base, 50)
    assert result is None or len(result) <= 50
