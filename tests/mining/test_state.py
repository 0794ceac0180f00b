"""Damaged and lost files of a mining run, and the spellings of one repository."""

import os

import pytest

from themis_rm.cli.app import run_verb
from themis_rm.curation.curate import curate
from themis_rm.errors import InputError
from themis_rm.mining.sources import read_repos_file, resolve_repositories, same_url


@pytest.fixture
def repo(history):
    made = history()
    made.change()
    return made


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.parametrize("content", [b"", b'{"na', b"[]", b"{}", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_outcome_is_an_error_with_its_path_and_the_fix(repo, mine, out, content):
    mine(repo.path)
    (out / "repositories/00000.json").write_bytes(content)
    with pytest.raises(InputError, match=r"repositories/00000\.json.* (Delete it|Convert it)"):
        mine(repo.path)


@pytest.mark.parametrize("lost", ["repositories/00000.json", "commits/00000.parquet"])
def test_a_repository_whose_file_was_deleted_is_mined_again(repo, mine, out, lost):
    mine(repo.path)
    whole = (out / "commits/00000.parquet").read_bytes()
    (out / lost).unlink()
    assert len(mine(repo.path)[0]) == 1
    assert (out / "commits/00000.parquet").read_bytes() == whole


@pytest.mark.parametrize("name", ["logs/mine/stats/00000.json", "run.json"])
@pytest.mark.parametrize("content", [b"", b"[1]", b'[{"stats": {"rows_read": "x"}}]', b'{"a": {"b"', b"\xff"])
def test_damaged_state_is_an_error_of_the_user(repo, mine, out, name, content):
    mine(repo.path)
    (out / name).write_bytes(content)
    with pytest.raises(InputError, match="out"):
        mine(repo.path)


def test_a_damaged_shard_is_an_error_with_its_path(repo, mine, out, tmp_path):
    mine(repo.path)
    shard = out / "commits/00000.parquet"
    data = bytearray(shard.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 50] = bytes(50)
    shard.write_bytes(data)
    with pytest.raises(InputError, match=r"00000\.parquet is (damaged|not a readable Parquet file)"):
        curate(out / "commits", None, tmp_path / "curated")


def test_a_repository_is_taken_once_in_all_its_spellings(repo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(repo.path)
    spellings = ["repo", "repo/", "./repo", "repo/.git", "repo/.git/", "link", str(repo.path), f"file://{repo.path}"]
    assert [source.name for source in resolve_repositories(spellings)] == ["repo"]


@pytest.mark.parametrize(
    "url",
    ["https://h.org/o/n", "https://H.org/o/n.git", "https://u:p@h.org/o/n/", "git@h.org:o/n.git", "ssh://h.org/o/n"],
)
def test_spellings_of_a_url_are_recognized(url):
    assert same_url(url) == "h.org/o/n"


def test_a_byte_order_mark_in_a_list_is_skipped(repo, tmp_path):
    file = tmp_path / "list.txt"
    file.write_bytes(f"\ufeff{repo.path}\r\n{repo.path}/\r\n".encode())
    assert len(resolve_repositories(read_repos_file(file))) == 1


def test_a_directory_whose_name_is_not_unicode_is_mined(history, mine, tmp_path):
    made = history()
    made.change()
    rows, _ = mine(made.path.rename(tmp_path / os.fsdecode(b"\xff")))
    assert [row.repos for row in rows] == ["?"]


def test_the_command_reports_a_damaged_outcome_in_one_line(repo, out, capsys):
    command = ["mine", str(repo.path), "--out", str(out), "--workers", "1"]
    assert run_verb(command) == 0
    (out / "repositories/00000.json").write_text('{"na')
    assert run_verb(command) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
