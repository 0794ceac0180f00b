"""Packing: complete sequences, correct positions and masks, packs within the budget, shared prefixes stored once."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.models.prefix_sharing.packing import packs

SEQUENCES = st.lists(st.lists(st.integers(0, 2), max_size=12), max_size=14)
"""Only three ids, so that most sequences share a prefix, some are equal and some are prefixes of others."""


def visible_rows(pack, row):
    """Return the rows that a row attends to, by following the parents of its segment."""
    segment = next(s for s in range(len(pack.starts)) if pack.starts[s] <= row < pack.stops[s])
    visible = set(range(pack.starts[segment], row + 1))
    while (segment := pack.parents[segment]) >= 0:
        visible |= set(range(pack.starts[segment], pack.stops[segment]))
    return visible


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 3, 16, math.inf]))
def test_every_sequence_is_in_exactly_one_pack(sequences, budget, min_saving):
    unpacked = {}
    for pack in packs(sequences, budget, min_saving):
        for k, member in enumerate(pack.members):
            assert member not in unpacked
            unpacked[int(member)] = pack.ids[pack.rows(k)].tolist()
    assert unpacked == {index: list(sequence) for index, sequence in enumerate(sequences) if sequence}


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 16]))
def test_positions_start_at_zero_in_every_sequence(sequences, budget, min_saving):
    for pack in packs(sequences, budget, min_saving):
        for k, member in enumerate(pack.members):
            rows = pack.rows(k)
            assert pack.positions[rows].tolist() == list(range(len(sequences[member])))
            assert rows[-1] == pack.last[k]
            assert (np.diff(rows) > 0).all()


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 16]))
def test_the_mask_is_the_ancestor_relation(sequences, budget, min_saving):
    for pack in packs(sequences, budget, min_saving):
        for row in range(len(pack.ids)):
            assert {j for j in range(len(pack.ids)) if j <= row < pack.ends[j]} == visible_rows(pack, row)


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 16, math.inf]))
def test_segments_cover_the_row_and_parents_come_first(sequences, budget, min_saving):
    for pack in packs(sequences, budget, min_saving):
        assert pack.starts.tolist() == [0, *pack.stops[:-1]]
        assert (pack.starts < pack.stops).all()
        assert pack.stops[-1] == len(pack.ids) == len(pack.positions) == len(pack.ends)
        assert (pack.parents < np.arange(len(pack.parents))).all()


@given(SEQUENCES, st.integers(1, 40), st.sampled_from([0, 1, 16, math.inf]))
def test_packs_are_within_the_budget_except_for_longer_sequences(sequences, budget, min_saving):
    for pack in packs(sequences, budget, min_saving):
        assert len(pack.ids) <= max(budget, *(len(sequences[member]) for member in pack.members))


@given(SEQUENCES)
def test_a_large_budget_stores_every_prefix_once(sequences):
    made = list(packs(sequences, budget=10_000, min_saving=0))
    prefixes = {tuple(sequence[: i + 1]) for sequence in sequences for i in range(len(sequence))}
    assert sum(len(pack.ids) for pack in made) == len(prefixes)
    assert len(made) == bool(prefixes)


@given(SEQUENCES, st.integers(1, 40))
def test_the_longest_pack_comes_first_and_packing_is_deterministic(sequences, budget):
    sizes = [len(pack.ids) for pack in packs(sequences, budget)]
    assert sizes == sorted(sizes, reverse=True)
    again = zip(packs(sequences, budget), packs(sequences, budget), strict=True)
    assert all((a.ids == b.ids).all() and (a.members == b.members).all() for a, b in again)


@given(SEQUENCES, st.sampled_from([0, 3, 16, math.inf]))
def test_equal_sequences_are_stored_once_for_any_min_saving(sequences, min_saving):
    doubled = sum(len(pack.ids) for pack in packs(sequences + sequences, 10_000, min_saving))
    assert doubled <= sum(len(pack.ids) for pack in packs(sequences, 10_000, math.inf))


def test_a_short_common_prefix_is_not_shared():
    sequences = [[1] * 15 + [2] * 5, [1] * 15 + [3] * 5]
    assert [len(pack.ids) for pack in packs(sequences, 100)] == [40]
    assert [len(pack.ids) for pack in packs([[1, *row] for row in sequences], 100)] == [26]


def test_a_short_prefix_of_many_sequences_is_shared():
    (pack,) = packs([[1, 2, 3, 4] + [10 + i] * 9 for i in range(8)], 100)
    assert len(pack.ids) == 4 + 8 * 9


def test_candidates_over_the_budget_are_split_and_the_prompt_is_in_each_pack():
    made = list(packs([[1] * 50 + [10 + i] * 20 for i in range(10)], budget=120))
    assert [len(pack.ids) for pack in made] == [110, 110, 110, 70]
    assert all(pack.ids[:50].tolist() == [1] * 50 for pack in made)


def test_pairs_with_a_common_system_prompt_stay_together():
    sequences = [[1] * 20 + [10 + pair] * 30 + [side] * 10 for pair in range(5) for side in (2, 3)]
    made = list(packs(sequences, budget=130))
    assert [pack.members.tolist() for pack in made] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert [len(pack.ids) for pack in made] == [120, 120, 70]


def test_the_longest_path_directly_follows_its_parent():
    (pack,) = packs([[1] * 20 + [2] * 3, [1] * 20 + [3] * 9], 100)
    assert pack.stops.tolist() == [20, 29, 32]
    assert pack.ids[20] == 3


def test_a_sequence_longer_than_the_budget_is_a_separate_pack():
    made = list(packs([[1] * 30, [2] * 5, [2] * 4 + [3]], budget=10))
    assert [pack.members.tolist() for pack in made] == [[0], [1, 2]]


def test_a_deep_chain_of_prefixes_needs_no_recursion():
    (pack,) = packs([[7] * (i + 1) for i in range(3000)], 3000)
    assert len(pack.ids) == 3000
    assert pack.last.tolist() == list(range(3000))


def test_a_negative_id_is_rejected():
    with pytest.raises(OverflowError):
        list(packs([[1, -1]], 10))
