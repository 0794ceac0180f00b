"""Comparison of recipes over seeds, against tests of scipy and the comparison of two single runs."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.evaluation.scored_pairs import scored

from themis_rm.errors import InputError
from themis_rm.evaluation.seed_comparison import compare_recipes, mean_accuracy
from themis_rm.evaluation.statistics import Accuracy, compare

OUTCOME = st.sampled_from([0, 0.5, 1])


def draw(rng, n, accuracy):
    return [int(rng.random() < accuracy) for _ in range(n)]


@given(st.lists(st.tuples(OUTCOME, OUTCOME), min_size=2, max_size=30))
def test_one_seed_is_the_comparison_of_two_runs(pairs):
    first, second = (scored(column) for column in zip(*pairs, strict=True))
    found, expected = compare_recipes([first], [second], 0.95), compare(first, second, 0.95)
    assert (found.difference, found.p_pairs) == pytest.approx((expected.difference, expected.p_value))
    assert (found.low, found.high) == (expected.low, expected.high)
    assert found.p_value is None


@given(st.lists(st.lists(OUTCOME, min_size=8, max_size=8), min_size=4, max_size=4))
def test_swapping_recipes_changes_the_sign_only(columns):
    first, second = [scored(c) for c in columns[:2]], [scored(c) for c in columns[2:]]
    one, two = compare_recipes(first, second, 0.95), compare_recipes(second, first, 0.95)
    assert one.difference == pytest.approx(-two.difference)
    assert (one.low, one.high) == pytest.approx((-two.high, -two.low))
    assert (one.p_pairs, one.p_value) == pytest.approx((two.p_pairs, two.p_value))


def test_a_recipe_does_not_differ_from_itself():
    runs = [scored([1, 0, 1]), scored([1, 1, 0])]
    found = compare_recipes(runs, runs, 0.95)
    assert (found.difference, found.low, found.high, found.p_pairs, found.p_value) == (0, 0, 0, 1, 1)


def test_the_test_over_pairs_and_seeds_is_min_f():
    rng = random.Random(1)
    one = np.array([draw(rng, 60, 0.8) for _ in range(3)])
    two = np.array([draw(rng, 60, 0.6) for _ in range(3)])
    found = compare_recipes([scored(row) for row in one.tolist()], [scored(row) for row in two.tolist()], 0.95)
    over_seeds = stats.ttest_rel(one.mean(axis=1), two.mean(axis=1)).statistic ** 2
    over_pairs = stats.ttest_rel(one.mean(axis=0), two.mean(axis=0)).statistic ** 2
    min_f = over_seeds * over_pairs / (over_seeds + over_pairs)
    freedom = (over_seeds + over_pairs) ** 2 / (over_seeds**2 / 59 + over_pairs**2 / 2)
    assert found.p_value == pytest.approx(stats.f.sf(min_f, 1, freedom))
    assert (found.low > 0) == (found.p_value < 0.05)


def test_a_difference_that_other_seeds_do_not_have_is_not_significant_over_seeds():
    rng = random.Random(2)
    base = [scored(draw(rng, 400, 0.6)) for _ in range(3)]
    other = [scored(draw(rng, 400, accuracy)) for accuracy in (0.95, 0.6, 0.62)]
    found = compare_recipes(other, base, 0.95)
    assert found.p_pairs < 1e-4
    assert found.p_value > 0.2
    assert found.low < 0 < found.high


def test_a_difference_of_all_seeds_is_significant_over_both():
    rng = random.Random(3)
    base = [scored(draw(rng, 400, 0.6)) for _ in range(3)]
    other = [scored(draw(rng, 400, 0.8)) for _ in range(3)]
    found = compare_recipes(other, base, 0.95)
    assert max(found.p_pairs, found.p_value) < 0.01
    assert 0 < found.low < found.difference < found.high


def test_pairs_of_a_task_are_one_unit():
    first, second = [scored([1] * 12)] * 2, [scored([0] * 12)] * 2
    tasks = {f"p{number}": f"task{number // 3}" for number in range(12)}
    alone, grouped = compare_recipes(first, second, 0.95), compare_recipes(first, second, 0.95, tasks)
    assert alone.p_pairs == pytest.approx(2 / 2**12)
    assert grouped.p_pairs == pytest.approx(2 / 2**4)
    assert mean_accuracy(first, 0.95, tasks).tasks == 4


def test_mean_accuracy_of_one_seed_is_its_accuracy():
    rows = scored([1, 0.5, 0, None, 1])
    found, expected = mean_accuracy([rows], 0.95), Accuracy.from_scores(rows, 0.95)
    assert (found.value, found.low, found.high) == (expected.value, expected.low, expected.high)
    assert (found.strict, found.tie_rate, found.failed, found.n) == (expected.strict, expected.tie_rate, 1, 5)
    assert found.seed_std is None


def test_mean_accuracy_is_over_seeds():
    found = mean_accuracy([scored([1, 1, 0, 0]), scored([1, 1, 1, 0])], 0.95)
    assert found.value == 0.625
    assert found.seed_std == pytest.approx(np.std([0.5, 0.75], ddof=1))


@pytest.mark.parametrize("others", [scored([1]), scored([1, 1], prefix="q"), []])
def test_recipes_on_other_pairs_are_refused(others):
    with pytest.raises(InputError, match="same pairs"):
        compare_recipes([scored([1, 0])], [others], 0.95)
    with pytest.raises(InputError, match="same pairs"):
        mean_accuracy([scored([1, 0]), others], 0.95)


def test_equal_recipes_whose_seeds_differ_are_rarely_found_to_differ():
    rng = np.random.default_rng(0)
    found = np.zeros(2)
    for _ in range(60):
        recipes = [
            [scored((row < 0.6 + rng.normal(0, 0.06)).astype(int).tolist()) for row in rng.random((3, 120))]
            for _ in "ab"
        ]
        result = compare_recipes(*recipes, 0.95)
        found += [result.p_pairs < 0.05, result.p_value < 0.05]
    assert found[0] / 60 > 0.15  # the test over pairs alone takes the seeds for the recipe
    assert found[1] / 60 < 0.1
