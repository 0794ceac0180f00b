"""Content digests: equal content has equal digests, other content has others."""

import pytest

from themis_rm.storage.digests import file_sha256, files_sha256, stable_digest, stable_id


def test_an_id_depends_on_the_borders_between_parts():
    assert stable_id("ab", "c") != stable_id("a", "bc")


def test_streamed_parts_have_the_same_digest():
    assert stable_digest(iter(["a", "b"])) == stable_id("a", "b")


def test_a_lone_surrogate_has_a_digest():
    assert stable_id("\udc80") != stable_id("?")


def test_the_digest_of_files_does_not_depend_on_their_order(tmp_path):
    files = [tmp_path / name for name in "ab"]
    for file in files:
        file.write_text(file.name)
    assert files_sha256(files, tmp_path) == files_sha256(files[::-1], tmp_path)


@pytest.mark.parametrize("change", [lambda file: file.write_text("other"), lambda file: file.rename(f"{file}2")])
def test_the_digest_of_files_covers_names_and_contents(tmp_path, change):
    (tmp_path / "a").write_text("a")
    before = files_sha256(tmp_path.iterdir(), tmp_path)
    change(tmp_path / "a")
    assert files_sha256(tmp_path.iterdir(), tmp_path) != before


def test_the_digest_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "empty").touch()
    assert file_sha256(tmp_path / "empty").startswith("e3b0c44298fc1c149afbf4c8996fb924")
