"""Scalar reward models that consist of a decoder and a head: encoding, batching, forward pass and pooling.

The head reads the hidden state of the last token that is not padding and, for gated families, of the token at which the
prompt ends. Both are found by position, never by token id: neither padding nor the text of the pad token in a prompt
changes a reward.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
import transformers

from themis_rm.messages import Conversation
from themis_rm.models.backbone import load_backbone, read_config
from themis_rm.models.chat import ChatEncoder, load_encoder
from themis_rm.models.checkpoint import Checkpoint, read_json
from themis_rm.models.device import choose_batch_tokens, choose_device, choose_dtype
from themis_rm.models.family import Head, HeadSpec
from themis_rm.models.layouts import BatchLayout, PackedLayout, PaddedLayout
from themis_rm.models.prefix_sharing import tree_attention
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.models.settings import ModelSettings


def load_decoder(
    checkpoint: Checkpoint,
    head: HeadSpec,
    family: str,
    settings: ModelSettings,
    name: str = "",
    repository: str = "",
) -> DecoderModel:
    """Load decoder, head and tokenizer of a checkpoint.

    Args:
        checkpoint: The checkpoint.
        head: Its head, and how the decoder is read.
        family: Name of its family, for results.
        settings: Device, precision, limits, chat template.
        name: Name of the model in results; by default that of its training recipe or its directory.
        repository: ``owner/name@commit`` of a model from the hub, for results.

    Raises:
        CheckpointError: The checkpoint lacks something that its family needs.
        SettingError: The device does not exist.
    """
    device = choose_device(settings)
    config = head.config if head.config is not None else read_config(checkpoint)
    limit = getattr(config.get_text_config(), "max_position_embeddings", None)
    encoder = load_encoder(checkpoint.folder, settings, limit, head.suffix, head.boundary, head.template)
    placement = "split" if settings.device == "split" else device
    backbone = load_backbone(checkpoint, head, config, choose_dtype(settings, device), placement)
    head.head.to(device)
    shared = settings.share_prefixes and tree_attention.supports(backbone, encoder.max_length)
    layout = PackedLayout(backbone) if shared else PaddedLayout(backbone)
    identity = ModelIdentity(
        name or _default_name(checkpoint.folder),
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
    return DecoderModel(layout, head.head, encoder, identity, choose_batch_tokens(settings, device, shared))


class DecoderModel:
    """A loaded reward model.

    Args:
        layout: Runs the decoder on batches.
        head: Maps hidden states to rewards.
        encoder: Tokenizer and chat template.
        identity: The model's entry in results.
        batch_tokens: Most tokens of a batch; a longer conversation is a separate batch.
    """

    def __init__(
        self, layout: BatchLayout, head: Head, encoder: ChatEncoder, identity: ModelIdentity, batch_tokens: int
    ) -> None:
        self.layout = layout
        self.head = head
        self.encoder = encoder
        self.identity = identity
        self.batch_tokens = batch_tokens

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order."""
        encoded = self.encoder.encode(conversations)
        rewards = self.rewards([item.ids for item in encoded], [item.boundary for item in encoded])
        return [item.score(reward) for item, reward in zip(encoded, rewards, strict=True)]

    @torch.inference_mode()
    def rewards(self, ids: Sequence[Sequence[int]], boundaries: Sequence[int] | None = None) -> list[float]:
        """Return one reward per sequence of token ids, NaN for an empty one.

        Args:
            ids: Token ids of each conversation.
            boundaries: Index of the token at which the last prompt ends, per conversation; by default the last token.
        """
        rewards = [math.nan] * len(ids)
        for states in self.layout.pooled_states(ids, boundaries or [-1] * len(ids), self.batch_tokens):
            values = self.head(states.last.float(), states.boundary.float())
            for index, value in zip(states.indices, values.tolist(), strict=True):
                rewards[index] = value
        return rewards


def _default_name(folder: Path) -> str:
    # The checkpoint of a training run is in a directory named `model`; training.json has the name of the recipe.
    record = folder / "training.json"
    name = read_json(record).get("name") if record.is_file() else None
    return name if isinstance(name, str) and name else folder.resolve().name
