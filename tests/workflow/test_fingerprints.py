import subprocess

from themis_rm.workflow import fingerprints


def git(folder, *args):
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *args],
        check=True,
        capture_output=True,
    )


def test_a_repository_changes_with_a_commit_and_not_with_its_work_tree(tmp_path):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "one")
    before = fingerprints.repository(str(tmp_path))
    (tmp_path / "untracked").write_text("x")
    assert fingerprints.repository(str(tmp_path)) == before
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "two")
    assert fingerprints.repository(str(tmp_path)) != before


def test_a_tree_changes_with_a_file(tmp_path):
    (tmp_path / "a.py").write_text("x")
    before = fingerprints.tree(tmp_path)
    assert fingerprints.tree(tmp_path) == before
    (tmp_path / "b.py").write_text("y")
    assert fingerprints.tree(tmp_path) != before


def test_compiled_files_do_not_count(tmp_path):
    (tmp_path / "a.py").write_text("x")
    before = fingerprints.tree(tmp_path)
    (tmp_path / "a.pyc").write_text("y")
    assert fingerprints.tree(tmp_path) == before


def test_files_are_told_apart_by_name_and_content(tmp_path):
    (tmp_path / "a").write_text("x")
    one = fingerprints.files([tmp_path / "a"], tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    two = fingerprints.files([tmp_path / "b"], tmp_path)
    (tmp_path / "b").write_text("y")
    assert len({one, two, fingerprints.files([tmp_path / "b"], tmp_path)}) == 3


def test_packages_have_different_code():
    assert fingerprints.code("mining") != fingerprints.code("curation")


def test_combining_is_sensitive_to_borders():
    assert fingerprints.combine("ab", "c") != fingerprints.combine("a", "bc")
