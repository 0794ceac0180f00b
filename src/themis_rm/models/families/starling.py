"""Starling-RM: a Llama whose decoder is called ``transformer``, and a bias-free linear ``v_head`` on the last token.

Its repository brings no tokenizer of its own: it is that of Yi-34B-Chat.
"""

from __future__ import annotations

from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import LinearHead, one_output

HEAD = "v_head.weight"


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with its linear head."""
    one_output(checkpoint, HEAD)
    head = LinearHead(checkpoint.tensors([HEAD])[HEAD])
    return HeadSpec(head, frozenset({HEAD}), rename={r"^transformer\.": ""})
