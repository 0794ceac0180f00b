"""Splits that are disjoint by repository, time and text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from themis_rm.dataset.row_index import NO_TIME, IndexArray, hash64

SPLITS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)
_MOST_LOST = 3
"""Rows that train may lose for each row of evaluation."""
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Times of the commits of train and evaluation rows, as Unix times; ``None`` for no limit.

    Attributes:
        train_before: Commits of train rows are earlier.
        evaluation_from: Commits of validation and test rows are from then on.
        evaluation_before: Commits of validation and test rows are earlier.
    """

    train_before: int | None = None
    evaluation_from: int | None = None
    evaluation_before: int | None = None

    @property
    def cutoff(self) -> int | None:
        """The one time that divides train from evaluation rows, or ``None`` if there is none."""
        return self.train_before if self.train_before == self.evaluation_from else None

    def allow_train(self, times: Numbers) -> Flags:
        """Return a mask of the times of train rows; rows without a time are in no period and allowed."""
        return (times == NO_TIME) | _between(times, None, self.train_before)

    def allow_evaluation(self, times: Numbers) -> Flags:
        """Return a mask of the times of validation and test rows; rows without a time are allowed."""
        return (times == NO_TIME) | _between(times, self.evaluation_from, self.evaluation_before)

    def outside(self, times: Numbers, split: Numbers) -> Flags:
        """Return a mask of the rows whose time their split does not allow."""
        return ~np.where(split == TRAIN, self.allow_train(times), self.allow_evaluation(times))


def _between(times: Numbers, first: int | None, past: int | None) -> Flags:
    inside = np.ones(len(times), bool)
    if first is not None:
        inside &= times >= first
    if past is not None:
        inside &= times < past
    return inside


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
    left = _hash_order(sizes, seed)
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


def _hash_order(names: Iterable[str], seed: int) -> list[str]:
    return sorted(names, key=lambda name: (hash64("split", str(seed), name), name))


def assign_by_time(
    train: Mapping[str, int], evaluation: Mapping[str, int], validation: float, test: float, seed: int
) -> dict[str, int]:
    """Assign every repository to a split, where its rows are usable in train or in evaluation because of their times.

    The evaluation splits take the repositories of which train loses the smallest share of rows, in steps of a tenth,
    then by a seeded hash, up to the wanted share of all rows that train could have. A repository of which train loses
    more than three rows for each row of evaluation stays in train, so that the share may not be met; each wanted split
    gets one repository in any case, if there are enough. The taken ones are divided between validation and test in
    proportion to their shares, the largest first.

    Args:
        train: Repository -> number of rows, if it is in train.
        evaluation: Repository -> number of rows, if it is in validation or test.
        validation: Wanted share of validation rows.
        test: Wanted share of test rows.
        seed: Seed of the hash.

    Returns:
        Repository -> index into :data:`SPLITS`.
    """
    shares = {number: share for number, share in ((TEST, test), (VALIDATION, validation)) if share}
    usable = [name for name in _hash_order(evaluation, seed) if evaluation[name]]
    usable.sort(key=lambda name: round(10 * train[name] / (train[name] + evaluation[name])))
    target, size = sum(shares.values()) * sum(train.values()), 0
    taken: list[str] = []
    for name in usable[: len(train) - 1]:
        closer = abs(size + evaluation[name] - target) < abs(size - target)
        cheap = train[name] <= _MOST_LOST * evaluation[name]
        if len(taken) < len(shares) or (closer and cheap):
            taken.append(name)
            size += evaluation[name]
    split, rows = dict.fromkeys(train, TRAIN), dict.fromkeys(shares, 0)
    for name in sorted(taken, key=lambda name: -evaluation[name]):
        split[name] = min(shares, key=lambda number: rows[number] / shares[number])
        rows[split[name]] += evaluation[name]
    return split


def assign_with_limits(
    repos: npt.NDArray[np.uint32],
    times: Numbers,
    names: Sequence[str],
    limits: TimeLimits,
    validation: float,
    test: float,
    seed: int,
) -> dict[str, int]:
    """Assign every repository to a split by its rows that the limits allow there.

    Args:
        repos: Index into ``names`` per row.
        times: Unix time per row.
        names: Names of the repositories.
        limits: The times of train and evaluation rows.
        validation: Wanted share of validation rows.
        test: Wanted share of test rows.
        seed: Seed of the hash.

    Returns:
        Repository -> index into :data:`SPLITS`.
    """

    def sizes(allowed: Flags) -> dict[str, int]:
        return dict(zip(names, np.bincount(repos[allowed], minlength=len(names)).tolist(), strict=True))

    if limits == TimeLimits():
        return assign_repositories(sizes(np.ones(len(repos), bool)), validation, test, seed)
    usable = sizes(limits.allow_train(times)), sizes(limits.allow_evaluation(times))
    return assign_by_time(*usable, validation, test, seed)


def find_limits(
    repos: npt.NDArray[np.uint32],
    times: Numbers,
    names: Sequence[str],
    validation: float,
    test: float,
    seed: int,
    min_share: float,
) -> TimeLimits:
    """Return the cutoff between train and evaluation rows that keeps most rows.

    Late cutoffs keep most, with few rows for evaluation. Therefore validation and test must have some share of the rows
    that they should have; if no cutoff achieves that, one row each, as train must. Of the 2nd to the 98th percentile of
    the times, every second one is tried.

    Args:
        repos: See :func:`assign_with_limits`, as for the next arguments.
        times: Unix time per row.
        names: Names of the repositories.
        validation: Wanted share of validation rows.
        test: Wanted share of test rows.
        seed: Seed of the hash.
        min_share: Share of their wanted rows that validation and test must have.

    Returns:
        The limits; none if no row has a time, or no cutoff gives evaluation rows.
    """
    timed = times[times != NO_TIME]
    if not len(timed):
        return TimeLimits()
    wanted = np.array([1e-12, validation, test])  # a split of share 0 needs no row, and train one
    best, found = (False, False, -1), TimeLimits()
    for cutoff in np.unique(np.quantile(timed, np.linspace(0.02, 0.98, 49), method="nearest")).tolist():
        limits = TimeLimits(cutoff, cutoff)
        assigned = assign_with_limits(repos, times, names, limits, validation, test, seed)
        split = split_of_rows(repos, names, assigned)
        rows = np.bincount(split[~limits.outside(times, split)], minlength=len(SPLITS))
        each = bool((rows[wanted > 0] > 0).all())
        enough = each and bool((rows >= min_share * wanted * rows.sum()).all())
        if rows[1:].any() and (enough, each, int(rows.sum())) > best:
            best, found = (enough, each, int(rows.sum())), limits
    return found


def share_cutoff(times: Numbers, share: float) -> int | None:
    """Return the time from which on the rows are a share of all rows, or ``None`` without rows.

    Args:
        times: Unix time per row; every row must have one.
        share: Wanted share.
    """
    if not len(times):
        return None
    first = min(math.ceil(len(times) * (1 - share)), len(times) - 1)
    return int(np.sort(times)[first])


def split_by_time(times: Numbers, split: Numbers, limits: TimeLimits, evaluation: Numbers) -> Numbers:
    """Return the split of every row by its time alone; rows without a time keep theirs.

    Args:
        times: Unix time per row, or :data:`~themis_rm.dataset.row_index.NO_TIME`.
        split: Index into :data:`SPLITS` per row.
        limits: The times of train and evaluation rows.
        evaluation: Per row, the split that it is in if it is too late for train.
    """
    return np.where(times == NO_TIME, split, np.where(limits.allow_train(times), TRAIN, evaluation))


def evaluation_splits(names: Sequence[str], validation: float, test: float, seed: int) -> list[int]:
    """Return validation or test for each repository, drawn by a seeded hash in proportion to the shares.

    If both shares are 0, it is train.
    """
    if not validation + test:
        return [TRAIN] * len(names)
    share = validation / (validation + test)
    drawn = (hash64("evaluation", str(seed), name) / 2**64 for name in names)
    return [VALIDATION if point < share else TEST for point in drawn]


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
