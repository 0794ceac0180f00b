"""Which rows stay when there are too many of a kind: by rank, that is by a seeded hash, never by order of appearance.

Every function takes notes sorted by rank (as :class:`~themis_rm.dataset.notes.RowIndex` holds them) and a mask of rows
that are still in, and returns a mask of those that it takes out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from themis_rm.dataset.notes import SHORTS, Notes

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def places(group: Numbers) -> Numbers:
    """Return the place (0, 1, ...) of every row within its group, in the order given."""
    order = np.argsort(group, kind="stable")
    sorted_groups = group[order]
    begin = np.ones(len(group), bool)
    begin[1:] = sorted_groups[1:] != sorted_groups[:-1]
    starts = np.flatnonzero(begin)
    result = np.empty(len(group), np.int64)
    result[order] = np.arange(len(group)) - starts[np.cumsum(begin) - 1]
    return result


def joined(*columns: npt.NDArray[np.integer]) -> Numbers:
    """Number the combinations of several columns' values."""
    if not len(columns[0]):
        return np.empty(0, np.int64)
    return np.unique(np.stack(columns), axis=1, return_inverse=True)[1].reshape(-1).astype(np.int64)


def over_cap(group: Numbers, alive: Flags, cap: int | None) -> Flags:
    """Tell which rows come after the first ``cap`` of their group."""
    out = np.zeros(len(group), bool)
    if cap is not None:
        out[alive] = places(group[alive]) >= cap
    return out


def longer_wins(notes: Notes) -> npt.NDArray[np.int8]:
    """Return 1 where the better answer is the longer one (in characters), -1 where it is the shorter, 0 for ties."""
    return np.sign(notes["chosen_length"].astype(np.int64) - notes["rejected_length"].astype(np.int64)).astype(np.int8)


def unbalanced(notes: Notes, split: Numbers, alive: Flags) -> Flags:
    """Tell which rows to take out so that within a split, criterion and source as many longer answers win as lose."""
    out = np.zeros(len(notes), bool)
    group = joined(split, notes["criterion"], notes["source"])
    wins = longer_wins(notes)
    size = int(group.max()) + 1 if len(group) else 0
    sides = [alive & (wins == side) for side in (1, -1)]
    least = np.minimum(*(np.bincount(group[side], minlength=size) for side in sides))
    for side in sides:
        out[side] = places(group[side]) >= least[group[side]]
    return out


def quotas(counts: Mapping[str, int], weights: Mapping[str, float], total: int | None) -> dict[str, int]:
    """Return how many rows of each criterion to sample.

    Args:
        counts: Criterion -> rows there are.
        weights: Criterion -> weight; those left out weigh nothing.
        total: Rows wanted; ``None`` for as many as there are in these proportions.
    """
    positive = {short: weight for short, weight in weights.items() if weight > 0}
    scale = sum(positive.values())
    if total is None:
        # A criterion without rows cannot hold the others down to nothing.
        present = [short for short in positive if counts.get(short)]
        total_rows = min((counts[short] / positive[short] for short in present), default=0.0)
        return {short: min(counts[short], int(total_rows * positive[short] + 1e-9)) for short in present}
    return {short: min(counts.get(short, 0), round(total * weight / scale)) for short, weight in positive.items()}


def not_sampled(
    notes: Notes, alive: Flags, weights: Mapping[str, float], total: int | None, by_length: Numbers | None
) -> Flags:
    """Tell which rows a weighted or plain sample leaves out.

    Args:
        notes: All notes.
        alive: Rows still in.
        weights: Criterion -> weight; empty for a plain sample.
        total: Rows wanted.
        by_length: Split per row if the sample is to stay balanced in length, else ``None``.
    """
    out = np.zeros(len(notes), bool)
    if not weights and total is None:
        return out
    index = np.flatnonzero(alive)
    if by_length is not None and len(index):
        # Taking turns between longer and shorter winners keeps every prefix of the order balanced.
        turn = places(joined(by_length, notes["criterion"], notes["source"], longer_wins(notes))[index])
        index = index[np.argsort(turn, kind="stable")]
    if not weights:
        out[index[total:]] = True
        return out
    criterion = notes["criterion"][index].astype(np.int64)
    counts = {short: int((criterion == number).sum()) for number, short in enumerate(SHORTS)}
    allowed = quotas(counts, weights, total)
    limit = np.array([allowed.get(short, 0) for short in SHORTS])
    out[index] = places(criterion) >= limit[criterion] if len(index) else False
    return out
