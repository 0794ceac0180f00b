"""LDL-Reward: each objective is a distribution over ten bins, and a gate weights the objectives.

The two networks, ``regression_layer`` and ``gating_layer``, are in separate files (published as pickles). The reward is
``gate @ softmax(bins) @ linspace(0, 1, 10)``. Without ``softmax`` in the configuration the gate is not normalized, and
rewards are not limited to [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import TensorHead, linear_layers, mlp

if TYPE_CHECKING:
    from torch import Tensor, nn

    from themis_rm.models.checkpoint import Checkpoint

BINS = 10


@dataclass
class DistributionHead(TensorHead):
    """Sum of the expected values of the objectives' distributions, weighted by the gate.

    Attributes:
        regression: Network with ``objectives * bins`` outputs.
        gate: Network with ``objectives`` outputs.
        values: Values of the bins, shape ``[bins]``.
        normalized: Whether the gate is a softmax.
        temperature: Temperature of that softmax.
    """

    regression: nn.Sequential
    gate: nn.Sequential
    values: Tensor
    normalized: bool
    temperature: float

    def __call__(self, last: Tensor, boundary: Tensor) -> Tensor:
        """Return the gated sum of expected values, shape ``[conversations]``."""
        bins = self.regression(last).reshape(len(last), -1, BINS).softmax(dim=-1)
        gate = self.gate(last)
        if self.normalized:
            gate = (gate / self.temperature).softmax(dim=-1)
        rewards: Tensor = (gate * (bins @ self.values)).sum(dim=-1)
        return rewards


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the two networks."""
    import torch

    head = DistributionHead(
        regression=mlp(linear_layers(checkpoint.extra_tensors("regression_layer"), "network."), "leaky-relu"),
        gate=mlp(linear_layers(checkpoint.extra_tensors("gating_layer"), "network."), "leaky-relu"),
        values=torch.linspace(0, 1, BINS),
        normalized=bool(checkpoint.config.get("softmax", False)),
        temperature=float(checkpoint.config.get("temperature", 1.0)),
    )
    return HeadSpec(head, frozenset())


FAMILIES.register(
    Family("ldl", load_head, tensors=("embed_tokens.weight",), config_keys=("num_objectives", "temperature"))
)
