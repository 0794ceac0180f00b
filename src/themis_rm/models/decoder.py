"""Every scalar reward model that is a decoder with a head: encoded, batched, run and read in one place.

The head reads hidden states of the last real token (and, for gated families, of the token at which the prompt ends).
Both are found by counting, never by a token's id: padding and prompts that contain the pad token's text change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
import transformers

from themis_rm.models.backbone import load_backbone, read_config
from themis_rm.models.chat import ChatEncoder, Encoded, load_encoder
from themis_rm.models.checkpoint import Checkpoint, read_json
from themis_rm.models.device import choose_batch_tokens, choose_device, choose_dtype
from themis_rm.models.family import Head, Parts
from themis_rm.models.protocol import NOT_FINITE, ModelIdentity, Score
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import Conversation


def load_decoder(checkpoint: Checkpoint, parts: Parts, family: str, settings: ModelSettings) -> DecoderModel:
    """Load decoder, head and tokenizer of a checkpoint.

    Args:
        checkpoint: The folder.
        parts: What its family says about it.
        family: The family's name, for results.
        settings: Device, precision, limits, template.

    Raises:
        CheckpointError: The folder does not hold what its family needs.
        SettingError: The device is not here.
    """
    device = choose_device(settings)
    config = parts.config if parts.config is not None else read_config(checkpoint)
    limit = getattr(config.get_text_config(), "max_position_embeddings", None)
    encoder = load_encoder(checkpoint.folder, settings, limit, parts.suffix, parts.boundary, parts.template)
    where = "split" if settings.device == "split" else device
    backbone = load_backbone(checkpoint, parts, choose_dtype(settings, device), where)
    parts.head.to(device)
    identity = ModelIdentity(
        _name(checkpoint.folder),
        family,
        checkpoint.digest(*filter(None, [settings.chat_template])),
        {
            "architecture": type(backbone).__name__,
            "dtype": str(backbone.dtype).removeprefix("torch."),
            "attention": str(backbone.config._attn_implementation),  # noqa: SLF001
            "device": device.type,
            "max_length": encoder.max_length,
            "system_role": encoder.system_role,
            "transformers": transformers.__version__,
            "torch": torch.__version__,
        },
    )
    return DecoderModel(backbone, parts.head, encoder, identity, choose_batch_tokens(settings, device))


class DecoderModel:
    """A loaded reward model.

    Args:
        backbone: A decoder of transformers, without a head.
        head: Turns its hidden states into rewards.
        encoder: Its tokenizer and template.
        identity: What results say about it.
        batch_tokens: Most tokens of a batch; a longer conversation is a batch by itself.
    """

    def __init__(
        self,
        backbone: Any,  # noqa: ANN401
        head: Head,
        encoder: ChatEncoder,
        identity: ModelIdentity,
        batch_tokens: int,
    ) -> None:
        self.backbone = backbone
        self.head = head
        self.encoder = encoder
        self.identity = identity
        self.batch_tokens = batch_tokens

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return a score per conversation, in their order."""
        encoded = self.encoder.encode(conversations)
        rewards: dict[int, float] = {}
        for batch in batches([len(item.ids) for item in encoded], self.batch_tokens):
            chosen = [encoded[index] for index in batch]
            values = self.rewards([item.ids for item in chosen], [item.boundary for item in chosen])
            rewards.update(zip(batch, values, strict=True))
        return [_as_score(item, rewards.get(index)) for index, item in enumerate(encoded)]

    @torch.inference_mode()
    def rewards(
        self,
        ids: Sequence[Sequence[int]],
        boundaries: Sequence[int] | None = None,
        side: Literal["left", "right"] = "right",
    ) -> list[float]:
        """Run one padded batch and return a reward for each row of ids.

        Args:
            ids: Token ids of each conversation.
            boundaries: Where each prompt ends, counted in the row's own tokens; by default at its last.
            side: Where padding stands. It makes no difference to rewards.
        """
        lengths = torch.tensor([len(row) for row in ids])
        width = int(lengths.max())
        first = width - lengths if side == "left" else torch.zeros_like(lengths)
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
        rows, last = torch.arange(len(ids), device=device), first + lengths - 1
        ends = torch.tensor(boundaries) if boundaries is not None else torch.full_like(lengths, -1)
        ends = torch.where(ends < 0, last, first + ends)
        return self._read(hidden[rows, last.to(device)], hidden[rows, ends.to(device)])

    def _read(self, last: torch.Tensor, boundary: torch.Tensor) -> list[float]:
        return [float(value) for value in self.head(last.float(), boundary.float()).cpu()]


def _as_score(item: Encoded, reward: float | None) -> Score:
    if item.failure or reward is None:
        return Score.failed(item.failure)
    if not math.isfinite(reward):
        return Score.failed(NOT_FINITE)
    return Score(reward, truncated=item.truncated, tokens=len(item.ids))


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


def _name(folder: Path) -> str:
    # A run's checkpoint lies in a folder called `model`; its training notes say what the recipe called it.
    notes = folder / "training.json"
    name = read_json(notes).get("name") if notes.is_file() else None
    return name if isinstance(name, str) and name else folder.resolve().name
