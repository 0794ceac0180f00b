"""Properties of accuracies, intervals and paired tests."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from themis_rm.evaluation import statistics as stats
from themis_rm.evaluation.statistics import Accuracy
from themis_rm.records import PairScore

LEVEL = 0.95


def row(number, chosen, rejected, lengths=(10, 10)):
    scored = chosen is not None and rejected is not None
    return PairScore(
        id=str(number),
        chosen_score=chosen,
        rejected_score=rejected,
        correct=scored and chosen > rejected,
        score_diff=chosen - rejected if scored else None,
        language="Go",
        aspect="Security_Hardness",
        subset="S",
        chosen_length=lengths[0],
        rejected_length=lengths[1],
    )


def rows_of(outcomes):
    sides = {"win": (2.0, 1.0), "tie": (1.0, 1.0), "loss": (1.0, 2.0), "failed": (None, 1.0)}
    return [row(number, *sides[name]) for number, name in enumerate(outcomes)]


ANY_OUTCOMES = st.lists(st.sampled_from(["win", "tie", "loss", "failed"]), min_size=1, max_size=60)
OUTCOMES = ANY_OUTCOMES.filter(lambda outcomes: set(outcomes) != {"failed"})


@given(outcomes=OUTCOMES)
def test_every_pair_is_counted_once(outcomes):
    accuracy = Accuracy.from_scores(rows_of(outcomes), LEVEL)
    assert (accuracy.n, accuracy.wins, accuracy.ties, accuracy.failed) == (
        len(outcomes),
        *(outcomes.count(name) for name in ("win", "tie", "failed")),
    )
    assert accuracy.value == pytest.approx((accuracy.wins + accuracy.ties / 2) / accuracy.n)
    assert accuracy.strict == pytest.approx(accuracy.wins / accuracy.n)


@given(outcomes=ANY_OUTCOMES, others=ANY_OUTCOMES)
def test_without_scores_there_is_neither_an_accuracy_nor_a_comparison(outcomes, others):
    measured = [set(names) != {"failed"} for names in (outcomes, others)]
    accuracy = Accuracy.from_scores(rows_of(outcomes), LEVEL)
    assert {value is not None for value in (accuracy.value, accuracy.low, accuracy.strict)} == {measured[0]}
    compared = stats.compare(rows_of(outcomes), rows_of(others), LEVEL)
    if not all(measured):
        shared = slice(0, min(len(outcomes), len(others)))
        assert (compared is None) == any(set(names[shared]) == {"failed"} for names in (outcomes, others))


@given(outcomes=OUTCOMES)
def test_the_interval_contains_the_value_and_has_positive_width(outcomes):
    accuracy = Accuracy.from_scores(rows_of(outcomes), LEVEL)
    assert 0 <= accuracy.low <= accuracy.value + 1e-12
    assert accuracy.value - 1e-12 <= accuracy.high <= 1
    assert accuracy.high > accuracy.low


@given(outcomes=OUTCOMES, data=st.data())
def test_tasks_with_one_pair_each_do_not_change_the_accuracy(outcomes, data):
    rows = rows_of(outcomes)
    known = data.draw(st.sets(st.sampled_from([row.id for row in rows])))
    tasks = {key: f"task {key}" for key in known} | {"of another benchmark": "task 0"}
    assert Accuracy.from_scores(rows, LEVEL, tasks) == Accuracy.from_scores(rows, LEVEL)
    assert Accuracy.from_scores(rows, LEVEL).tasks is None


def test_pairs_of_a_task_are_resampled_together():
    rows = rows_of(["win"] * 60 + ["loss"] * 40)
    alone = Accuracy.from_scores(rows, LEVEL)
    alike = Accuracy.from_scores(rows, LEVEL, {row.id: f"task {int(row.id) // 4}" for row in rows})
    assert (alike.n, alike.value, alike.tasks) == (100, 0.6, 25)
    assert (alike.high - alike.low) / (alone.high - alone.low) == pytest.approx(2, rel=0.05)


def test_a_pair_without_a_task_counts_as_a_separate_task_even_if_its_id_is_a_task_name():
    rows = rows_of(["win", "loss", "tie", "failed", "win"])
    assert Accuracy.from_scores(rows, LEVEL, {"0": "3", "1": "3", "2": "t"}).tasks == 4


def test_no_pairs_have_no_accuracy():
    assert Accuracy.from_scores([], LEVEL).value is None


@given(outcomes=OUTCOMES)
def test_swapping_the_sides_mirrors_the_accuracy(outcomes):
    scored = [name for name in outcomes if name != "failed"]
    swap = {"win": "loss", "loss": "win", "tie": "tie"}
    if scored:
        one = Accuracy.from_scores(rows_of(scored), LEVEL)
        two = Accuracy.from_scores(rows_of([swap[name] for name in scored]), LEVEL)
        assert one.value == pytest.approx(1 - two.value)
        assert one.low == pytest.approx(1 - two.high, abs=0.08)


def test_the_interval_is_deterministic():
    assert stats.accuracy_interval(60, 5, 100, LEVEL) == stats.accuracy_interval(60, 5, 100, 0.95)


def test_the_interval_matches_resampled_pairs():
    outcomes = np.repeat([1.0, 0.5, 0.0], [120, 30, 50])
    rng = np.random.default_rng(5)
    means = [rng.choice(outcomes, len(outcomes)).mean() for _ in range(4000)]
    expected = tuple(np.quantile(means, [0.025, 0.975]))
    assert stats.accuracy_interval(120, 30, 200, 0.95) == pytest.approx(expected, abs=0.006)


def test_the_interval_has_its_nominal_coverage():
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        wins = int(rng.binomial(150, 0.7))
        low, high = stats.accuracy_interval(wins, 0, 150, 0.95)
        hits += low <= 0.7 <= high
    assert 0.91 <= hits / 400 <= 0.98


@given(n=st.integers(1, 500))
def test_equal_outcomes_get_the_clopper_pearson_interval(n):
    low, high = stats.accuracy_interval(n, 0, n, LEVEL)
    exact = binomtest(n, n).proportion_ci(0.95, "exact")
    assert (low, high) == pytest.approx((exact.low, exact.high))
    assert stats.accuracy_interval(0, 0, n, LEVEL) == pytest.approx((1 - exact.high, 1 - exact.low))


@given(first=st.integers(0, 200), second=st.integers(0, 200))
def test_mcnemar_equals_the_exact_binomial_test(first, second):
    expected = binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert stats.mcnemar_test(first, second) == pytest.approx(expected, rel=1e-9)


@given(outcomes=OUTCOMES, others=OUTCOMES)
def test_swapping_the_models_changes_the_sign(outcomes, others):
    one, two = rows_of(["win", *outcomes]), rows_of(["tie", *others])  # so that both have a score of a shared pair
    forward, backward = stats.compare(one, two, LEVEL), stats.compare(two, one, LEVEL)
    assert forward.difference == pytest.approx(-backward.difference)
    assert forward.p_mcnemar == backward.p_mcnemar
    assert (forward.only_first, forward.only_second) == (backward.only_second, backward.only_first)


def test_a_comparison_uses_only_shared_pairs():
    one, two = rows_of(["win"] * 10), rows_of(["loss"] * 4)
    comparison = stats.compare(one, two, LEVEL)
    assert (comparison.n, comparison.unshared, comparison.difference) == (4, 6, 1.0)
    assert stats.compare(one, [], LEVEL) is None


def test_a_model_compared_with_itself_has_no_difference():
    comparison = stats.compare(rows_of(["win", "loss"] * 20), rows_of(["win", "loss"] * 20), LEVEL)
    assert (comparison.difference, comparison.p_value, comparison.p_mcnemar) == (0.0, 1.0, 1.0)


@given(outcomes=OUTCOMES, others=OUTCOMES)
def test_tasks_with_one_pair_each_do_not_change_a_comparison(outcomes, others):
    one, two = rows_of(outcomes), rows_of(others)
    tasks = {row.id: f"task {row.id}" for row in one}
    assert stats.compare(one, two, LEVEL, tasks) == stats.compare(one, two, LEVEL)


def test_a_comparison_with_tasks_uses_tasks_as_units():
    one, two = rows_of(["win"] * 30 + ["loss"] * 18), rows_of(["loss"] * 12 + ["win"] * 36)
    pairs = stats.compare(one, two, LEVEL)
    tasks = stats.compare(one, two, LEVEL, {row.id: str(int(row.id) // 6) for row in one})
    assert (pairs.tasks, tasks.tasks) == (None, 8)
    assert (tasks.difference, tasks.only_first, tasks.only_second) == (pairs.difference, 12, 18)
    # Two tasks favor one model and three the other, so random signs always give a sum at least as large.
    assert (tasks.p_value, tasks.p_mcnemar) == pytest.approx((1.0, 1.0))
    assert tasks.high - tasks.low > 2 * (pairs.high - pairs.low)
    assert (tasks.swapped().low, tasks.swapped().high) == (-tasks.high, -tasks.low)


SUMS = st.lists(st.integers(-7, 7), max_size=10)


@given(sums=SUMS)
def test_the_randomization_test_with_tasks_enumerates_all_signs(sums):
    observed = abs(sum(sums))
    totals = [sum(s * d for s, d in zip(signs, sums, strict=True)) for signs in product((-1, 1), repeat=len(sums))]
    expected = sum(abs(total) >= observed for total in totals) / len(totals)
    assert stats.clustered_sign_flip_test(np.array(sums, dtype=np.int64)) == pytest.approx(expected, rel=1e-9)


@given(halves=st.lists(st.integers(-2, 2), min_size=1, max_size=200))
def test_with_one_pair_per_task_both_randomization_tests_are_equal(halves):
    assert stats.clustered_sign_flip_test(np.array(halves)) == pytest.approx(
        sign_flip_p([h / 2 for h in halves]), rel=1e-8
    )


def test_the_randomization_test_with_tasks_computes_very_small_p_values():
    assert stats.clustered_sign_flip_test(np.full(900, 3)) == pytest.approx(2.0**-899, rel=1e-6)


def sign_flip_p(differences):
    return float(stats.sign_flip_test(*stats.sign_flip_statistics(stats.count_differences(np.array(differences))))[0])


DIFFERENCES = st.lists(st.sampled_from(stats.DIFFERENCES), min_size=1, max_size=9)


@given(differences=DIFFERENCES)
def test_the_randomization_test_enumerates_all_signs(differences):
    observed = abs(sum(differences))
    sums = [
        sum(s * d for s, d in zip(signs, differences, strict=True))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    expected = sum(abs(total) >= observed for total in sums) / len(sums)
    assert sign_flip_p(differences) == pytest.approx(expected, rel=1e-9)


@given(first=st.integers(0, 300), second=st.integers(0, 300))
def test_without_ties_the_randomization_test_equals_mcnemars(first, second):
    differences = [1.0] * first + [-1.0] * second + [0.0]
    assert sign_flip_p(differences) == pytest.approx(stats.mcnemar_test(first, second), rel=1e-6)


def test_the_randomization_test_keeps_its_level_if_few_pairs_differ():
    rng = np.random.default_rng(2)
    steps = rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0], p=[0.02, 0.03, 0.9, 0.03, 0.02], size=(2000, 120))
    assert sum(sign_flip_p(line) <= 0.05 for line in steps) / 2000 <= 0.06


def test_an_extreme_sum_of_signs_has_a_positive_p_value():
    assert sign_flip_p([1.0] * 900 + [0.5] * 100) == pytest.approx(2.0**-999, rel=1e-6)


P_VALUES = st.lists(st.floats(0, 1, allow_nan=False), max_size=20)


@given(p_values=P_VALUES)
def test_holm_is_between_the_raw_p_value_and_bonferroni(p_values):
    for raw, adjusted in zip(p_values, stats.holm_adjust(p_values), strict=True):
        assert raw <= adjusted <= min(1.0, raw * len(p_values)) or math.isclose(adjusted, raw)


@given(p_values=P_VALUES)
def test_holm_preserves_the_order(p_values):
    rank_problem = sorted(zip(p_values, stats.holm_adjust(p_values), strict=True))
    assert [b for _, b in rank_problem] == sorted(b for _, b in rank_problem)


def test_holm_on_a_worked_example():
    assert stats.holm_adjust([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


LENGTHS = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=40)


@given(lengths=LENGTHS)
def test_longer_wins_gets_one_half_in_length_balanced_accuracy(lengths):
    scores = [row(n, float(a), float(b), (a, b)) for n, (a, b) in enumerate(lengths)]
    assert stats.length_balanced_accuracy(scores) in (None, 0.5)


@given(lengths=LENGTHS, max_ratio=st.floats(1, 3))
def test_length_matching_does_not_depend_on_which_side_is_longer(lengths, max_ratio):
    scores = [row(n, 1.0, 0.0, pair) for n, pair in enumerate(lengths)]
    flipped = [row(n, 1.0, 0.0, pair[::-1]) for n, pair in enumerate(lengths)]
    matched = {item.id for item in stats.select_length_matched(scores, max_ratio)}
    assert matched == {item.id for item in stats.select_length_matched(flipped, max_ratio)}
    assert matched == {str(n) for n, (a, b) in enumerate(lengths) if max(a, b) <= max_ratio * min(a, b)}
