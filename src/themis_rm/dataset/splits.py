"""Splits that share no repository, no time and no text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

from themis_rm.dataset.notes import NO_TIME, Notes, hash64

SPLITS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def assign_repositories(sizes: Mapping[str, int], validation: float, test: float, seed: int) -> dict[str, int]:
    """Assign every repository to a split.

    The repositories stand in the order of a seeded hash of their names; test takes from the front what brings it
    nearer to its share of the rows, then validation, and train gets the rest. So with few repositories the shares hold
    as well as they can, and with many a repository mostly stays where it is when others join. As long as there are
    enough repositories no split that is wanted goes empty; train comes first, then test.

    Args:
        sizes: Repository -> number of rows.
        validation: Share of the rows wanted for validation.
        test: Share of the rows wanted for test.
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
        for name in left:
            held = sum(sizes[t] for t in taken)
            if len(left) - len(taken) > 1 + later and abs(held + sizes[name] - target) < abs(held - target):
                taken.append(name)
        if not taken and len(left) > 1:
            taken = [min(left, key=lambda name: sizes[name])]
        split |= dict.fromkeys(taken, number)
        left = [name for name in left if name not in set(taken)]
    return split


def midnight(day: date) -> int:
    """Return the unix time at which a day begins (UTC)."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def best_cut(times: Numbers, split: Numbers, min_kept_share: float) -> int | None:
    """Return the time cut that keeps most rows: those of train before it, those of validation and test not before it.

    Since the splits differ in size, keeping most rows could mean to give one of them up; so the cuts considered leave
    each split the given share of its rows. If there is none, one row each is enough; if there is none either, any cut
    will do.

    Args:
        times: Unix time per row (rows without a time are not to be given).
        split: Index into :data:`SPLITS` per row.
        min_kept_share: Share of its rows that each split must keep.

    Returns:
        The cut, or ``None`` where train or the evaluation splits have no rows with a time.
    """
    train = split == TRAIN
    if not train.any() or train.all():
        return None
    # Cuts at an evaluation row's time, or just past everything: any other cut keeps no more.
    cuts = np.unique(np.append(times[~train], times.max() + 1))
    kept, sizes = [], []
    for number in range(len(SPLITS)):
        of_split = np.sort(times[split == number])
        if len(of_split):
            before = np.searchsorted(of_split, cuts, side="left")
            kept.append(before if number == TRAIN else len(of_split) - before)
            sizes.append(len(of_split))
    total = np.sum(kept, axis=0)
    shares = [max(1, math.ceil(min_kept_share * size)) for size in sizes]
    for least in (shares, [1] * len(kept), [0] * len(kept)):
        fits = np.all([have >= need for have, need in zip(kept, least, strict=True)], axis=0)
        if fits.any():
            return int(cuts[np.flatnonzero(fits)[total[fits].argmax()]])
    raise AssertionError("a cut that needs nothing always fits")


def wrong_side(times: Numbers, split: Numbers, cut: int | None) -> Flags:
    """Tell which rows lie on the wrong side of the cut; rows without a time never do."""
    if cut is None:
        return np.zeros(len(times), bool)
    early, late = times < cut, times >= cut
    return (times != NO_TIME) & np.where(split == TRAIN, late, early)


def also_in(notes: Notes, here: Flags, there: Flags) -> Flags:
    """Tell which rows of ``here`` share a prompt or an answer with a row of ``there``."""
    prompts = notes["input"][there]
    answers = np.concatenate([notes["chosen"][there], notes["rejected"][there]])
    shares = np.isin(notes["input"], prompts)
    for side in ("chosen", "rejected"):
        shares |= np.isin(notes[side], answers)
    return here & shares


def split_of_rows(repos: npt.NDArray[np.uint32], names: Sequence[str], assigned: Mapping[str, int]) -> Numbers:
    """Return the split of every row by its repository."""
    table = np.array([assigned[name] for name in names], np.int64)
    return table[repos] if len(repos) else np.empty(0, np.int64)
