"""Re-ranking: the published metrics, the corrected ones, and resuming."""

import io
import json
import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import ROOT

from themis_rm.errors import InputError
from themis_rm.evaluation.reranking import rerank as module
from themis_rm.evaluation.reranking.problems import Problem
from themis_rm.evaluation.reranking.ranks import expected_hit, published_summary, rank_problem
from themis_rm.evaluation.reranking.rerank import RerankSettings, rerank

GOLDENS = ROOT / "tests" / "goldens" / "rerank"
DEPTHS = (5, 10)


def golden(name):
    return json.loads((GOLDENS / name).read_text("utf-8"))


def golden_problems():
    data = golden("input.json")
    for number, rewards in enumerate(data["rewards"]):
        passed, failed, verdict = (data[name][number] for name in ("num_passed", "num_failed", "final_verdict"))
        yield Problem.parse(row(f"q{number}", rewards, passed, failed, verdict, "python"))


def row(name, rewards, passed, failed, verdict, language=""):
    return {
        "id": name,
        "description": "Do it.",
        "completions": [f"c{n}" for n in range(len(passed))],
        "num_passed": passed,
        "num_failed": failed,
        "final_verdict": verdict,
        "rewards": rewards,
        "language": language,
    }


def number(value):
    return None if value in {"nan", None} else float(value)


def same(found, wanted):
    return (found is None and wanted is None) or math.isclose(found, wanted, rel_tol=1e-6, abs_tol=1e-6)


CASES = [("random", p, w) for p, w in zip(golden_problems(), golden("expected.json")["per_question"], strict=True)]
CASES += [
    ("edge", Problem.parse({**given_, "language": "python"}), wanted)
    for given_, wanted in zip(
        golden("edge_cases.json")["input"], golden("edge_cases.json")["expected"]["per_question"], strict=True
    )
]


@pytest.mark.parametrize(("problem", "wanted"), [case[1:] for case in CASES], ids=[f"{c[0]}-{c[1].id}" for c in CASES])
def test_the_published_metrics_of_a_problem_are_reproduced(problem, wanted):
    found = rank_problem(problem, problem.rewards, DEPTHS)
    assert found.passing == wanted["n_passing"]
    for name, value in found.published.items():
        assert same(value, number(wanted[name])), name


@pytest.mark.parametrize("kind", ["random", "edge"])
def test_the_published_summary_is_reproduced(kind):
    wanted = golden("expected.json" if kind == "random" else "edge_cases.json")
    wanted = wanted["overall"] if kind == "random" else wanted["expected"]["overall"]
    rows = [rank_problem(problem, problem.rewards, DEPTHS) for name, problem, _ in CASES if name == kind]
    found = published_summary(rows, DEPTHS)
    assert {name: number(value) for name, value in wanted.items()} == pytest.approx(found, abs=1e-6)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=6).filter(
        lambda c: any(r for _, r in c)
    ),
    st.integers(1, 7),
)
def test_a_hit_with_ties_is_the_mean_over_all_orders_of_tied_candidates(candidates, k):
    rewards, right = (np.array(values) for values in zip(*candidates, strict=True))
    hits = []
    for order in permutations(range(len(rewards))):
        by_reward = sorted(order, key=lambda index: -rewards[index])
        hits.append(right[by_reward[:k]].any())
    assert expected_hit(rewards.astype(float), right, k) == pytest.approx(np.mean(hits))


def test_the_order_of_candidates_does_not_matter():
    forward = Problem.parse(row("a", [1.0, 1.0, 0.0], [0, 2, 1], [2, 0, 1], [False, True, False]))
    backward = Problem.parse(row("a", [0.0, 1.0, 1.0], [1, 2, 0], [1, 0, 2], [False, True, False]))
    found = [rank_problem(problem, problem.rewards, (1, 2)) for problem in (forward, backward)]
    assert found[0].hits == found[1].hits == {1: 0.5, 2: 1.0}


def test_equal_rewards_have_correlation_zero():
    problem = Problem.parse(row("a", [1.0] * 4, [0, 1, 2, 3], [3, 2, 1, 0], [False, False, False, True]))
    assert rank_problem(problem, problem.rewards, (1,)).spearman == 0.0


def test_equal_pass_rates_give_no_correlation():
    problem = Problem.parse(row("a", [1.0, 2.0], [1, 1], [1, 1], [False, False]))
    found = rank_problem(problem, problem.rewards, (1,))
    assert (found.spearman, found.hits) == (None, None)


def test_a_candidate_without_a_reward_is_ranked_last_and_counted():
    problem = Problem.parse(row("a", [None, -5.0], [1, 0], [0, 1], [True, False]))
    found = rank_problem(problem, problem.rewards, (1,))
    assert (found.hits, found.unscored) == ({1: 0.0}, 1)


def test_problems_on_which_every_order_hits_are_marked():
    problem = Problem.parse(row("a", [1.0, 2.0, 3.0], [1, 1, 0], [0, 0, 1], [True, True, False]))
    assert rank_problem(problem, problem.rewards, (1, 2)).forced == [2]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"description": None}, "missing-description"),
        ({"description": ["x"]}, "description-is-list"),
        ({"id": None}, "missing-id"),
        ({"completions": "ab"}, "completions-is-not-list"),
        ({"num_passed": [True, 0]}, "not-a-count"),
        ({"num_passed": [0.5, 0]}, "not-a-count"),
        ({"num_passed": ["1", 0]}, "not-a-count"),
        ({"num_passed": [None, 0]}, "not-a-count"),
        ({"num_passed": [math.nan, 0]}, "not-a-count"),
        ({"final_verdict": [2, 0]}, "not-a-verdict"),
        ({"rewards": [True, 1.0]}, "not-a-reward"),
        ({"num_passed": [0, 0], "final_verdict": [True, True]}, "candidate-with-contradicting-verdict"),
        ({"completions": []}, "no-candidates"),
        ({"completions": ["a", "\udcff"]}, "not-text"),
        ({"num_passed": [1]}, "unequal-lengths"),
        ({"num_failed": [1, -1]}, "not-a-count"),
        ({"final_verdict": [True, "no"]}, "not-a-verdict"),
        ({"rewards": [1.0, "high"]}, "not-a-reward"),
    ],
)
def test_an_unusable_row_gives_a_reason(change, reason):
    assert Problem.parse({**row("a", [1.0, 2.0], [1, 0], [0, 1], [True, False]), **change}) == reason


def test_counts_and_verdicts_that_pandas_wrote_as_floats_are_read():
    read = Problem.parse(row("a", [1.0, 2.0], [1.0, 0.0], [0.0, 3.0], [1.0, 0.0]))
    assert read == Problem.parse(row("a", [1.0, 2.0], [1, 0], [0, 3], [True, False]))


@pytest.mark.parametrize(
    ("passed", "failed", "verdict", "reason", "used"),
    [
        (0, 0, False, "candidate-without-tests", True),
        (2, 0, False, "candidate-wrong-though-tests-passed", True),
        (0, 0, True, "candidate-with-contradicting-verdict", False),
        (1, 1, True, "candidate-with-contradicting-verdict", False),
        (0, 2, True, "candidate-with-contradicting-verdict", False),
    ],
)
def test_a_candidate_with_a_doubtful_outcome_is_counted(tmp_path, passed, failed, verdict, reason, used):
    lines = [row("a", None, [1, passed, 0], [0, failed, 1], [True, verdict, False])]
    results = rerank("length", write(tmp_path / "p.jsonl", lines), tmp_path / "out", QUICK)
    assert (results.overall.candidates, results.rejected) == (2 + used, {reason: 1})


def write(path, rows):
    path.write_text("".join(json.dumps(item) + "\n" for item in rows), encoding="utf-8")
    return path


def problems(count=6):
    return [
        {
            **row(f"p{n}", None, [n % 3, 2, 1], [2, 0, 1], [False, True, False], ["cpp", "java"][n % 2]),
            "completions": ["x" * (n + 1), "yy" * (n + 2), "z" * n + "w"],
        }
        for n in range(count)
    ]


QUICK = RerankSettings(k=(1, 2), n_resamples=100)


def test_a_model_ranks_the_candidates(tmp_path):
    results = rerank("length", write(tmp_path / "p.jsonl", problems()), tmp_path / "out", QUICK)
    assert results.overall.hits[1].value == 1.0
    assert set(results.by_language) == {"cpp", "java"}
    assert results.overall.chance[1] == pytest.approx(1 / 3)


def test_unusable_lines_are_counted(tmp_path):
    path = write(tmp_path / "p.jsonl", [*problems(2), {"id": "x"}, problems(1)[0]])
    path.write_text(path.read_text("utf-8") + "{not json\n", encoding="utf-8")
    results = rerank("length", path, tmp_path / "out", QUICK)
    assert results.rejected == {"duplicate-id": 1, "missing-description": 1, "not-json": 1}


def test_an_interrupted_job_scores_no_problem_twice_and_gives_the_same_results(tmp_path, monkeypatch):
    path = write(tmp_path / "p.jsonl", problems())
    complete = rerank("random", path, tmp_path / "complete", QUICK)
    rerank("random", path, tmp_path / "out", QUICK)
    rewards = tmp_path / "out" / "rewards.jsonl"
    rewards.write_text("".join(rewards.read_text("utf-8").splitlines(keepends=True)[:3])[:-9], encoding="utf-8")
    scored = []
    monkeypatch.setattr(module._CandidateScorer, "_score", lambda *given: scored.append(given[-1].id) or real(*given))
    again = rerank("random", path, tmp_path / "out", QUICK)
    assert scored == ["p2", "p3", "p4", "p5"]
    assert again == complete


real = module._CandidateScorer._score


def test_rewards_may_be_in_the_file(tmp_path):
    rows = [row("a", [1.0, 2.0], [0, 1], [1, 0], [False, True])]
    assert rerank(None, write(tmp_path / "p.jsonl", rows), tmp_path / "out", QUICK).overall.hits[1].value == 1.0


def test_without_model_and_rewards_the_job_is_refused(tmp_path):
    with pytest.raises(InputError, match="--model"):
        rerank(None, write(tmp_path / "p.jsonl", problems(1)), tmp_path / "out", QUICK)


def test_a_file_without_problems_is_refused(tmp_path):
    with pytest.raises(InputError, match="no usable problem"):
        rerank("length", write(tmp_path / "p.jsonl", [{"id": 1}]), tmp_path / "out", QUICK)


def test_the_table_fits_a_terminal(tmp_path):
    from rich.console import Console

    results = rerank(
        "length", write(tmp_path / "p.jsonl", problems()), tmp_path / "out", RerankSettings(n_resamples=100)
    )
    console = Console(width=90, record=True, quiet=False, file=io.StringIO())
    console.print(results.table())
    assert "…" not in console.export_text()
