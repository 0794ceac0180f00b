"""ArmoRM: 19 objectives, decorrelated from length by a fixed matrix, weighed by a gate that read the prompt.

Wang et al., 2024, "Interpretable Preferences via Multi-Objective Reward Modeling and Mixture-of-Experts"
(arXiv 2406.12845).
"""

from __future__ import annotations

import torch
from torch import nn

from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.families.gating import GateMlp, boundary_of, gate_names
from themis_rm.models.family import HeadSpec


class ArmoHead(nn.Module):
    """``sum(softmax(gate / temperature) * scale * (objectives @ transform))``.

    Args:
        tensors: The head's tensors by their names in the checkpoint.
        temperature: Of the gate's softmax.
    """

    objectives: torch.Tensor
    transform: torch.Tensor
    scale: torch.Tensor

    def __init__(self, tensors: dict[str, torch.Tensor], temperature: float) -> None:
        super().__init__()
        self.register_buffer("objectives", tensors["regression_layer.weight"])
        self.register_buffer("transform", tensors["reward_transform_matrix"])
        self.register_buffer("scale", tensors["gating.logit_scale"])
        self.gate = GateMlp(tensors)
        self.temperature = temperature

    def forward(self, last: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        """Return the gated sum of objectives, shape ``[conversations]``."""
        rewards = last @ self.objectives.T @ self.transform
        gate = torch.softmax(self.gate(boundary) / self.temperature, dim=-1) * self.scale[0]
        return (gate * rewards).sum(dim=-1)


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with its gated objectives."""
    names = gate_names(checkpoint)
    head = ArmoHead(checkpoint.tensors(names), float(checkpoint.config.get("gating_temperature", 10)))
    return HeadSpec(head, names, boundary=boundary_of(checkpoint))
