"""Caps, length balance and samples."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.criteria import CRITERIA
from themis_rm.dataset.mixture import (
    beyond_cap,
    beyond_caps,
    beyond_part,
    group_positions,
    length_imbalance,
    longer_wins,
    not_sampled,
    quotas,
    share_cap,
)
from themis_rm.dataset.row_index import INDEX_DTYPE

GROUPS = st.lists(st.integers(0, 4), max_size=40).map(lambda values: np.array(values, np.int64))
ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 1), st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)),
    max_size=60,
)


def index_of(rows) -> np.ndarray:
    entries = np.zeros(len(rows), INDEX_DTYPE)
    for name, column in zip(
        ("criterion", "source", "chosen_length", "rejected_length"), list(zip(*rows, strict=True))[:4], strict=False
    ):
        entries[name] = column
    return entries


@given(GROUPS)
def test_positions_count_within_groups(groups):
    seen = Counter()
    expected = []
    for group in groups.tolist():
        expected.append(seen[group])
        seen[group] += 1
    assert group_positions(groups).tolist() == expected


@given(GROUPS, st.integers(0, 5))
def test_a_cap_keeps_the_first_of_each_group(groups, cap):
    out = beyond_cap(groups, np.ones(len(groups), bool), cap)
    left = Counter(groups[~out].tolist())
    assert left == Counter({g: min(n, cap) for g, n in Counter(groups.tolist()).items() if min(n, cap)})


@given(GROUPS, st.data())
def test_dropped_rows_do_not_count_toward_a_cap(groups, data):
    alive = np.array(data.draw(st.lists(st.booleans(), min_size=len(groups), max_size=len(groups))), bool)
    out = beyond_cap(groups, alive, 1)
    assert not (out & ~alive).any()
    assert Counter(groups[alive & ~out].tolist()) == Counter(set(groups[alive].tolist()))


@given(ROWS)
def test_balance_keeps_as_many_longer_as_shorter_better_responses(rows):
    entries = index_of(rows)
    split = np.array([row[4] for row in rows], np.int64)
    out = length_imbalance(entries, split, np.ones(len(rows), bool))
    wins = longer_wins(entries)
    for key in {(s, r[0], r[1]) for s, r in zip(split.tolist(), rows, strict=True)}:
        member = np.array([(s, r[0], r[1]) == key for s, r in zip(split.tolist(), rows, strict=True)])
        left, before = wins[member & ~out], wins[member]
        assert (left == 1).sum() == (left == -1).sum() == min((before == 1).sum(), (before == -1).sum())
        assert (left == 0).sum() == (before == 0).sum()


def test_equal_weights_sample_as_many_as_the_rarest_criterion_with_rows():
    weights = {row.short: 1.0 for row in CRITERIA}
    assert quotas({"FC": 100, "EE": 40, "ME": 7, "R&M": 70, "SH": 0}, weights, None) == {
        "FC": 7,
        "EE": 7,
        "ME": 7,
        "R&M": 7,
    }


def test_weights_divide_a_total():
    assert quotas({"FC": 100, "SH": 5}, {"FC": 3, "SH": 1}, 40) == {"FC": 30, "SH": 5}
    assert quotas({"FC": 100, "SH": 5}, {"FC": 3, "SH": 1}, None) == {"FC": 15, "SH": 5}


@given(ROWS, st.integers(0, 70))
def test_a_plain_sample_has_the_wanted_size(rows, total):
    out = not_sampled(index_of(rows), np.ones(len(rows), bool), {}, total, None)
    assert (~out).sum() == min(total, len(rows))
    assert not out[:total].any()


@given(ROWS, st.integers(0, 20))
def test_a_sample_of_a_balanced_set_stays_balanced(rows, total):
    entries = index_of(rows)
    split = np.zeros(len(rows), np.int64)
    entries["source"] = 0
    alive = (longer_wins(entries) != 0) & (entries["criterion"] == 1)
    alive &= ~length_imbalance(entries, split, alive)
    out = not_sampled(entries, alive, {}, total, split)
    left = longer_wins(entries)[alive & ~out]
    assert abs(int(left.sum())) <= 1


@given(GROUPS, st.lists(st.none() | st.integers(0, 5), min_size=5, max_size=5))
def test_groups_have_caps_of_their_own(groups, caps):
    left = Counter(groups[~beyond_caps(groups, np.ones(len(groups), bool), np.array(caps, object))].tolist())
    of_group = {g: n if caps[g] is None else min(n, caps[g]) for g, n in Counter(groups.tolist()).items()}
    assert left == Counter({g: n for g, n in of_group.items() if n})


@given(st.lists(st.integers(0, 60), max_size=5), st.sampled_from([0.2, 0.25, 0.3, 0.5, 0.9, 1.0]))
def test_a_share_gives_the_largest_cap_that_keeps_it(counts, share):
    sizes = [n for n in counts if n]
    caps = range(min(sizes, default=0), max(sizes, default=0) + 1)
    fits = [c for c in caps if c <= share * sum(min(n, c) for n in sizes) + 1e-9]
    expected = max(fits, default=min(sizes)) if sizes else None
    assert share_cap(np.array(counts, np.int64), share) == expected


def test_half_of_the_rows_in_one_criterion_are_cut_to_a_share():
    counts = np.array([2000, 600, 400, 4000, 1000])
    cap = share_cap(counts, 0.3)
    assert (cap, np.minimum(counts, cap).sum()) == (1500, 5000)
    assert share_cap(counts, None) is None


@given(st.lists(st.booleans(), max_size=40), st.sampled_from([0.0, 0.2, 0.5, 1.0, None]))
def test_a_part_is_at_most_its_share(values, share):
    part = np.array(values, bool)
    out = beyond_part(part, np.ones(len(part), bool), share)
    assert not (out & ~part).any()
    left = part & ~out
    if share is None or share == 1:
        assert not out.any()
        return
    assert left.sum() <= share * (~out).sum() + 1e-9
    assert left.sum() == part.sum() or left.sum() + 1 > share * ((~out).sum() + 1) - 1e-9
