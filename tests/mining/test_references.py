"""References as git may store them: which commit a history starts at."""

import shutil
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError
from themis_rm.mining import references
from themis_rm.mining.layout import find_git_dir
from themis_rm.mining.references import find_commit


@pytest.fixture
def repo(history):
    """Return a repository with the branches ``main``, ``old/one`` (one commit behind) and a tag."""
    made = history()
    made.change()
    made.git("branch", "old/one", "HEAD~1")
    made.git("tag", "v1", "HEAD~1")
    return made


def start(repo, branch=""):
    return find_commit(find_git_dir(repo.path), branch)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("branch", "commit"), [("", "HEAD"), ("main", "HEAD"), ("old/one", "HEAD~1"), ("refs/tags/v1", "HEAD~1")]
)
def test_a_branch_is_chosen_by_name(repo, branch, commit, packed):
    if packed:
        repo.git("pack-refs", "--all")
    assert start(repo, branch) == repo.git("rev-parse", commit)


@pytest.mark.parametrize("branch", ["none", "../HEAD", "refs/../HEAD", "\0", "a" * 300, "refs/heads"])
def test_a_branch_that_does_not_exist_is_an_error_with_the_branches(repo, branch):
    with pytest.raises(InputError, match=r"It has no branch '.*'\. Choose one .*: main, old/one\."):
        start(repo, branch)


def test_packed_references_of_any_length_are_read(repo):
    oid = repo.git("rev-parse", "HEAD")
    repo.git("pack-refs", "--all")
    lines = [f"{oid} refs/pull/{number:07d}/head\n" for number in range(20_000)]
    file = repo.path / ".git/packed-refs"
    file.write_text("# pack-refs with: peeled fully-peeled sorted\n" + "".join(lines) + f"{oid} refs/heads/main\n")
    assert start(repo) == oid


def test_references_are_not_limited_in_size(repo, monkeypatch):
    monkeypatch.setattr(references, "_MOST_BRANCHES", 1)
    repo.git("pack-refs", "--all")
    assert start(repo, "old/one") == repo.git("rev-parse", "HEAD~1")


def test_a_head_whose_branch_is_gone_names_the_branches(repo):
    repo.git("branch", "-m", "main", "develop")
    repo.git("symbolic-ref", "HEAD", "refs/heads/main")
    with pytest.raises(InputError, match=r"HEAD does not point to a commit.*branch=NAME: develop, old/one\."):
        start(repo)
    assert start(repo, "develop") == repo.git("rev-parse", "develop")


def test_remote_tracking_branches_are_named_and_can_be_chosen(repo, tmp_path):
    repo.git("clone", "-q", str(repo.path), str(tmp_path / "clone"))
    for name in ("refs/heads", "logs"):
        shutil.rmtree(tmp_path / "clone/.git" / name)
    (tmp_path / "clone/.git/refs/heads").mkdir()
    git_dir = find_git_dir(tmp_path / "clone")
    with pytest.raises(InputError, match=r"branch=NAME: origin/main, origin/old/one\."):
        find_commit(git_dir)
    assert find_commit(git_dir, "main") == find_commit(git_dir, "origin/main") == repo.git("rev-parse", "main")


def test_a_detached_head_is_followed(repo):
    repo.git("checkout", "-q", "--detach", "HEAD~1")
    assert start(repo) == repo.git("rev-parse", "HEAD")


def test_a_worktree_has_a_head_of_its_own(repo, tmp_path):
    repo.git("worktree", "add", "-q", str(tmp_path / "tree"), "old/one")
    assert find_commit(find_git_dir(tmp_path / "tree")) == repo.git("rev-parse", "old/one")


def test_references_in_a_circle_end(repo):
    (repo.path / ".git/refs/heads/main").write_text("ref: refs/heads/main\n")
    with pytest.raises(InputError, match="HEAD does not point to a commit"):
        start(repo)


def test_the_branch_setting_decides_what_is_mined(repo, mine):
    assert len(mine(repo.path)[0]) == 1
    assert mine(repo.path, out=repo.path.parent / "old", branch="old/one")[0] == []


def make_reftable(repo):
    git_dir = repo.path / ".git"
    (git_dir / "reftable").mkdir()
    (git_dir / "reftable/tables.list").write_text("1.ref\n")
    (git_dir / "HEAD").write_text("ref: refs/heads/.invalid\n")


def test_a_reftable_that_git_cannot_read_is_named(repo, monkeypatch):
    make_reftable(repo)
    monkeypatch.setattr(references, "_git_version", lambda: (2, 39))
    with pytest.raises(InputError, match=r"as a reftable, which git 2\.39 cannot read\. Install git 2\.45"):
        start(repo)


def test_a_reftable_is_read_by_git(repo, monkeypatch):
    oid = repo.git("rev-parse", "HEAD")
    make_reftable(repo)
    monkeypatch.setattr(references, "_git_version", lambda: (2, 45))
    answers = {"for-each-ref": f"{oid} refs/heads/main\n", "rev-parse": f"{oid}\n"}
    monkeypatch.setattr(references, "_git", lambda *arguments: answers[arguments[1][0]])
    assert start(repo) == start(repo, "main") == oid


@given(st.binary(max_size=200))
def test_any_content_of_head_and_packed_references_is_an_error_or_a_hash(tmp_path_factory, data):
    git_dir = tmp_path_factory.mktemp("git")
    (git_dir / "HEAD").write_bytes(data)
    (git_dir / "packed-refs").write_bytes(data)
    with suppress(InputError):
        assert references._OID.fullmatch(find_commit(git_dir))
