"""Batch layouts: conversations packed with shared prefixes, padded to equal length, or batched if equally long.

All compute the same hidden states. Packs compute a shared prefix once and have no padding; padded batches are for
decoders whose attention implementation cannot be replaced, and for comparison; batches without padding are for decoders
whose hidden states padding changes. :func:`choose_layout` tries a decoder on a few tokens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch

from themis_rm.errors import CheckpointError
from themis_rm.models.prefix_sharing import tree_attention
from themis_rm.models.prefix_sharing.packing import packs

_TRIAL = ([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 8], [1, 2, 3, 4, 8, 9, 5, 3])
"""Token ids that a decoder is tried on; the first five tokens of the last two are equal."""


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
    """Runs a decoder on conversations of any length.

    Attributes:
        backbone: The decoder.
    """

    backbone: Any

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

    def token_states(
        self, ids: Sequence[Sequence[int]], spans: Sequence[range], budget: int
    ) -> Iterator[tuple[list[int], list[torch.Tensor]]]:
        """Run conversations and yield the hidden states of some of their tokens, per batch.

        Args:
            ids: Token ids of each conversation.
            spans: Tokens of each conversation, in steps of one.
            budget: Most tokens of a batch.

        Yields:
            Indices of conversations, and the hidden states of each, shape ``[len(span), hidden]``.
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

    def token_states(
        self, ids: Sequence[Sequence[int]], spans: Sequence[range], budget: int
    ) -> Iterator[tuple[list[int], list[torch.Tensor]]]:
        """See :class:`BatchLayout`."""
        for pack in packs(ids, budget):
            indices = pack.members.tolist()
            chosen = [pack.rows(member)[spans[index].start : spans[index].stop] for member, index in enumerate(indices)]
            states = tree_attention.hidden_states(self.backbone, pack, np.concatenate(chosen))
            yield indices, list(torch.split(states, [len(rows) for rows in chosen]))


class PaddedLayout:
    """Batches conversations of similar length, padded to the longest.

    Args:
        backbone: A decoder.
        side: Side of the padding. It does not affect rewards.
        equal_length: Batch only conversations of the same length, so that there is no padding.
    """

    def __init__(self, backbone: Any, side: Literal["left", "right"] = "right", *, equal_length: bool = False) -> None:
        self.backbone = backbone
        self.side = side
        self.equal_length = equal_length
        self.attention = str(backbone.config._attn_implementation)  # noqa: SLF001

    def pooled_states(
        self, ids: Sequence[Sequence[int]], boundaries: Sequence[int], budget: int
    ) -> Iterator[PooledStates]:
        """See :class:`BatchLayout`; the budget includes padding."""
        for indices in batches([len(row) for row in ids], budget, equal_length=self.equal_length):
            yield self._run(indices, [ids[index] for index in indices], [boundaries[index] for index in indices])

    def token_states(
        self, ids: Sequence[Sequence[int]], spans: Sequence[range], budget: int
    ) -> Iterator[tuple[list[int], list[torch.Tensor]]]:
        """See :class:`BatchLayout`; the budget includes padding."""
        for indices in batches([len(row) for row in ids], budget, equal_length=self.equal_length):
            hidden, first = self._hidden([ids[index] for index in indices])
            starts = zip(indices, hidden, first.tolist(), strict=True)
            yield (
                indices,
                [states[start + spans[index].start : start + spans[index].stop] for index, states, start in starts],
            )

    def _run(self, indices: list[int], ids: Sequence[Sequence[int]], boundaries: Sequence[int]) -> PooledStates:
        hidden, first = self._hidden(ids)
        rows, ends = torch.arange(len(ids)), torch.tensor(boundaries)
        last = first + torch.tensor([len(row) for row in ids]) - 1
        return PooledStates(indices, hidden[rows, last], hidden[rows, torch.where(ends < 0, last, first + ends)])

    def _hidden(self, ids: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return hidden states, shape ``[n, width, hidden]``, and the position of each conversation's first token."""
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
        # Padding on the right leaves the positions that decoders count themselves, and not all accept others.
        moved = {"position_ids": positions.clamp(min=0).to(device)} if self.side == "left" else {}
        hidden: torch.Tensor = self.backbone(
            input_ids=tokens.to(device),
            attention_mask=None if bool(mask.all()) else mask.long().to(device),
            use_cache=False,
            **moved,
        ).last_hidden_state
        return hidden, first


def batches(lengths: Sequence[int], budget: int, *, equal_length: bool = False) -> Iterator[list[int]]:
    """Group inputs of similar length under a budget of padded tokens.

    Args:
        lengths: Tokens of each input; inputs of length 0 are skipped.
        budget: Most tokens of a batch: number of inputs times length of the longest.
        equal_length: Group only inputs of the same length.

    Yields:
        Indices of each batch, the longest inputs first, so that a batch that does not fit into memory fails at once.
    """
    order = sorted((i for i, length in enumerate(lengths) if length), key=lambda i: (-lengths[i], i))
    batch: list[int] = []
    for index in order:
        is_full = batch and lengths[batch[0]] * (len(batch) + 1) > budget
        if is_full or (batch and equal_length and lengths[index] != lengths[batch[0]]):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def choose_layout(backbone: Any, share_prefixes: bool) -> BatchLayout:
    """Return the fastest layout that computes the hidden states that a decoder computes for single inputs.

    Args:
        backbone: A loaded decoder.
        share_prefixes: Whether packs may be used.

    Raises:
        CheckpointError: The decoder does not run, or is an encoder: earlier tokens depend on later ones.
    """
    ids = _trial_ids(backbone)
    alone = _hidden_alone(backbone, ids)
    if not _agree(alone[1][: len(ids[1])], alone[2][: len(ids[1])]):
        raise CheckpointError(
            f"{type(backbone).__name__} is an encoder: its hidden states depend on later tokens.",
            "Only decoders are read.",
        )
    if share_prefixes and tree_attention.supports(backbone):
        return PackedLayout(backbone)
    padded = PaddedLayout(backbone)
    return padded if _pads_correctly(padded, ids, alone) else PaddedLayout(backbone, equal_length=True)


def _trial_ids(backbone: Any) -> list[list[int]]:
    count = backbone.get_input_embeddings().num_embeddings
    return [[token % count for token in row] for row in _TRIAL]


@torch.no_grad()
def _hidden_alone(backbone: Any, ids: Sequence[Sequence[int]]) -> list[torch.Tensor]:
    try:
        return [
            backbone(input_ids=torch.tensor([row], device=backbone.device), use_cache=False).last_hidden_state[0]
            for row in ids
        ]
    except Exception as error:  # any value of config.json may make any operation fail
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(
            f"{type(backbone).__name__} does not run with this config.json ({type(error).__name__}: {reason})."
        ) from error


@torch.no_grad()
def _pads_correctly(layout: PaddedLayout, ids: Sequence[Sequence[int]], alone: Sequence[torch.Tensor]) -> bool:
    try:
        states = list(layout.pooled_states(ids, [-1] * len(ids), sum(map(len, ids)) * len(ids)))
    except Exception:  # such a decoder runs without padding
        return False
    return all(
        _agree(last, alone[index][-1])
        for batch in states
        for index, last in zip(batch.indices, batch.last, strict=True)
    )


def _agree(values: torch.Tensor, expected: torch.Tensor) -> bool:
    allowed = 1e-3 if values.dtype == torch.float32 else 5e-2
    first, second = values.float().nan_to_num(), expected.float().nan_to_num()
    return bool((first - second).norm() <= allowed * second.norm())
