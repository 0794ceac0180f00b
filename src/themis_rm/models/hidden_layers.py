"""Hidden states of several layers of a decoder at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from themis_rm.errors import CheckpointError


def decoder_layers(backbone: Any) -> nn.ModuleList | None:
    """Return the list of layers of a language model or a decoder, ``None`` if it cannot be identified."""
    count = backbone.config.get_text_config().num_hidden_layers
    lists = (module for module in backbone.base_model.modules() if isinstance(module, nn.ModuleList))
    return next((module for module in lists if len(module) == count), None)


def require_layers(backbone: Any, layers: Sequence[int]) -> nn.ModuleList:
    """Return the layers of a decoder, which has all of these.

    Args:
        backbone: A language model or a decoder.
        layers: Numbers of layers; the first is 1.

    Raises:
        CheckpointError: It has fewer layers, or they cannot be identified.
    """
    found = decoder_layers(backbone)
    if found is None:
        raise CheckpointError(f"The layers of a decoder of type {backbone.config.model_type} are not known.")
    if wrong := [layer for layer in layers if not 1 <= layer <= len(found)]:
        raise CheckpointError(f"The decoder has the layers 1 to {len(found)}, and no layer {wrong[0]}.")
    return found


def concatenate_layers(backbone: Any, layers: Sequence[int]) -> None:
    """Make a decoder return the hidden states of several layers as its last hidden states.

    They follow each other along the last axis, the last layer of the decoder (after its normalization) first. The model
    must not be run by several threads at a time.

    Args:
        backbone: A decoder.
        layers: Numbers of the layers below the last one to add, in this order; the first layer is 1.

    Raises:
        CheckpointError: It has fewer layers, or they cannot be identified.
    """
    captured: dict[int, torch.Tensor] = {}

    def keep(layer: int) -> Any:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            captured[layer] = output[0] if isinstance(output, tuple) else output

        return hook

    def concatenate(_: nn.Module, __: Any, kwargs: dict[str, Any], output: Any) -> Any:
        last = output.last_hidden_state
        # A decoder with tree attention may compute its last layer for some rows only.
        rows = getattr(kwargs.get("tree"), "needed_rows", None)
        states = [captured[layer].to(last.device) for layer in layers]
        captured.clear()
        if rows is not None:
            states = [state[:, rows] if state.shape[1] != last.shape[1] else state for state in states]
        output.last_hidden_state = torch.cat([last, *states], dim=-1)
        return output

    modules = require_layers(backbone, layers)
    for layer in layers:
        modules[layer - 1].register_forward_hook(keep(layer))
    if layers:
        backbone.register_forward_hook(concatenate, with_kwargs=True)
