"""What ArmoRM and QRM share: a gate that reads where the prompt ends and weighs the objectives of the answer.

The gate reads at the first token of the text that stands between the last prompt and the answer. The reference looks
for that text anywhere, so that an answer which contains it moves the gate; here it is the one before the answer.
"""

from __future__ import annotations

import re

import torch
from torch import nn

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.heads import linear

PREFIX = "gating.layers."

BOUNDARIES = {
    "llama": "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "gemma2": "<end_of_turn>\n<start_of_turn>model\n",
}
"""Model type -> text between a prompt and its answer in the template that the gates were trained with."""


class GateMlp(nn.Module):
    """The gate's layers: linear maps with a ReLU behind all but the last, then a batch norm where there is one.

    Args:
        tensors: Name -> tensor of ``gating.layers.*``. The numbers in the names skip places of layers without
            weights, so order alone counts.
    """

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        super().__init__()
        numbers = sorted(
            {int(found[1]) for name in tensors if (found := re.match(re.escape(PREFIX) + r"(\d+)\.", name))}
        )
        layers: list[nn.Module] = []
        for number in numbers:
            stem = f"{PREFIX}{number}"
            if f"{stem}.running_mean" in tensors:
                layers.append(_batch_norm(tensors, stem))
            else:
                layers += [linear(tensors[f"{stem}.weight"], tensors.get(f"{stem}.bias")), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1]).eval()  # no ReLU behind the last

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return ``[conversations, objectives]`` before the softmax."""
        out: torch.Tensor = self.layers(hidden)
        return out


def _batch_norm(tensors: dict[str, torch.Tensor], stem: str) -> nn.BatchNorm1d:
    norm = nn.BatchNorm1d(tensors[f"{stem}.weight"].shape[0])
    norm.load_state_dict(
        {name: tensors[f"{stem}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")}
        | {"num_batches_tracked": torch.tensor(0)}
    )
    return norm.eval().requires_grad_(False)


def gate_names(checkpoint: Checkpoint) -> frozenset[str]:
    """Return the names of the gate's tensors and of what stands beside them."""
    own = ("gating.", "regression_layer.", "reward_transform_matrix")
    return frozenset(name for name in checkpoint.shapes if name.startswith(own))


def boundary_of(checkpoint: Checkpoint) -> str:
    """Return the text at which the gate reads.

    Raises:
        CheckpointError: No gated model of this type is known.
    """
    kind = str(checkpoint.config.get("model_type"))
    if kind not in BOUNDARIES:
        raise CheckpointError(f"{checkpoint.folder} is a gated reward model of type '{kind}'; known are llama, gemma2.")
    return BOUNDARIES[kind]
