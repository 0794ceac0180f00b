"""Intervals that resample tasks, compared with drawing and with intervals over pairs, and their coverage."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from themis_rm.evaluation.cluster_bootstrap import cluster_interval
from themis_rm.evaluation.statistics import accuracy_interval

SCALE = (0.0, 1.0)


def interval(sums, sizes, level=0.95):
    return cluster_interval(np.array(sums, float), np.array(sizes), SCALE, level)


def drawn(sums, sizes, level, size=50_000):
    cells, counts = np.unique(np.stack([sums, sizes], 1), axis=0, return_counts=True)
    draws = np.random.default_rng(1).multinomial(counts.sum(), counts / counts.sum(), size=size) @ cells
    means = draws[:, 0] / draws[:, 1]
    return np.quantile(means, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")


def clusters(rng, number, size, accuracy):
    sizes = rng.geometric(1 / size, number)
    return rng.binomial(sizes, rng.beta(2 * accuracy, 2 * (1 - accuracy), number)).astype(float), sizes


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("accuracy", [0.5, 0.8, 0.95])
@pytest.mark.parametrize(("number", "size"), [(40, 3), (40, 12), (300, 2), (1000, 4)])
def test_cluster_intervals_match_drawn_ones(number, size, accuracy, level):
    sums, sizes = clusters(np.random.default_rng(number + size), number, size, accuracy)
    low, high = interval(sums, sizes, level)
    expected = drawn(sums, sizes, level)
    # Drawn ends are discrete and have Monte Carlo error.
    step = 0.5 / sizes.sum() + 0.03 * (expected[1] - expected[0]) / 2
    assert (low, high) == pytest.approx(tuple(expected), abs=step)


@given(wins=st.integers(0, 300), losses=st.integers(0, 300), ties=st.integers(0, 30))
def test_clusters_of_one_pair_give_the_interval_over_pairs(wins, losses, ties):
    n = wins + losses + ties
    if n:
        exact = accuracy_interval(wins, ties, n, 0.95)
        found = interval([1.0] * wins + [0.0] * losses + [0.5] * ties, [1] * n)
        # The exact interval is discrete; without ties its steps are 1 / n.
        assert found == pytest.approx(exact, abs=0.55 / n + 1e-9)


@pytest.mark.parametrize("size", [2, 4, 9, 25])
def test_equal_outcomes_within_tasks_widen_the_interval_by_the_root_of_the_task_size(size):
    number, wins = 800, 560
    low, high = interval([size] * wins + [0] * (number - wins), [size] * number)
    over_pairs = accuracy_interval(size * wins, 0, size * number, 0.95)
    assert (high - low) / (over_pairs[1] - over_pairs[0]) == pytest.approx(np.sqrt(size), rel=0.01)


def test_the_interval_has_its_nominal_coverage_and_the_interval_over_pairs_does_not():
    rng = np.random.default_rng(7)
    covered, covered_by_pairs, rounds = 0, 0, 400
    for _ in range(rounds):
        sizes = rng.integers(1, 12, 150)
        sums = rng.binomial(sizes, rng.beta(1.4, 0.6, 150))  # mean 0.7, strongly correlated within a task
        low, high = interval(sums, sizes)
        covered += low <= 0.7 <= high
        low, high = accuracy_interval(int(sums.sum()), 0, int(sizes.sum()), 0.95)
        covered_by_pairs += low <= 0.7 <= high
    assert 0.92 <= covered / rounds <= 0.98
    assert covered_by_pairs / rounds < 0.8


@given(n=st.integers(1, 200), size=st.integers(1, 20))
def test_equal_clusters_get_the_clopper_pearson_interval(n, size):
    exact = binomtest(n, n).proportion_ci(0.95, "exact")
    assert interval([size] * n, [size] * n) == pytest.approx((exact.low, exact.high))
    assert interval([0] * n, [size] * n) == pytest.approx((1 - exact.high, 1 - exact.low))


CLUSTERS = st.lists(
    st.integers(1, 300).flatmap(lambda size: st.tuples(st.integers(0, 2 * size), st.just(size))), min_size=1
)


@given(rows=CLUSTERS, level=st.floats(0.51, 0.999))
def test_the_interval_contains_the_mean_and_has_positive_width(rows, level):
    sums, sizes = np.array([row[0] for row in rows]) / 2, np.array([row[1] for row in rows])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        low, high = cluster_interval(sums, sizes, SCALE, level)
    assert -1e-12 <= low < high <= 1 + 1e-12
    assert low - 1e-9 <= sums.sum() / sizes.sum() <= high + 1e-9


@given(rows=CLUSTERS)
def test_swapping_all_outcomes_mirrors_the_interval(rows):
    sums, sizes = np.array([row[0] for row in rows]) / 2, np.array([row[1] for row in rows])
    low, high = interval(sums, sizes)
    assert interval(sizes - sums, sizes) == pytest.approx((1 - high, 1 - low), abs=1e-6)
