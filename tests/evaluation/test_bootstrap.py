"""The exact bootstrap compared with drawing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.evaluation.bootstrap import mean_intervals

THREE, FIVE = (0.0, 0.5, 1.0), (-1.0, -0.5, 0.0, 0.5, 1.0)


def drawn(counts, values, level, size=200_000):
    n = sum(counts)
    draws = np.random.default_rng(1).multinomial(n, np.array(counts) / n, size=size) @ np.array(values) / n
    return np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")


@pytest.mark.parametrize(
    ("counts", "values"),
    [
        ((2600, 400, 5866), THREE),
        ((50, 34, 116), THREE),
        ((132, 0, 157), THREE),
        ((2, 0, 48), THREE),
        ((3, 0, 6, 1, 2), FIVE),
        ((930, 452, 6168, 395, 921), FIVE),
    ],
)
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_exact_intervals_match_drawn_ones(counts, values, level):
    low, high = mean_intervals(np.array([counts]), values, level)
    # A drawn quantile may be the neighboring possible value of the mean.
    assert (low[0], high[0]) == pytest.approx(tuple(drawn(counts, values, level)), abs=1.1 / sum(counts))


COUNTS = st.lists(st.tuples(*[st.integers(0, 40)] * 3).filter(any), min_size=1, max_size=8)


@given(samples=COUNTS)
def test_an_interval_does_not_depend_on_the_other_samples_of_the_call(samples):
    together = mean_intervals(np.array(samples), THREE, 0.95)
    for index, counts in enumerate(samples):
        alone = mean_intervals(np.array([counts]), THREE, 0.95)
        assert (together[0][index], together[1][index]) == (alone[0][0], alone[1][0])


@given(samples=COUNTS)
def test_the_interval_contains_the_mean_and_stays_on_the_scale(samples):
    counts = np.array(samples)
    low, high = mean_intervals(counts, THREE, 0.95)
    mean = counts @ np.array(THREE) / counts.sum(axis=1)
    assert (low >= -1e-12).all()
    assert (high <= 1 + 1e-12).all()
    assert (low <= mean + 1e-12).all()
    assert (mean <= high + 1e-12).all()
    assert (high > low).all()


def test_an_empty_sample_has_no_interval():
    low, high = mean_intervals(np.array([[0, 0, 0], [1, 0, 1]]), THREE, 0.95)
    assert np.isnan([low[0], high[0]]).all()
    assert not np.isnan([low[1], high[1]]).any()
