"""Comparison of outputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.execute.output import normalize_output, output_difference


def test_white_space_at_the_ends_of_lines_and_blank_lines_at_the_ends_are_ignored():
    assert normalize_output("\n \na \r\nb\n\n") == normalize_output("a\nb")
    assert normalize_output(" a") != normalize_output("a")
    assert normalize_output("a\n\nb") != normalize_output("a\nb")


@pytest.mark.parametrize(
    ("expected", "printed", "tolerance", "equal"),
    [
        ("1", "1.0", 0.0, False),
        ("1", "1.0", 1e-9, True),
        ("0.333333333", "0.3333333333333333", 1e-6, True),
        ("0.333333333", "0.3334", 1e-6, False),
        ("1e9", "1000000001", 1e-6, True),
        ("a 0.5\nb", "a\n0.50 b", 1e-6, True),
        ("a 1", "b 1", 1.0, False),
        ("1 2", "1", 1e-6, False),
        ("1", "1 2", 1e-6, False),
        ("nan", "1", 1e-6, False),
        ("1" * 400, "1" * 399 + "2", 1e-6, False),
        ("1" * 400, "1" * 400, 0.0, True),
    ],
)
def test_numbers_may_differ_by_the_tolerance(expected, printed, tolerance, equal):
    assert (output_difference(expected, printed, tolerance) == "") is equal


@given(st.text(), st.sampled_from([0.0, 1e-6]))
def test_an_output_equals_itself(text, tolerance):
    assert output_difference(text, text, tolerance) == ""


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_any_float_equals_its_short_form(number):
    assert output_difference(repr(number), f"{number:.9e}", 1e-6) == ""
