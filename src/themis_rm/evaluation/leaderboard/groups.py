"""Groups of models that do not differ significantly: compact letter display and rank intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def letter_groups(order: Sequence[int], significant: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    """Return groups of models such that two models share a group if and only if they do not differ significantly.

    Insert-and-absorb algorithm (Piepho, 2004, "An algorithm for a letter-based representation of all-pairwise
    comparisons"): all models start in one group; each significant pair splits every group that contains both into one
    without the first and one without the second; a group that is a subset of another one is removed. A model may be in
    several groups, because "does not differ significantly" is not transitive.

    Args:
        order: Models, best first; groups are sorted in this order.
        significant: Shape ``[models, models]``, symmetric.

    Returns:
        Groups of model indices, each in the given order.
    """
    place = {model: index for index, model in enumerate(order)}
    # Groups are bit sets, so that subset tests stay cheap.
    groups = {(1 << len(order)) - 1} if order else set()
    for one, first in enumerate(order):
        for second in order[one + 1 :]:
            if significant[first, second]:
                groups = _split(groups, 1 << place[first], 1 << place[second])
    members = [tuple(model for model in order if group >> place[model] & 1) for group in groups]
    return tuple(sorted(members, key=lambda group: [place[model] for model in group]))


def _split(groups: set[int], one: int, two: int) -> set[int]:
    both = {group for group in groups if group & one and group & two}
    kept = groups - both
    for half in sorted({group & ~side for group in both for side in (one, two)}, key=int.bit_count, reverse=True):
        if not any(half & group == half for group in kept):
            kept.add(half)
    return kept


def assign_letters(groups: Sequence[Sequence[int]], models: int) -> tuple[str, ...]:
    """Return the letters of each model's groups: ``a``, ``b``, ..., ``z``, then ``aa``, ``ab``, ..."""
    names: list[list[str]] = [[] for _ in range(models)]
    for number, group in enumerate(groups):
        for model in group:
            names[model].append(_letter(number))
    # After z a group's name has two characters, so names are separated by dots.
    return tuple(("." if len(groups) > 26 else "").join(letters) for letters in names)


def _letter(number: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    first, second = divmod(number, 26)
    return (_letter(first - 1) if first else "") + alphabet[second]


def rank_intervals(values: NDArray[np.float64], significant: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the best and worst rank of each model that the significant differences leave open.

    A model ranks below all significantly better models and above all significantly worse ones. With p-values adjusted
    for all pairs of models, the intervals hold simultaneously for all models (Mogstad, Romano, Shaikh & Wilhelm, 2024,
    "Inference for ranks", Review of Economic Studies 91).

    Args:
        values: Shape ``[models]``: the accuracies by which models are ranked.
        significant: Shape ``[models, models]``: whether two models differ significantly.

    Returns:
        Shape ``[models, 2]``, counted from 1.
    """
    better = significant & (values[:, None] < values[None, :])
    worse = significant & (values[:, None] > values[None, :])
    return np.stack([1 + better.sum(axis=1), len(values) - worse.sum(axis=1)], axis=1)
