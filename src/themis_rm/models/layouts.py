"""Batch layouts: conversations packed with shared prefixes, or padded to equal length.

Both compute the same hidden states. Packs compute a shared prefix once and have no padding; padded batches are for
decoders whose attention implementation cannot be replaced, and for comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch

from themis_rm.models.prefix_sharing import tree_attention
from themis_rm.models.prefix_sharing.packing import packs


@dataclass(frozen=True, slots=True)
class PooledStates:
    """The hidden states that a head reads, for some of the conversations.

    Attributes:
        indices: Indices of the conversations, length ``n``.
        last: Hidden states of their last tokens, shape ``[n, hidden]``.
        boundary: Hidden states of the tokens at which their last prompts end, shape ``[n, hidden]``.
    """

    indices: list[int]
    last: torch.Tensor
    boundary: torch.Tensor


class BatchLayout(Protocol):
    """Runs a decoder on conversations of any length."""

    @property
    def attention(self) -> str:
        """Return the attention implementation, for results."""

    def pooled_states(
        self, ids: Sequence[Sequence[int]], boundaries: Sequence[int], budget: int
    ) -> Iterator[PooledStates]:
        """Run conversations and yield the hidden states that the head reads, per batch, the largest batch first.

        Args:
            ids: Token ids of each conversation; empty ones are skipped.
            boundaries: Index of the token at which the last prompt ends, per conversation; -1 for the last token.
            budget: Most tokens of a batch; a longer conversation is a separate batch.
        """


class PackedLayout:
    """Packs conversations so that shared prefixes are computed once.

    Args:
        backbone: A decoder that ``tree_attention.supports``; its attention implementation is replaced.
    """

    def __init__(self, backbone: Any) -> None:
        tree_attention.enable(backbone)
        self.backbone = backbone
        self.attention = tree_attention.NAME

    def pooled_states(
        self, ids: Sequence[Sequence[int]], boundaries: Sequence[int], budget: int
    ) -> Iterator[PooledStates]:
        """See :class:`BatchLayout`."""
        for pack in packs(ids, budget):
            indices = pack.members.tolist()
            ends = [
                last if boundaries[index] < 0 else int(pack.rows(member)[boundaries[index]])
                for member, (index, last) in enumerate(zip(indices, pack.last.tolist(), strict=True))
            ]
            rows = np.concatenate([pack.last, np.array(ends, dtype=np.int64)])
            last, boundary = tree_attention.hidden_states(self.backbone, pack, rows).chunk(2)
            yield PooledStates(indices, last, boundary)


class PaddedLayout:
    """Batches conversations of similar length, padded to the longest.

    Args:
        backbone: A decoder.
        side: Side of the padding. It does not affect rewards.
    """

    def __init__(self, backbone: Any, side: Literal["left", "right"] = "right") -> None:
        self.backbone = backbone
        self.side = side
        self.attention = str(backbone.config._attn_implementation)  # noqa: SLF001

    def pooled_states(
        self, ids: Sequence[Sequence[int]], boundaries: Sequence[int], budget: int
    ) -> Iterator[PooledStates]:
        """See :class:`BatchLayout`; the budget includes padding."""
        for indices in batches([len(row) for row in ids], budget):
            yield self._run(indices, [ids[index] for index in indices], [boundaries[index] for index in indices])

    def _run(self, indices: list[int], ids: Sequence[Sequence[int]], boundaries: Sequence[int]) -> PooledStates:
        lengths = torch.tensor([len(row) for row in ids])
        width = int(lengths.max())
        first = width - lengths if self.side == "left" else torch.zeros_like(lengths)
        # The id of the padding does not matter: the mask hides it from every real token.
        tokens = torch.zeros(len(ids), width, dtype=torch.long)
        for row, start, values in zip(tokens, first.tolist(), ids, strict=True):
            row[start : start + len(values)] = torch.tensor(values)
        positions = torch.arange(width)[None, :] - first[:, None]
        mask = (positions >= 0) & (positions < lengths[:, None])
        device = self.backbone.device
        hidden = self.backbone(
            input_ids=tokens.to(device),
            attention_mask=None if bool(mask.all()) else mask.long().to(device),
            position_ids=positions.clamp(min=0).to(device),
            use_cache=False,
        ).last_hidden_state
        rows, last, ends = torch.arange(len(ids)), first + lengths - 1, torch.tensor(boundaries)
        return PooledStates(indices, hidden[rows, last], hidden[rows, torch.where(ends < 0, last, first + ends)])


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group inputs of similar length under a budget of padded tokens.

    Args:
        lengths: Tokens of each input; inputs of length 0 are skipped.
        budget: Most tokens of a batch: number of inputs times length of the longest.

    Yields:
        Indices of each batch, the longest inputs first, so that a batch that does not fit into memory fails at once.
    """
    order = sorted((i for i, length in enumerate(lengths) if length), key=lambda i: (-lengths[i], i))
    batch: list[int] = []
    for index in order:
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
