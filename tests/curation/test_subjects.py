"""Cleaning of commit subjects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.subjects import clean_subject, subject_of, word_count


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
        ("Fix https://host.test/a?b=1 overflow in sums", "Fix overflow in sums"),
        ("Fix overflow in sums, see <https://host.test/a>", "Fix overflow in sums"),
        ("Fix overflow, reported by Jo <jo@host.test>", "Fix overflow, reported by Jo"),
        ("Fix overflow as requested by @jo-1", "Fix overflow"),
        ("Avoid a slot for @closed", "Avoid a slot for @closed"),  # a variable of Ruby
        ("Fix over\u200bflow\u202e in\ufeff sums", "Fix overflow in sums"),
        ("\U0001f41b Fix overflow \U0001f44d\U0001f3fd in sums \u2764\ufe0f", "Fix overflow in sums"),
        ("Fix overflow :tada: in a::b::c", "Fix overflow in a::b::c"),
        ("Remove .to_s of a symbol", "Remove .to_s of a symbol"),
        ("Fix sums darcs-hash:20070102-a-b.gz", "Fix sums"),
    ],
)
def test_references_and_prefixes_are_removed(subject, cleaned):
    assert clean_subject(subject) == cleaned


@given(st.text(max_size=120))
def test_any_subject_becomes_one_stripped_line(subject):
    cleaned = clean_subject(subject)
    assert "\n" not in cleaned
    assert cleaned == cleaned.strip()


LONG = "Fix the overflow that occurs when the sum of all of the num"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (LONG + "\u2026\n\n\u2026bers is large", LONG + "bers is large"),
        (LONG + "...\n\n...bers is large. More.", LONG + "bers is large"),
        (LONG + "bers ...\n\n... is large\n\nMore.", LONG + "bers is large"),
        (LONG + "bers a\n\n...nd is large", LONG + "bers and is large"),
        (LONG + "bers\nis large. It also grows.", LONG + "bers is large"),
        ("Fix overflow\nThis also changes\nthe rest", "Fix overflow"),
        ('Reapply "Fix overflow in sums"', "Fix overflow in sums"),
        ('Reland "Reapply "Fix overflow in sums"" (#12)', "Fix overflow in sums"),
        ('Revert "Revert "Fix overflow in sums""', "Fix overflow in sums"),
        ("Reland: Fix overflow in sums", "Fix overflow in sums"),
        ("[backport 2.x] Fix overflow in sums", "Fix overflow in sums"),
        ("Merge pull request #12: fix overflow in sums", "fix overflow in sums"),
        ("Fix overflow in sums", "Fix overflow in sums"),
    ],
)
def test_whole_subjects_are_found(message, text):
    subject = " ".join(message.split("\n\n", 1)[0].split("\n"))
    assert subject_of(subject, message) == (text, "")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (LONG + "\u2026", "cut-subject"),
        (LONG + " ...\n\nSigned-off-by: A <a@b.test>", "cut-subject"),
        ('Revert "Fix overflow"', "revert-subject"),
        ('Reapply "Revert "Fix overflow""', "revert-subject"),
        ("Fixes #12", "empty-subject"),
        ("\U0001f680", "empty-subject"),
        ("", "empty-subject"),
    ],
)
def test_subjects_that_say_nothing_have_a_reason(message, reason):
    assert subject_of(message.split("\n", 1)[0], message) == ("", reason)


@given(st.text(max_size=120), st.text(max_size=200))
def test_any_message_has_a_subject_or_a_reason(subject, message):
    text, reason = subject_of(subject, message)
    assert bool(text) != bool(reason)


@pytest.mark.parametrize(("text", "count"), [("", 0), ("a b c", 0), ("Fix it now", 3), ("v2 a_b 17 naïve", 1)])
def test_words_have_two_letters(text, count):
    assert word_count(text) == count
