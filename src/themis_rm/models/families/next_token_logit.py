"""Llama-3.x-Nemotron-Reward: a causal language model whose logit of vocabulary entry 0 is the reward.

It is the logit of the next token after the conversation. The files of such a model do not show that it is a reward
model, so that the user must set ``family=next-token-logit``. Only one row of the language-model head is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import LinearHead

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

VOCABULARY_ENTRY = 0


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read one row of the language-model head."""
    tied = "lm_head.weight" not in checkpoint.shapes
    row = checkpoint.row("model.embed_tokens.weight" if tied else "lm_head.weight", VOCABULARY_ENTRY)
    return HeadSpec(LinearHead(row), frozenset({"lm_head.weight"}))


FAMILIES.register(Family("next-token-logit", load_head, tensors=None))
