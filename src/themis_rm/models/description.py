"""What a checkpoint directory holds, from its files and without its weights in memory."""

from __future__ import annotations

from dataclasses import dataclass

from themis_rm.models.chat import load_encoder
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.config import read_config
from themis_rm.models.encoder import is_encoder, load_text_encoder, position_limit_of, read_structure
from themis_rm.models.family import Family
from themis_rm.models.labels import label_names
from themis_rm.models.length_limits import LengthLimit, default_limit, position_limit
from themis_rm.models.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Description:
    """Facts of a checkpoint.

    Attributes:
        labels: Names of the labels of its head.
        facts: What affects token ids, see :meth:`themis_rm.models.chat.ChatEncoder.facts`.
        longest: Most tokens of a conversation by default.
        positions: Most tokens that the model can read; ``None`` if it has no limit.
    """

    labels: tuple[str, ...]
    facts: dict[str, str | int]
    longest: LengthLimit | None
    positions: LengthLimit | None


def describe_checkpoint(checkpoint: Checkpoint, family: Family) -> Description:
    """Return the facts of a checkpoint.

    Raises:
        CheckpointError: Its head, configuration or tokenizer cannot be used.
    """
    settings = ModelSettings()
    if is_encoder(checkpoint):
        config, skeleton, outputs = read_structure(checkpoint)
        positions = position_limit_of(config, skeleton)
        encoder = load_text_encoder(checkpoint, settings, positions)
    else:
        head = family.load_head(checkpoint)
        outputs = head.outputs
        positions = position_limit(head.config if head.config is not None else read_config(checkpoint))
        encoder = load_encoder(checkpoint.tokenizer_folder, settings, positions, template=head.template)
    limit = default_limit(positions, encoder.tokenizer.model_max_length)
    return Description(label_names(checkpoint.config, outputs), encoder.facts(), limit, positions)
