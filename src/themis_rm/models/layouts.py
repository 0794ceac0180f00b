"""How conversations lie in a batch while a decoder reads them: packed along what they share, or padded.

Both give the same hidden states. Packs compute a shared beginning once and pad nothing; padding is for decoders whose
attention cannot be set, and to compare with.
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
class States:
    """What a head reads of some conversations.

    Attributes:
        members: Which of the conversations, shape ``[n]``.
        last: Hidden states of their last tokens, shape ``[n, hidden]``.
        boundary: Those of the tokens at which their last prompts end, shape ``[n, hidden]``.
    """

    members: list[int]
    last: torch.Tensor
    boundary: torch.Tensor


class Layout(Protocol):
    """A way to run a decoder over conversations of any length."""

    @property
    def attention(self) -> str:
        """Return what computes attention, for results."""

    def states(self, ids: Sequence[Sequence[int]], boundaries: Sequence[int], budget: int) -> Iterator[States]:
        """Run conversations and yield what the head reads, batch by batch, the largest first.

        Args:
            ids: Token ids of each conversation; an empty one is left out.
            boundaries: Index of the token at which each last prompt ends; -1 for the last token.
            budget: Most tokens of a batch; a longer conversation is a batch by itself.
        """


class Packed:
    """Conversations that begin alike share their beginning.

    Args:
        backbone: A decoder that ``tree_attention.supports``; its attention is set.
    """

    def __init__(self, backbone: Any) -> None:
        tree_attention.enable(backbone)
        self.backbone = backbone
        self.attention = tree_attention.NAME

    def states(self, ids: Sequence[Sequence[int]], boundaries: Sequence[int], budget: int) -> Iterator[States]:
        """See :class:`Layout`."""
        for pack in packs(ids, budget):
            members = pack.members.tolist()
            ends = [
                last if boundaries[index] < 0 else int(pack.rows(place)[boundaries[index]])
                for place, (index, last) in enumerate(zip(members, pack.last.tolist(), strict=True))
            ]
            read = np.concatenate([pack.last, np.array(ends, dtype=np.int64)])
            last, boundary = tree_attention.hidden_states(self.backbone, pack, read).chunk(2)
            yield States(members, last, boundary)


class Padded:
    """Conversations of similar length lie under one another, filled up to the longest.

    Args:
        backbone: A decoder.
        side: Where padding stands. It makes no difference to rewards.
    """

    def __init__(self, backbone: Any, side: Literal["left", "right"] = "right") -> None:
        self.backbone = backbone
        self.side = side
        self.attention = str(backbone.config._attn_implementation)  # noqa: SLF001

    def states(self, ids: Sequence[Sequence[int]], boundaries: Sequence[int], budget: int) -> Iterator[States]:
        """See :class:`Layout`; the budget counts padding too."""
        for members in batches([len(row) for row in ids], budget):
            yield self._run(members, [ids[index] for index in members], [boundaries[index] for index in members])

    def _run(self, members: list[int], ids: Sequence[Sequence[int]], boundaries: Sequence[int]) -> States:
        lengths = torch.tensor([len(row) for row in ids])
        width = int(lengths.max())
        first = width - lengths if self.side == "left" else torch.zeros_like(lengths)
        # The id of padding does not matter: the mask keeps it from every real token.
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
        rows, last, given = torch.arange(len(ids)), first + lengths - 1, torch.tensor(boundaries)
        return States(members, hidden[rows, last], hidden[rows, torch.where(given < 0, last, first + given)])


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group inputs of similar length under a budget of padded tokens.

    Args:
        lengths: Tokens of each input; inputs of length 0 are left out.
        budget: Most of ``rows * longest row`` in a batch.

    Yields:
        Indices of each batch, the longest inputs first, so that a batch that does not fit into memory comes at once.
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
