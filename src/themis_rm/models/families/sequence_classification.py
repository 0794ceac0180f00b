"""One-label sequence classifiers of transformers: a bias-free linear head ``score`` on the last token.

Themis, Skywork-Reward-V2, CodeScaler, FsfairX, the RewardBench-2 Llamas, OffsetBias, AceMath and most others.
"""

from __future__ import annotations

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import LinearHead, one_output

HEAD = "score.weight"


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with its linear head."""
    one_output(checkpoint, HEAD)
    if "score.bias" in checkpoint.shapes:
        raise CheckpointError(
            f"{checkpoint.folder} has a head with a bias ('score.bias'), which transformers would leave out."
        )
    return HeadSpec(LinearHead(checkpoint.tensors([HEAD])[HEAD]), frozenset({HEAD}))
