"""Commits of pull requests and reverted commits, compared with direct definitions of both."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from themis_rm.mining.provenance import Provenance


def name(number):
    return hashlib.sha1(b"%d" % number).hexdigest().encode()


def reach(start, parents):
    seen, stack = set(), [start]
    while stack:
        commit = stack.pop()
        if commit not in seen:
            seen.add(commit)
            stack += parents[commit]
    return seen


def by_definition(parents, pull_requests):
    """The oldest merge on the way that brought a commit in decides, and inside a pull request all is merged."""
    state = {}

    def walk(tip, mark):
        line = []
        while tip is not None and tip not in state:
            state[tip] = mark
            line.append(tip)
            tip = parents[tip][0] if parents[tip] else None
        for commit in reversed(line):
            for other in parents[commit][1:]:
                walk(other, mark or commit in pull_requests)

    walk(len(parents) - 1, False)
    return {commit for commit, mark in state.items() if mark}


def merged_commits(parents, pull_requests):
    provenance = Provenance()
    numbers = {}
    for commit in reversed(range(len(parents))):
        message = b"Merge pull request #1 from x/y" if commit in pull_requests else b"Merge branch 'x'"
        named = [name(parent) for parent in parents[commit]]
        numbers[commit] = provenance.add(name(commit), named, commit, b"subject %d" % commit, message)
    provenance.finish(name(len(parents) - 1))
    return {commit for commit, number in numbers.items() if provenance.merged(number, b"") == "merge"}


@st.composite
def graphs(draw):
    parents = [[]]
    for commit in range(1, draw(st.integers(1, 25))):
        older = st.integers(max(0, commit - 6), commit - 1)
        parents.append(draw(st.lists(older, min_size=1, max_size=3, unique=True)))
    merges = [commit for commit, ps in enumerate(parents) if len(ps) > 1]
    return parents, set(draw(st.lists(st.sampled_from(merges), unique=True))) if merges else set()


@given(graphs())
@settings(max_examples=200)
def test_commits_of_pull_requests_match_the_definition(case):
    assert merged_commits(*case) == by_definition(*case)


@given(graphs())
@settings(max_examples=200)
def test_merged_commits_are_reachable_through_a_pull_request_and_not_on_the_main_line(case):
    parents, pull_requests = case
    through = set()
    for merge in pull_requests:
        for other in parents[merge][1:]:
            through |= reach(other, parents)
    main, tip = set(), len(parents) - 1
    while tip is not None:
        main.add(tip)
        tip = parents[tip][0] if parents[tip] else None
    merged = merged_commits(parents, pull_requests)
    assert merged <= through
    assert not merged & main


def test_a_long_chain_of_merges_does_not_overflow_the_stack():
    parents = [[], [0]] + [[number - 1, number - 2] for number in range(2, 20_000)]
    assert merged_commits(parents, {5}) == set()


def history(*messages):
    """Return the numbers of linear commits, oldest first, after all have been added."""
    provenance, numbers = Provenance(), []
    for time, message in enumerate(messages):
        subject = message.split(b"\n")[0]
        parents = [name(time - 1)] if time else []
        numbers.append(provenance.add(name(time), parents, time, subject, message))
    provenance.finish(name(len(messages) - 1))
    return [provenance.reverted(number) for number in numbers]


def test_a_full_hash_identifies_the_reverted_commit():
    assert history(b"a", b"b", b"Undo\n\nThis reverts commit " + name(0) + b".") == [True, False, False]


def test_an_abbreviated_hash_of_odd_length_identifies_the_reverted_commit():
    assert history(b"a", b"b", b"Undo\n\nThis reverts commit\n" + name(1)[:7]) == [False, True, False]


def test_unknown_hashes_are_ignored():
    assert history(b"a", b"Undo\n\nThis reverts commit 0123456789.") == [False, False]


def test_a_unique_subject_identifies_the_reverted_commit():
    assert history(b"Fix it (#1)", b"b", b'Revert "Fix it (#1)" (#2)') == [True, False, False]


def test_an_ambiguous_subject_is_ignored():
    assert history(b"Fix it", b"Fix it", b'Revert "Fix it"') == [False, False, False]


def test_a_commit_after_the_revert_is_not_reverted():
    assert history(b"a", b'Revert "Fix it"', b"Fix it") == [False, False, False]
