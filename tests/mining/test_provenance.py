"""What came through pull requests and what was reverted, against plain definitions of both."""

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


def noted(parents, pull_requests):
    provenance = Provenance()
    numbers = {}
    for commit in reversed(range(len(parents))):
        message = b"Merge pull request #1 from x/y" if commit in pull_requests else b"Merge branch 'x'"
        named = [name(parent) for parent in parents[commit]]
        numbers[commit] = provenance.note(name(commit), named, commit, b"subject %d" % commit, message)
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
def test_pull_requests_are_found_in_any_history(case):
    assert noted(*case) == by_definition(*case)


@given(graphs())
@settings(max_examples=200)
def test_what_came_merged_is_reached_through_a_pull_request_and_is_not_on_the_main_line(case):
    parents, pull_requests = case
    through = set()
    for merge in pull_requests:
        for other in parents[merge][1:]:
            through |= reach(other, parents)
    main, tip = set(), len(parents) - 1
    while tip is not None:
        main.add(tip)
        tip = parents[tip][0] if parents[tip] else None
    found = noted(parents, pull_requests)
    assert found <= through
    assert not found & main


def test_a_long_chain_of_merges_needs_no_deep_stack():
    parents = [[], [0]] + [[number - 1, number - 2] for number in range(2, 20_000)]
    assert noted(parents, {5}) == set()


def history(*messages):
    """Return the numbers of linear commits, oldest first, after all are noted."""
    provenance, numbers = Provenance(), []
    for time, message in enumerate(messages):
        subject = message.split(b"\n")[0]
        parents = [name(time - 1)] if time else []
        numbers.append(provenance.note(name(time), parents, time, subject, message))
    provenance.finish(name(len(messages) - 1))
    return [provenance.reverted(number) for number in numbers]


def test_a_whole_hash_names_the_reverted_commit():
    assert history(b"a", b"b", b"Undo\n\nThis reverts commit " + name(0) + b".") == [True, False, False]


def test_an_abbreviated_hash_of_odd_length_does_too():
    assert history(b"a", b"b", b"Undo\n\nThis reverts commit\n" + name(1)[:7]) == [False, True, False]


def test_hashes_of_unknown_commits_name_nothing():
    assert history(b"a", b"Undo\n\nThis reverts commit 0123456789.") == [False, False]


def test_a_unique_subject_names_the_reverted_commit():
    assert history(b"Fix it (#1)", b"b", b'Revert "Fix it (#1)" (#2)') == [True, False, False]


def test_a_subject_that_occurs_twice_names_nothing():
    assert history(b"Fix it", b"Fix it", b'Revert "Fix it"') == [False, False, False]


def test_a_commit_after_the_revert_is_not_the_reverted_one():
    assert history(b"a", b'Revert "Fix it"', b"Fix it") == [False, False, False]
