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

    A seeded hash of its name decides, so that a repository stays where it is when others join. A split that is wanted
    and got none takes one from the split with the most, the one whose size is nearest to what the split should hold,
    as long as there are enough repositories.

    Args:
        sizes: Repository -> number of rows.
        validation: Share wanted for validation.
        test: Share wanted for test.
        seed: Seed of the hash.

    Returns:
        Repository -> index into :data:`SPLITS`.
    """
    shares = {TRAIN: 1 - validation - test, VALIDATION: validation, TEST: test}
    points = {name: hash64("split", str(seed), name) / 2**64 for name in sizes}
    split = {name: TEST if p < test else VALIDATION if p < test + validation else TRAIN for name, p in points.items()}
    if len(sizes) == 1:
        return dict.fromkeys(sizes, TRAIN)
    total = sum(sizes.values())
    # Train first, and test before validation where there are only two repositories.
    for wanted in (TRAIN, TEST, VALIDATION):
        members = {s: sorted(n for n, of in split.items() if of == s) for s in shares}
        if members[wanted] or not shares[wanted]:
            continue
        giver = max(shares, key=lambda s: (len(members[s]), -s))
        if len(members[giver]) > 1:
            moved = min(members[giver], key=lambda n: (abs(sizes[n] - shares[wanted] * total), points[n]))
            split[moved] = wanted
    return split


def midnight(day: date) -> int:
    """Return the unix time at which a day begins (UTC)."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def best_cut(times: Numbers, split: Numbers, min_eval_share: float) -> int | None:
    """Return the time cut that keeps most rows: those of train before it, those of validation and test not before it.

    Since the evaluation splits are small, keeping most rows would mean to give them up; so the cuts considered leave
    each of them the given share of its rows and train at least one. If there is none, one row each is enough; if
    there is none either, any cut will do.

    Args:
        times: Unix time per row (rows without a time are not to be given).
        split: Index into :data:`SPLITS` per row.
        min_eval_share: Share of rows that validation and test must each keep.

    Returns:
        The cut, or ``None`` where train or the evaluation splits have no rows with a time.
    """
    train = split == TRAIN
    if not train.any() or train.all():
        return None
    # Cuts at an evaluation row's time, or just past everything: any other cut keeps no more.
    cuts = np.unique(np.append(times[~train], times.max() + 1))
    kept = [np.searchsorted(np.sort(times[train]), cuts, side="left")]
    sizes = []
    for wanted in (VALIDATION, TEST):
        of_split = np.sort(times[split == wanted])
        if len(of_split):
            kept.append(len(of_split) - np.searchsorted(of_split, cuts, side="left"))
            sizes.append(len(of_split))
    total = np.sum(kept, axis=0)
    shares = [math.ceil(min_eval_share * size) for size in sizes]
    for least in ([1, *shares], [1] * len(kept), [0] * len(kept)):
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
