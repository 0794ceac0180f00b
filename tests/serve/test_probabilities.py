"""Scores and rankings of a calibrated model have probabilities; without a calibration nothing changes."""

import json

import pyarrow.parquet as pq
import pytest
from tests.command_line import cli, error_line
from tests.models.calibrations import write_calibration

from themis_rm.models.calibration import sigmoid
from themis_rm.serve.requests import ScoreSettings, read_jsonl_requests
from themis_rm.serve.results import Scores, ScoreTable, rank_candidates
from themis_rm.serve.scorer import Scorer
from themis_rm.serve.stream import score_to_file


@pytest.fixture
def file(tmp_path):
    write_calibration(tmp_path / "c.json")
    return tmp_path / "c.json"


@pytest.fixture
def calibrated(file):
    return Scorer.load("length", calibration=file)


def test_a_score_has_the_probability_of_its_reward(calibrated):
    scores = calibrated.score("p", "xx", ["FC", "SH"])
    assert scores.probabilities == {"FC": pytest.approx(sigmoid(0.25 + 0.5 * 2))}  # SH is not calibrated
    assert scores.summary() == "FC +2.000 (78 %), SH +2.000"
    assert [row.get("probability") for row in scores.records()] == [scores.probabilities["FC"], None]


def test_a_request_with_its_own_system_message_has_no_probability(calibrated):
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "p"}]
    assert calibrated.score(messages, "xx").probabilities == {}


def test_a_ranking_has_the_probability_of_being_the_best(calibrated):
    ranking = calibrated.rank("p", ["x", "xx"], "none")
    assert [item.probability for item in ranking.candidates] == [pytest.approx(sigmoid(2)), pytest.approx(sigmoid(-2))]
    assert ranking.records()[0]["probability"] == ranking.candidates[0].probability
    assert "(88 %)" in ranking.summary()


def test_a_ranking_by_several_criteria_has_no_probability(calibrated):
    ranking = calibrated.rank("p", ["x", "xx"], ["FC", "none"])
    assert [item.probability for item in ranking.candidates] == [None, None]


def test_a_candidate_without_a_reward_has_no_probability(calibrated):
    failed = Scores(scores={"none": None}, failures={"none": "too-long"})
    table = ScoreTable(responses=[failed, Scores(scores={"none": 1.0})])
    ranking = rank_candidates(table, {"none": 1.0}, calibrated.calibration)
    assert [item.probability for item in ranking.candidates] == [1.0, None]


def test_without_a_calibration_there_is_no_column(length, jsonl, request_row):
    requests = read_jsonl_requests(jsonl(request_row(1)), ScoreSettings())
    assert [row.to_dict().keys() for row in length.score_requests(requests)] == [
        {"id", "line", "criterion", "score", "tokens", "truncated", "failure", "note"}
    ]
    assert length.score("p", "xx", "none").summary() == "none +2.000"
    assert "probability" not in length.rank("p", ["x", "xx"], "none").records()[0]


@pytest.mark.parametrize("name", ["s.jsonl", "s.parquet"])
def test_files_have_a_column(calibrated, jsonl, request_row, tmp_path, name):
    lines = jsonl(request_row(1, criterion="FC"), request_row(2, criterion="SH"))
    score_to_file(calibrated, read_jsonl_requests(lines, ScoreSettings()), tmp_path / name, ScoreSettings())
    if name.endswith("parquet"):
        rows = pq.read_table(tmp_path / name).to_pylist()
    else:
        rows = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
    assert [row["probability"] for row in rows] == [pytest.approx(sigmoid(0.25 + 0.5 * rows[0]["score"])), None]


def test_a_resumed_file_equals_an_uninterrupted_one(calibrated, jsonl, request_row, tmp_path):
    lines, settings = jsonl(*(request_row(number) for number in range(6))), ScoreSettings(chunk_size=2)
    for name, part in (("whole", lines), ("part", lines[:3])):
        score_to_file(calibrated, read_jsonl_requests(part, settings), tmp_path / f"{name}.jsonl", settings)
    score_to_file(calibrated, read_jsonl_requests(lines, settings), tmp_path / "part.jsonl", settings, resume=True)
    assert (tmp_path / "part.jsonl").read_text() == (tmp_path / "whole.jsonl").read_text()


def test_a_file_is_not_resumed_with_another_calibration(calibrated, file, tmp_path):
    (tmp_path / "r.jsonl").write_text('{"prompt": "p", "response": "xx"}\n')
    arguments = ["score", "r.jsonl", "--model", "length", "--out", "s.jsonl"]
    assert cli(*arguments, "-s", f"calibration={file}", cwd=tmp_path).returncode == 0
    assert "another calibration" in error_line(cli(*arguments, "--resume", cwd=tmp_path))


def test_the_command_says_what_the_probability_is(file):
    row = '{"prompt": "p", "response": "x", "criterion": "FC"}'
    completed = cli("score", "--model", "length", "-s", f"calibration={file}", stdin=row)
    assert json.loads(completed.stdout)["probability"] == pytest.approx(sigmoid(0.25 + 0.5))
    (line,) = completed.stderr.strip().splitlines()
    assert "calibrated with 40 pairs of pairs" in line
    assert line.endswith("not of being correct.")


def test_a_missing_calibration_file_is_one_line(tmp_path):
    line = error_line(cli("score", "--model", "length", "--prompt", "p", "-s", "calibration=none.json", stdin="x"))
    assert "none.json" in line
