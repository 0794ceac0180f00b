"""Llama-3.x-Nemotron-Reward: a causal language model whose logit of vocabulary entry 0 is the reward.

The logit is that of the next token after the conversation. Nothing in such a folder says that it is a reward model, so
it must be named: ``family=next-token-logit``. Of the map to words a single row is read.
"""

from __future__ import annotations

from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import LinearHead

ENTRY = 0


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with one row of its map to words."""
    tied = "lm_head.weight" not in checkpoint.shapes
    row = checkpoint.row("model.embed_tokens.weight" if tied else "lm_head.weight", ENTRY)
    return HeadSpec(LinearHead(row), frozenset({"lm_head.weight"}))
