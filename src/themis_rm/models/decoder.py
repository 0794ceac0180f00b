"""Scalar reward models that consist of a decoder and a head: encoding, batching, forward pass and pooling.

The head reads the hidden state of the last token that is not padding and, for gated families, of the token at which the
prompt ends. Both are found by position, never by token id: neither padding nor the text of the pad token in a prompt
changes a reward.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from themis_rm.messages import Conversation
from themis_rm.models.backbone import load_backbone
from themis_rm.models.chat import ChatEncoder, EncodedConversation, load_encoder
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.config import read_config
from themis_rm.models.device import choose_batch_tokens, choose_device, choose_dtype
from themis_rm.models.family import Head, HeadSpec
from themis_rm.models.labels import ONE_LABEL, Labels, choose_labels, score_outputs
from themis_rm.models.layouts import BatchLayout, PackedLayout, choose_layout
from themis_rm.models.length_limits import position_limit
from themis_rm.models.protocol import UNKNOWN_TOKEN, ModelIdentity, Score
from themis_rm.models.rotary import frequency_group, group_indices, reset_frequencies
from themis_rm.models.settings import ModelSettings
from themis_rm.models.training_record import read_training_record
from themis_rm.models.vocabulary import embedding_rows, tokens_without_embedding

_log = logging.getLogger(__name__)


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
    labels = choose_labels(checkpoint.config, head.outputs, settings, checkpoint.folder)
    limit = position_limit(config)
    encoder = load_encoder(checkpoint.tokenizer_folder, settings, limit, head.suffix, head.boundary, head.template)
    placement = "split" if settings.device == "split" else device
    backbone = load_backbone(checkpoint, head, config, choose_dtype(settings, device), placement)
    head.head.to(backbone.device)
    layout = choose_layout(backbone, settings.share_prefixes)
    batch_tokens = choose_batch_tokens(settings, device, isinstance(layout, PackedLayout))
    identity = ModelIdentity(
        name or default_name(checkpoint.folder),
        family,
        checkpoint.digest(*encoder.template_files),
        checkpoint.facts()
        | labels.facts()
        | decoder_facts(layout, encoder, checkpoint.folder, repository)
        | unused_normalization(checkpoint),
        labels=labels.names,
    )
    return DecoderModel(layout, head.head, encoder, identity, batch_tokens, labels)


def decoder_facts(layout: BatchLayout, encoder: ChatEncoder, folder: Path, repository: str) -> dict[str, str | int]:
    """Return everything that affects the scores of a decoder, for results.

    Args:
        layout: The decoder and its attention.
        encoder: Tokenizer and chat template.
        folder: Directory of the checkpoint.
        repository: ``owner/name@commit`` of a model from the hub, otherwise empty.
    """
    backbone = layout.backbone
    facts: dict[str, str | int] = {
        "architecture": type(backbone).__name__,
        "dtype": str(backbone.dtype).removeprefix("torch."),
        "attention": layout.attention,
        "device": backbone.device.type,
        **encoder.facts(),
        "transformers": transformers.__version__,
        "torch": torch.__version__,
    }
    return (
        facts
        | ({"repository": repository} if repository else {})
        | merge_facts(folder)
        | missing_embeddings(folder, encoder.tokenizer, backbone)
    )


class DecoderModel:
    """A loaded reward model.

    Args:
        layout: Runs the decoder on batches.
        head: Maps hidden states to rewards.
        encoder: Tokenizer and chat template.
        identity: The model's entry in results.
        batch_tokens: Most tokens of a batch; a longer conversation is a separate batch.
        labels: Labels of the head and their share in the reward.
    """

    def __init__(
        self,
        layout: BatchLayout,
        head: Head,
        encoder: ChatEncoder,
        identity: ModelIdentity,
        batch_tokens: int,
        labels: Labels = ONE_LABEL,
    ) -> None:
        self.layout = layout
        self.head = head
        self.encoder = encoder
        self.identity = identity
        self.batch_tokens = batch_tokens
        self.labels = labels
        self.embeddings: int = layout.backbone.get_input_embeddings().num_embeddings
        self.group_of = frequency_group(layout.backbone.config)

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order."""
        encoded = [require_embeddings(item, self.embeddings) for item in self.encoder.encode(conversations)]
        return score_outputs(encoded, self.labels, self.outputs)

    def rewards(self, ids: Sequence[Sequence[int]], boundaries: Sequence[int] | None = None) -> list[float]:
        """Return one reward per sequence of token ids, NaN for an empty one.

        Args:
            ids: Token ids of each conversation.
            boundaries: Index of the token at which the last prompt ends, per conversation; by default the last token.
        """
        return [self.labels.reward(values) for values in self.outputs(ids, boundaries)]

    @torch.inference_mode()
    def outputs(self, ids: Sequence[Sequence[int]], boundaries: Sequence[int] | None = None) -> list[list[float]]:
        """Return the output of each label per sequence of token ids, NaN for an empty one; see :meth:`rewards`."""
        outputs = [[math.nan] * len(self.labels.weights)] * len(ids)
        ends = boundaries or [-1] * len(ids)
        for group in group_indices([len(row) for row in ids], self.group_of):
            reset_frequencies(self.layout.backbone)
            members, member_ends = [ids[index] for index in group], [ends[index] for index in group]
            for states in self.layout.pooled_states(members, member_ends, self.batch_tokens):
                values = self.head(states.last.float(), states.boundary.float())
                for member, row in zip(states.indices, values.reshape(len(values), -1).tolist(), strict=True):
                    outputs[group[member]] = row
        return outputs


def require_embeddings(encoded: EncodedConversation, embeddings: int) -> EncodedConversation:
    """Return a conversation, as a failure if it has a token beyond the embeddings of a model."""
    if max((max(ids, default=0) for ids in encoded.sequences), default=0) < embeddings:
        return encoded
    detail = f"the model has embeddings for tokens 0 to {embeddings - 1}"
    return EncodedConversation([], failure=UNKNOWN_TOKEN, detail=detail)


def missing_embeddings(folder: Path, tokenizer: Any, model: Any) -> dict[str, str | int]:
    """Report the tokens of a tokenizer that a model has no embedding for; conversations with one of them fail."""
    missing = tokens_without_embedding(tokenizer, embedding_rows(model))
    if not missing:
        return {}
    _log.warning(
        "The tokenizer of %s has %d token(s) that the model has no embedding for: conversations with one fail as %s.",
        folder,
        missing,
        UNKNOWN_TOKEN,
    )
    return {"tokens_without_embedding": missing}


def unused_normalization(checkpoint: Checkpoint) -> dict[str, str | int]:
    """Report a normalization of rewards in the configuration: it changes no order, and is not applied."""
    config = checkpoint.config
    if not config.get("normalize_reward"):
        return {}
    mean, deviation = str(config.get("mean"))[:20], str(config.get("std"))[:20]
    _log.warning(
        "config.json of %s normalizes rewards (mean %s, standard deviation %s). Scores are those of the head, without "
        "this normalization.",
        checkpoint.folder,
        mean,
        deviation,
    )
    return {"normalization": f"not applied: mean {mean}, standard deviation {deviation}"}


def merge_facts(folder: Path) -> dict[str, str | int]:
    """Return which models a checkpoint was merged from, for results; nothing for one that was not merged."""
    merged = read_training_record(folder).get("merge")
    if not isinstance(merged, dict) or not isinstance(parents := merged.get("parents"), list):
        return {}
    named = (parent for parent in parents if isinstance(parent, dict))
    names = (f"{str(parent.get('name'))[:80]} ({str(parent.get('digest'))[:8]})" for parent in named)
    return {"merged": f"{str(merged.get('method'))[:20]} of {', '.join(names)}"}


def default_name(folder: Path) -> str:
    """Return the name of a model in results: that of its training recipe or of its directory."""
    # The checkpoint of a training run is in a directory named `model`; training.json has the name of the recipe.
    name = read_training_record(folder).get("name")
    return name if isinstance(name, str) and name else folder.resolve().name
