"""Athene-RM: a linear ``v_head`` on a classification token that is put behind the conversation.

The reference cuts that token off with long conversations and then fails; here its place is kept.
"""

from __future__ import annotations

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import Checkpoint, read_json
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import LinearHead, one_output

HEAD = "v_head.weight"


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder, its linear head and the token that it reads."""
    one_output(checkpoint, HEAD)
    return HeadSpec(
        LinearHead(checkpoint.tensors([HEAD])[HEAD]), frozenset({HEAD}), suffix=_classification_token(checkpoint)
    )


def _classification_token(checkpoint: Checkpoint) -> int:
    said = read_json(checkpoint.folder / "tokenizer_config.json").get("cls_token")
    text = said.get("content") if isinstance(said, dict) else said
    for token in read_json(checkpoint.folder / "tokenizer.json").get("added_tokens", []):
        if text and token.get("content") == text:
            return int(token["id"])
    raise CheckpointError(
        f"The tokenizer in {checkpoint.folder} names no classification token.",
        "Set 'cls_token' in tokenizer_config.json to the token that the head was trained on.",
    )
