"""ArmoRM: 19 objectives, decorrelated from length by a fixed matrix and weighted by a gate on the prompt.

Wang et al., 2024, "Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts"
(arXiv 2406.12845).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.gating import boundary_of, gate_names, load_gate
from themis_rm.models.heads import TensorHead

if TYPE_CHECKING:
    from torch import Tensor, nn

    from themis_rm.models.checkpoint import Checkpoint


@dataclass
class ArmoHead(TensorHead):
    """``sum(softmax(gate / temperature) * scale * (objectives @ transform))``.

    Attributes:
        objectives: Shape ``[objectives, hidden]``.
        transform: Shape ``[objectives, objectives]``.
        scale: Shape ``[1]``.
        gate: Network with one output per objective.
        temperature: Temperature of the gate's softmax.
    """

    objectives: Tensor
    transform: Tensor
    scale: Tensor
    gate: nn.Sequential
    temperature: float

    def __call__(self, last: Tensor, boundary: Tensor) -> Tensor:
        """Return the gated sum of objectives, shape ``[conversations]``."""
        rewards = last @ self.objectives.T @ self.transform
        gate = (self.gate(boundary) / self.temperature).softmax(dim=-1) * self.scale[0]
        return (gate * rewards).sum(dim=-1)


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the objectives and their gate."""
    names = gate_names(checkpoint)
    tensors = checkpoint.tensors(names)
    head = ArmoHead(
        objectives=tensors["regression_layer.weight"],
        transform=tensors["reward_transform_matrix"],
        scale=tensors["gating.logit_scale"],
        gate=load_gate(tensors),
        temperature=float(checkpoint.config.get("gating_temperature", 10)),
    )
    return HeadSpec(head, names, boundary=boundary_of(checkpoint))


FAMILIES.register(
    Family("armorm", load_head, tensors=("regression_layer.weight", "reward_transform_matrix", "gating.logit_scale"))
)
