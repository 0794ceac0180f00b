"""INF-ORM (Llama), Qwen2.5-Math-RM and WorldPM (Qwen2): ``score`` is two linear layers with a ReLU between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import MlpHead, linear_layers, mlp, require_scalar_output

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

PREFIX = "score."


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the two-layer head."""
    require_scalar_output(checkpoint, f"{PREFIX}2.weight")
    names = frozenset(name for name in checkpoint.shapes if name.startswith(PREFIX))
    return HeadSpec(MlpHead(mlp(linear_layers(checkpoint.tensors(names), PREFIX), "relu")), names)


FAMILIES.register(Family("mlp-score", load_head, tensors=("score.0.weight", "score.2.weight"), served=True))
