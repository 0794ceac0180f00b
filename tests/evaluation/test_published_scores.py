"""Published score files: figures computed from their rows equal the published ones."""

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
    computed = EvaluationResults.from_scores(read_scores(runs / run / "scores.parquet")).model_dump()
    for block in ("by_aspect", "by_language", "by_subset"):
        assert list(computed[block]) == list(published[block])
        for key, figures in published[block].items():
            assert list(computed[block][key]) == list(figures)
            assert computed[block][key] == pytest.approx(figures, abs=1e-4)
    assert list(computed["overall"]) == list(published["overall"])
    assert computed["overall"] == pytest.approx(published["overall"], abs=1e-4)


def test_types_equal_the_published_ones(runs):
    run = runs / "Themis-RM-0.6B"
    published = json.loads((run / "results.json").read_text(encoding="utf-8"))["overall"]
    computed = json.loads(json.dumps(EvaluationResults.from_scores(read_scores(run / "scores.parquet")).overall))
    assert {key: type(value) for key, value in computed.items()} == {
        key: type(value) for key, value in published.items()
    }


def test_parse_failures_are_failed_rows_not_ties(runs):
    accuracy = Accuracy.from_scores(read_scores(runs / "R3-Qwen3-4B-14k" / "scores.parquet"), 0.95)
    assert (accuracy.n, accuracy.failed) == (8866, 288)
    assert accuracy.strict == pytest.approx(0.411, abs=1e-4)


@pytest.mark.parametrize(
    ("run", "tie_rate", "half"),
    [("LMUnit-qwen2.5-72b", 0.672, 0.615), ("CE-RM-4B", 0.209, 0.676)],
)
def test_strict_accuracy_hides_ties(runs, run, tie_rate, half):
    accuracy = Accuracy.from_scores(read_scores(runs / run / "scores.parquet"), 0.95)
    assert accuracy.tie_rate == pytest.approx(tie_rate, abs=5e-4)
    assert accuracy.value == pytest.approx(half, abs=5e-4)


def test_a_written_file_has_the_published_columns_in_their_order(runs, tmp_path):
    pandas = pytest.importorskip("pandas")
    published = pandas.read_parquet(runs / "Themis-RM-0.6B" / "scores.parquet")
    write_scores(tmp_path / "scores.parquet", read_scores(runs / "Themis-RM-0.6B" / "scores.parquet"))
    computed = pandas.read_parquet(tmp_path / "scores.parquet")
    assert computed.index.name == published.index.name == "id"
    assert list(computed.columns[:7]) == list(published.columns)
    pandas.testing.assert_frame_equal(computed[list(published.columns)], published, check_dtype=False)


def test_the_schema_marks_id_as_the_index():
    metadata = json.loads(schema().metadata[b"pandas"])
    assert metadata["index_columns"] == ["id"]
    assert schema().names[:2] == ["chosen_score", "rejected_score"]


@pytest.mark.parametrize("run", ["Themis-RM-0.6B", "R3-Qwen3-4B-14k", "LMUnit-qwen2.5-72b"])
def test_a_published_results_file_can_be_loaded(runs, run):
    results = EvaluationResults.load(runs / run / "results.json")
    assert results.overall["total_examples"] == 8866
    assert results.accuracies is None
