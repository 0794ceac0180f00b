"""Words and facts of commits."""

import pytest

from themis_rm.curation.commit_classifier.base import CommitChange
from themis_rm.curation.commit_classifier.features import changed_words, cheap_facts, features_of, message_words


@pytest.fixture
def fix():
    old = "def f(x):\n    return x.size\n"
    new = "def f(x):\n    if x is None:\n        return 0\n    return x.size\n"
    message = "Fix crash in parseArgs (#12)\n\nSee https://example.org/1 for details."
    return CommitChange("Fix crash in parseArgs (#12)", message, "src/app/args.py", "Python", old, new)


def test_the_title_gives_ngrams_with_its_start(fix):
    words = message_words(fix)
    assert {"s:^ fix crash", "s:crash", "a:crash", "s:parse args"} <= words.keys()


def test_issues_and_addresses_are_one_word_each(fix):
    words = message_words(fix)
    assert "a:issue" in words
    assert not any("12" in word or "example" in word for word in words)


def test_changed_words_are_counted_on_balance(fix):
    words = changed_words(fix)
    assert words["+if"] == 1
    assert "=x" not in words
    assert not any(word.endswith("size") for word in words)


def test_moved_words_have_no_balance():
    change = CommitChange("Reorder", "Reorder", "a.c", "C", "int a;\nint b;\n", "int b;\nint a;\n")
    assert {word[0] for word in changed_words(change)} == {"="}


def test_facts_have_language_folders_and_size(fix):
    facts = cheap_facts(fix)
    assert {"lang:Python", "p:args", "p:app"} <= facts.keys()
    assert facts["added"] > facts["removed"] == 0


def test_features_of_the_change_are_facts(fix):
    assert "f:added-check" in features_of(fix)["facts"]


@pytest.mark.parametrize("message", ["", "\n\n", "é" * 5000, "#" * 100])
def test_any_message_has_features(message):
    assert features_of(CommitChange(message.split("\n")[0], message, "", "Go", "", "package p\n"))
