"""Measured solutions of a problem: the fastest with the slowest, among those that pass."""

import pytest

from themis_rm.dataset.adapters import FORMATS, UnusableRowError, detect_format
from themis_rm.dataset.adapters.pair import Results
from themis_rm.messages import text_of


def solutions(**times):
    return [{"code": name, "runtime": value} for name, value in times.items()]


def read(row):
    return list(FORMATS.get("solutions").read({"prompt": "sort", **row}))


def texts(pairs):
    return [(text_of(pair.chosen[-1]), text_of(pair.rejected[-1])) for pair in pairs]


def test_the_format_is_found_by_its_columns():
    assert detect_format([{"prompt": "p", "solutions": solutions(a=1, b=9)}], "file").name == "solutions"


def test_the_best_solution_is_paired_with_the_worst_and_the_second_with_the_next():
    pairs = read({"id": 7, "solutions": solutions(a=4, b=1, c=100, d=10, e=2)})
    assert texts(pairs) == [("b", "c"), ("e", "d")]
    assert [(pair.id, pair.group, pair.aspect, pair.gain) for pair in pairs] == [
        ("7:EE:0", "7", "EE", 100),
        ("7:EE:1", "7", "EE", 5),
    ]


def test_memory_gives_pairs_of_its_own():
    rows = [{"code": "a", "runtime": 1, "memory": 90}, {"code": "b", "runtime": 8, "memory": 10}]
    assert [(pair.aspect, pair.gain) for pair in read({"solutions": rows})] == [("EE", 8), ("ME", 9)]


def test_solutions_that_fail_are_not_paired():
    rows = [
        {"code": "a", "runtime": 1, "passed": False},
        {"code": "b", "runtime": 2, "passed": True},
        {"code": "c", "runtime": 3, "passed": 0.5},
        {"code": "d", "runtime": 9, "passed": 1},
    ]
    (pair,) = read({"solutions": rows})
    assert texts([pair]) == [("b", "d")]
    assert pair.results is Results.EQUAL


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (solutions(a=1), "no-two-measured-solutions"),
        ([{"code": "a", "runtime": 1}, {"code": "b"}], "no-two-measured-solutions"),
        ([{"code": "a", "runtime": 1}, {"code": "b", "runtime": 0}], "no-two-measured-solutions"),
        ([{"code": "a", "runtime": 1}, {"code": "a", "runtime": 9}], "no-two-measured-solutions"),
        ([{"code": "a", "runtime": 1}, {"code": "b", "runtime": "fast"}], "runtime-is-not-a-number"),
        ([{"code": "a", "runtime": 1}, {"runtime": 9}], "missing-code"),
        (["a", "b"], "solutions-is-not-a-list-of-records"),
        ("a", "solutions-is-not-a-list-of-records"),
    ],
)
def test_a_row_without_two_measured_solutions_cannot_be_used(rows, reason):
    with pytest.raises(UnusableRowError) as caught:
        read({"solutions": rows})
    assert caught.value.reason == reason
