"""Which pairs make up which update, and how they are padded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler


def training_order(lengths: np.ndarray, *, steps: int, batch: int, window: int, seed: int) -> np.ndarray:
    """Return the pairs of all updates, one after the other.

    The data is passed over in a fresh random order each time; consecutive runs of ``batch`` pairs are the updates,
    which may reach over the end of a pass, so that no row is ever left out. Pairs of ``window`` updates are sorted by
    length together, cut into updates, and the updates shuffled; within an update pairs stand longest first, so that
    the rows of a forward pass need little padding and ranks are dealt alike. It depends on the arguments alone: not on
    micro-batch, ranks or resumption.

    Args:
        lengths: Tokens of each pair, shape ``[pairs]``.
        steps: Updates.
        batch: Pairs in an update.
        window: Updates sorted together; 1 leaves their composition to chance.
        seed: Seed of the order.

    Returns:
        Indices, shape ``[steps * batch]``.
    """
    rng = np.random.default_rng(seed)
    passes = -(-steps * batch // len(lengths))
    stream = np.concatenate([rng.permutation(len(lengths)) for _ in range(passes)])[: steps * batch]
    order = []
    for start in range(0, len(stream), window * batch):
        group = stream[start : start + window * batch]
        group = group[np.argsort(-lengths[group], kind="stable")].reshape(-1, batch)
        order.append(group[rng.permutation(len(group))].reshape(-1))
    return np.concatenate(order)


class InOrder(Sampler[int]):
    """Yields indices in a given order."""

    def __init__(self, order: np.ndarray) -> None:
        self.order = order

    def __iter__(self) -> Iterator[int]:
        return iter(self.order.tolist())

    def __len__(self) -> int:
        return len(self.order)


def collate(pairs: Sequence[dict[str, Any]], pad: int) -> dict[str, Tensor]:
    """Pad pairs to one batch.

    Args:
        pairs: Items of ``TokenPairs``.
        pad: Token to fill up with.

    Returns:
        ``input_ids`` and ``attention_mask``, shape ``[2 * pairs, tokens]`` (all chosen, then all rejected), and
        ``completion_mask``, shape ``[pairs, tokens]``, true on completion tokens of the chosen responses.
    """
    sides = [pair["chosen"] for pair in pairs] + [pair["rejected"] for pair in pairs]
    width = max(len(ids) for ids in sides)
    input_ids = np.full((len(sides), width), pad, dtype=np.int64)
    mask = np.zeros((len(sides), width), dtype=np.int64)
    completion = np.zeros((len(pairs), width), dtype=bool)
    for row, ids in enumerate(sides):
        input_ids[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    for row, pair in enumerate(pairs):
        completion[row, max(1, pair["prompt"]) : len(pair["chosen"])] = True
    return {
        "input_ids": torch.from_numpy(input_ids),
        "attention_mask": torch.from_numpy(mask),
        "completion_mask": torch.from_numpy(completion),
    }
