"""LDL-Reward: each objective is a distribution over ten bins, a gate weighs the objectives.

Two networks lie beside the decoder's weights, ``regression_layer`` and ``gating_layer``; published they are pickles.
The reward is ``gate @ softmax(bins) @ linspace(0, 1, 10)``. Without ``softmax`` in the configuration the gate is not
normalized and the reward leaves [0, 1].
"""

from __future__ import annotations

import torch
from torch import nn

from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import linear_layers, stacked

BINS = 10


class DistributionHead(nn.Module):
    """Expected value of each objective's distribution, weighed by the gate.

    Args:
        regression: Layers with ``objectives * bins`` outputs.
        gate: Layers with ``objectives`` outputs.
        normalized: Whether the gate is a softmax.
        temperature: Of that softmax.
    """

    values: torch.Tensor

    def __init__(
        self, regression: list[nn.Linear], gate: list[nn.Linear], normalized: bool, temperature: float
    ) -> None:
        super().__init__()
        self.regression = stacked(regression, nn.LeakyReLU(0.01))
        self.gate = stacked(gate, nn.LeakyReLU(0.01))
        self.register_buffer("values", torch.linspace(0, 1, BINS))
        self.normalized = normalized
        self.temperature = temperature

    def forward(self, last: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        """Return the gated sum of expectations, shape ``[conversations]``."""
        bins = self.regression(last).reshape(len(last), -1, BINS).softmax(dim=-1)
        gate = self.gate(last)
        if self.normalized:
            gate = torch.softmax(gate / self.temperature, dim=-1)
        return (gate * (bins @ self.values)).sum(dim=-1)


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with its two networks."""
    head = DistributionHead(
        linear_layers(checkpoint.beside("regression_layer"), "network."),
        linear_layers(checkpoint.beside("gating_layer"), "network."),
        bool(checkpoint.config.get("softmax", False)),
        float(checkpoint.config.get("temperature", 1.0)),
    )
    return HeadSpec(head, frozenset())
