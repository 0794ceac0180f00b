"""Selection of rows by caps, length balance and sampling.

Rows are selected by rank, which is a seeded hash, never by their order of appearance. Every function takes index
entries sorted by rank, as in :class:`~themis_rm.dataset.row_index.RowIndex`, and a mask of the rows that are still kept
(``alive``); it returns a mask of the rows to drop.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from themis_rm.dataset.row_index import CRITERION_NAMES, IndexArray

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def group_positions(group: Numbers) -> Numbers:
    """Return the position (0, 1, ...) of every row within its group."""
    order = np.argsort(group, kind="stable")
    sorted_groups = group[order]
    begin = np.ones(len(group), bool)
    begin[1:] = sorted_groups[1:] != sorted_groups[:-1]
    starts = np.flatnonzero(begin)
    result = np.empty(len(group), np.int64)
    result[order] = np.arange(len(group)) - starts[np.cumsum(begin) - 1]
    return result


def group_ids(*columns: npt.NDArray[np.integer]) -> Numbers:
    """Return a number for each row's combination of values of several columns."""
    if not len(columns[0]):
        return np.empty(0, np.int64)
    return np.unique(np.stack(columns), axis=1, return_inverse=True)[1].reshape(-1).astype(np.int64)


def beyond_cap(group: Numbers, alive: Flags, cap: int | None) -> Flags:
    """Return a mask of the rows after the first ``cap`` of their group; ``None`` for no cap."""
    out = np.zeros(len(group), bool)
    if cap is not None:
        out[alive] = group_positions(group[alive]) >= cap
    return out


def beyond_caps(group: Numbers, alive: Flags, caps: npt.NDArray[np.object_]) -> Flags:
    """Return a mask of the rows after the first ``caps[group]`` of their group; ``None`` for no cap."""
    out = np.zeros(len(group), bool)
    for number, cap in enumerate(caps.tolist()):
        out |= beyond_cap(group, alive & (group == number), cap)
    return out


def share_cap(counts: Numbers, share: float | None) -> int | None:
    """Return the largest cap with which no group has more than a share of all rows, or ``None`` for no share.

    If the groups are too few for that share, all get as many rows as the smallest one.

    Args:
        counts: Rows of each group; groups without rows do not count.
        share: Largest share of a group in the rows that are left.
    """
    sizes = counts[counts > 0]
    if share is None or not len(sizes):
        return None
    low, high = int(sizes.min()), int(sizes.max())
    while low < high:  # the caps that keep the share are those up to a largest one
        middle = (low + high + 1) // 2
        if middle <= share * np.minimum(sizes, middle).sum() + 1e-9:
            low = middle
        else:
            high = middle - 1
    return low


def beyond_part(part: Flags, alive: Flags, share: float | None) -> Flags:
    """Return a mask of the rows of a part without which it is at most a share of all rows; ``None`` for no limit.

    Args:
        part: Mask of the rows of the part.
        alive: Mask of the rows that are still kept.
        share: Largest share of the part.
    """
    if share is None or share == 1:
        return np.zeros(len(part), bool)
    cap = int(share / (1 - share) * (alive & ~part).sum() + 1e-9)
    return beyond_cap(np.zeros(len(part), np.int64), alive & part, cap)


def longer_wins(entries: IndexArray) -> npt.NDArray[np.int8]:
    """Return 1 where the better response has more characters, -1 where it has fewer, and 0 for ties."""
    return np.sign(entries["chosen_length"].astype(np.int64) - entries["rejected_length"].astype(np.int64)).astype(
        np.int8
    )


def length_imbalance(entries: IndexArray, split: Numbers, alive: Flags) -> Flags:
    """Return a mask of rows without which the longer response is better as often as worse.

    The balance holds within each combination of split, criterion and source; ties are not dropped.
    """
    out = np.zeros(len(entries), bool)
    group = group_ids(split, entries["criterion"], entries["source"])
    wins = longer_wins(entries)
    size = int(group.max()) + 1 if len(group) else 0
    sides = [alive & (wins == side) for side in (1, -1)]
    least = np.minimum(*(np.bincount(group[side], minlength=size) for side in sides))
    for side in sides:
        out[side] = group_positions(group[side]) >= least[group[side]]
    return out


def quotas(counts: Mapping[str, int], weights: Mapping[str, float], total: int | None) -> dict[str, int]:
    """Return the number of rows to sample per criterion.

    Args:
        counts: Criterion -> available rows.
        weights: Criterion -> weight; missing criteria have weight 0.
        total: Wanted rows; ``None`` for as many as the proportions allow.
    """
    positive = {short: weight for short, weight in weights.items() if weight > 0}
    scale = sum(positive.values())
    if total is None:
        # A criterion without rows must not limit the others to zero.
        present = [short for short in positive if counts.get(short)]
        total_rows = min((counts[short] / positive[short] for short in present), default=0.0)
        return {short: min(counts[short], int(total_rows * positive[short] + 1e-9)) for short in present}
    return {short: min(counts.get(short, 0), round(total * weight / scale)) for short, weight in positive.items()}


def not_sampled(
    entries: IndexArray, alive: Flags, weights: Mapping[str, float], total: int | None, by_length: Numbers | None
) -> Flags:
    """Return a mask of the rows that a weighted or plain sample does not draw.

    Args:
        entries: Index entries.
        alive: Mask of the rows that are still kept.
        weights: Criterion -> weight; empty for a plain sample.
        total: Wanted rows.
        by_length: Split of every row if the sample must stay balanced in length, else ``None``.
    """
    out = np.zeros(len(entries), bool)
    if not weights and total is None:
        return out
    index = np.flatnonzero(alive)
    if by_length is not None and len(index):
        # Alternating between longer and shorter better responses keeps every prefix of the order balanced.
        turn = group_positions(
            group_ids(by_length, entries["criterion"], entries["source"], longer_wins(entries))[index]
        )
        index = index[np.argsort(turn, kind="stable")]
    if not weights:
        out[index[total:]] = True
        return out
    criterion = entries["criterion"][index].astype(np.int64)
    counts = {short: int((criterion == number).sum()) for number, short in enumerate(CRITERION_NAMES)}
    allowed = quotas(counts, weights, total)
    limit = np.array([allowed.get(short, 0) for short in CRITERION_NAMES])
    out[index] = group_positions(criterion) >= limit[criterion] if len(index) else False
    return out
