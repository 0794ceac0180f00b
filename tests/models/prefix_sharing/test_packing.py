"""Packing: nothing lost, positions and the tree's mask right, the budget kept, what is shared stands once."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.models.prefix_sharing.packing import packs

SEQUENCES = st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=14)
"""Three ids only, so that most sequences share something, some are equal and some begin others."""


def seen_by(pack, row):
    """Brute force: the rows on the way from the root to a row's segment, and of its own up to itself."""
    segment = next(s for s in range(len(pack.starts)) if pack.starts[s] <= row < pack.stops[s])
    seen = set(range(pack.starts[segment], row + 1))
    while (segment := pack.parents[segment]) >= 0:
        seen |= set(range(pack.starts[segment], pack.stops[segment]))
    return seen


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 3, 16, math.inf]))
def test_every_sequence_is_read_back_once(sequences, budget, worth):
    found = {}
    for pack in packs(sequences, budget, worth):
        for k, member in enumerate(pack.members):
            assert member not in found
            found[int(member)] = pack.ids[pack.rows(k)].tolist()
    assert found == {index: list(sequence) for index, sequence in enumerate(sequences) if sequence}


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 16]))
def test_positions_run_from_zero_along_every_sequence(sequences, budget, worth):
    for pack in packs(sequences, budget, worth):
        for k, member in enumerate(pack.members):
            rows = pack.rows(k)
            assert pack.positions[rows].tolist() == list(range(len(sequences[member])))
            assert rows[-1] == pack.last[k]
            assert (np.diff(rows) > 0).all()


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 16]))
def test_the_mask_is_the_ancestor_relation(sequences, budget, worth):
    for pack in packs(sequences, budget, worth):
        for row in range(len(pack.ids)):
            assert {j for j in range(len(pack.ids)) if j <= row < pack.ends[j]} == seen_by(pack, row)


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 16, math.inf]))
def test_segments_tile_the_row_and_parents_come_first(sequences, budget, worth):
    for pack in packs(sequences, budget, worth):
        assert pack.starts.tolist() == [0, *pack.stops[:-1]]
        assert (pack.starts < pack.stops).all()
        assert pack.stops[-1] == len(pack.ids) == len(pack.positions) == len(pack.ends)
        assert (pack.parents < np.arange(len(pack.parents))).all()


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 16, math.inf]))
def test_the_budget_is_kept_but_for_a_sequence_that_is_longer(sequences, budget, worth):
    for pack in packs(sequences, budget, worth):
        assert len(pack.ids) <= max(budget, *(len(sequences[member]) for member in pack.members))


@given(SEQUENCES)
def test_with_room_for_all_every_beginning_stands_once(sequences):
    found = list(packs(sequences, budget=10_000, worth=0))
    beginnings = {tuple(sequence[: i + 1]) for sequence in sequences for i in range(len(sequence))}
    assert sum(len(pack.ids) for pack in found) == len(beginnings)
    assert len(found) == bool(beginnings)


@given(SEQUENCES, st.integers(1, 40))
def test_the_longest_pack_comes_first_and_again_so(sequences, budget):
    sizes = [len(pack.ids) for pack in packs(sequences, budget)]
    assert sizes == sorted(sizes, reverse=True)
    again = zip(packs(sequences, budget), packs(sequences, budget), strict=True)
    assert all((a.ids == b.ids).all() and (a.members == b.members).all() for a, b in again)


@given(SEQUENCES, st.sampled_from([0, 3, 16, math.inf]))
def test_equal_sequences_stand_once_whatever_a_branch_is_worth(sequences, worth):
    doubled = sum(len(pack.ids) for pack in packs(sequences + sequences, 10_000, worth))
    assert doubled <= sum(len(pack.ids) for pack in packs(sequences, 10_000, math.inf))


def test_a_short_common_beginning_is_not_shared():
    sequences = [[1] * 15 + [2] * 5, [1] * 15 + [3] * 5]
    assert [len(pack.ids) for pack in packs(sequences, 100)] == [40]
    assert [len(pack.ids) for pack in packs([[1, *row] for row in sequences], 100)] == [26]


def test_a_beginning_that_is_short_but_common_to_many_is_shared():
    (pack,) = packs([[1, 2, 3, 4] + [10 + i] * 9 for i in range(8)], 100)
    assert len(pack.ids) == 4 + 8 * 9


def test_candidates_beyond_the_budget_are_spread_with_the_prompt_in_each_pack():
    found = list(packs([[1] * 50 + [10 + i] * 20 for i in range(10)], budget=120))
    assert [len(pack.ids) for pack in found] == [110, 110, 110, 70]
    assert all(pack.ids[:50].tolist() == [1] * 50 for pack in found)


def test_pairs_under_a_common_system_prompt_stay_together():
    sequences = [[1] * 20 + [10 + pair] * 30 + [side] * 10 for pair in range(5) for side in (2, 3)]
    found = list(packs(sequences, budget=130))
    assert [pack.members.tolist() for pack in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [len(pack.ids) for pack in found] == [120, 120, 70]


def test_the_longest_way_goes_on_where_its_parent_stops():
    (pack,) = packs([[1] * 20 + [2] * 3, [1] * 20 + [3] * 9], 100)
    assert pack.stops.tolist() == [20, 29, 32]
    assert pack.ids[20] == 3


def test_a_sequence_longer_than_the_budget_is_a_pack_by_itself():
    found = list(packs([[1] * 30, [2] * 5, [2] * 4 + [3]], budget=10))
    assert [pack.members.tolist() for pack in found] == [[0], [1, 2]]


def test_a_deep_chain_of_beginnings_needs_no_recursion():
    (pack,) = packs([[7] * (i + 1) for i in range(3000)], 3000)
    assert len(pack.ids) == 3000
    assert pack.last.tolist() == list(range(3000))


def test_a_negative_id_is_refused():
    with pytest.raises(OverflowError):
        list(packs([[1, -1]], 10))
