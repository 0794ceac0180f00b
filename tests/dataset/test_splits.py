"""Splits that are disjoint by repository and time."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.dataset.row_index import NO_TIME
from themis_rm.dataset.splits import (
    TEST,
    TRAIN,
    VALIDATION,
    assign_repositories,
    day_start,
    find_time_cutoff,
    outside_time_cutoff,
)

SIZES = st.dictionaries(st.text("abcdef/", min_size=1, max_size=6), st.integers(1, 1000), min_size=1, max_size=20)
ROWS = st.lists(st.tuples(st.integers(0, 30), st.sampled_from([TRAIN, VALIDATION, TEST])), min_size=1, max_size=40)


@given(SIZES, st.integers(0, 5))
def test_every_wanted_split_gets_a_repository_if_there_are_enough(sizes, seed):
    assigned = assign_repositories(sizes, 0.05, 0.05, seed)
    assert set(assigned) == set(sizes)
    assert set(assigned.values()) == ({TRAIN}, {TRAIN, TEST}, {TRAIN, VALIDATION, TEST})[min(3, len(sizes)) - 1]


@given(SIZES)
def test_a_split_with_share_zero_gets_no_repository(sizes):
    assert VALIDATION not in assign_repositories(sizes, 0, 0.1, 0).values()
    assert set(assign_repositories(sizes, 0, 0, 0).values()) == {TRAIN}


@given(SIZES)
def test_the_splits_do_not_depend_on_the_order_of_repositories(sizes):
    backwards = dict(reversed(sizes.items()))
    assert assign_repositories(sizes, 0.2, 0.2, 1) == assign_repositories(backwards, 0.2, 0.2, 1)


@pytest.mark.parametrize("count", [40, 4000])
def test_many_repositories_meet_the_shares(count):
    sizes = {f"owner/{n}": 10 for n in range(count)}
    splits = list(assign_repositories(sizes, 0.1, 0.2, 0).values())
    assert splits.count(VALIDATION) / count == pytest.approx(0.1)
    assert splits.count(TEST) / count == pytest.approx(0.2)


@pytest.mark.parametrize("seed", range(20))
def test_a_dominant_repository_goes_to_train(seed):
    sizes = {"dominant": 900} | {f"small{n}": 20 for n in range(5)}
    assert assign_repositories(sizes, 0.05, 0.05, seed)["dominant"] == TRAIN


def test_most_repositories_keep_their_split_when_others_are_added():
    sizes = {f"owner/{n}": 10 for n in range(200)}
    before = assign_repositories(sizes, 0.1, 0.1, 0)
    after = assign_repositories(sizes | {f"new/{n}": 10 for n in range(50)}, 0.1, 0.1, 0)
    assert sum(after[name] == split for name, split in before.items()) >= 190


def test_a_single_repository_goes_to_train():
    assert assign_repositories({"a": 5}, 0.5, 0.4, 0) == {"a": TRAIN}


def arrays(rows):
    return np.array([t for t, _ in rows], np.int64), np.array([s for _, s in rows], np.int64)


def kept(rows, cut):
    return sum((t < cut) if s == TRAIN else (t >= cut) for t, s in rows)


@given(ROWS, st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_no_allowed_cutoff_keeps_more_rows(rows, share):
    cut = find_time_cutoff(*arrays(rows), share)
    groups = [[r for r in rows if r[1] == s] for s in (TRAIN, VALIDATION, TEST)]
    if not groups[0] or not (groups[1] or groups[2]):
        assert cut is None
        return
    groups = [members for members in groups if members]

    def allowed(c):
        return all(kept(members, c) >= max(1, share * len(members)) for members in groups)

    best = max((kept(rows, c) for c in range(32) if allowed(c)), default=None)
    if best is not None:
        assert allowed(cut)
        assert kept(rows, cut) == best


@given(ROWS, st.integers(0, 31))
def test_no_evaluation_row_is_earlier_than_a_train_row(rows, cut):
    times, split = arrays(rows)
    stays = ~outside_time_cutoff(times, split, cut)
    train, rest = times[stays & (split == TRAIN)], times[stays & (split != TRAIN)]
    assert not len(train) or not len(rest) or train.max() < rest.min()


def test_rows_without_a_time_are_not_outside_the_cutoff():
    times = np.array([NO_TIME, NO_TIME])
    assert not outside_time_cutoff(times, np.array([TRAIN, TEST]), 0).any()


def test_a_day_starts_at_midnight_utc():
    assert day_start(date(2019, 3, 1)) == 1551398400
