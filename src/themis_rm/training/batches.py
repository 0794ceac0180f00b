"""Order of the pairs over a run, and padding of pairs to batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler


def training_order(
    lengths: np.ndarray, *, steps: int, global_batch_size: int, length_group_size: int, seed: int
) -> np.ndarray:
    """Return the indices of the pairs of all optimizer steps in order.

    Each pass over the data is a new permutation; consecutive slices of ``global_batch_size`` pairs are the batches. A
    batch may extend over the end of a pass, so that no row is skipped. The pairs of ``length_group_size`` batches are
    sorted by length together, split into batches again, and these batches are shuffled. Within a batch the longest
    pairs come first, so that forward passes need little padding and all processes get similar lengths. The order
    depends on the arguments only: not on micro-batch size, number of processes or resumption.

    Args:
        lengths: Tokens of each pair, shape ``[pairs]``.
        steps: Number of optimizer steps.
        global_batch_size: Pairs per step.
        length_group_size: Batches that are sorted together; with 1 their composition is random.
        seed: Seed of the order.

    Returns:
        Indices, shape ``[steps * global_batch_size]``.
    """
    rng = np.random.default_rng(seed)
    passes = -(-steps * global_batch_size // len(lengths))
    stream = np.concatenate([rng.permutation(len(lengths)) for _ in range(passes)])[: steps * global_batch_size]
    order = []
    for start in range(0, len(stream), length_group_size * global_batch_size):
        group = stream[start : start + length_group_size * global_batch_size]
        group = group[np.argsort(-lengths[group], kind="stable")].reshape(-1, global_batch_size)
        order.append(group[rng.permutation(len(group))].reshape(-1))
    return np.concatenate(order)


class FixedOrderSampler(Sampler[int]):
    """Sampler that yields indices in a given order."""

    def __init__(self, order: np.ndarray) -> None:
        self.order = order

    def __iter__(self) -> Iterator[int]:
        return iter(self.order.tolist())

    def __len__(self) -> int:
        return len(self.order)


def collate(pairs: Sequence[dict[str, Any]], pad_token_id: int) -> dict[str, Tensor]:
    """Pad pairs to one batch.

    Args:
        pairs: Items of :class:`~themis_rm.training.token_cache.TokenizedPairs`.
        pad_token_id: Token to pad with.

    Returns:
        ``input_ids`` and ``attention_mask``, shape ``[2 * pairs, tokens]`` (all chosen, then all rejected),
        ``completion_mask``, shape ``[pairs, tokens]``, true on completion tokens of the chosen responses, and
        ``margin``, ``weight`` and ``tie``, shape ``[pairs]``.
    """
    sides = [pair["chosen"] for pair in pairs] + [pair["rejected"] for pair in pairs]
    width = max(len(ids) for ids in sides)
    input_ids = np.full((len(sides), width), pad_token_id, dtype=np.int64)
    mask = np.zeros((len(sides), width), dtype=np.int64)
    completion = np.zeros((len(pairs), width), dtype=bool)
    for row, ids in enumerate(sides):
        input_ids[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    for row, pair in enumerate(pairs):
        # No token predicts the very first one.
        completion[row, max(1, pair["prompt_length"]) : len(pair["chosen"])] = True
    return {
        "input_ids": torch.from_numpy(input_ids),
        "attention_mask": torch.from_numpy(mask),
        "completion_mask": torch.from_numpy(completion),
        "margin": torch.tensor([pair.get("margin", 0.0) for pair in pairs], dtype=torch.float32),
        "weight": torch.tensor([pair.get("weight", 1.0) for pair in pairs], dtype=torch.float32),
        "tie": torch.tensor([pair.get("tie", False) for pair in pairs], dtype=torch.bool),
    }
