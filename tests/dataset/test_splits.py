"""Splits that are disjoint by repository and time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.dataset.row_index import NO_TIME
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.dataset.splits import (
    TEST,
    TRAIN,
    VALIDATION,
    TimeLimits,
    assign_by_time,
    assign_repositories,
    assign_with_limits,
    evaluation_splits,
    find_limits,
    share_cutoff,
    split_by_time,
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


HISTORIES = st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=12), min_size=1, max_size=6)


def columns(histories):
    repos = np.repeat(np.arange(len(histories), dtype=np.uint32), [len(times) for times in histories])
    return repos, np.array([time for times in histories for time in times], np.int64)


@given(HISTORIES, st.sampled_from([0.0, 0.5, 1.0]))
def test_no_other_cutoff_with_enough_evaluation_rows_keeps_more(histories, share):
    (repos, times), names = columns(histories), [f"r{n}" for n in range(len(histories))]

    def rows_of(limits):
        assigned = assign_with_limits(repos, times, names, limits, 0.1, 0.2, 0)
        split = np.array([assigned[name] for name in names])[repos]
        return np.bincount(split[~limits.outside(times, split)], minlength=3)

    def is_enough(rows):
        return rows.all() and (rows >= share * np.array([0, 0.1, 0.2]) * rows.sum()).all()

    limits = find_limits(repos, times, names, 0.1, 0.2, 0, share)
    others = [rows_of(TimeLimits(cutoff, cutoff)) for cutoff in sorted(set(times.tolist()))]
    if limits == TimeLimits():
        assert len(histories) == 1 or not any(rows[1:].any() for rows in others)
        return
    assert rows_of(limits)[1:].any()
    if any(map(is_enough, others)) and len(times) <= 25:  # then every time is tried
        assert is_enough(rows_of(limits))
        assert rows_of(limits).sum() == max(rows.sum() for rows in others if is_enough(rows))


def test_the_cutoff_leaves_evaluation_about_its_share():
    rng = np.random.default_rng(0)
    starts = rng.integers(0, 800, 60)
    histories = [rng.integers(start, start + 200, 50).tolist() for start in starts]
    (repos, times), names = columns(histories), [f"r{n}" for n in range(60)]
    limits = find_limits(repos, times, names, 0.05, 0.05, 0, 0.5)
    assigned = assign_with_limits(repos, times, names, limits, 0.05, 0.05, 0)
    split = np.array([assigned[name] for name in names])[repos]
    rows = np.bincount(split[~limits.outside(times, split)], minlength=3)
    assert rows.sum() > 0.9 * len(times)
    assert (rows[1:] >= 0.025 * rows.sum()).all()


def test_rows_without_times_have_no_cutoff():
    assert find_limits(np.array([0, 1], np.uint32), np.full(2, NO_TIME), ["a", "b"], 0.1, 0.1, 0, 0.5) == TimeLimits()


@given(ROWS, st.integers(0, 31))
def test_no_evaluation_row_is_earlier_than_a_train_row(rows, cut):
    times, split = arrays(rows)
    stays = ~TimeLimits(cut, cut).outside(times, split)
    train, rest = times[stays & (split == TRAIN)], times[stays & (split != TRAIN)]
    assert not len(train) or not len(rest) or train.max() < rest.min()


def test_rows_without_a_time_are_not_outside_the_cutoff():
    times = np.array([NO_TIME, NO_TIME])
    assert not TimeLimits(0, 0, 0).outside(times, np.array([TRAIN, TEST])).any()


def test_a_gap_between_the_periods_is_in_no_split():
    times = np.array([9, 10, 19, 20, 29, 30])
    limits = TimeLimits(10, 20, 30)
    assert limits.outside(times, np.full(6, TRAIN)).tolist() == [False, True, True, True, True, True]
    assert limits.outside(times, np.full(6, TEST)).tolist() == [True, True, True, False, False, True]
    assert limits.cutoff is None


def test_days_start_at_midnight_utc():
    days = {"train_before": "2019-03-01", "evaluation_from": "2019-06-01", "evaluation_before": "2021-02-01"}
    assert AssembleSettings.build(days).time_limits() == TimeLimits(1551398400, 1559347200, 1612137600)
    assert AssembleSettings.build({"train_before": "2019-03-01"}).time_limits() == TimeLimits(1551398400, 1551398400)
    assert AssembleSettings.build({"time_cutoff": "2019-03-01"}).time_limits().cutoff == 1551398400
    assert AssembleSettings().time_limits() == AssembleSettings(time_cutoff=None).time_limits() == TimeLimits()


def test_evaluation_takes_the_repositories_of_which_train_loses_least():
    train, evaluation = {"old": 90, "both": 50, "new": 2}, {"old": 10, "both": 50, "new": 48}
    assert assign_by_time(train, evaluation, 0, 0.3, 0) == {"old": TRAIN, "both": TRAIN, "new": TEST}
    assert assign_by_time(train, evaluation, 0, 0.7, 0) == {"old": TRAIN, "both": TEST, "new": TEST}


def test_a_repository_of_which_train_loses_much_stays_in_train():
    train = {f"old{n}": 100 for n in range(20)} | {"new1": 5, "new2": 5, "new3": 90}
    evaluation = {f"old{n}": 20 for n in range(20)} | {"new1": 10, "new2": 10, "new3": 30}
    assigned = assign_by_time(train, evaluation, 0.1, 0.1, 0)
    assert [name for name, split in assigned.items() if split != TRAIN] == ["new1", "new2", "new3"]
    assert assigned["new1"] == assigned["new2"] != assigned["new3"]


def test_a_repository_without_rows_for_evaluation_stays_in_train():
    assert assign_by_time({"a": 3, "b": 100}, {"a": 0, "b": 5}, 0, 0.1, 0) == {"a": TRAIN, "b": TEST}


@given(SIZES, SIZES, st.integers(0, 5))
def test_evaluation_splits_get_a_repository_each_if_there_are_enough(train, late, seed):
    train, evaluation = {name: train.get(name, 0) for name in train | late}, {n: late.get(n, 0) for n in train | late}
    assigned = assign_by_time(train, evaluation, 0.05, 0.05, seed)
    assert set(assigned) == set(train)
    usable = min(len(late), len(train) - 1)
    assert len({split for split in assigned.values() if split != TRAIN}) == min(2, usable)
    backwards = {name: train[name] for name in reversed(train)}, {name: evaluation[name] for name in reversed(train)}
    assert assign_by_time(*backwards, 0.05, 0.05, seed) == assigned


@given(ROWS, st.integers(0, 31))
def test_rows_are_divided_by_their_time_alone(rows, cut):
    times, split = arrays(rows)
    result = split_by_time(times, split, TimeLimits(cut, cut), np.full(len(rows), TEST))
    assert result.tolist() == [TRAIN if time < cut else TEST for time, _ in rows]


def test_rows_without_a_time_keep_their_split_when_times_divide():
    times, split = np.array([NO_TIME, NO_TIME, 5]), np.array([TRAIN, VALIDATION, TRAIN])
    assert split_by_time(times, split, TimeLimits(3, 3), np.full(3, TEST)).tolist() == [TRAIN, VALIDATION, TEST]


@pytest.mark.parametrize(("share", "late"), [(0.1, 10), (0.25, 25), (0.001, 1)])
def test_the_cutoff_of_a_share_leaves_that_share_for_evaluation(share, late):
    times = np.random.default_rng(0).permutation(100)
    assert (times >= share_cutoff(times, share)).sum() == late


def test_no_row_has_no_cutoff():
    assert share_cutoff(np.empty(0, np.int64), 0.5) is None


def test_late_rows_are_divided_by_repository_in_proportion_to_the_shares():
    names = [f"r{n}" for n in range(2000)]
    assert evaluation_splits(names, 0.01, 0.03, 0).count(VALIDATION) / 2000 == pytest.approx(0.25, abs=0.03)
    assert set(evaluation_splits(names, 0, 0.03, 0)) == {TEST}
    assert set(evaluation_splits(names, 0, 0, 0)) == {TRAIN}
