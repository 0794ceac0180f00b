"""What is fit for a benchmark, and what would give a label away."""

import pytest

from themis_rm.benchmark.pair_validation import SoundnessSettings, ValidPair, leaks, telling_words, validate_pairs
from themis_rm.benchmark.sources.source import SourcePair
from themis_rm.languages.syntax import code_tokens

SETTINGS = SoundnessSettings(max_characters=200)


def pair(chosen, rejected, criterion="FC", language="Python", prompt="Do it."):
    return SourcePair(key="k", criterion=criterion, language=language, chosen=chosen, rejected=rejected, prompt=prompt)


GOOD = "def f(a):\n    return a + 1\n"


@pytest.mark.parametrize(
    ("chosen", "rejected", "criterion", "reason"),
    [
        (GOOD, GOOD.replace("+", "-"), "FC", None),
        (GOOD, "  \n", "FC", "empty-side"),
        (GOOD, "\udcff = 1 + 2", "FC", "not-text"),
        (GOOD, "x = 1\n" * 50, "FC", "too-long"),
        (GOOD, GOOD + "\n", "FC", "same-answers"),
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
def test_a_pair_is_fit_or_says_why_not(chosen, rejected, criterion, reason):
    found = validate_pairs(pair(chosen, rejected, criterion), SETTINGS)
    assert found == (reason or ValidPair(code_tokens(chosen, "Python"), code_tokens(rejected, "Python")))


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
def test_words_are_told_in_names_and_comments_alone(code, language, words):
    assert telling_words(code, language) == words


def test_a_word_on_both_sides_is_the_subject_not_a_hint():
    assert leaks("def list_bugs(): return 1", "def list_bugs(): return 2", "Python") == set()


def test_leaks_may_be_let_through():
    leaking = pair(GOOD, GOOD.replace("+ 1", "- 1  # BUG"))
    assert isinstance(validate_pairs(leaking, SoundnessSettings(leaks=True)), ValidPair)
