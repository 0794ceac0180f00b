"""Athene-RM: a linear ``v_head`` on a classification token that is appended to the conversation.

The reference implementation truncates that token in long conversations and then fails; here it is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError
from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import linear_head_tensors, load_linear_head

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

HEAD = "v_head.weight"


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the linear head and the id of its classification token."""
    head = load_linear_head(checkpoint, HEAD)
    return HeadSpec(head, linear_head_tensors(checkpoint, HEAD), suffix=_classification_token(checkpoint))


def _classification_token(checkpoint: Checkpoint) -> int:
    from themis_rm.models.json_files import read_json

    token = read_json(checkpoint.folder / "tokenizer_config.json").get("cls_token")
    text = token.get("content") if isinstance(token, dict) else token
    tokens = read_json(checkpoint.folder / "tokenizer.json").get("added_tokens")
    for added in tokens if isinstance(tokens, list) else []:
        if text and isinstance(added, dict) and added.get("content") == text and isinstance(added.get("id"), int):
            return int(added["id"])
    raise CheckpointError(
        f"The tokenizer in {checkpoint.folder} has no classification token.",
        "Set 'cls_token' in tokenizer_config.json to the token that the head was trained on; if it was trained on the "
        "last token, set model.family=sequence-classification.",
    )


FAMILIES.register(Family("athene", load_head, tensors=("model.embed_tokens.weight", HEAD)))
