"""Published score files: our figures from their rows are their figures."""

import json

import pytest

from themis_rm.evaluation.results import EvaluationResults
from themis_rm.evaluation.scores import read_scores, schema, write_scores
from themis_rm.evaluation.statistics import Accuracy

RUNS = ["Themis-RM-0.6B", "internlm2-20b-reward", "CE-RM-4B", "AceCodeRM-32B", "QRM-Gemma-2-27B"]


@pytest.fixture(scope="module")
def runs(shared):
    return shared / "reference" / "published" / "scores"


@pytest.mark.parametrize("run", RUNS)
def test_results_are_recomputed_from_scores(runs, run):
    published = json.loads((runs / run / "results.json").read_text(encoding="utf-8"))
    ours = EvaluationResults.from_scores(read_scores(runs / run / "scores.parquet")).model_dump()
    for block in ("by_aspect", "by_language", "by_subset"):
        assert list(ours[block]) == list(published[block])
        for key, figures in published[block].items():
            assert list(ours[block][key]) == list(figures)
            assert ours[block][key] == pytest.approx(figures, abs=1e-4)
    assert list(ours["overall"]) == list(published["overall"])
    assert ours["overall"] == pytest.approx(published["overall"], abs=1e-4)


def test_types_are_the_published_ones(runs):
    run = runs / "Themis-RM-0.6B"
    published = json.loads((run / "results.json").read_text(encoding="utf-8"))["overall"]
    ours = json.loads(json.dumps(EvaluationResults.from_scores(read_scores(run / "scores.parquet")).overall))
    assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in published.items()}


def test_parse_failures_are_failed_rows_not_ties(runs):
    found = Accuracy.from_scores(read_scores(runs / "R3-Qwen3-4B-14k" / "scores.parquet"), 0.95)
    assert (found.n, found.failed) == (8866, 288)
    assert found.strict == pytest.approx(0.411, abs=1e-4)


@pytest.mark.parametrize(
    ("run", "tie_rate", "half"),
    [("LMUnit-qwen2.5-72b", 0.672, 0.615), ("CE-RM-4B", 0.209, 0.676)],
)
def test_ties_that_strict_accuracy_hides(runs, run, tie_rate, half):
    found = Accuracy.from_scores(read_scores(runs / run / "scores.parquet"), 0.95)
    assert found.tie_rate == pytest.approx(tie_rate, abs=5e-4)
    assert found.value == pytest.approx(half, abs=5e-4)


def test_our_file_has_the_published_columns_in_their_order(runs, tmp_path):
    pandas = pytest.importorskip("pandas")
    theirs = pandas.read_parquet(runs / "Themis-RM-0.6B" / "scores.parquet")
    write_scores(tmp_path / "scores.parquet", read_scores(runs / "Themis-RM-0.6B" / "scores.parquet"))
    ours = pandas.read_parquet(tmp_path / "scores.parquet")
    assert ours.index.name == theirs.index.name == "id"
    assert list(ours.columns[:7]) == list(theirs.columns)
    pandas.testing.assert_frame_equal(ours[list(theirs.columns)], theirs, check_dtype=False)


def test_the_schema_says_that_id_is_the_index():
    notes = json.loads(schema().metadata[b"pandas"])
    assert notes["index_columns"] == ["id"]
    assert schema().names[:2] == ["chosen_score", "rejected_score"]


@pytest.mark.parametrize("run", ["Themis-RM-0.6B", "R3-Qwen3-4B-14k", "LMUnit-qwen2.5-72b"])
def test_a_published_results_file_can_be_loaded(runs, run):
    results = EvaluationResults.load(runs / run / "results.json")
    assert results.overall["total_examples"] == 8866
    assert results.accuracies is None
