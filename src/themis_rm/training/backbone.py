"""Backbones: loaded from a folder or the hub, or built from a configuration with fresh weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM

from themis_rm.errors import CheckpointError, SettingError, did_you_mean
from themis_rm.training.model import RewardModel
from themis_rm.training.recipe import Backbone, TrainRecipe

LM_HEAD = "lm_head.safetensors"
"""Beside an exported checkpoint whose embeddings are not tied: what a second training stage needs of the first."""


def build_model(recipe: TrainRecipe, tokenizer: Any, pad: int) -> RewardModel:
    """Return the model that a recipe starts from, in float32 (float64 if asked for).

    Args:
        recipe: What to build; ``recipe.seed`` seeds fresh weights.
        tokenizer: Gives a fresh model its vocabulary.
        pad: Id of the token that pads.

    Raises:
        CheckpointError: There is no such checkpoint, or weights of it are missing.
        SettingError: The configuration has an unknown or impossible field.
    """
    torch.manual_seed(recipe.seed)
    source = recipe.backbone
    head = None
    if source.config is not None:
        backbone = _fresh(source, tokenizer, recipe.max_length)
    else:
        backbone, head = _load(source, needs_lm=recipe.lam > 0)
    backbone.config.pad_token_id = pad
    if recipe.precision == "fp64":
        backbone = backbone.double()
    if len(tokenizer) > backbone.get_input_embeddings().num_embeddings:
        raise CheckpointError(
            f"The tokenizer has {len(tokenizer)} tokens, the backbone "
            f"{backbone.get_input_embeddings().num_embeddings}.",
            "They do not belong together.",
        )
    model = RewardModel(backbone, source.head_init)
    if head is not None:
        model.score.weight.data.copy_(head)
    if recipe.lam > 0:
        model.check()
    elif not backbone.config.get_text_config().tie_word_embeddings:
        # An unused weight would stop distributed training, and decay away.
        backbone.get_output_embeddings().requires_grad_(False)
    if recipe.gradient_checkpointing:
        model.enable_checkpointing()
    return model


def _fresh(source: Backbone, tokenizer: Any, max_length: int) -> Any:
    values = dict(source.config or {})
    kind = values.pop("model_type", "qwen3")
    try:
        known = set(AutoConfig.for_model(kind).to_dict()) | {"rope_theta"}
    except ValueError as error:
        raise SettingError(f"backbone.config.model_type '{kind}' is not known to transformers.") from error
    for name in values:
        if name not in known:
            raise SettingError(f"backbone.config has no field '{name}' for {kind}.", did_you_mean(name, known))
    given = {"vocab_size": len(tokenizer), "max_position_embeddings": max_length, **values}
    given |= {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    try:
        config = AutoConfig.for_model(kind, **given)
        # torch_dtype: of a fresh model always float32; precision is the trainer's business.
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32, **_attention(source))
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError, StrictDataclassError) as error:
        raise SettingError(f"backbone.config makes no model: {' '.join(str(error).split())[:300]}.") from error


def _attention(source: Backbone) -> dict[str, str]:
    return {"attn_implementation": source.attention} if source.attention else {}


def _load(source: Backbone, needs_lm: bool) -> tuple[Any, torch.Tensor | None]:
    try:
        backbone, told = AutoModelForCausalLM.from_pretrained(
            source.path,
            revision=source.revision,
            dtype=torch.float32,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            **_attention(source),
        )
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"No backbone at '{source.path}' ({' '.join(str(error).split())[:300]}).",
            "Give a folder or hub name of a causal language model with safetensors weights.",
        ) from error
    missing = set(told["missing_keys"])
    folder = Path(source.path)
    if missing == {"lm_head.weight"}:
        # A reward model of ours keeps its language-model head beside the checkpoint.
        if (folder / LM_HEAD).is_file():
            with safe_open(folder / LM_HEAD, framework="pt") as tensors:
                backbone.get_output_embeddings().weight.data.copy_(tensors.get_tensor("lm_head.weight"))
            missing = set()
        elif not needs_lm:
            missing = set()
    if missing:
        raise CheckpointError(
            f"'{source.path}' lacks weights of its backbone: {', '.join(sorted(missing)[:3])}.",
            "A classification checkpoint without a language-model head can only be trained on with lam=0."
            if missing == {"lm_head.weight"}
            else "",
        )
    head = _read_tensor(folder, "score.weight") if "score.weight" in told["unexpected_keys"] else None
    if head is not None and head.shape[0] != 1:
        raise CheckpointError(f"The head of '{source.path}' has {head.shape[0]} labels.", "A reward model has one.")
    return backbone, head


def _read_tensor(folder: Path, name: str) -> torch.Tensor | None:
    index = folder / "model.safetensors.index.json"
    file = "model.safetensors"
    if index.is_file():
        file = json.loads(index.read_text(encoding="utf-8"))["weight_map"][name]
    if not (folder / file).is_file():
        return None  # on the hub: a fresh head is made
    with safe_open(folder / file, framework="pt") as tensors:
        return tensors.get_tensor(name)
