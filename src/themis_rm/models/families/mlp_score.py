"""INF-ORM (Llama), Qwen2.5-Math-RM and WorldPM (Qwen2): ``score`` is two linear layers with a ReLU between them."""

from __future__ import annotations

from torch import nn

from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import MlpHead, linear_layers, one_output

PREFIX = "score."


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with its two-layer head."""
    one_output(checkpoint, f"{PREFIX}2.weight")
    names = frozenset(name for name in checkpoint.shapes if name.startswith(PREFIX))
    return HeadSpec(MlpHead(linear_layers(checkpoint.tensors(names), PREFIX), nn.ReLU()), names)
