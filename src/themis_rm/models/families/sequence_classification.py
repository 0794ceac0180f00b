"""One-label sequence classifiers of transformers: a linear head ``score`` without bias on the last token.

Themis, Skywork-Reward-V2, CodeScaler, FsfairX, the RewardBench-2 Llamas, OffsetBias, AceMath and most others. This
family has the lowest priority: a checkpoint that no other family matches is loaded as one, and the error says why it
cannot be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError
from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import load_linear_head

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

HEAD = "score.weight"


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the linear head."""
    head = load_linear_head(checkpoint, HEAD)
    if "score.bias" in checkpoint.shapes:
        raise CheckpointError(
            f"{checkpoint.folder} has a head with a bias ('score.bias'), which transformers would ignore.",
            "Add a family that reads the bias.",
        )
    return HeadSpec(head, frozenset({HEAD}))


FAMILIES.register(
    Family("sequence-classification", load_head, tensors=(), priority=-1, replaces_code=False, served=True)
)
