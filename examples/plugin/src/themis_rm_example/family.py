"""A family whose head is a linear layer with a bias, stored as ``reward_head.weight`` and ``reward_head.bias``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import LinearHead, require_scalar_output

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

WEIGHT, BIAS = "reward_head.weight", "reward_head.bias"


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the head."""
    require_scalar_output(checkpoint, WEIGHT)
    names = frozenset({WEIGHT, BIAS})
    tensors = checkpoint.tensors(names)
    return HeadSpec(LinearHead(tensors[WEIGHT], tensors[BIAS]), names)


FAMILIES.register(Family("example-biased-head", load_head, tensors=(WEIGHT, BIAS)))
