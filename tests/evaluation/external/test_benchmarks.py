"""Expected figures are computed by hand or by direct formulas; benchmarks/ has the comparison with the peers' code."""

import math
from typing import Any

import pytest

from themis_rm.dataset.adapters import UnusableRowError
from themis_rm.evaluation.external.benchmarks import EXTERNAL_BENCHMARKS
from themis_rm.evaluation.external.candidates import ScoredSet


def scored(benchmark: str, row: dict[str, Any], *scores: float | None) -> ScoredSet:
    return ScoredSet(EXTERNAL_BENCHMARKS.get(benchmark).read(row), scores)


def figures(benchmark: str, *sets: ScoredSet) -> dict[str, float]:
    return {figure.name: figure.value for figure in EXTERNAL_BENCHMARKS.get(benchmark).figures(sets)}


def rewardbench(subset: str, number: int, *scores: float | None) -> ScoredSet:
    row = {"prompt": "p", "chosen": "a", "rejected": "b", "subset": subset, "id": number}
    return scored("rewardbench", row, *scores)


def rewardbench2(subset: str, identifier: str, correct: int, *scores: float | None) -> ScoredSet:
    chosen, rejected = ["a"] * correct, ["b"] * (len(scores) - correct)
    row = {"prompt": "p", "chosen": chosen, "rejected": rejected, "subset": subset, "id": identifier}
    return scored("rewardbench2", row, *scores)


def rm_bench(domain: str, number: int, *scores: float | None) -> ScoredSet:
    row = {"prompt": "p", "chosen": ["a"] * 3, "rejected": ["b"] * 3, "domain": domain, "id": number}
    return scored("rm-bench", row, *scores)


def judgebench(source: str, label: str, number: int, *scores: float | None) -> ScoredSet:
    row = {"pair_id": number, "question": "q", "response_A": "a", "response_B": "b", "label": label, "source": source}
    return scored("judgebench", row, *scores)


def test_rewardbench_sections_weigh_subsets_by_their_published_sizes() -> None:
    result = figures(
        "rewardbench",
        rewardbench("math-prm", 0, 1, 0),
        rewardbench("hep-go", 1, 0, 1),
        rewardbench("mt-bench-easy", 2, 1, 0),
    )
    assert result["Reasoning"] == pytest.approx(984 / (984 + 164))
    assert result["overall"] == pytest.approx((984 / (984 + 164) + 1) / 2)


def test_rewardbench_prior_sets_count_half_a_section() -> None:
    pairs = [rewardbench("hep-go", 0, 1, 0), rewardbench("shp", 1, 0, 1), rewardbench("summarize", 2, 1, 0)]
    assert figures("rewardbench", *pairs)["overall"] == pytest.approx((1 + 0.5 * 0.5) / 1.5)


@pytest.mark.parametrize("scores", [(1.0, 1.0), (None, 0.0), (1.0, None)])
def test_rewardbench_counts_equal_and_missing_scores_as_wrong(scores: tuple[float | None, float | None]) -> None:
    assert figures("rewardbench", rewardbench("hep-go", 0, *scores))["overall"] == 0


@pytest.mark.parametrize(
    ("scores", "share"),
    [((3, 1, 2, 0), 1.0), ((1, 3, 2, 0), 0.0), ((3, 3, 2, 0), 1 / 2), ((3, 3, 3, 3), 1 / 4), ((3, None, 2, 0), 0.0)],
)
def test_rewardbench2_shares_a_prompt_among_the_best_responses(scores: tuple[float, ...], share: float) -> None:
    assert figures("rewardbench2", rewardbench2("Math", "m", 1, *scores))["Math"] == pytest.approx(share)


def test_rewardbench2_ties_add_accuracies_margin_conditions_and_the_margin_score() -> None:
    # Prompt 0: correct responses spread by 1, gaps 3 (tied) and 2 (reference). Prompt 1: spread 4, gap 1, reference 2.
    sets = [
        rewardbench2("Ties", "tied:0", 2, 5, 4, 1),
        rewardbench2("Ties", "ref:0", 1, 3, 1),
        rewardbench2("Ties", "tied:1", 2, 9, 5, 4),
        rewardbench2("Ties", "ref:1", 1, 3, 1),
    ]
    margin = (math.tanh(2 / 1 - 1) + math.tanh(1 / 4 - 1)) / 2
    expected = 0.3 + 0.3 + 0.2 * 0.5 + 0.2 * 0.5 + 0.01 * margin
    assert figures("rewardbench2", *sets)["Ties"] == pytest.approx(expected, abs=1e-12)


def test_rewardbench2_overall_is_the_mean_of_subsets() -> None:
    sets = [rewardbench2("Math", str(n), 1, 1, 0) for n in range(3)] + [rewardbench2("Safety", "s", 1, 0, 1)]
    assert figures("rewardbench2", *sets)["overall"] == pytest.approx(0.5)


def test_rewardbench2_a_failed_tied_prompt_meets_no_condition() -> None:
    sets = [rewardbench2("Ties", "tied:0", 2, 5, None, 1), rewardbench2("Ties", "ref:0", 1, 3, 1)]
    assert figures("rewardbench2", *sets)["Ties"] == pytest.approx(0.3 - 0.01)


def test_rm_bench_levels_compare_styles() -> None:
    # Style alone decides: every richer response wins.
    result = figures("rm-bench", rm_bench("code", 0, 1, 2, 3, 1, 2, 3))
    assert (result["easy"], result["normal"], result["hard"]) == (1, 0, 0)


def test_rm_bench_pools_the_parts_of_safety_and_weighs_domains_equally() -> None:
    sets = [
        rm_bench("safety-refuse", 0, 1, 1, 1, 0, 0, 0),
        rm_bench("safety-response", 0, 0, 0, 0, 1, 1, 1),
        rm_bench("chat", 1, 1, 1, 1, 0, 0, 0),
    ]
    result = figures("rm-bench", *sets)
    assert (result["safety"], result["chat"], result["overall"]) == pytest.approx((0.5, 1, 0.75))


def test_judgebench_prefers_the_response_of_the_label() -> None:
    pair = {"pair_id": 0, "question": "q", "response_A": "first", "response_B": "second", "source": "livecodebench"}
    candidates = EXTERNAL_BENCHMARKS.get("judgebench").read({**pair, "label": "B>A"})
    assert candidates.responses == ("second", "first")


def test_judgebench_overall_counts_pairs_not_categories() -> None:
    sets = [judgebench("mmlu-pro-law", "A>B", n, 1, 0) for n in range(3)] + [
        judgebench("livecodebench", "A>B", 9, 0, 1)
    ]
    result = figures("judgebench", *sets)
    assert (result["Knowledge"], result["Coding"], result["overall"]) == (1, 0, 0.75)


@pytest.mark.parametrize(
    ("benchmark", "row", "reason"),
    [
        ("rewardbench", {"prompt": "p", "chosen": "a", "rejected": "b", "subset": "new", "id": 1}, "unknown-subset"),
        ("rewardbench", {"prompt": None, "chosen": "a", "rejected": "b", "subset": "shp"}, "missing-prompt"),
        (
            "rewardbench2",
            {"prompt": "p", "chosen": "a", "rejected": ["b"], "subset": "Math"},
            "chosen-is-not-a-list-of-texts",
        ),
        (
            "rewardbench2",
            {"prompt": "p", "chosen": ["a"], "rejected": ["b"], "subset": "Ties", "id": "7"},
            "id-of-ties",
        ),
        (
            "rewardbench2",
            {"prompt": "p", "chosen": ["a"], "rejected": ["b"], "subset": "Ties", "id": "tied:7"},
            "one-tied-response",
        ),
        ("rm-bench", {"prompt": "p", "chosen": ["a"], "rejected": ["b"], "domain": "code"}, "not-three-styles"),
        ("rm-bench", {"prompt": "p", "chosen": ["a"] * 3, "rejected": ["b"] * 3, "domain": "law"}, "unknown-domain"),
        (
            "judgebench",
            {"question": "q", "response_A": "a", "response_B": "b", "label": "A=B", "source": "x"},
            "unknown-label",
        ),
    ],
)
def test_an_unusable_row_has_a_reason(benchmark: str, row: dict[str, Any], reason: str) -> None:
    with pytest.raises(UnusableRowError) as caught:
        EXTERNAL_BENCHMARKS.get(benchmark).read(row)
    assert caught.value.reason == reason
