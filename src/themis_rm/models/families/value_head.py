"""Value heads of trl's kind on a causal language model: AceCodeRM (one layer) and GRM (layers with ReLUs).

The reference loads them into a fresh head and ignores what does not fit; here the head is built from what is there.
"""

from __future__ import annotations

from torch import nn

from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import LinearHead, MlpHead, linear_layers, one_output

PREFIX = "v_head.summary."


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with its value head."""
    names = frozenset(name for name in checkpoint.shapes if name.startswith(PREFIX))
    tensors = checkpoint.tensors(names)
    if f"{PREFIX}weight" in names:
        one_output(checkpoint, f"{PREFIX}weight")
        return HeadSpec(LinearHead(tensors[f"{PREFIX}weight"], tensors.get(f"{PREFIX}bias")), names)
    last = max((name for name in names if name.endswith(".weight")), default=f"{PREFIX}0.weight")
    one_output(checkpoint, last)
    return HeadSpec(MlpHead(linear_layers(tensors, PREFIX), nn.ReLU()), names)
