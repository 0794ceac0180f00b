"""Labels of commits from the message and the change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.criteria import CRITERIA
from themis_rm.curation.labels import EVIDENCE, label_commit, read_message


def labels(subject: str, body: str = "", *features: str) -> list[str]:
    return list(label_commit(read_message(subject, body), features))


@pytest.mark.parametrize(
    "subject",
    [
        "Fix compiler warning about a signed comparison",
        "silence -Wunused-variable in the parser",
        "Fix build on Windows",
        "build: fix wrong path of the library",
        "Fix broken test of the parser",
        "Fix crash in the second example",
        "Fix typo in an error text",
        "Fix wrong comment",
        "Fix bad merge",
        "Fix merge error in the parser",
        "Fix error message of the parser to be clearer",
        "Fix wrong version 1.2.3",
        "Add benchmark of slow paths",
        "Implement an error handler for pages",
        "Add security attribute to the assembly",
        "No need to cache the hash",
        "fix fast path of the writer so that all is written",
    ],
)
def test_topics_without_a_criterion_are_not_labeled(subject):
    assert set(labels(subject)) <= ({"FC"} if "fast path" in subject else {"R&M"})


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("Fix the reader of the clock", "", ["FC"]),
        ("win: fix check of the flags", "", ["FC"]),
        ("Fixed a pattern that can DoS the server", "", ["FC", "SH"]),
        ("Prevent path traversals", "Closes CVE-2000-0001", ["SH"]),
        ("Restrict the characters of names", "Fixes a ReDoS vulnerability in names.", ["SH"]),
        ("eliminate boxing", "", ["EE", "ME"]),
        ("less allocations", "", ["ME"]),
        ("useless allocations", "", ["ME"]),
        ("Use a struct for frames", "To improve performance and name the fields.", ["EE"]),
        ("compile once", "", ["EE"]),
        ("Fix memory leak in the cache", "", ["ME"]),
        ("Tidy up the parser", "", ["R&M"]),
    ],
)
def test_messages_that_say_enough_are_labeled(subject, body, expected):
    assert labels(subject, body) == expected


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("do not require a constant", "The bug was found with valgrind."),
        ("Close the pipe of the process", "The memory could leak otherwise."),
        ("Update the table of codes", "It avoids tampering with a file."),
        ("Change the default size", "This does not appear to be a security issue, attackers cannot reach it."),
        ("Change the loop", "```\nerror: crash\nwarning: leak of memory\n```"),
        ("Change the loop", "    crash: leak of memory\n    a slow crash"),
        ("Set the SameSite option", ""),
        ("Sandbox of the pages", ""),
        ("Page for the security team", ""),
    ],
)
def test_a_few_words_are_not_enough(subject, body):
    assert labels(subject, body) == []


@pytest.mark.parametrize(
    ("subject", "body", "feature", "short"),
    [
        ("Don't read past the end", "", "added-bounds-check", "FC"),
        ("Page for old lists", "This fixes the case of old lists.", "added-check", "FC"),
        ("Security of names", "", "added-escape", "SH"),
        ("Drop the old table", "", "only-removes", "R&M"),
        ("Documentation of the parser", "", "only-comments", "R&M"),
        ("Caching of pages", "", "added-cache", "EE"),
    ],
)
def test_evidence_in_the_change_completes_weak_words(subject, body, feature, short):
    assert short in labels(subject, body, feature)
    assert short not in labels(subject, body)


@pytest.mark.parametrize("feature", ["only-comments", "only-layout", "only-renames"])
@pytest.mark.parametrize(
    "subject", ["Fix crash on empty lists", "Speed up the loop", "Fix memory leak", "Prevent SQL injection"]
)
def test_changes_without_effect_have_no_label_but_readability(subject, feature):
    assert set(labels(subject, "", feature)) <= {"R&M"}


def test_the_subject_counts_more_than_the_body():
    assert labels("Tidy up the parser", "It was slow, and had a bug.") == ["R&M"]


def test_the_evidence_is_returned():
    found = label_commit(read_message("Fix crash on empty lists", "It was a bug."), {"added-check"})
    assert found == {"FC": ["fix crash on empty", "bug", "+added-check"]}


def test_only_messages_without_any_sign_are_never_labeled():
    assert not read_message("Page about nothing", "").may_have_label()
    assert read_message("Drop the old table", "").may_have_label()


def test_every_criterion_has_evidence():
    assert list(EVIDENCE) == [row.short for row in CRITERIA]


@given(st.text(max_size=100), st.text(max_size=300))
def test_any_message_has_labels_only_if_it_may_have_some(subject, body):
    message = read_message(subject, body)
    assert message.may_have_label() or not label_commit(message)


@pytest.mark.parametrize(
    ("subject", "of_code", "of_tests"),
    [
        ("Fix flaky test of the parser", [], ["FC"]),
        ("Fix crash on empty lists", ["FC"], []),
        ("Make the tests faster", [], ["EE"]),
        ("Add a test for the crash on empty lists", [], []),
        ("Refactor for readability", ["R&M"], ["R&M"]),
        ("Fix memory leak in the tests", [], []),
        ("Prevent SQL injection in the login form", ["SH"], []),
    ],
)
def test_criteria_of_commits_to_tests_are_about_the_tests(subject, of_code, of_tests):
    assert list(label_commit(read_message(subject, ""))) == of_code
    assert list(label_commit(read_message(subject, "", of_tests=True))) == of_tests
