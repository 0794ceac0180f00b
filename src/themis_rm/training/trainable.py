"""Weights that are trained: all of them, the last layers, or LoRA matrices (Hu et al., 2021, arXiv 2106.09685)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from themis_rm.errors import SettingError
from themis_rm.models import hidden_layers
from themis_rm.models.lora import LoraMatrices
from themis_rm.training.recipe import PeftSettings, TrainRecipe

_ADAPTER = "default"
"""Name that peft gives to the adapter inside the model."""
_BASE_LAYER = ".base_layer."
"""What peft puts into the names of the weights of an adapted module."""


def select_trainable(backbone: Any, recipe: TrainRecipe) -> None:
    """Freeze the lower layers of a backbone, or all its weights after adding LoRA matrices, as a recipe says.

    The matrices are drawn from torch's random numbers. They are on the device of the weights that they are added to.

    Args:
        backbone: A causal language model; may be on the meta device.
        recipe: The training recipe.

    Raises:
        SettingError: The recipe names more layers than there are, or a module that does not exist.
    """
    if recipe.train_layers is not None:
        _freeze_lower_layers(backbone, recipe.train_layers)
    elif recipe.peft is not None:
        _add_lora(backbone, recipe.peft)


def _freeze_lower_layers(backbone: Any, count: int) -> None:
    layers = decoder_layers(backbone)
    _require_layers("train_layers", count, len(layers))
    backbone.requires_grad_(False)
    for layer in layers[len(layers) - count :]:
        layer.requires_grad_(True)
    below = {id(weight) for layer in layers for weight in layer.parameters()}
    embeddings = {
        id(weight)
        for module in backbone.modules()
        if isinstance(module, nn.Embedding) or module is backbone.get_output_embeddings()
        for weight in module.parameters()
    }
    # What remains is the normalization after the last layer.
    for weight in backbone.base_model.parameters():
        if id(weight) not in below | embeddings:
            weight.requires_grad_(True)


def _add_lora(backbone: Any, settings: PeftSettings) -> None:
    from peft import inject_adapter_in_model

    known = linear_names(backbone)
    if not known:
        raise SettingError("The layers of this backbone have no linear modules.", "Train without peft.")
    if unknown := [name for name in settings.target_modules if name not in known]:
        raise SettingError(
            f"peft.target_modules: the layers of this backbone have no linear module '{unknown[0]}'.",
            f"They have: {', '.join(known)}.",
        )
    layers = len(decoder_layers(backbone))
    _require_layers("peft.layers", settings.layers or 1, layers)
    inject_adapter_in_model(lora_config(backbone, settings), backbone, adapter_name=_ADAPTER)


def lora_config(backbone: Any, settings: PeftSettings) -> Any:
    """Return the configuration of peft for a backbone, with or without its LoRA matrices."""
    from peft import LoraConfig

    names = settings.target_modules or linear_names(backbone)
    layers = len(decoder_layers(backbone))
    return LoraConfig(
        r=settings.r,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=list(names),
        layers_to_transform=list(range(layers - settings.layers, layers)) if settings.layers else None,
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in backbone.modules()),
    )


def linear_names(backbone: Any) -> list[str]:
    """Return the last parts of the names of the linear modules in the layers of a backbone, sorted."""
    modules = (item for layer in decoder_layers(backbone) for item in layer.named_modules())
    parts = (name.removesuffix(_BASE_LAYER[:-1]).split(".") for name, m in modules if isinstance(m, nn.Linear | Conv1D))
    return sorted({names[-1] for names in parts if not any(name.startswith("lora_") for name in names)})


def decoder_layers(backbone: Any) -> nn.ModuleList:
    """Return the list of decoder layers of a backbone.

    Raises:
        SettingError: They cannot be identified.
    """
    found = hidden_layers.decoder_layers(backbone)
    if found is None:
        raise SettingError(
            f"The layers of a backbone of type {backbone.config.model_type} are not known.",
            "Train without peft and train_layers.",
        )
    return found


def _require_layers(name: str, count: int, layers: int) -> None:
    if count > layers:
        raise SettingError(f"{name} is {count}, but the backbone has {layers} layers.", f"Set {name}={layers} or less.")


def unadapted_names(names: Mapping[str, Tensor]) -> Iterator[tuple[str, str]]:
    """Yield the names of all weights but LoRA matrices, each with its name in a model without LoRA."""
    return ((name, name.replace(_BASE_LAYER, ".")) for name in names if ".lora_" not in name)


def merge_lora(weights: Mapping[str, Tensor], settings: PeftSettings, transposed: bool) -> dict[str, Tensor]:
    """Return the weights of a model with its LoRA matrices added, under the names that they have without LoRA.

    Args:
        weights: State dict of a model from :func:`select_trainable`.
        settings: Its settings.
        transposed: Whether adapted weights are ``[in, out]``.
    """
    merged = {}
    for name, plain in unadapted_names(weights):
        module = name.partition(_BASE_LAYER)[0]
        down, up = (weights.get(f"{module}.{part}.{_ADAPTER}.weight") for part in ("lora_A", "lora_B"))
        value = weights[name]
        if down is not None and up is not None and name.endswith(".weight"):
            value = LoraMatrices(down, up, settings.alpha / settings.r, transposed).merge(value)
        merged[plain] = value
    return merged


def lora_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the LoRA matrices of a state dict under the names of a saved adapter (without the name of the adapter)."""
    return {name.replace(f".{_ADAPTER}.", "."): value for name, value in weights.items() if ".lora_" in name}


def count_weights(model: nn.Module, trained: bool = False) -> int:
    """Return the number of weights of a model; those in 4 bits count singly.

    Args:
        model: The model; tied weights count once.
        trained: Count only those that are trained.
    """
    return sum(_size(weight) for weight in model.parameters() if weight.requires_grad or not trained)


def _size(weight: Any) -> int:
    state = getattr(weight, "quant_state", None)
    return math.prod(state.shape) if state is not None else weight.numel()


def without_frozen(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Return a state dict without weights that are not trained, which a run loads from the backbone when it resumes.

    Args:
        state: State dict of the model.
        model: The model.
    """
    frozen = {name for name, weight in model.named_parameters(remove_duplicate=False) if not weight.requires_grad}
    # A weight in 4 bits has its scales next to it: 'q_proj.weight.absmax'.
    return {
        name: value
        for name, value in state.items()
        if name not in frozen and f"{name.partition('.weight.')[0]}.weight" not in frozen
    }
