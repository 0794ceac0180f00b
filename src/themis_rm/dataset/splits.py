"""Splits that are disjoint by repository, time and text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

from themis_rm.dataset.row_index import NO_TIME, IndexArray, hash64

SPLITS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def assign_repositories(sizes: Mapping[str, int], validation: float, test: float, seed: int) -> dict[str, int]:
    """Assign every repository to a split.

    The repositories are ordered by a seeded hash of their names. Test takes, from the start, those that bring it closer
    to its share of the rows, then validation does, and train gets the rest. So the shares are met as closely as few
    repositories allow, and with many repositories most keep their split when others are added. Train gets the first
    repository, test the second, and validation the third, so that no wanted split is empty if there are enough.

    Args:
        sizes: Repository -> number of rows.
        validation: Wanted share of validation rows.
        test: Wanted share of test rows.
        seed: Seed of the hash.

    Returns:
        Repository -> index into :data:`SPLITS`.
    """
    left = sorted(sizes, key=lambda name: (hash64("split", str(seed), name), name))
    total = sum(sizes.values())
    split = dict.fromkeys(sizes, TRAIN)
    wanted = [(number, share * total) for number, share in ((TEST, test), (VALIDATION, validation)) if share]
    for later, (number, target) in zip(range(len(wanted) - 1, -1, -1), wanted, strict=True):
        taken: list[str] = []
        size = 0
        for name in left:
            if len(left) - len(taken) > 1 + later and abs(size + sizes[name] - target) < abs(size - target):
                taken.append(name)
                size += sizes[name]
        if not taken and len(left) > 1:
            taken = [min(left, key=lambda name: sizes[name])]
        split |= dict.fromkeys(taken, number)
        left = [name for name in left if split[name] == TRAIN]
    return split


def day_start(day: date) -> int:
    """Return the Unix time at which a day starts (UTC)."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def find_time_cutoff(times: Numbers, split: Numbers, min_kept_share: float) -> int | None:
    """Return the cutoff that keeps most rows: train rows from before it, evaluation rows from then on.

    Since the splits differ in size, most rows could mean that one split loses all of them. Therefore each split must
    keep the given share of its rows; if no cutoff achieves that, one row each; if none achieves that either, any
    cutoff is allowed.

    Args:
        times: Unix time per row; every row must have one.
        split: Index into :data:`SPLITS` per row.
        min_kept_share: Share of its rows that each split must keep.

    Returns:
        The Unix time, or ``None`` if train or the evaluation splits have no rows.
    """
    train = split == TRAIN
    if not train.any() or train.all():
        return None
    # Cutoffs at the time of an evaluation row, or after all rows; no other cutoff keeps more rows.
    cutoffs = np.unique(np.append(times[~train], times.max() + 1))
    kept, sizes = [], []
    for number in range(len(SPLITS)):
        of_split = np.sort(times[split == number])
        if len(of_split):
            before = np.searchsorted(of_split, cutoffs, side="left")
            kept.append(before if number == TRAIN else len(of_split) - before)
            sizes.append(len(of_split))
    total = np.sum(kept, axis=0)
    shares = [max(1, math.ceil(min_kept_share * size)) for size in sizes]
    for least in (shares, [1] * len(kept), [0] * len(kept)):
        fits = np.all([have >= need for have, need in zip(kept, least, strict=True)], axis=0)
        if fits.any():
            return int(cutoffs[np.flatnonzero(fits)[total[fits].argmax()]])
    raise AssertionError("a cutoff without a minimum always exists")


def outside_time_cutoff(times: Numbers, split: Numbers, cutoff: int | None) -> Flags:
    """Return a mask of train rows from after the cutoff and evaluation rows from before it."""
    if cutoff is None:
        return np.zeros(len(times), bool)
    early, late = times < cutoff, times >= cutoff
    return (times != NO_TIME) & np.where(split == TRAIN, late, early)


def shares_text_with(entries: IndexArray, rows: Flags, others: Flags, mined: Flags) -> Flags:
    """Return a mask of those of ``rows`` that share a prompt or a response with one of ``others``.

    Args:
        entries: Index entries.
        rows: Mask of the rows to compare.
        others: Mask of the rows to compare with.
        mined: Mask of the rows from repositories. Only these are compared by response: equal code is a copy there, and
            short answers of other data, such as ``yes``, are equal without being copies.
    """
    responses = np.concatenate([entries[side][others & mined] for side in ("chosen", "rejected")])
    shares = np.isin(entries["input"], entries["input"][others])
    for side in ("chosen", "rejected"):
        shares |= mined & np.isin(entries[side], responses)
    return rows & shares


def split_of_rows(repos: npt.NDArray[np.uint32], names: Sequence[str], assigned: Mapping[str, int]) -> Numbers:
    """Return the split of every row, by its repository."""
    table = np.array([assigned[name] for name in names], np.int64)
    return table[repos] if len(repos) else np.empty(0, np.int64)
