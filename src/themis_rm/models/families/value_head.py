"""Value heads in the style of trl on a causal language model: AceCodeRM (one layer) and GRM (layers with ReLUs).

The reference implementation loads them into a new head and ignores tensors that do not fit; here the head is built from
the tensors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import (
    LinearHead,
    MlpHead,
    find_linear_head,
    linear_head_tensors,
    linear_layers,
    load_linear_head,
    mlp,
    require_scalar_output,
)

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

PREFIX = "v_head.summary."


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the value head."""
    names = frozenset(name for name in checkpoint.shapes if name.startswith(PREFIX))
    if not names:
        name = find_linear_head(checkpoint)
        return HeadSpec(load_linear_head(checkpoint, name), linear_head_tensors(checkpoint, name))
    tensors = checkpoint.tensors(names)
    if f"{PREFIX}weight" in names:
        require_scalar_output(checkpoint, f"{PREFIX}weight")
        return HeadSpec(LinearHead(tensors[f"{PREFIX}weight"], tensors.get(f"{PREFIX}bias")), names)
    last = max((name for name in names if name.endswith(".weight")), default=f"{PREFIX}0.weight")
    require_scalar_output(checkpoint, last)
    return HeadSpec(MlpHead(mlp(linear_layers(tensors, PREFIX), "relu")), names)


FAMILIES.register(Family("value-head", load_head, tensors=(f"{PREFIX}weight|{PREFIX}0.weight",)))
