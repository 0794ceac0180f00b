"""Reward heads that several families share, and the parts that heads are built from.

Heads are float32: a bf16 reward has 8 bits of precision, so that different responses would tie. torch is imported only
when a head is built or called, so that the registry of families stays cheap to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from themis_rm.errors import CheckpointError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from themis_rm.models.checkpoint import Checkpoint

Activation = Literal["relu", "leaky-relu", "selu"]

SCORE = "score.weight"
"""Weight of the head in the sequence classifiers of transformers."""


class TensorHead:
    """Base class of heads: :meth:`to` moves all tensors and modules among the attributes."""

    def to(self, device: torch.device) -> Self:
        """Move the weights to a device."""
        for name, value in vars(self).items():
            if hasattr(value, "to"):
                setattr(self, name, value.to(device))
        return self


@dataclass
class LinearHead(TensorHead):
    """``last @ weight + bias``.

    Attributes:
        weight: Shape ``[1, hidden]``, float32.
        bias: Shape ``[1]``, float32; ``None`` for no bias.
    """

    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, last: Tensor, boundary: Tensor) -> Tensor:
        """Return the rewards, shape ``[conversations]``."""
        from torch.nn.functional import linear

        return linear(last, self.weight, self.bias)[:, 0]


@dataclass
class LabelsHead(TensorHead):
    """``last @ weight + bias`` with several outputs.

    Attributes:
        weight: Shape ``[labels, hidden]``, float32.
        bias: Shape ``[labels]``, float32; ``None`` for no bias.
    """

    weight: Tensor
    bias: Tensor | None = None

    def __call__(self, last: Tensor, boundary: Tensor) -> Tensor:
        """Return the outputs, shape ``[conversations, labels]``."""
        from torch.nn.functional import linear

        return linear(last, self.weight, self.bias)


@dataclass
class MlpHead(TensorHead):
    """A multi-layer perceptron on the last token's hidden state.

    Attributes:
        layers: See :func:`mlp`; one output.
    """

    layers: nn.Sequential

    def __call__(self, last: Tensor, boundary: Tensor) -> Tensor:
        """Return the rewards, shape ``[conversations]``."""
        rewards: Tensor = self.layers(last)
        return rewards[:, 0]


def mlp(layers: list[nn.Linear], activation: Activation) -> nn.Sequential:
    """Return linear layers with an activation between each two."""
    from torch import nn

    function = {"relu": nn.ReLU(), "leaky-relu": nn.LeakyReLU(0.01), "selu": nn.SELU()}[activation]
    hidden = [part for layer in layers[:-1] for part in (layer, function)]
    return nn.Sequential(*hidden, layers[-1])


def linear_layer(weight: Tensor, bias: Tensor | None = None) -> nn.Linear:
    """Return a float32 layer with these weights, shapes ``[out, in]`` and ``[out]``."""
    from torch import nn

    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None, device="meta")
    layer.weight = nn.Parameter(weight.float(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias.float(), requires_grad=False)
    return layer


def linear_layers(tensors: Mapping[str, Tensor], prefix: str) -> list[nn.Linear]:
    """Return the linear layers of an ``nn.Sequential`` or ``ModuleList``, in order; shapes are those of the tensors.

    Args:
        tensors: Name -> tensor, named ``<prefix><number>.weight`` and ``.bias``; vectors belong to other layers.
        prefix: Start of the names, including the dot.
    """
    pattern = re.compile(re.escape(prefix) + r"(\d+)\.weight")
    numbers = sorted(
        int(match[1]) for name, value in tensors.items() if value.dim() == 2 and (match := pattern.fullmatch(name))
    )
    return [linear_layer(tensors[f"{prefix}{n}.weight"], tensors.get(f"{prefix}{n}.bias")) for n in numbers]


def find_linear_head(checkpoint: Checkpoint) -> str:
    """Return the name of the weight of a checkpoint's linear head, which trainers name differently.

    It is ``score.weight``, or the only matrix outside of the layers with one row, or else with as many rows as the
    configuration has labels.

    Raises:
        CheckpointError: There is none, or there are several.
    """
    if SCORE in checkpoint.shapes:
        return SCORE
    found = _linear_heads(checkpoint, 1)
    labels = checkpoint.config.get("id2label")
    if not found and isinstance(labels, dict) and len(labels) > 1:
        found = _linear_heads(checkpoint, len(labels))
    if len(found) > 1:
        raise CheckpointError(
            f"{checkpoint.folder} has several heads: {', '.join(found[:3])}.",
            "Set model.family to the family that reads one of them.",
        )
    return found[0] if found else SCORE


def _linear_heads(checkpoint: Checkpoint, rows: int) -> list[str]:
    return sorted(name for name, shape in checkpoint.shapes.items() if _is_linear_head(name, shape, rows))


def _is_linear_head(name: str, shape: tuple[int, ...], rows: int) -> bool:
    in_layer = any(part.isdigit() for part in name.split("."))
    is_other = rows > 1 and ("embed" in name or "lm_head" in name)
    return name.endswith(".weight") and not (in_layer or is_other) and len(shape) == 2 and shape[0] == rows < shape[1]


def load_labels_head(checkpoint: Checkpoint, name: str) -> LinearHead | LabelsHead:
    """Read a linear head with one output or several; see :func:`load_linear_head`.

    Raises:
        CheckpointError: It is missing, or has another number of dimensions than two.
    """
    shape = checkpoint.shapes.get(name, ())
    if len(shape) != 2 or shape[0] == 1:
        return load_linear_head(checkpoint, name)
    tensors = checkpoint.tensors(linear_head_tensors(checkpoint, name))
    return LabelsHead(tensors[name], tensors.get(_bias_of(name)))


def load_linear_head(checkpoint: Checkpoint, name: str) -> LinearHead:
    """Read a linear head.

    Args:
        checkpoint: The checkpoint.
        name: Name of its weight, ``[1, hidden]``; a bias of the same layer is read if there is one.

    Raises:
        CheckpointError: It is missing, or has another shape.
    """
    require_scalar_output(checkpoint, name)
    names = linear_head_tensors(checkpoint, name)
    tensors = checkpoint.tensors(names)
    return LinearHead(tensors[name], tensors.get(_bias_of(name)))


def linear_head_tensors(checkpoint: Checkpoint, name: str) -> frozenset[str]:
    """Return the names of the weight and, if there is one, the bias of a linear head."""
    return frozenset({name, _bias_of(name)} & checkpoint.shapes.keys())


def _bias_of(name: str) -> str:
    return f"{name.removesuffix('weight')}bias"


def require_scalar_output(checkpoint: Checkpoint, name: str) -> None:
    """Check that the last layer of a head has one output.

    Args:
        checkpoint: The checkpoint.
        name: Name of the layer's weight, ``[1, hidden]``.

    Raises:
        CheckpointError: It is missing, or has another shape.
    """
    shape = checkpoint.shapes.get(name)
    if shape is None:
        if file := checkpoint.unread_head_file:
            raise CheckpointError(
                f"The reward head of {checkpoint.folder} is in {file}, a pickle, which is not loaded: it can run code.",
                "Convert it to safetensors, or if you trust its origin set model.pickled_weights=true.",
            )
        others = sorted(other for other in checkpoint.shapes if _may_be_head(other))
        hint = f"It has {', '.join(others[:3])}." if others else "It is a language model, or its head was not saved."
        raise CheckpointError(f"{checkpoint.folder} has no reward head: no tensor '{name}' in its weights.", hint)
    if len(shape) != 2:
        raise CheckpointError(
            f"{checkpoint.folder} has a head '{name}' of shape {list(shape)}, but a linear head has [1, hidden size].",
            "Save the head as a linear layer with one output.",
        )
    if shape[0] != 1:
        raise CheckpointError(
            f"{checkpoint.folder} has {shape[0]} labels ('{name}' is {list(shape)}), but a reward model has one.",
            "A classifier with several labels is not a reward model.",
        )


def _may_be_head(name: str) -> bool:
    # Only for the error message; nothing is decided by it.
    return not name.startswith(("model.", "transformer.")) and not name.startswith("lm_head")
