"""Gates of ArmoRM and QRM: a network on the hidden state at the end of the prompt that weights the objectives.

The gate reads the first token of the text between the last prompt and the response. The reference implementation
searches the entire conversation for that text, so that a response that contains it changes the gate; here it is the
occurrence before the response.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError
from themis_rm.models.heads import linear_layer

if TYPE_CHECKING:
    from torch import Tensor, nn

    from themis_rm.models.checkpoint import Checkpoint

PREFIX = "gating.layers."

BOUNDARIES = {
    "llama": "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "gemma2": "<end_of_turn>\n<start_of_turn>model\n",
}
"""Model type -> text between a prompt and its response in the chat template that the gates were trained with."""


def load_gate(tensors: dict[str, Tensor]) -> nn.Sequential:
    """Return a gate: linear layers and batch norms in order, with a ReLU after each linear layer but the last.

    Args:
        tensors: Name -> tensor of ``gating.layers.*``. Layers without weights leave gaps in the numbers of the names,
            so only their order matters.

    Returns:
        A module from ``[conversations, hidden]`` to ``[conversations, objectives]``, before the softmax.
    """
    from torch import nn

    pattern = re.compile(re.escape(PREFIX) + r"(\d+)\.")
    numbers = sorted({int(match[1]) for name in tensors if (match := pattern.match(name))})
    layers: list[nn.Module] = []
    for number in numbers:
        stem = f"{PREFIX}{number}"
        if f"{stem}.running_mean" in tensors:
            layers.append(_batch_norm(tensors, stem))
        else:
            layers += [linear_layer(tensors[f"{stem}.weight"], tensors.get(f"{stem}.bias")), nn.ReLU()]
    return nn.Sequential(*layers[:-1]).eval()  # no ReLU after the last


def _batch_norm(tensors: dict[str, Tensor], stem: str) -> nn.BatchNorm1d:
    import torch
    from torch import nn

    norm = nn.BatchNorm1d(tensors[f"{stem}.weight"].shape[0])
    norm.load_state_dict(
        {name: tensors[f"{stem}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")}
        | {"num_batches_tracked": torch.tensor(0)}
    )
    return norm.eval().requires_grad_(False)


def gate_names(checkpoint: Checkpoint) -> frozenset[str]:
    """Return the names of the tensors of the gate and of the objectives."""
    prefixes = ("gating.", "regression_layer.", "reward_transform_matrix")
    return frozenset(name for name in checkpoint.shapes if name.startswith(prefixes))


def boundary_of(checkpoint: Checkpoint) -> str:
    """Return the text at which the gate reads.

    Raises:
        CheckpointError: The model type is not supported.
    """
    kind = str(checkpoint.config.get("model_type"))
    if kind not in BOUNDARIES:
        raise CheckpointError(
            f"{checkpoint.folder} is a gated reward model of type '{kind}'.", "Supported types are llama and gemma2."
        )
    return BOUNDARIES[kind]
