"""Optional columns of a row: measurements, test results and final answers of the two responses."""

import pytest

from themis_rm.dataset.adapters import UnusableRowError
from themis_rm.dataset.adapters.facts import measures_of, results_of
from themis_rm.dataset.adapters.pair import Results

TIMES = {"chosen_runtime": 2.0, "rejected_runtime": 10.0}
MEMORY = {"chosen_memory": 10, "rejected_memory": 30}


@pytest.mark.parametrize(
    ("row", "aspect", "expected"),
    [
        (TIMES, "EE", ("EE", 5.0)),
        (TIMES, "Runtime Efficiency", ("Runtime Efficiency", 5.0)),
        (TIMES | MEMORY, "ME", ("ME", 3.0)),
        (TIMES | MEMORY, "", ("EE", 5.0)),
        (MEMORY, "", ("ME", 3.0)),
        (TIMES, "ME", ("ME", None)),
        (TIMES, "FC", ("FC", None)),
        ({"chosen_runtime": 2.0}, "", ("", None)),
        ({}, "", ("", None)),
    ],
)
def test_the_gain_is_that_of_the_criterion(row, aspect, expected):
    measured = measures_of(row, aspect)
    assert (measured["aspect"], measured["gain"]) == expected


@pytest.mark.parametrize("value", [0, -1.0])
def test_measurements_are_positive(value):
    with pytest.raises(UnusableRowError, match="rejected_runtime-is-not-positive"):
        measures_of(TIMES | {"rejected_runtime": value}, "EE")


@pytest.mark.parametrize(
    ("chosen", "rejected", "expected"),
    [
        (True, False, Results.DIFFER),
        (True, True, Results.EQUAL),
        (False, False, Results.FAIL),
        (0.5, 1.0, Results.WORSE),
        (1.0, 0.5, Results.DIFFER),
        (True, None, Results.UNKNOWN),
    ],
)
def test_passed_tests_are_compared(chosen, rejected, expected):
    assert results_of({"chosen_passed": chosen, "rejected_passed": rejected}) is expected


@pytest.mark.parametrize(
    ("chosen", "rejected", "expected"),
    [
        ("42", " 42\n", Results.EQUAL),
        (42, 42.0, Results.EQUAL),
        ("42", "41", Results.DIFFER),
        ("42", "", Results.UNKNOWN),
    ],
)
def test_final_answers_are_compared(chosen, rejected, expected):
    assert results_of({"chosen_answer": chosen, "rejected_answer": rejected}) is expected
