"""Digests of large files are computed again exactly when a file has changed."""

import os

import pytest

from themis_rm.storage import digest_cache
from themis_rm.storage.digest_cache import cached_digest


@pytest.fixture
def computed(monkeypatch, tmp_path):
    """Return a function that returns a digest of a file, and the number of times that it was computed."""
    monkeypatch.setattr(digest_cache, "MIN_BYTES", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    calls = []

    def digest(path, kind="text"):
        def compute():
            calls.append(path)
            return path.read_bytes().hex()

        return cached_digest(kind, [path], compute), len(calls)

    return digest


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"a")
    os.utime(path, (1e9, 1e9))
    return path


def test_a_digest_is_computed_once(computed, file):
    assert [computed(file), computed(file)] == [("61", 1), ("61", 1)]


def test_a_changed_file_has_another_digest(computed, file):
    computed(file)
    file.write_bytes(b"b")
    os.utime(file, (1e9 + 1, 1e9 + 1))
    assert computed(file) == ("62", 2)


def test_kinds_are_kept_apart(computed, file):
    computed(file)
    assert computed(file, "other") == ("61", 2)


def test_a_file_that_has_just_changed_is_read_again(computed, file):
    os.utime(file)
    assert [computed(file)[1], computed(file)[1]] == [1, 2]


def test_small_files_are_read_again(computed, file, monkeypatch):
    monkeypatch.setattr(digest_cache, "MIN_BYTES", 2)
    assert [computed(file)[1], computed(file)[1]] == [1, 2]


@pytest.mark.parametrize("content", [b"", b"\xff", b"not a digest"])
def test_a_damaged_entry_is_replaced(computed, file, tmp_path, content):
    computed(file)
    (entry,) = (tmp_path / "cache/themis-rm/digests").iterdir()
    entry.write_bytes(content)
    assert [computed(file), computed(file)] == [("61", 2), ("61", 2)]


def test_a_cache_that_cannot_be_written_changes_nothing(computed, file, tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "occupied"))
    assert computed(file) == ("61", 1)
