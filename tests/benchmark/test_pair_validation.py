"""Validation of single pairs, and words that reveal a label."""

import pytest

from themis_rm.benchmark.pair_validation import (
    ValidationSettings,
    ValidPair,
    find_label_leaks,
    find_label_words,
    validate_pair,
)
from themis_rm.benchmark.sources.source import SourcePair
from themis_rm.languages.syntax import code_tokens

SETTINGS = ValidationSettings(max_characters=200)


def pair(chosen, rejected, criterion="FC", language="Python", prompt="Do it."):
    return SourcePair(key="k", criterion=criterion, language=language, chosen=chosen, rejected=rejected, prompt=prompt)


GOOD = "def f(a):\n    return a + 1\n"


@pytest.mark.parametrize(
    ("chosen", "rejected", "criterion", "reason"),
    [
        (GOOD, GOOD.replace("+", "-"), "FC", None),
        (GOOD, "  \n", "FC", "empty-response"),
        (GOOD, "\udcff = 1 + 2", "FC", "not-text"),
        (GOOD, "x = 1\n" * 50, "FC", "too-long"),
        (f"<<<<<<< HEAD\n{GOOD}", GOOD, "FC", "conflict-markers"),
        (GOOD, "version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "FC", "lfs-pointer"),
        (GOOD, GOOD + "\n", "FC", "same-responses"),
        ("a", GOOD, "FC", "too-short"),
        (GOOD, GOOD + "# adds\n", "FC", "comments-only"),
        (GOOD, GOOD + "# adds\n", "R&M", "comments-only"),
        (GOOD, GOOD.replace("a + 1", "a+1"), "FC", "comments-only"),
        (GOOD, GOOD.replace("a + 1", "a+1"), "R&M", None),
        ("def f(a:\n    return (\n", GOOD, "FC", "chosen-parses-worse"),
        (GOOD, "def f(a:\n    return (\n", "FC", None),
        (GOOD, GOOD.replace("+ 1", "- 1  # BUG"), "FC", "label-leak"),
    ],
)
def test_a_pair_is_valid_or_has_a_reason(chosen, rejected, criterion, reason):
    outcome = validate_pair(pair(chosen, rejected, criterion), SETTINGS)
    assert outcome == (reason or ValidPair(code_tokens(chosen, "Python"), code_tokens(rejected, "Python")))


@pytest.mark.parametrize(
    ("code", "language", "words"),
    [
        ("int fixedSum(int a) { return a; }", "Java", {"fixed"}),
        ("int f(int a) { return a; } // vulnerable to overflow", "C", {"vulnerable"}),
        ('puts "a bug in a string is what the program says"', "Ruby", set()),
        ("let debugger_prefix = affixed(suffix)", "JavaScript", set()),
        ("func buggy_parse() {}", "Go", {"buggy"}),
    ],
)
def test_label_words_are_found_in_names_and_comments_only(code, language, words):
    assert find_label_words(code, language) == words


def test_a_word_on_both_sides_is_not_a_leak():
    assert find_label_leaks("def list_bugs(): return 1", "def list_bugs(): return 2", "Python") == set()


def test_label_leaks_can_be_allowed():
    leaking = pair(GOOD, GOOD.replace("+ 1", "- 1  # BUG"))
    assert isinstance(validate_pair(leaking, ValidationSettings(allow_label_leaks=True)), ValidPair)
