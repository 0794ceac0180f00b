"""Confidence intervals of proportions."""

import pytest

from themis_rm.benchmark.intervals import proportion_interval


def test_the_exact_interval_of_a_published_example():
    # Clopper & Pearson (1934): 0 of 10 gives the upper bound 1 - 0.025 ** (1 / 10).
    assert proportion_interval(0, 10) == pytest.approx((0.0, 1 - 0.025**0.1))


def test_the_wilson_interval_of_an_example():
    z = 1.959963984540054
    middle, half = (0.5 + z**2 / 20) / (1 + z**2 / 10), z * (0.025 + z**2 / 400) ** 0.5 / (1 + z**2 / 10)
    assert proportion_interval(5, 10, method="wilson") == pytest.approx((middle - half, middle + half))


def test_no_trials_have_no_interval():
    assert proportion_interval(0, 0) == (None, None)
