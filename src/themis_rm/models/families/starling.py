"""Starling-RM: a Llama whose decoder is named ``transformer``, with a linear ``v_head`` without bias on the last token.

Its repository has no tokenizer; it uses that of Yi-34B-Chat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import linear_head_tensors, load_linear_head

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

HEAD = "v_head.weight"


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the linear head."""
    return HeadSpec(
        load_linear_head(checkpoint, HEAD), linear_head_tensors(checkpoint, HEAD), rename={r"^transformer\.": ""}
    )


FAMILIES.register(Family("starling", load_head, tensors=("transformer.embed_tokens.weight", HEAD)))
