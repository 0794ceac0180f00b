"""Cleaning of commit subjects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.subjects import clean_subject, word_count


@pytest.mark.parametrize(
    ("subject", "cleaned"),
    [
        ("Fix crash on empty input (#123)", "Fix crash on empty input"),
        ("fix: handle nil pointers", "handle nil pointers"),
        ("fix(parser)!: handle nil pointers. Fixes #12", "handle nil pointers"),
        ("[core] Speed up lookup", "Speed up lookup"),
        ("[LANG-1372] ToStringSummary annotation", "ToStringSummary annotation"),
        ("LANG-1372: add annotation for summaries", "add annotation for summaries"),
        ("bpo-3123: Fix the race in close()", "Fix the race in close()"),
        ("gh-3123: Fix the race in close()", "Fix the race in close()"),
        ("Issue #77: do not leak", "do not leak"),
        ("Avoid quadratic scan, closes #5, #6", "Avoid quadratic scan"),
        ("Avoid quadratic scan (closes #5 and #6)", "Avoid quadratic scan"),
        ("Fixes #12", ""),
        ("Code cleanup (see comments on #12)", "Code cleanup"),
        ("net/http: reuse connections", "net/http: reuse connections"),
        ("perf - faster sort [ci skip]", "perf - faster sort"),
        ("Fixed crash in v2.0", "Fixed crash in v2.0"),
        ("Use a[0] and f(x) in loops", "Use a[0] and f(x) in loops"),
        ("Tidy up Signed-off-by: A <a@b.test>", "Tidy up"),
        (":bug: fix: handle nil pointers", "handle nil pointers"),
        ("Color #fff is wrong", "Color #fff is wrong"),
    ],
)
def test_references_and_prefixes_are_removed(subject, cleaned):
    assert clean_subject(subject) == cleaned


@given(st.text(max_size=120))
def test_any_subject_becomes_one_stripped_line(subject):
    cleaned = clean_subject(subject)
    assert "\n" not in cleaned
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize(("text", "count"), [("", 0), ("a b c", 0), ("Fix it now", 3), ("v2 a_b 17 naïve", 1)])
def test_words_have_two_letters(text, count):
    assert word_count(text) == count
