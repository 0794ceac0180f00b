"""Runs in which nothing, hardly anything, or not everything can be scored."""

import json

import numpy as np
import pytest
from tests.evaluation.score_files import write_run

from themis_rm.errors import InputError
from themis_rm.evaluation import evaluate as module
from themis_rm.evaluation.adversarial import attack as attack_module
from themis_rm.evaluation.adversarial.attack import AttackSettings, attack
from themis_rm.evaluation.evaluate import EvaluateSettings, evaluate
from themis_rm.evaluation.failures import NotEvaluatedError, format_failures, one_line
from themis_rm.evaluation.leaderboard.build import build_leaderboard
from themis_rm.evaluation.leaderboard.result import LeaderboardSettings
from themis_rm.evaluation.leaderboard.runs import read_runs
from themis_rm.evaluation.reranking import rerank as rerank_module
from themis_rm.evaluation.reranking.rerank import RerankSettings, rerank
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.evaluation.scores import read_scores
from themis_rm.evaluation.statistics import Accuracy
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.report.hub_export import model_index

QUICK = EvaluateSettings(shard_size=4, baselines=("length",), prompts="none")


class Stub:
    """A model that fails where ``fails`` returns a score; other rewards are lengths."""

    def __init__(self, fails):
        self.fails = fails
        self.asked = []
        self.identity = ModelIdentity("stub", "stub", "digest")

    def score(self, conversations):
        texts = [conversation[-1]["content"] for conversation in conversations]
        self.asked += texts
        return [self.fails(text) or Score(float(len(text))) for text in texts]


REFUSED = Score.failed("endpoint-error", "The template of this model\nhas no system role\x1b[31m")


def always(text):
    return REFUSED


def never(text):
    return None


@pytest.fixture
def use(monkeypatch):
    """Return a function that lets every evaluation use a stub."""

    def install(fails):
        stub = Stub(fails)
        for target in (module, attack_module, rerank_module):
            monkeypatch.setattr(
                target, "load_model", lambda name, *rest: stub if name == "stub" else load_model(name, *rest)
            )
        return stub

    return install


@pytest.fixture
def benchmark_file(tmp_path):
    rows = [
        {
            "id": f"p{number}",
            "prompt": f"Write {number}.",
            "chosen": f"return {number} + 1",
            "rejected": f"pass  # {number}",
            "aspect": "Functional_Correctness",
            "language": ["Go", "Ruby"][number % 2],
            "subset": "S",
        }
        for number in range(10)
    ]
    path = tmp_path / "b.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_run_without_scores_is_an_error_with_reason_count_and_example(use, benchmark_file, tmp_path):
    use(always)
    with pytest.raises(NotEvaluatedError) as refused:
        evaluate("stub", benchmark_file, tmp_path / "out", QUICK)
    assert refused.value.message == (
        "stub scored 0 of 10 pairs, too few for a result. Failed: endpoint-error 10 "
        "(for example p0: The template of this model has no system role [31m)."
    )
    assert not list((tmp_path / "out").glob("results.json"))
    assert not list((tmp_path / "out").glob("scores.parquet"))


@pytest.mark.parametrize(("scored", "enough"), [(1, False), (2, True)])
def test_hardly_any_score_is_an_error(use, benchmark_file, tmp_path, scored, enough):
    kept = {text for number in range(scored) for text in (f"return {number} + 1", f"pass  # {number}")}
    use(lambda text: None if text in kept else REFUSED)
    settings = QUICK.model_copy(update={"min_scored": 0.15})
    if not enough:
        with pytest.raises(NotEvaluatedError, match=r"scored 1 of 10 pairs.*min_scored=0\.1"):
            evaluate("stub", benchmark_file, tmp_path / "out", settings)
        return
    results = evaluate("stub", benchmark_file, tmp_path / "out", settings)
    assert "failed 8 of 10 (endpoint-error 8)" in results.summary()
    assert results.failures() in results._overall_table().title


def test_failures_of_a_server_are_scored_again_by_the_next_run(use, benchmark_file, tmp_path):
    use(always)
    with pytest.raises(NotEvaluatedError):
        evaluate("stub", benchmark_file, tmp_path / "out", QUICK)
    lost = use(lambda text: REFUSED if text == "pass  # 3" else Score.failed("parse-failed") if " 5" in text else None)
    results = evaluate("stub", benchmark_file, tmp_path / "out", QUICK)
    assert results.counts.failed == {"endpoint-error": 1, "parse-failed": 1}
    assert len(lost.asked) == 20
    healthy = use(never)
    results = evaluate("stub", benchmark_file, tmp_path / "out", QUICK)
    assert results.counts.failed == {"parse-failed": 1}
    assert healthy.asked == ["return 3 + 1", "pass  # 3"]


def test_the_message_behind_a_failure_is_in_the_score_file(use, benchmark_file, tmp_path):
    use(lambda text: REFUSED if text == "pass  # 3" else None)
    evaluate("stub", benchmark_file, tmp_path / "out", QUICK)
    row = next(row for row in read_scores(tmp_path / "out" / "scores.parquet") if row.id == "p3")
    assert (row.note, row.detail) == (
        "rejected: endpoint-error",
        "The template of this model has no system role [31m",
    )


def test_a_slice_without_scores_has_no_accuracy(use, benchmark_file, tmp_path):
    ruby = {text for number in range(1, 10, 2) for text in (f"return {number} + 1", f"pass  # {number}")}
    use(lambda text: REFUSED if text in ruby else None)
    results = evaluate("stub", benchmark_file, tmp_path / "out", QUICK)
    found = results.accuracies.by_language["Ruby"]
    assert (found.n, found.failed, found.value, found.low, found.strict) == (5, 5, None, None, None)
    assert results.by_language["Ruby"] == {"accuracy": None, "count": 5}
    assert results.accuracies.overall.value == 0.5


def test_an_older_result_without_scores_is_not_evaluated(benchmark_file, tmp_path):
    results = evaluate("length", benchmark_file, tmp_path / "out", QUICK)
    values = json.loads(results.to_json())
    for accuracy in (values["accuracies"]["overall"], *values["accuracies"]["by_criterion"].values()):
        accuracy |= {"wins": 0, "ties": 0, "failed": accuracy["n"], "value": 0.0, "strict": 0.0}
    values["counts"] |= {"scored": 0, "failed": {"template-rejected": 10}}
    (tmp_path / "old.json").write_text(json.dumps(values), encoding="utf-8")
    old = EvaluationResults.load(tmp_path / "old.json")
    assert old.summary().endswith("not evaluated, failed 10 of 10 (template-rejected 10)")
    assert old.accuracies.overall.value is None
    with pytest.raises(InputError, match="not evaluated"):
        model_index(old)


def test_an_accuracy_without_scores_has_no_shares():
    assert Accuracy(4, 0, 0, 4, 0.0, 0.0, 0.6, 0.0, 0.0).value is None
    assert Accuracy(4, 1, 0, 3, 0.25, 0.0, 0.6, 0.25, 0.0).value == 0.25


def unscored(count):
    nothing = [None] * count
    return {"chosen_score": nothing, "rejected_score": nothing, "score_diff": nothing, "correct": [False] * count}


def test_a_leaderboard_lists_a_run_without_scores_as_not_evaluated(tmp_path):
    good = write_run(tmp_path / "good", "+-+0")
    lost = write_run(tmp_path / "lost", "+-+0", **unscored(4))
    board = build_leaderboard(read_runs([good, lost]), LeaderboardSettings())
    assert [entry.name for entry in board.entries] == ["good"]
    notice = next(notice for notice in board.notices if notice.reason == "not-evaluated")
    assert str(notice) == "lost: not evaluated: 0 of 4 pairs have scores (no-score 4)."
    with pytest.raises(InputError, match="No run is evaluated: lost: not evaluated"):
        read_runs([lost])


def test_a_leaderboard_does_not_test_a_model_where_it_has_no_scores(tmp_path):
    one = write_run(tmp_path / "one", "+-+0+-+0")
    scores = [None if number % 2 else 2.0 for number in range(8)]
    two = write_run(tmp_path / "two", "++++++++", chosen_score=scores)
    board = build_leaderboard(read_runs([one, two]), LeaderboardSettings(n_resamples=100))
    column, row = board.find_slice("Security_Hardness"), [entry.name for entry in board.entries].index("two")
    assert board.accuracies.failed[row, column] == board.accuracies.n[row, column] == 4
    assert np.isnan(board.accuracies.value[row, column])
    assert np.isnan(board.accuracies.low[row, column])
    assert board.comparison("Security_Hardness").n.tolist() == [0]
    assert board.comparison("all").n.tolist() == [8]
    assert board.to_json()


def test_edits_of_a_model_without_scores_are_an_error(use, benchmark_file, tmp_path):
    use(always)
    with pytest.raises(NotEvaluatedError, match="endpoint-error 10"):
        attack("stub", benchmark_file, tmp_path / "out", AttackSettings(prompts="none", edits=("padding",)))
    assert not (tmp_path / "out" / "results.json").exists()


def test_an_edit_that_makes_scoring_fail_flips_nothing(use, benchmark_file, tmp_path):
    originals = {json.loads(line)[side] for line in benchmark_file.open() for side in ("chosen", "rejected")}
    use(lambda text: None if text in originals else Score.failed("prompt-too-long"))
    results = attack("stub", benchmark_file, tmp_path / "out", AttackSettings(prompts="none", edits=("padding",)))
    effect = results.edits["padding"]
    assert (effect.failed, effect.flipped, effect.flip_rate, effect.attacked.value) == (10, 0, None, None)


def problems(path, count=3):
    row = {"description": "Do it.", "completions": ["a", "bb"], "num_passed": [0, 1], "num_failed": [1, 0]}
    rows = [{"id": f"q{number}", **row, "final_verdict": [False, True]} for number in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_ranking_without_rewards_is_an_error(use, tmp_path):
    use(always)
    with pytest.raises(NotEvaluatedError, match=r"0 of 6 candidates.*endpoint-error 6 \(for example q0: The template"):
        rerank("stub", problems(tmp_path / "p.jsonl"), tmp_path / "out", RerankSettings(prompts="none"))
    assert not (tmp_path / "out" / "results.json").exists()
    use(never)
    results = rerank("stub", problems(tmp_path / "p.jsonl"), tmp_path / "out", RerankSettings(prompts="none"))
    assert results.overall.unscored == 0


def test_candidates_without_a_reward_are_in_the_headline_of_a_ranking(use, tmp_path):
    use(lambda text: Score.failed("not-finite") if text == "a" else None)
    results = rerank("stub", problems(tmp_path / "p.jsonl"), tmp_path / "out", RerankSettings(prompts="none"))
    assert results.failed == {"not-finite": 3}
    assert results.summary().endswith("no reward for 3 of 6 candidates (not-finite 3)")


def test_messages_are_shown_in_one_bounded_line():
    assert one_line("a\n\tb\x07c") == "a b c"
    assert len(one_line("x" * 1000)) == 300


def test_the_most_frequent_reasons_come_first_with_an_example_that_says_why():
    failures = [("a", "p1", ""), ("b", "p2", ""), ("b", "p3", "because"), ("c", "p4", ""), ("d", "p5", "")]
    assert format_failures(failures) == (
        "b 2 (for example p3: because); a 1 (for example p1); c 1 (for example p4); 1 more reasons"
    )
