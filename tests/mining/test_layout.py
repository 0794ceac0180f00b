"""Repositories that lead to the objects of another repository on the machine, or lack objects."""

import os
import shutil
import subprocess

import pytest

from themis_rm.errors import InputError
from themis_rm.mining.layout import find_git_dir

FILTERS = ["blob:none", "blob:limit=10", "tree:0", "tree:1", "object:type=commit", "combine:blob:none+tree:0"]


@pytest.fixture
def private(history):
    repo = history("private")
    repo.change()
    return repo


@pytest.fixture
def guest(history, private):
    """Return an empty repository whose branch names a commit of the private one."""
    repo = history("guest", license=None)
    (repo.path / ".git/refs/heads/main").write_text(private.git("rev-parse", "HEAD") + "\n")
    return repo


def alternates(guest, private):
    (guest / "objects/info/alternates").write_text(f"{private}/objects\n")


def padded_alternates(guest, private):
    (guest / "objects/info/alternates").write_text("# nothing\n" * 200_000 + f"{private}/objects\n")


def linked_alternates(guest, private):
    (private.parent / "list").write_text(f"{private}/objects\n")
    (guest / "objects/info/alternates").symlink_to(private.parent / "list")


def relative_alternates(guest, private):
    (guest / "objects/info/alternates").write_text(os.path.relpath(private / "objects", guest / "objects"))


def http_alternates(guest, private):
    (guest / "objects/info/http-alternates").write_text(f"{private}/objects\n")


def linked_objects(guest, private):
    shutil.rmtree(guest / "objects")
    (guest / "objects").symlink_to(private / "objects")


def linked_packs(guest, private):
    (guest / "objects/pack").rmdir()
    (guest / "objects/pack").symlink_to(private / "objects/pack")


def linked_fan_out(guest, private):
    for folder in (private / "objects").glob("??"):
        (guest / "objects" / folder.name).symlink_to(folder)


def linked_files(guest, private):
    for file in (private / "objects").glob("??/*"):
        (guest / "objects" / file.parent.name).mkdir(exist_ok=True)
        (guest / "objects" / file.parent.name / file.name).symlink_to(file)


def relative_link(guest, private):
    shutil.rmtree(guest / "objects")
    (guest / "objects").symlink_to(os.path.relpath(private / "objects", guest))


def linked_git_dir(guest, private):
    shutil.rmtree(guest)
    guest.symlink_to(private)


def git_file(guest, private):
    shutil.rmtree(guest)
    guest.write_text(f"gitdir: {private}\n")


def foreign_commondir(guest, private):
    (guest / "commondir").write_text(f"{private}\n")


def linked_worktree_dir(guest, private):
    (private / "worktrees").mkdir()
    (guest / "commondir").write_text(f"{private}\n")
    (guest.parent / "worktrees").symlink_to(private / "worktrees")


ATTACKS = (
    *(alternates, padded_alternates, linked_alternates, relative_alternates, http_alternates, linked_objects),
    *(linked_packs, linked_fan_out, linked_files, relative_link, linked_git_dir, git_file, foreign_commondir),
    linked_worktree_dir,
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_objects_of_another_repository_are_not_mined(guest, private, mine, attack):
    attack(guest.path / ".git", private.path / ".git")
    with pytest.raises(InputError, match=r"borrows objects|names .*not a worktree|\.git is a link"):
        mine(guest.path, any_license=True)


@pytest.mark.parametrize("attack", [alternates, linked_objects, linked_files], ids=lambda attack: attack.__name__)
def test_borrowed_objects_can_be_allowed(guest, private, mine, attack):
    attack(guest.path / ".git", private.path / ".git")
    assert len(mine(guest.path, alternates=True)[0]) == 1


def test_variables_and_configuration_do_not_add_objects(guest, private, mine, monkeypatch):
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", str(private.path / ".git/objects"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(private.path / ".git/objects"))
    config = f"[core]\nworktree = {private.path}\n[include]\npath = {private.path}/.git/config\n"
    (guest.path / ".git/config").write_text(config)
    with pytest.raises(InputError, match=r"No repository could be mined\. guest"):
        mine(guest.path, any_license=True)


@pytest.mark.parametrize("kind", ["pack/pack-1.pack", "00/" + "0" * 38])
def test_a_pipe_among_the_objects_is_refused(private, mine, kind):
    file = private.path / ".git/objects" / kind
    file.parent.mkdir(exist_ok=True)
    os.mkfifo(file)
    with pytest.raises(InputError, match="is not a regular file"):
        mine(private.path)


def test_links_inside_a_repository_are_followed(private, mine):
    objects = private.path / ".git/objects"
    (private.path / ".git/moved").mkdir()
    shutil.move(objects / "pack", private.path / ".git/moved/pack")
    (objects / "pack").symlink_to("../moved/pack")
    assert len(mine(private.path)[0]) == 1


def test_worktrees_and_submodules_are_found(private, history, tmp_path, mine):
    private.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    outer = history("outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(private.path), "inner")
    assert find_git_dir(tmp_path / "tree") == private.path / ".git/worktrees/tree"
    assert len(mine(tmp_path / "tree")[0]) == 1
    assert len(mine(outer.path / "inner", out=tmp_path / "out2")[0]) == 1


def clone_part(private, target, name):
    private.git("config", "uploadpack.allowFilter", "true")
    private.git("config", "uploadpack.allowAnySHA1InWant", "true")
    private.git("clone", "-q", "--no-checkout", f"--filter={name}", f"file://{private.path}", str(target))
    return target


@pytest.mark.parametrize("name", FILTERS)
def test_a_partial_clone_is_refused_by_its_filter(private, mine, tmp_path, name):
    part = clone_part(private, tmp_path / "part", name)
    with pytest.raises(InputError, match=rf"partial clone \({name.split('+')[0][:9]}.*--refetch --no-filter"):
        mine(part)


def test_a_partial_clone_without_its_configuration_is_recognized_by_its_packs(private, mine, tmp_path):
    part = clone_part(private, tmp_path / "part", "blob:none")
    (part / ".git/config").write_text("[core]\nbare = false\n")
    with pytest.raises(InputError, match=r"partial clone \(unknown filter\)"):
        mine(part)


def test_a_partial_clone_that_was_completed_is_mined(private, mine, tmp_path):
    part = clone_part(private, tmp_path / "part", "blob:none")
    subprocess.run(["git", "fetch", "-q", "--refetch", "--no-filter"], cwd=part, check=True, capture_output=True)
    assert len(mine(part)[0]) == 1
