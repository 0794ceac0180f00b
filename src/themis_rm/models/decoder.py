"""Every scalar reward model that is a decoder with a head: encoded, batched, run and read in one place.

The head reads hidden states of the last real token (and, for gated families, of the token at which the prompt ends).
Both are found by counting, never by a token's id: padding and prompts that contain the pad token's text change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers

from themis_rm.models.backbone import load_backbone, read_config
from themis_rm.models.chat import ChatEncoder, load_encoder
from themis_rm.models.checkpoint import Checkpoint, read_json
from themis_rm.models.device import choose_batch_tokens, choose_device, choose_dtype
from themis_rm.models.family import Head, HeadSpec
from themis_rm.models.layouts import Layout, Packed, Padded
from themis_rm.models.prefix_sharing import tree_attention
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import Conversation


def load_decoder(
    checkpoint: Checkpoint,
    parts: HeadSpec,
    family: str,
    settings: ModelSettings,
    name: str = "",
    repository: str = "",
) -> DecoderModel:
    """Load decoder, head and tokenizer of a checkpoint.

    Args:
        checkpoint: The folder.
        parts: What its family says about it.
        family: The family's name, for results.
        settings: Device, precision, limits, template.
        name: What results call it; by default what its training or its folder is called.
        repository: ``owner/name@commit`` of one that came from the hub, for results.

    Raises:
        CheckpointError: The folder does not hold what its family needs.
        SettingError: The device is not here.
    """
    device = choose_device(settings)
    config = parts.config if parts.config is not None else read_config(checkpoint)
    limit = getattr(config.get_text_config(), "max_position_embeddings", None)
    encoder = load_encoder(checkpoint.folder, settings, limit, parts.suffix, parts.boundary, parts.template)
    where = "split" if settings.device == "split" else device
    backbone = load_backbone(checkpoint, parts, config, choose_dtype(settings, device), where)
    parts.head.to(device)
    shared = settings.share_prefixes and tree_attention.supports(backbone, encoder.max_length)
    layout = Packed(backbone) if shared else Padded(backbone)
    identity = ModelIdentity(
        name or _name(checkpoint.folder),
        family,
        checkpoint.digest(*filter(None, [settings.chat_template])),
        {
            "architecture": type(backbone).__name__,
            "dtype": str(backbone.dtype).removeprefix("torch."),
            "attention": layout.attention,
            "device": device.type,
            "max_length": encoder.max_length,
            "system_role": encoder.system_role,
            "transformers": transformers.__version__,
            "torch": torch.__version__,
        }
        | ({"repository": repository} if repository else {}),
    )
    return DecoderModel(layout, parts.head, encoder, identity, choose_batch_tokens(settings, device, shared))


class DecoderModel:
    """A loaded reward model.

    Args:
        layout: Runs the decoder.
        head: Turns its hidden states into rewards.
        encoder: Tokenizer and template.
        identity: What results say about it.
        batch_tokens: Most tokens of a batch; a longer conversation is a batch by itself.
    """

    def __init__(
        self, layout: Layout, head: Head, encoder: ChatEncoder, identity: ModelIdentity, batch_tokens: int
    ) -> None:
        self.layout = layout
        self.head = head
        self.encoder = encoder
        self.identity = identity
        self.batch_tokens = batch_tokens

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return a score per conversation, in their order."""
        encoded = self.encoder.encode(conversations)
        rewards = self.rewards([item.ids for item in encoded], [item.boundary for item in encoded])
        return [item.scored(reward) for item, reward in zip(encoded, rewards, strict=True)]

    @torch.inference_mode()
    def rewards(self, ids: Sequence[Sequence[int]], boundaries: Sequence[int] | None = None) -> list[float]:
        """Return a reward for each row of token ids, NaN for an empty one.

        Args:
            ids: Token ids of each conversation.
            boundaries: Index of the token at which each last prompt ends; by default the last.
        """
        rewards = [math.nan] * len(ids)
        for part in self.layout.states(ids, boundaries or [-1] * len(ids), self.batch_tokens):
            values = self.head(part.last.float(), part.boundary.float())
            for index, value in zip(part.members, values.tolist(), strict=True):
                rewards[index] = value
        return rewards


def _name(folder: Path) -> str:
    # A run's checkpoint lies in a folder called `model`; its training notes say what the recipe called it.
    notes = folder / "training.json"
    name = read_json(notes).get("name") if notes.is_file() else None
    return name if isinstance(name, str) and name else folder.resolve().name
