"""Recognition of boilerplate messages, merges and reverts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.mining.messages import (
    check_length,
    is_boilerplate,
    is_pull_request_merge,
    is_revert,
    is_squash,
    reverted_hashes,
    reverted_subject,
)


@pytest.mark.parametrize(
    "subject",
    [
        "WIP", "wip: half of the parser", "[WIP] parser", "Initial commit", "initial import of the library",
        "Merge branch 'main' of example.org:x/y", "Merge pull request #1 from a/b", "Merge pull requests #1, #2 and #3", "Merge PRs #1 and #2", "Bump version to 1.2.3",
        "Release v2.0.0-rc1", "1.0.4", "v1.10", "Version 1.2.", "version bump", "Update README.md", "update readme",
        "docs: update changelog", "Updated CHANGES", "Update main.py", "Create utils.js", "Add files via upload",
        "no message", "*** empty log message ***", "minor changes", "Some small fixes", "bug fixes", "fix stuff",
        "Apply suggestions from code review", "address review comments", "fixup! Count from one",
        "Bump lodash from 4.17.20 to 4.17.21 in /web", "build(deps): bump golang.org/x/net from 0.38.0 to 0.40.0 (#42)",
        "Bump the actions group across 1 directory with 3 updates", "[maven-release-plugin] prepare release x-1.2",
        "Prepare for next development iteration", "Update copyright year to 2021", "...", "[skip ci]", "update deps",
        ":memo: update documentation", ":sparkles: :cake: :sparkles:", "chore: release 3.1.0", "Back to development",
    ],
)  # fmt: skip
def test_boilerplate_is_recognized(subject):
    assert is_boilerplate(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "Fix off-by-one in the range check", "Merge sorted runs without copying them", "Add a version check",
        "Update the cache before the lock is released", "Release the lock on the error path", "Initialise the counter",
        "First match wins in the router", "Use 1.5 as growth factor", "Bump the reference count before the callback",
        "Fix version parsing of pre-release tags such as 1.0rc1", "docs: fix incomplete JSDoc comment", "Fix typo",
        "Save the state of the parser before it is restarted", "Fix memory leak", "Refactor the tokenizer",
        "Update parser.py to accept empty lines", "Remove unused import", "Fix #1234", "Minor speedup of the lexer",
        "Draft of a hash map that keeps the order", "Sync the file before it is renamed",
    ],
)  # fmt: skip
def test_descriptive_subjects_are_not_boilerplate(subject):
    assert not is_boilerplate(subject)


@given(st.text(max_size=300))
def test_any_subject_can_be_checked(subject):
    assert is_boilerplate(subject) in (True, False)
    assert is_revert(subject) in (True, False)


def test_a_long_hostile_subject_is_checked_quickly():
    for part in ("some ", "update a ", "bump 1.", "fix (", "merge ", "[", "a.b"):
        is_boilerplate(part * 100_000)
        is_pull_request_merge((part * 100_000).encode())


@pytest.mark.parametrize(
    ("length", "reason"), [(10, "message-short"), (11, ""), (14_999, ""), (15_000, "message-long")]
)
def test_surrounding_whitespace_does_not_count_as_length(length, reason):
    assert check_length("\n " + "x" * length + " \n\n", 11, 14_999) == reason


@pytest.mark.parametrize(
    ("subject", "reverts"),
    [
        ('Revert "Fix it"', True),
        ("fix: Revert the cache", False),
        ("Back out the cache", True),
        ("Reverse a list", False),
    ],
)
def test_reverts_are_recognized_by_their_first_word(subject, reverts):
    assert is_revert(subject) is reverts


@pytest.mark.parametrize(
    "message",
    [
        b"Merge pull request #12 from someone/topic\n\nTitle", b"Merge pull request #3 in P/r from x to master",
        b"Merged in topic (pull request #5)\n\nTitle", b"Pull request #9: Title", b"Merged PR 77: Title",
        b"Auto merge of #4321 - someone:topic, r=other", b"Merge #55 #56", b"Merge pull requests #1, #2 and #3", b"Rollup merge of #9 - a:b, r=c",
        b"Merge branch 'topic' into 'main'\n\nTitle\n\nSee merge request group/sub/name!34",
        b"Merge the new parser (#77)\n\nbody",
    ],
)  # fmt: skip
def test_merges_of_pull_requests_are_recognized(message):
    assert is_pull_request_merge(message)


@pytest.mark.parametrize(
    "message",
    [b"Merge branch 'main' into topic", b"Merge remote-tracking branch 'origin/main'", b"Merge tag 'v1.0'",
     b"Merge branch 'x'\n\nsee pull request #1: it waits", b"Merge the parser, see #77"],
)  # fmt: skip
def test_other_merges_are_not_pull_requests(message):
    assert not is_pull_request_merge(message)


def test_squashed_pull_requests_are_recognized_by_their_number():
    assert [is_squash(s) for s in (b"Fix it (#12)", b"Fix (#12) it", b"Fix it #12", b"Merged PR 3: Fix it")] == [
        True, False, False, True,
    ]  # fmt: skip


def test_reverted_hashes_and_subjects_are_extracted():
    message = b'Revert "Fix it"\n\nThis reverts commit 0123abc.\nThis reverts commit\n' + b"a" * 40
    assert reverted_hashes(message) == [b"0123abc", b"a" * 40]
    assert reverted_hashes(b"This reverts commit 0123ab") == []
    assert reverted_subject(b'Revert "Revert "Fix it""') == b'Revert "Fix it"'
