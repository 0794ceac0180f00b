"""Classification and size of changes between two versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.changes import changed_span, equal_line_ends, kind_of_change, rewritten_share
from themis_rm.languages.syntax import changed_tokens


def kind(old: str, new: str, language: str) -> str:
    return kind_of_change(old, new, *changed_tokens(old, new, language))


@pytest.mark.parametrize(
    ("old", "new", "language", "expected"),
    [
        ("int f(){return 1;}", "int f(){return 1;}", "C", "none"),
        ("int f(){return 1;}", "int f() {\n  return 1;\n}", "C", "layout"),
        ("int f(){return 1;}", "int f(){return 1; /* one */}", "C", "comments"),
        ("int f(){return 1;}", "int f(){return 2;}", "C", "code"),
        ('char*s="a b";', 'char*s="ab";', "C", "code"),  # white space in a text literal is code
        (
            "def f(x):\n    if x:\n        a()\n    b()\n",
            "def f(x):\n    if x:\n        a()\n        b()\n",
            "Python",
            "code",
        ),
        ("def f(x):\n    return 1\n", "def f(x):\n  return 1\n", "Python", "layout"),
        ("def f(x):\n    return 1\n", "def f(x):\n    # why\n    return 1\n", "Python", "comments"),
        ("x = 1  # a\n", "x = 1  # b\n", "Ruby", "comments"),
    ],
)
def test_changes_are_classified(old, new, language, expected):
    assert kind(old, new, language) == expected


def test_the_span_of_a_swap_covers_both_tokens():
    assert changed_span(list("f(a,b)"), list("f(b,a)")) == 3


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_the_span_is_zero_only_for_equal_tokens_and_at_most_the_longer_version(old, new):
    span = changed_span(old, new)
    assert (span == 0) == (old == new)
    assert span <= max(len(old), len(new))


def test_the_rewritten_share_ignores_indentation_and_blank_lines():
    assert rewritten_share("a\nb\n", "a\nb\n") == 0
    assert rewritten_share("a\nb\n", "c\nd\n") == 1
    assert rewritten_share("a\nb\n", "  a\n\nc\n") == 0.5
    assert rewritten_share("", "") == 0


lines = st.lists(st.sampled_from(["a", "b", "", "\r", "c\x0c"]), max_size=8).map("\n".join)


@given(lines, lines)
def test_equal_line_ends_are_whole_lines_that_do_not_overlap(one, two):
    head, tail = equal_line_ends(one, two)
    assert one[:head] == two[:head]
    assert one[len(one) - tail :] == two[len(two) - tail :]
    assert head + tail <= min(len(one), len(two))
    assert head == 0 or one[head - 1] == "\n"
    assert all(tail in (0, len(text)) or text[-tail - 1] == "\n" for text in (one, two))


def test_all_equal_lines_are_left_out():
    assert equal_line_ends("a\nb\nc\nd\n", "a\nx\nc\nd\n") == (2, 4)
