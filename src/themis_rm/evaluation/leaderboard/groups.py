"""Which models are statistically the same: letters that they share, and the ranks that each may hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def letter_groups(order: Sequence[int], significant: NDArray[np.bool_]) -> tuple[tuple[int, ...], ...]:
    """Return groups of models such that two models share a group if and only if they do not differ significantly.

    Insert-and-absorb (Piepho, 2004, "An algorithm for a letter-based representation of all-pairwise comparisons"): all
    models start in one group; each significant pair splits every group that holds both into one without the first and
    one without the second; a group inside another one goes. A model may be in several groups: being the same is no
    transitive relation, and this hides none of it.

    Args:
        order: Models, best first; groups come in this order.
        significant: Shape ``[models, models]``, symmetric.

    Returns:
        Groups of indices, each in the given order.
    """
    place = {model: index for index, model in enumerate(order)}
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


def letters(groups: Sequence[Sequence[int]], models: int) -> tuple[str, ...]:
    """Return for each model the letters of its groups: ``a``, ``b``, ..., ``z``, then ``aa``, ``ab``, ..."""
    told = [[] for _ in range(models)]  # type: list[list[str]]
    for number, group in enumerate(groups):
        for model in group:
            told[model].append(_letter(number))
    # Beyond z a letter is two characters, so a dot keeps them apart.
    return tuple(("." if len(groups) > 26 else "").join(names) for names in told)


def _letter(number: int) -> str:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    first, second = divmod(number, 26)
    return (_letter(first - 1) if first else "") + alphabet[second]


def rank_intervals(values: NDArray[np.float64], significant: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the best and the worst rank that each model may hold, given which differences are significant.

    A model stands behind those significantly better and before those significantly worse; all other places are open.
    With p-values adjusted for all pairs together the intervals hold for all models at once (Mogstad, Romano, Shaikh &
    Wilhelm, 2024, "Inference for ranks", Review of Economic Studies 91).

    Args:
        values: Shape ``[models]``, the accuracies on which they are ranked.
        significant: Shape ``[models, models]``.

    Returns:
        Shape ``[models, 2]``, counted from 1.
    """
    better = significant & (values[:, None] < values[None, :])
    worse = significant & (values[:, None] > values[None, :])
    return np.stack([1 + better.sum(axis=1), len(values) - worse.sum(axis=1)], axis=1)
