"""Letters and rank intervals represent the significant differences exactly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.evaluation.leaderboard.groups import assign_letters, letter_groups, rank_intervals


@st.composite
def matrices(draw, max_size=9):
    size = draw(st.integers(1, max_size))
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    differing = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    significant = np.zeros((size, size), dtype=bool)
    for a, b in differing:
        significant[a, b] = significant[b, a] = True
    return significant, draw(st.permutations(range(size)))


@given(drawn=matrices())
def test_two_models_share_a_letter_if_and_only_if_they_do_not_differ(drawn):
    significant, order = drawn
    groups = letter_groups(order, significant)
    for a in range(len(significant)):
        for b in range(len(significant)):
            if a != b:
                assert any(a in group and b in group for group in groups) == (not significant[a, b])


@given(drawn=matrices())
def test_every_model_has_a_group_and_no_group_contains_another(drawn):
    significant, order = drawn
    groups = [set(group) for group in letter_groups(order, significant)]
    assert set().union(*groups) == set(order)
    assert not any(one < two for one in groups for two in groups)


def test_a_chain_of_neighbors_gets_overlapping_letters():
    significant = np.zeros((4, 4), dtype=bool)
    for a, b in [(0, 2), (0, 3), (1, 3)]:
        significant[a, b] = significant[b, a] = True
    groups = letter_groups([0, 1, 2, 3], significant)
    assert groups == ((0, 1), (1, 2), (2, 3))
    assert assign_letters(groups, 4) == ("a", "ab", "bc", "c")


def test_letters_continue_after_z_with_separators():
    groups = [(0,)] * 28
    assert assign_letters(groups, 1)[0].endswith("y.z.aa.ab")


@given(drawn=matrices(), seed=st.integers(0, 99))
def test_the_rank_is_within_its_interval(drawn, seed):
    significant, _ = drawn
    values = np.random.default_rng(seed).permutation(len(significant)).astype(float)
    ranks = rank_intervals(values, significant)
    rank = 1 + (values[None, :] > values[:, None]).sum(axis=1)
    assert (ranks[:, 0] <= rank).all()
    assert (rank <= ranks[:, 1]).all()


def test_without_significant_differences_all_ranks_are_possible():
    values = np.array([0.9, 0.8, 0.7])
    assert rank_intervals(values, np.zeros((3, 3), dtype=bool)).tolist() == [[1, 3]] * 3
    assert rank_intervals(values, ~np.eye(3, dtype=bool)).tolist() == [[1, 1], [2, 2], [3, 3]]
