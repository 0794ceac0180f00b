"""Hostile and damaged repositories."""

import os
import shutil
import subprocess
import zlib

import pytest

from themis_rm.errors import InputError
from themis_rm.mining.git import ObjectReader, clone, open_isolated
from themis_rm.mining.git_command import environment, parse_git_error
from themis_rm.mining.layout import find_git_dir
from themis_rm.mining.references import find_commit


@pytest.fixture
def trap(tmp_path):
    """Return a program that creates a file when it runs, and that file."""
    mark, program = tmp_path / "sprung", tmp_path / "trap.sh"
    program.write_text(f'#!/bin/sh\ntouch "{mark}"\ncat\n')
    program.chmod(0o755)
    return program, mark


HOSTILE = """\
[core]
\trepositoryformatversion = 1
\tbare = false
\tfsmonitor = {trap}
\tpager = {trap}
\teditor = {trap}
\tsshCommand = {trap}
\tgitProxy = {trap}
\talternateRefsCommand = {trap}
\thooksPath = {folder}
\tattributesFile = {folder}/attributes
[alias]
\tlog = !{trap}
\tcat-file = !{trap}
\tls-tree = !{trap}
[diff]
\texternal = {trap}
[diff "evil"]
\ttextconv = {trap}
\tcommand = {trap}
[filter "evil"]
\tsmudge = {trap}
\tclean = {trap}
\tprocess = {trap}
[log]
\tshowSignature = true
[gpg]
\tprogram = {trap}
[gpg "ssh"]
\tprogram = {trap}
[pager]
\tlog = {trap}
[credential]
\thelper = !{trap}
[extensions]
\tpartialClone = origin
[remote "origin"]
\turl = ext::{trap} %S
\tpromisor = true
\tuploadpack = {trap}
[include]
\tpath = {folder}/included
[protocol]
\tallow = always
[protocol "ext"]
\tallow = always
"""


def make_hostile(repo, trap, tmp_path):
    folder = tmp_path / "hooks"
    folder.mkdir()
    for name in ("post-checkout", "post-index-change", "fsmonitor-watchman", "reference-transaction"):
        shutil.copy(trap, folder / name)
        shutil.copy(trap, repo.path / ".git" / "hooks" / name)
    (folder / "attributes").write_text("* diff=evil filter=evil\n")
    (repo.path / ".git" / "info" / "attributes").write_text("* diff=evil filter=evil\n")
    (repo.path / ".gitattributes").write_text("* diff=evil filter=evil\n")
    (repo.path / ".git" / "config").write_text(HOSTILE.format(trap=trap, folder=folder))


def signed_header():
    return b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n"


def test_programs_in_a_hostile_configuration_do_not_run(history, mine, trap, tmp_path):
    program, mark = trap
    repo = history()
    repo.change()
    (repo.path / "a.py").write_bytes(b"x = 'signed'\n")
    repo.commit_raw(b"Sign this change", signed_header())
    make_hostile(repo, program, tmp_path)
    rows, _ = mine(repo.path)
    assert len(rows) == 2
    assert not mark.exists()


def test_the_hostile_configuration_affects_plain_git(history, trap, tmp_path):
    program, mark = trap
    repo = history()
    repo.change()
    (repo.path / "a.py").write_bytes(b"x = 'signed'\n")
    repo.commit_raw(b"Sign this change", signed_header())
    make_hostile(repo, program, tmp_path)
    subprocess.run(["git", "log", "-1"], cwd=repo.path, capture_output=True, check=False)
    assert mark.exists()


def test_missing_objects_of_a_partial_clone_are_not_fetched(history, mine, trap, tmp_path):
    program, mark = trap
    repo = history()
    repo.change()
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", "--bare", "--filter=blob:none", f"file://{repo.path}", str(tmp_path / "part.git"))
    subprocess.run(["git", "config", "remote.origin.uploadpack", str(program)], cwd=tmp_path / "part.git", check=True)
    with pytest.raises(InputError, match=r"It is a partial clone \(blob:none\): objects are missing"):
        mine(tmp_path / "part.git", any_license=True)
    assert not mark.exists()


def test_git_variables_of_the_caller_are_removed(history, mine, trap, monkeypatch):
    program, mark = trap
    repo = history()
    repo.change()
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "PAGER", "GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, str(program))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "alias.log")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"!{program}")
    assert len(mine(repo.path)[0]) == 1
    assert not mark.exists()
    assert not {"GIT_ASKPASS", "SSH_ASKPASS", "GIT_DIR"} & environment().keys()


def test_replacement_objects_are_not_followed(history, mine):
    repo = history()
    repo.change()
    blob = repo.git("rev-parse", "HEAD:a.py")
    other = repo.git("hash-object", "-w", "--stdin", input=b"replaced\n")
    repo.git("replace", blob, other)
    assert mine(repo.path)[0][0].new_contents == "def f(x):\n    return x + 1\n"


def test_a_repository_of_another_owner_is_mined(history, mine):
    if os.geteuid() != 0:
        pytest.skip("only root can change the owner of files")
    repo = history()
    repo.change()
    for file in (repo.path, *repo.path.rglob("*")):
        os.chown(file, 12345, 12345)
    assert len(mine(repo.path)[0]) == 1


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% sprung",
        "fd::7",
        "http://example.org/a/b",
        "ftp://example.org/a/b",
        "https://-oProxyCommand=touch sprung/x",
        "ssh://-oProxyCommand=sprung/x",
        "-u./sprung:x",
        "--upload-pack=touch sprung",
        "git@-oProxyCommand=sprung:x",
        "a\0b",
        "file://elsewhere/x",
    ],
)
def test_other_urls_are_not_passed_to_git(mine, url, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("themis_rm.mining.repositories.clone", lambda *_: pytest.fail("git was asked to clone"))
    with pytest.raises(InputError, match="No repository could be mined"):
        mine(url)


def test_borrowed_objects_are_rejected_unless_allowed(history, mine, tmp_path):
    repo = history()
    repo.change()
    repo.git("clone", "-q", "--bare", "--shared", ".", str(tmp_path / "shared.git"))
    with pytest.raises(InputError, match="alternates=true"):
        mine(tmp_path / "shared.git")
    assert len(mine(tmp_path / "shared.git", alternates=True, out=tmp_path / "allowed")[0]) == 1


def test_submodules_and_symlinks_are_dropped(history, mine):
    repo = history()
    inner = repo.change()
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{inner},module.py")
    repo.git("commit", "-q", "-m", "Add a submodule like a file")
    second = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--cacheinfo", f"160000,{second},module.py")
    repo.git("commit", "-q", "-m", "Update the submodule")
    repo.git("update-index", "--force-remove", "module.py")
    for number, target in enumerate(("a.py", "/etc/passwd", "../../up")):
        link = repo.path / "link.py"
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        repo.commit(f"Point the link elsewhere {number}")
    (repo.path / "link.py").unlink()
    repo.commit("Make the link a plain file", {"link.py": b"x = 1\n"})
    _, report = mine(repo.path)
    assert report.kept == 1
    assert report.dropped["not-regular"] == 3
    assert report.dropped["type-change"] == 1


def test_a_change_of_mode_alone_is_dropped(history, mine):
    repo = history()
    repo.change()
    (repo.path / "a.py").chmod(0o755)
    repo.commit("Make the file executable")
    assert mine(repo.path)[1].dropped["mode-only"] == 1


def test_file_names_are_not_interpreted(history, mine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [
        'quo"te\'s.py', "new\nline.py", "$(touch sprung).py", "; touch sprung #.py", "-rf.py", ":100644 M.py",
        "tab\t.py", "ünï/code.py", " .py", "*.py",
    ]  # fmt: skip
    repo = history()
    for name in names:
        repo.change(path=name)
    assert sorted(row.file_path for row in mine(repo.path)[0]) == sorted(names)
    assert not list(tmp_path.rglob("sprung"))


def test_file_names_that_are_not_utf8_are_dropped(history, mine):
    repo = history()
    repo.change(path="caf\udce9.py")
    assert mine(repo.path)[1].dropped["path-not-utf8"] == 1


def test_a_shallow_clone_loses_only_its_boundary(history, mine, tmp_path):
    repo = history()
    repo.change()
    last = repo.commit("Return two more than asked", {"a.py": b"2\n"})
    repo.git("clone", "-q", "--depth=2", f"file://{repo.path}", str(tmp_path / "shallow"))
    rows, report = mine(tmp_path / "shallow", any_license=True)
    assert [row.commit for row in rows] == [last]
    assert (report.dropped, report.details["shallow"]) == ({"shallow-boundary": 1}, 1)


def test_an_empty_repository_is_reported_as_empty(history, mine):
    with pytest.raises(InputError, match="no commits"):
        mine(history(license=None).path)


def test_a_history_of_one_root_commit_has_no_rows(history, mine):
    rows, report = mine(history().path)
    assert (rows, report.dropped) == ([], {"root": 1})


def object_file(repo, oid):
    return repo.path / ".git" / "objects" / oid[:2] / oid[2:]


def test_commits_with_a_missing_blob_are_dropped(history, mine):
    repo = history()
    repo.change()
    lost = repo.commit("Return two more than asked", {"a.py": b"2\n"})
    repo.commit("Return three more than asked", {"a.py": b"3\n"})
    kept = repo.change(path="b.py")
    object_file(repo, repo.git("rev-parse", f"{lost}:a.py")).unlink()
    rows, report = mine(repo.path)
    assert report.dropped["missing-object"] == 2
    assert kept in {row.commit for row in rows}
    assert len(rows) == 2


@pytest.mark.parametrize("damage", ["garbage", "cut", "header-only"])
def test_commits_with_a_damaged_blob_are_dropped(history, mine, damage):
    repo = history()
    bad = repo.commit("Add a file to change", {"a.py": os.urandom(3000).hex().encode()})
    repo.commit("Return one more than asked", {"a.py": b"1\n"})
    repo.commit("Return two more than asked", {"a.py": b"2\n"})
    repo.change(path="b.py")
    file = object_file(repo, repo.git("rev-parse", f"{bad}:a.py"))
    complete = file.read_bytes()
    file.chmod(0o644)
    header_only = zlib.compress(b"blob 6000\0short")
    file.write_bytes({"garbage": b"garbage", "cut": complete[: len(complete) // 2], "header-only": header_only}[damage])
    rows, report = mine(repo.path)
    assert report.dropped["missing-object"] == 1
    assert len(rows) == 2


def test_a_repository_with_a_damaged_pack_fails(history, mine, tmp_path):
    good, repo = history("good"), history("bad")
    good.change()
    for number in range(20):
        repo.commit(f"Set the number to {number}", {"a.py": os.urandom(500).hex().encode()})
    repo.git("repack", "-q", "-a", "-d")
    pack = next((repo.path / ".git" / "objects" / "pack").glob("*.pack"))
    pack.chmod(0o644)
    data = bytearray(pack.read_bytes())
    data[20:400] = bytes(380)
    pack.write_bytes(bytes(data))
    rows, report = mine(good.path, repo.path)
    assert [row.repos for row in rows] == ["good"]
    assert [row["name"] for row in report.details["failed"]] == ["bad"]
    assert str(tmp_path) not in report.details["failed"][0]["reason"]


def test_a_repository_with_a_missing_tree_fails(history, mine):
    repo = history()
    repo.change()
    object_file(repo, repo.git("rev-parse", "HEAD~1^{tree}")).unlink()
    with pytest.raises(InputError, match="No repository could be mined"):
        mine(repo.path)


@pytest.mark.parametrize("head", ["", "ref: refs/heads/none\n", "ref: ../../secret\n", "garbage\n", "ref: HEAD\n"])
def test_an_invalid_head_falls_back_to_the_main_branch(history, mine, head):
    repo = history()
    repo.change()
    (repo.path / ".git" / "HEAD").write_text(head)
    assert len(mine(repo.path)[0]) == 1


def test_pipes_instead_of_files_do_not_block(history):
    repo = history()
    repo.change()
    for name in ("packed-refs", "shallow", "commondir"):
        os.mkfifo(repo.path / ".git" / name)
    assert len(find_commit(find_git_dir(repo.path))) == 40


def test_a_pipe_instead_of_the_alternates_is_rejected(history, tmp_path):
    repo = history()
    os.mkfifo(repo.path / ".git" / "objects" / "info" / "alternates")
    with pytest.raises(InputError, match="not a regular file"), open_isolated(repo.path / ".git", tmp_path):
        pass


def test_a_loose_reference_overrides_packed_refs(history):
    repo = history()
    repo.git("pack-refs", "--all")
    commit = repo.commit("Write some notes down", {"notes.txt": b"1"})
    assert find_commit(repo.path / ".git") == commit


def test_a_clone_is_atomic(tmp_path, history):
    repo = history()
    repo.git("bundle", "create", "-q", str(tmp_path / "x.bundle"), "HEAD")
    target = tmp_path / "clones" / "x.git"
    partial = tmp_path / "clones" / "x.git.partial"
    (partial / "left").mkdir(parents=True)
    clone(str(tmp_path / "x.bundle"), target)
    assert (target / "objects").is_dir()
    assert not partial.exists()
    assert not (target / "hooks").exists()


def test_a_failed_clone_leaves_no_files(tmp_path, history):
    repo = history()
    repo.git("bundle", "create", "-q", str(tmp_path / "x.bundle"), "HEAD")
    (tmp_path / "x.bundle").write_bytes((tmp_path / "x.bundle").read_bytes()[:-30])
    with pytest.raises(InputError, match="git cannot clone it"):
        clone(str(tmp_path / "x.bundle"), tmp_path / "clones" / "x.git")
    assert not list((tmp_path / "clones").iterdir())


def test_error_messages_hide_passwords_and_control_characters():
    line = parse_git_error(b"warning: x\nfatal: cannot reach https://me:pw@example.org/\x1b[31m\n")
    assert line == "cannot reach https://example.org/?[31m"


def test_missing_objects_and_trees_do_not_affect_the_others(history, tmp_path):
    repo = history()
    repo.change()
    blob, tree = repo.git("rev-parse", "HEAD:a.py").encode(), repo.git("rev-parse", "HEAD^{tree}").encode()
    wanted = [blob, b"0" * 40, tree, blob] * 50
    with open_isolated(repo.path / ".git", tmp_path) as git_dir, ObjectReader(git_dir, wanted, True) as reader:
        answers = [reader.next(oid) for oid in wanted]
    text = b"def f(x):\n    return x + 1\n"
    assert answers == [(27, text), (-1, b""), (-1, b""), (27, text)] * 50


def test_a_reader_can_be_closed_early(history, tmp_path):
    repo = history()
    repo.change()
    blob = repo.git("rev-parse", "HEAD:a.py").encode()
    with open_isolated(repo.path / ".git", tmp_path) as git_dir, ObjectReader(git_dir, [blob] * 5000, True) as reader:
        reader.next(blob)
    assert not list(tmp_path.glob("isolated-*"))


def test_a_blob_above_the_size_limit_is_never_read(history, mine, monkeypatch):
    repo = history()
    repo.change()
    repo.commit("Grow the file beyond all measure", {"a.py": b"x = 1\n" * 400_000})
    read = []
    original = ObjectReader.next
    monkeypatch.setattr(ObjectReader, "next", lambda *a: (answer := original(*a), read.append(len(answer[1])))[0])
    assert mine(repo.path)[1].dropped["too-large"] == 1
    assert max(read) < 2000
