"""Sampling of training pairs by criterion or programming language, with a temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from themis_rm.criteria import short_name
from themis_rm.errors import InputError
from themis_rm.training.recipe import SamplingSettings
from themis_rm.training.token_cache import UNKNOWN, Categories, TokenizedPairs


@dataclass(frozen=True)
class GroupDraws:
    """How often the pairs of a group were drawn.

    Attributes:
        pairs: Pairs of the group.
        draws: Draws of its pairs.
        passes: Draws per pair.
    """

    pairs: int
    draws: int
    passes: float


def sampling_groups(pairs: TokenizedPairs, settings: SamplingSettings) -> Categories:
    """Return the group of each pair, such as ``FC`` or ``FC/Python``.

    Raises:
        InputError: No pair has a criterion, or none has a language, by which they are to be sampled.
    """
    columns = [{"criterion": pairs.criteria, "language": pairs.languages}[name] for name in settings.by]
    for name, column in zip(settings.by, columns, strict=True):
        if not any(column.names):
            key = {"criterion": "aspect", "language": "language"}[name]
            raise InputError(
                f"sampling.by={name}, but no training pair has a {name}.",
                f"Name the column of the dataset with columns.{key}=NAME, or remove sampling.",
            )
    # One number per combination of the columns, of which only those with a pair become groups.
    numbers = np.zeros(len(pairs), np.int64)
    for column in columns:
        numbers = numbers * len(column.names) + column.codes
    found, first, codes = np.unique(numbers, return_index=True, return_inverse=True)
    names = [
        "/".join(short_name(column.names[column.codes[row]]) or UNKNOWN for column in columns)
        for row in first[: len(found)]
    ]
    return Categories(names, codes)


def group_shares(sizes: np.ndarray, temperature: float) -> np.ndarray:
    """Return each group's share of the draws, ``n_i^(1/T)`` divided by the sum over groups.

    The convention of multilingual training (Arivazhagan et al., 2019, arXiv 1907.05019, section 4.2): 1 is
    proportional, and the shares become equal as the temperature grows.

    Args:
        sizes: Pairs of each group, at least 1, shape ``[groups]``.
        temperature: Temperature ``T``, at least 1; infinity gives equal shares.
    """
    # Divided by the largest, so that no power overflows.
    weights = (sizes / sizes.max()) ** (1.0 / temperature)
    return weights / weights.sum()


def draw_by_group(codes: np.ndarray, count: int, temperature: float, seed: int) -> np.ndarray:
    """Return the indices of drawn pairs in order.

    Each group has its own passes: a new permutation whenever all its pairs were drawn. The draws of a group are spread
    evenly, one at a random position of each interval of ``1 / share`` draws, so that every batch has nearly the shares
    of the whole run. With temperature 1 every pass over the data has each pair once. More draws begin with the same
    ones.

    Args:
        codes: Group of each pair, from 0, shape ``[pairs]``; each group has a pair.
        count: Number of draws.
        temperature: See :func:`group_shares`.
        seed: Seed of the order.

    Returns:
        Indices, shape ``[count]``.
    """
    members = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    shares = group_shares(np.array([len(group) for group in members]), temperature)
    indices, positions = [], []
    for number, (group, share) in enumerate(zip(members, shares, strict=True)):
        # In every interval the counts of a group differ from its share by less than one draw: these are enough.
        draws = int((count + len(members)) * share) + 1
        order, offset = (np.random.default_rng([seed, number, purpose]) for purpose in range(2))
        passes = -(-draws // len(group))
        indices.append(np.concatenate([order.permutation(group) for _ in range(passes)])[:draws])
        positions.append((np.arange(draws) + offset.random(draws)) / share)
    first = np.argsort(np.concatenate(positions), kind="stable")[:count]
    return np.concatenate(indices)[first]


def draws_by_group(groups: Categories, order: np.ndarray) -> dict[str, GroupDraws]:
    """Return how often the pairs of each group were drawn.

    Args:
        groups: Groups of the pairs, from :func:`sampling_groups`.
        order: Indices of the pairs that were drawn.
    """
    pairs, draws = (np.bincount(codes, minlength=len(groups.names)) for codes in (groups.codes, groups.codes[order]))
    counts = zip(groups.names, pairs.tolist(), draws.tolist(), strict=True)
    return {name: GroupDraws(number, drawn, round(drawn / number, 4)) for name, number, drawn in counts}
