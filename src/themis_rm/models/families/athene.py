"""Athene-RM: a linear ``v_head`` on a classification token that is appended to the conversation.

The reference implementation truncates that token in long conversations and then fails; here it is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError
from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import load_linear_head

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

HEAD = "v_head.weight"


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the linear head and the id of its classification token."""
    head = load_linear_head(checkpoint, HEAD)
    return HeadSpec(head, frozenset({HEAD}), suffix=_classification_token(checkpoint))


def _classification_token(checkpoint: Checkpoint) -> int:
    from themis_rm.models.checkpoint import read_json

    token = read_json(checkpoint.folder / "tokenizer_config.json").get("cls_token")
    text = token.get("content") if isinstance(token, dict) else token
    for added in read_json(checkpoint.folder / "tokenizer.json").get("added_tokens", []):
        if text and added.get("content") == text:
            return int(added["id"])
    raise CheckpointError(
        f"The tokenizer in {checkpoint.folder} has no classification token.",
        "Set 'cls_token' in tokenizer_config.json to the token that the head was trained on.",
    )


FAMILIES.register(Family("athene", load_head, tensors=("model.embed_tokens.weight", HEAD)))
