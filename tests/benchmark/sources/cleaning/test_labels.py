"""Removal of revealing comments and names from teaching material without changing what the code does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.benchmark.sources.cleaning.labels import remove_revealing_comments, rename_identifiers, reveals_label
from themis_rm.languages.syntax import code_tokens

CODE = """\
// BAD: the input goes straight
// into the query
String find(String badge) { // looks up one row
    /* POTENTIAL FLAW */ run(badge);
    return badge; // GOOD
}
"""


def test_revealing_comments_are_removed_and_others_stay():
    assert remove_revealing_comments(CODE, "Java") == (
        "String find(String badge) { // looks up one row\n     run(badge);\n    return badge;\n}\n"
    )


@pytest.mark.parametrize("text", ["BAD", "// fixed now", "CWE-79", "this is insecure", "non-compliant", "do not"])
def test_words_that_reveal_a_label(text):
    assert reveals_label(text)


@pytest.mark.parametrize("text", ["badge", "prefix", "looks up one row", "debugging", "goods"])
def test_words_that_do_not_reveal_a_label(text):
    assert not reveals_label(text)


def test_only_identifiers_in_code_are_renamed():
    code = 'def bad(x):\n    return bad(x - 1) or "bad"  # bad\n'
    assert (
        rename_identifiers(code, "Python", {"bad": "walk"}) == 'def walk(x):\n    return walk(x - 1) or "bad"  # bad\n'
    )


def test_methods_without_a_class_are_renamed():
    assert rename_identifiers("int bad() { return bad(); }", "Java", {"bad": "walk"}) == "int walk() { return walk(); }"


LINES = st.lists(
    st.sampled_from(["x = 1", "y = f(x)  # good", "# BAD", "# plain", "", 's = "# bad"', "if x:\n    y = 2  # fixed"]),
    max_size=12,
)


@given(LINES)
def test_code_never_changes(lines):
    code = "\n".join(lines) + "\n"
    assert code_tokens(remove_revealing_comments(code, "Python"), "Python") == code_tokens(code, "Python")


@given(LINES)
def test_no_revealing_comment_remains(lines):
    cleaned = remove_revealing_comments("\n".join(lines) + "\n", "Python")
    assert "# BAD" not in cleaned
    assert "# fixed" not in cleaned


@given(LINES)
def test_cleaning_twice_changes_nothing(lines):
    once = remove_revealing_comments("\n".join(lines) + "\n", "Python")
    assert remove_revealing_comments(once, "Python") == once
