"""``score``: which files are requests, which are code, and which are neither."""

import json

import pytest
from tests.command_line import cli, error_line

REQUESTS = [{"prompt": "p", "response": "four"}, {"prompt": "p", "response": "seventy"}]


def scores(completed):
    return [json.loads(line)["score"] for line in completed.stdout.splitlines()]


@pytest.mark.parametrize("name", ["r.json", "R.JSON"])
def test_a_json_file_is_a_list_of_requests(name, tmp_path):
    (tmp_path / name).write_text(json.dumps(REQUESTS, indent=1))
    completed = cli("score", "--model", "length", tmp_path / name)
    assert (completed.returncode, scores(completed)) == (0, [4.0, 7.0])


def test_a_json_file_may_be_one_request(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(REQUESTS[0]))
    assert scores(cli("score", "--model", "length", tmp_path / "r.json")) == [4.0]


@pytest.mark.parametrize("name", ["r.jsonl", "r.JSONL", "r.ndjson"])
def test_json_lines_are_requests(name, tmp_path):
    (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in REQUESTS))
    assert scores(cli("score", "--model", "length", tmp_path / name)) == [4.0, 7.0]


@pytest.mark.parametrize("text", ["[1", "", "[" * 100_000])
def test_a_damaged_json_file_is_refused(text, tmp_path):
    (tmp_path / "r.json").write_text(text)
    assert "not readable JSON" in error_line(cli("score", "--model", "length", tmp_path / "r.json"))


def test_json_that_is_not_a_request_is_counted(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(["x", REQUESTS[0]]))
    completed = cli("score", "--model", "length", tmp_path / "r.json")
    assert (completed.returncode, scores(completed)) == (2, [4.0])
    assert "not-a-request" in completed.stderr


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.jsonl.gz", "a.TSV"])
def test_other_data_is_not_scored_as_code(name, tmp_path):
    (tmp_path / name).write_text("prompt,response\n")
    assert "is data, not code" in error_line(cli("score", "--model", "length", tmp_path / name))


def test_a_file_whose_name_is_not_utf_8_is_scored(tmp_path):
    path = tmp_path / "a\udcff\x1b[31m.py"
    path.write_text("x = 1\n")
    completed = cli("score", "--model", "length", path)
    assert scores(completed) == [6.0]
    assert "\x1b" not in completed.stdout
    assert "\\\\xff" in completed.stdout
