"""QRM on Llama and Gemma-2: quantiles of each objective's distribution, and a gate over the objectives.

Dorka, 2024, "Quantile Regression for Distributional Reward Models in RLHF" (arXiv 2409.10164). The reward is the gated
sum of the quantiles' means. The scale of the gate is used on Gemma-2 and ignored on Llama, as in training.
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
class QuantileHead(TensorHead):
    """``sum(softmax(gate / temperature) * scale * mean over quantiles)``.

    Attributes:
        means: Rows that compute the mean over quantiles of each objective, shape ``[objectives, hidden]``.
        gate: Network with one output per objective.
        scale: Factor of the gate.
        temperature: Temperature of the gate's softmax.
    """

    means: Tensor
    gate: nn.Sequential
    scale: float
    temperature: float

    def __call__(self, last: Tensor, boundary: Tensor) -> Tensor:
        """Return the gated sum of means, shape ``[conversations]``."""
        gate = (self.gate(boundary) / self.temperature).softmax(dim=-1) * self.scale
        rewards: Tensor = (gate * (last @ self.means.T)).sum(dim=-1)
        return rewards


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the quantiles and their gate."""
    names, config = gate_names(checkpoint), checkpoint.config
    tensors = checkpoint.tensors(names)
    weight = tensors["regression_layer.weight"]
    # The mean over quantiles is linear: one row per objective is enough.
    means = weight.reshape(int(config["num_objectives"]), -1, weight.shape[1]).mean(dim=1)
    head = QuantileHead(
        means=means,
        gate=load_gate(tensors),
        scale=float(tensors["gating.logit_scale"][0]) if config["model_type"] == "gemma2" else 1.0,
        temperature=float(config.get("gating_temperature", 10)),
    )
    return HeadSpec(head, names, boundary=boundary_of(checkpoint))


FAMILIES.register(
    Family(
        "qrm",
        load_head,
        tensors=("regression_layer.weight", "gating.logit_scale"),
        config_keys=("num_quantiles", "num_objectives"),
    )
)
