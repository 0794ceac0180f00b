"""Shapes of backbones whose configuration is known without the Hub, and the backbone of a recipe without weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from themis_rm.errors import CheckpointError
from themis_rm.models import embedded, hub
from themis_rm.training.backbone import build_empty_backbone
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.tokenizers import load_recipe_tokenizer


def _qwen3(hidden: int, intermediate: int, layers: int, heads: int, tied: bool) -> dict[str, Any]:
    return {
        "model_type": "qwen3",
        "vocab_size": 151_936,
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "tie_word_embeddings": tied,
        "max_position_embeddings": 40_960,
    }


_SMOLLM2 = {
    "model_type": "llama",
    "vocab_size": 49_152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
    "max_position_embeddings": 8192,
}

SHAPES: dict[str, dict[str, Any]] = {
    "Qwen/Qwen3-0.6B": _qwen3(1024, 3072, 28, 16, tied=True),
    "Qwen/Qwen3-1.7B": _qwen3(2048, 6144, 28, 16, tied=True),
    "Qwen/Qwen3-4B": _qwen3(2560, 9728, 36, 32, tied=True),
    "Qwen/Qwen3-8B": _qwen3(4096, 12288, 36, 32, tied=False),
    "Qwen/Qwen3-14B": _qwen3(5120, 17408, 40, 40, tied=False),
    "Qwen/Qwen3-32B": _qwen3(5120, 25600, 64, 64, tied=False),
    "HuggingFaceTB/SmolLM2-135M-Instruct": _SMOLLM2,
    "smollm2-135m": _SMOLLM2,
    embedded.NAME: _SMOLLM2,
}
"""Name of a backbone -> the fields of its configuration that decide sizes."""


class Vocabulary:
    """What a backbone from a configuration reads of its tokenizer."""

    bos_token_id = eos_token_id = None

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size


def empty_backbone(recipe: TrainRecipe) -> Any:
    """Return the backbone of a recipe on the meta device, without its weights and, where possible, without the Hub.

    A checkpoint that does not exist yet is planned by ``backbone.base_model``. Of a model on the Hub that is not in
    :data:`SHAPES` only ``config.json`` is read.

    Raises:
        CheckpointError: There is no backbone, and nothing is known about it.
        SettingError: The configuration is not valid.
    """
    source = recipe.backbone
    if source.config is not None:
        bpe = recipe.tokenizer.train_bpe
        return build_empty_backbone(recipe, Vocabulary(bpe.vocab_size) if bpe else load_recipe_tokenizer(recipe))
    missing = bool(source.path) and not Path(source.path).exists()
    name = source.base_model if missing and source.base_model else source.path
    if missing and (name in SHAPES or hub.is_id(name)):
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(_config(name, source.revision), dtype=torch.float32)
    if missing:
        raise CheckpointError(
            f"No backbone at '{name}'.", "Set backbone.base_model to the model that it will be trained from."
        )
    return build_empty_backbone(recipe, None)


def _config(name: str, revision: str | None) -> Any:
    if name in SHAPES:
        values = dict(SHAPES[name])
        return AutoConfig.for_model(values.pop("model_type"), **values)
    try:
        return AutoConfig.from_pretrained(name, revision=revision)
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"The configuration of '{name}' cannot be read: {' '.join(str(error).split())[:100]}",
            "For a checkpoint that does not exist yet, set backbone.base_model to the model that it is trained from. "
            f"Known without the Hub: {', '.join(SHAPES)}.",
        ) from error
