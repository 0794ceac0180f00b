"""The verbs ``browse`` and ``agreement``."""

import json

import pytest
from tests.annotation.pairs import code_pair, commit, judgment, read, write_lines, write_pairs
from tests.command_line import cli

from themis_rm.annotation.results import AgreementResults


@pytest.fixture
def folder(tmp_path):
    write_pairs(tmp_path / "p.parquet", [code_pair(n, ["FC" if n % 2 else "SH"]) for n in range(12)])
    write_lines(tmp_path / "d.jsonl", [commit(1).to_dict() | {"filter_reason": "test-file"}])
    rows = read(tmp_path / "p.parquet")
    for name, wrong in (("ada", 3), ("bob", 4), ("cyd", 5)):
        lines = [judgment(row, "wrong" if at < wrong else "right", name) for at, row in enumerate(rows)]
        write_lines(tmp_path / f"{name}.jsonl", lines)
    return tmp_path


def test_browse_writes_a_page_and_prints_the_counts(folder):
    completed = cli("browse", "p.parquet", "--dropped", "d.jsonl", "--out", "page.html", "--sample", 5, cwd=folder)
    assert completed.returncode == 0, completed.stderr
    assert "browse: 5 kept of 13" in completed.stdout
    assert "8  not-sampled" in completed.stdout
    assert (folder / "page.html").read_text("utf-8").startswith("<!doctype html>")


def test_options_of_browse_reach_the_page(folder):
    options = ("--seed", 1, "--blind", "--aspect", "SH", "--language", "Python", "--json")
    completed = cli("browse", "p.parquet", "--out", "page.html", *options, cwd=folder)
    assert json.loads(completed.stdout)["kept"] == 6
    assert '{"blind":true,' in (folder / "page.html").read_text("utf-8")


def test_rows_beyond_the_size_have_a_hint(folder):
    write_pairs(folder / "p.parquet", [code_pair(n, chosen="x" * 600_000) for n in range(3)])
    completed = cli("browse", "p.parquet", "--out", "page.html", "-s", "max_megabytes=1", cwd=folder)
    assert "Use --sample N" in completed.stderr


def test_agreement_prints_tables_within_80_columns(folder):
    files = ("ada.jsonl", "bob.jsonl", "cyd.jsonl")
    completed = cli("agreement", "p.parquet", *files, "--model", "length", cwd=folder, width=80)
    assert completed.returncode == 0, completed.stderr
    assert max(map(len, completed.stdout.splitlines())) <= 80
    for words in ("Labels of p.parquet", "ada, bob", "Krippendorff's alpha of all 3 readers", "Accuracy of length"):
        assert words in completed.stdout


def test_agreement_is_saved_and_printed_as_json(folder):
    completed = cli("agreement", "p.parquet", "ada.jsonl", "--out", "a.json", "--json", cwd=folder)
    saved = AgreementResults.load(folder / "a.json")
    assert json.loads(completed.stdout) == saved.model_dump(mode="json")
    assert (saved.overall.right.count, saved.overall.right.total) == (9, 12)


def test_an_existing_result_stays_if_no_judgment_can_be_used(folder):
    (folder / "a.json").write_text("old")
    write_lines(folder / "none.jsonl", [{"id": "x"}])
    completed = cli("agreement", "p.parquet", "none.jsonl", "--out", "a.json", cwd=folder)
    assert completed.returncode == 2
    assert "(not-a-judgment 1)" in completed.stderr
    assert (folder / "a.json").read_text() == "old"
