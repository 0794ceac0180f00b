"""Atomic writes: a target is either complete or unchanged."""

import errno
import json

import numpy as np
import pytest

from themis_rm.storage.arrays import save_array
from themis_rm.storage.atomic import atomic_directory, atomic_path, remove, write_json, write_text


@pytest.fixture
def target(tmp_path):
    return tmp_path / "new" / "file.txt"


def names(path):
    return sorted(p.name for p in path.parent.iterdir())


def test_the_target_appears_when_the_body_succeeds(target):
    with atomic_path(target) as partial:
        partial.write_text("complete")
        assert not target.exists()
    assert target.read_text() == "complete"
    assert names(target) == ["file.txt"]


def test_a_failing_body_leaves_the_target_unchanged(target):
    write_text(target, "before")
    with pytest.raises(TypeError), atomic_path(target) as partial:
        partial.write_text("half") and partial.write_text(1)
    assert target.read_text() == "before"
    assert names(target) == ["file.txt"]


def test_leftovers_of_a_killed_run_are_replaced(target):
    target.parent.mkdir()
    partial = target.with_name("file.txt.partial")
    partial.mkdir()
    (partial / "leftover").touch()
    write_text(target, "complete")
    assert names(target) == ["file.txt"]


def test_a_directory_replaces_a_directory(target):
    for name in ("old", "new"):
        with atomic_directory(target) as partial:
            (partial / name).touch()
    assert [file.name for file in target.iterdir()] == ["new"]


def test_json_is_indented_and_keeps_non_ascii_text(target):
    write_json(target, {"a": "ä"})
    assert target.read_text(encoding="utf-8") == '{\n  "a": "ä"\n}\n'


def test_arrays_are_read_back(target):
    save_array(target, np.arange(3))
    assert np.load(target).tolist() == [0, 1, 2]


def test_removing_a_link_keeps_its_target(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    remove(tmp_path / "link")
    assert names(tmp_path / "real") == ["real"]


def test_removing_a_missing_path_does_nothing(tmp_path):
    remove(tmp_path / "missing")


def test_a_file_does_not_replace_a_directory(target):
    target.mkdir(parents=True)
    (target / "kept").touch()
    with pytest.raises(IsADirectoryError):
        write_text(target, "text")
    assert names(target / "kept") == ["kept"]
    assert names(target) == ["file.txt"]


def test_a_full_disk_is_an_error_that_names_the_target(target):
    with pytest.raises(OSError, match="No space") as caught, atomic_path(target):
        raise OSError(errno.ENOSPC, "Detail: [errno 28]")
    assert caught.value.filename == str(target)


def test_the_json_of_a_path_that_is_not_utf_8_is_read_back(target):
    write_json(target, {"path": "a\udcff"})
    assert json.loads(target.read_text(encoding="utf-8")) == {"path": "a\udcff"}
