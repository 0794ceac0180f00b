"""Kappa and alpha against published examples, manually computed values, and independent formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from themis_rm.annotation.statistics import cohen_kappa, krippendorff_alpha

DIAGNOSES = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]
"""Fleiss, Statistical Methods for Rates and Proportions (1981), table 13.1: kappa is 0.68."""

RELIABILITY = ["11.1", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", ".555", "..11", ".3.."]
"""Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: nominal alpha is 0.743."""


def expand(table):
    return [(str(i), str(j)) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]


def kappa_of(shares):
    observed, expected = np.trace(shares), shares.sum(1) @ shares.sum(0)
    return (observed - expected) / (1 - expected)


def delta_error(table):
    """Return the standard error of kappa by the delta method with numeric derivatives."""
    counts = np.array(table, float)
    shares, n, step = counts / counts.sum(), counts.sum(), 1e-6
    slopes = np.zeros_like(shares)
    for cell in np.ndindex(shares.shape):
        moved = shares.copy()
        moved[cell] += step
        slopes[cell] = (kappa_of(moved) - kappa_of(shares)) / step
    return np.sqrt(((shares * slopes**2).sum() - (shares * slopes).sum() ** 2) / n)


def test_kappa_of_a_published_table():
    assert cohen_kappa(expand(DIAGNOSES)).value == pytest.approx(0.23 / 0.34)


@pytest.mark.parametrize("table", [DIAGNOSES, [[20, 5], [10, 15]], [[1, 9], [8, 2]], [[5, 3, 0], [1, 8, 2], [0, 4, 7]]])
def test_the_interval_of_kappa_follows_from_the_delta_method(table):
    kappa = cohen_kappa(expand(table), 0.9)
    width = norm.ppf(0.95) * delta_error(table)
    assert kappa.low == pytest.approx(max(-1, kappa.value - width), abs=1e-4)
    assert kappa.high == pytest.approx(min(1, kappa.value + width), abs=1e-4)


def test_kappa_of_two_by_two_answers():
    # Both say yes 20 times, no 15 times: 0.7 agree; by chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
    assert cohen_kappa(expand([[20, 5], [10, 15]])).value == pytest.approx(0.4)


def test_full_agreement_has_an_interval_with_width():
    kappa = cohen_kappa(expand([[5, 0], [0, 5]]))
    assert kappa.value == 1
    assert kappa.high == 1
    assert kappa.low == pytest.approx((0.025 ** (1 / 10) - 0.5) / 0.5)


@pytest.mark.parametrize("pairs", [[], [("right", "right")] * 7])
def test_kappa_is_not_defined_without_two_answers(pairs):
    assert cohen_kappa(pairs) == (None, None, None)


@given(st.lists(st.tuples(*[st.sampled_from("rwu")] * 2), max_size=30))
def test_kappa_is_within_its_interval(pairs):
    kappa = cohen_kappa(pairs)
    if kappa.value is not None:
        assert -1 <= kappa.low <= kappa.value + 1e-9
        assert kappa.value <= kappa.high + 1e-9 <= 1 + 1e-9


def test_alpha_of_a_published_example():
    assert krippendorff_alpha([answers.replace(".", "") for answers in RELIABILITY]) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_two_readers_of_a_published_example():
    units = [a + b for a, b in zip("0100000010", "1110010000", strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(0.095, abs=5e-4)


@pytest.mark.parametrize("units", [[], ["a", "b"], ["aa", "aaa"]])
def test_alpha_is_not_defined_without_two_answers(units):
    assert krippendorff_alpha(units) is None


def test_alpha_of_full_agreement_is_one():
    assert krippendorff_alpha(["aa", "bb", "bbb"]) == 1
