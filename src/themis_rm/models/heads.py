"""Heads that several families share.

All of them hold float32: a bf16 reward has 8 bits and ties where the model does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import nn

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import Checkpoint


class LinearHead(nn.Module):
    """One linear map of the last token's hidden state.

    Args:
        weight: Shape ``[1, hidden]``.
        bias: Shape ``[1]``; none by default.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("weight", weight.float())
        self.register_buffer("bias", None if bias is None else bias.float())

    def forward(self, last: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        """Return ``last @ weight + bias``, shape ``[conversations]``."""
        return nn.functional.linear(last, self.weight, self.bias)[:, 0]


class MlpHead(nn.Module):
    """Linear layers with an activation between them, on the last token's hidden state.

    Args:
        layers: What :func:`linear_layers` gave; the last has one output.
        activation: Put between two layers.
    """

    def __init__(self, layers: list[nn.Linear], activation: nn.Module) -> None:
        super().__init__()
        self.stack = stacked(layers, activation)

    def forward(self, last: torch.Tensor, boundary: torch.Tensor) -> torch.Tensor:
        """Return the one output, shape ``[conversations]``."""
        out: torch.Tensor = self.stack(last)
        return out[:, 0]


def stacked(layers: list[nn.Linear], activation: nn.Module) -> nn.Sequential:
    """Return the layers in a row with the activation between them."""
    between = [part for layer in layers[:-1] for part in (layer, activation)]
    return nn.Sequential(*between, layers[-1])


def linear(weight: torch.Tensor, bias: torch.Tensor | None = None) -> nn.Linear:
    """Return a layer with these weights: ``[out, in]`` and ``[out]``."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight.float(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias.float(), requires_grad=False)
    return layer


def linear_layers(tensors: Mapping[str, torch.Tensor], prefix: str) -> list[nn.Linear]:
    """Return the linear layers of an ``nn.Sequential`` or ``ModuleList``, in order; shapes come from the tensors.

    Args:
        tensors: Name -> tensor; names are ``<prefix><number>.weight`` and ``.bias``, vectors are other layers'.
        prefix: What the names begin with, dot included.
    """
    pattern = re.compile(re.escape(prefix) + r"(\d+)\.weight")
    numbers = sorted(
        int(found[1]) for name, value in tensors.items() if value.dim() == 2 and (found := pattern.fullmatch(name))
    )
    return [linear(tensors[f"{prefix}{n}.weight"], tensors.get(f"{prefix}{n}.bias")) for n in numbers]


def one_output(checkpoint: Checkpoint, name: str) -> None:
    """Check that a head's last layer gives one number.

    Args:
        checkpoint: The checkpoint.
        name: Its weight, ``[1, hidden]``.

    Raises:
        CheckpointError: It is missing, or of another shape.
    """
    shape = checkpoint.shapes.get(name)
    if shape is None:
        others = sorted(other for other in checkpoint.shapes if _looks_like_head(other))
        found = f"It has {', '.join(others[:3])}." if others else "It is a language model, or its head was not saved."
        raise CheckpointError(f"{checkpoint.folder} has no reward head: no tensor '{name}' in its weights.", found)
    if len(shape) != 2 or shape[0] != 1:
        raise CheckpointError(
            f"{checkpoint.folder} gives {shape[0]} labels ('{name}' is {list(shape)}), a reward model gives one.",
            "A classifier with several labels is not a reward model.",
        )


def _looks_like_head(name: str) -> bool:
    # Only to tell the user what is there instead; nothing is decided by it.
    return not name.startswith(("model.", "transformer.")) and not name.startswith("lm_head")
