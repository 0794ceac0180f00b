"""A generative judge on a benchmark: expected scores and stated scores."""

import json

import pyarrow.parquet as pq
import pytest

from themis_rm.evaluation.evaluate import EvaluateSettings, evaluate
from themis_rm.evaluation.leaderboard.score_files import read_score_file
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.evaluation.scores import read_scores
from themis_rm.models.settings import JudgeSettings, ModelSettings


def pairs(path, count=6):
    rows = [
        {
            "id": f"p{number}",
            "prompt": f"Task {number}.",
            "chosen": f"good answer {number}",
            "rejected": f"poor answer {number}",
            "aspect": "Functional_Correctness",
            "language": "Python",
            "subset": "S",
        }
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def verdict(body):
    """State a 7 for every response, with more probability on 8 for the good ones; the last poor one gets no score."""
    asked = body["messages"][-1]["content"]
    if "poor answer 5" in asked:
        return {"text": "No idea.", "tokens": [("No idea.", {"No idea.": 1.0})]}
    others = {"7": 0.6, "8": 0.4} if "good answer" in asked else {"7": 0.9, "6": 0.1}
    return {"text": "Fine.\nScore: 7", "tokens": [("Fine.\nScore: ", {}), ("7", others)]}


@pytest.fixture
def results(chat, tmp_path):
    chat.answer = verdict
    settings = EvaluateSettings(
        model=ModelSettings(judge=JudgeSettings(url=chat.url, max_concurrency=2)), baselines=("length",), shard_size=4
    )
    return evaluate("rubric", pairs(tmp_path / "b.jsonl"), tmp_path / "out", settings)


def test_expected_scores_decide_pairs_whose_stated_scores_tie(results):
    assert results.accuracies.overall.wins == 5
    assert results.accuracies.overall.ties == 0
    assert results.stated.overall.ties == 5
    assert results.stated.overall.value == pytest.approx(5 / 12)


def test_a_failed_parse_is_a_failure_and_not_a_tie(results):
    assert results.accuracies.overall.failed == results.stated.overall.failed == 1
    assert results.counts.failed == {"parse-failed": 1}


def test_the_score_file_has_both_scores_and_the_published_flags(results, tmp_path):
    rows = {row["id"]: row for row in pq.read_table(tmp_path / "out" / "scores.parquet").to_pylist()}
    assert rows["p0"]["chosen_score"] == pytest.approx(7.4)
    assert (rows["p0"]["chosen_stated"], rows["p0"]["rejected_stated"]) == (7.0, 7.0)
    assert rows["p0"]["parse_failed"] is False
    flags = [rows["p5"][name] for name in ("parse_failed", "chosen_parse_failed", "rejected_parse_failed")]
    assert flags == [True, False, True]


def test_the_score_file_can_be_read_for_a_leaderboard(results, tmp_path):
    path = tmp_path / "out" / "scores.parquet"
    last = read_scores(path)[-1]
    assert (last.status, last.chosen_score, last.rejected_score) == ("failed", pytest.approx(7.4), None)
    assert read_score_file(path).marks_failures


def test_the_table_shows_both_scores(results):
    assert "Rewards are expected scores; 83.3 % of the stated scores tie." in results.notes()
    assert [name for name, _ in results.systems()][:2] == ["rubric", "rubric (stated)"]


def test_saved_results_are_loaded_equal(results, tmp_path):
    assert EvaluationResults.load(tmp_path / "out" / "results.json") == results


def test_a_scalar_model_has_no_stated_scores(tmp_path):
    settings = EvaluateSettings(baselines=())
    found = evaluate("random", pairs(tmp_path / "b.jsonl"), tmp_path / "out", settings)
    names = pq.read_schema(tmp_path / "out" / "scores.parquet").names
    assert found.stated is None
    assert not {"chosen_stated", "parse_failed"} & set(names)
