"""QRM on Llama and Gemma-2: a distribution per objective, as quantiles, and a gate over the objectives.

Dorka, 2024, "Quantile Regression for Distributional Reward Models in RLHF" (arXiv 2409.10164). The reward is the gated
sum of the quantiles' means. The gate's scale is used on Gemma-2 and left aside on Llama, as both were trained.
"""

from __future__ import annotations

import torch
from torch import nn

from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.families.gating import GateMlp, boundary_of, gate_names
from themis_rm.models.family import HeadSpec


class QuantileHead(nn.Module):
    """``sum(softmax(gate / temperature) * scale * mean over quantiles)``.

    Args:
        tensors: The head's tensors by their names in the checkpoint.
        objectives: Rows of the gate's output; ``regression_layer`` holds ``objectives * quantiles`` rows.
        temperature: Of the gate's softmax.
        scaled: Whether the scale is used.
    """

    means: torch.Tensor
    scale: torch.Tensor

    def __init__(self, tensors: dict[str, torch.Tensor], objectives: int, temperature: float, scaled: bool) -> None:
        super().__init__()
        weight = tensors["regression_layer.weight"]
        # The mean over quantiles is linear: one row per objective is enough.
        self.register_buffer("means", weight.reshape(objectives, -1, weight.shape[1]).mean(dim=1))
        self.register_buffer("scale", tensors["gating.logit_scale"] if scaled else torch.ones(1))
        self.gate = GateMlp(tensors)
        self.temperature = temperature

    def forward(self, last: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        """Return the gated sum of means, shape ``[conversations]``."""
        gate = torch.softmax(self.gate(boundary) / self.temperature, dim=-1) * self.scale[0]
        return (gate * (last @ self.means.T)).sum(dim=-1)


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with its gated quantiles."""
    names, config = gate_names(checkpoint), checkpoint.config
    head = QuantileHead(
        checkpoint.tensors(names),
        int(config["num_objectives"]),
        float(config.get("gating_temperature", 10)),
        scaled=config["model_type"] == "gemma2",
    )
    return HeadSpec(head, names, boundary=boundary_of(checkpoint))
