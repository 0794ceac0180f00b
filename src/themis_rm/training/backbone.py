"""Backbones: language models loaded from a directory or the Hub, or built from a configuration with random weights."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig, AutoModelForCausalLM

from themis_rm.errors import CheckpointError, SettingError, did_you_mean
from themis_rm.models.adapters import AdaptedCheckpoint, open_checkpoint
from themis_rm.models.backbone import load_weights
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.config import build_skeleton, read_config
from themis_rm.models.embedded import NAME as NANO
from themis_rm.models.families import criteria_mean
from themis_rm.models.families.token_mean import COEFFICIENT, WEIGHT
from themis_rm.models.family import require_complete_model
from themis_rm.models.heads import SCORE
from themis_rm.models.local_models import PACKAGED, find_model
from themis_rm.models.rotary import fixed_positions
from themis_rm.models.settings import ModelSettings
from themis_rm.models.tensor_files import read_tensors
from themis_rm.models.unused_tensors import UNUSED
from themis_rm.training.objective import needs_nll, objective_weights
from themis_rm.training.pair_model import PairRewardModel
from themis_rm.training.recipe import BackboneSettings, TrainRecipe
from themis_rm.training.trainable import select_trainable

_CLASSIFIERS = ("Classification", "Reward", "ValueHead")
"""Parts of the names of architectures with a head that scores a text."""
LM_HEAD = "lm_head.safetensors"
"""File with the language-model head of an exported checkpoint with untied embeddings, for a second training stage."""


def build_model(recipe: TrainRecipe, tokenizer: Any, pad_token_id: int) -> PairRewardModel:
    """Return the model that a recipe starts from, in float32 (float64 with ``precision: fp64``).

    Args:
        recipe: The training recipe; ``recipe.seed`` seeds random weights.
        tokenizer: Tokenizer; a model with random weights gets its vocabulary size.
        pad_token_id: Token to pad with.

    Raises:
        CheckpointError: The checkpoint does not exist or lacks weights.
        SettingError: The configuration has an unknown or invalid field.
    """
    torch.manual_seed(recipe.seed)
    with_lm_head = needs_lm_head(recipe)
    source = recipe.backbone
    head: dict[str, torch.Tensor] = {}
    lost = None
    if source.config is not None:
        backbone = _from_config(source, tokenizer, recipe.max_length)
    else:
        backbone, head, lost = _from_pretrained(source, with_lm_head, _quantization(recipe), recipe.pooling)
    require_fixed_frequencies(backbone, recipe.max_length)
    backbone.config.pad_token_id = pad_token_id
    select_trainable(backbone, recipe)
    if recipe.precision == "fp64":
        backbone = backbone.double()
    model = PairRewardModel(backbone, source.head_init_std, recipe.pooling, recipe.log_probability_coefficient)
    for name, value in head.items():
        model.get_parameter(name).data.copy_(value)
    model.lost_head = lost
    model.check_padding()
    if with_lm_head:
        model.check_logits()
    freeze_unused_lm_head(backbone, recipe)
    if recipe.share_prefixes:
        model.share_prefixes()
    if recipe.gradient_checkpointing:
        model.enable_gradient_checkpointing()
    return model


def needs_lm_head(recipe: TrainRecipe) -> bool:
    """Return whether the objective or the reward of a recipe reads log-probabilities of tokens."""
    return needs_nll(objective_weights(recipe)) or recipe.log_probability_coefficient != 0


def freeze_unused_lm_head(backbone: Any, recipe: TrainRecipe) -> None:
    """Freeze the language-model head of a backbone if it has weights of its own and nothing reads them.

    Distributed training fails on unused weights, and weight decay would shrink them.
    """
    if not needs_lm_head(recipe) and not tied_embeddings(backbone.config):
        backbone.get_output_embeddings().requires_grad_(False)


def require_fixed_frequencies(backbone: Any, longest: int) -> None:
    """Check that the rotary embeddings of a backbone do not depend on the longest input of a batch.

    Args:
        backbone: A causal language model; may be on the meta device.
        longest: Largest number of tokens.

    Raises:
        SettingError: They do for inputs of this length.
    """
    limit = fixed_positions(backbone.config)
    if longest > limit:
        raise SettingError(
            f"max_length is {longest}, but above {int(limit)} tokens the rotary embeddings of this backbone depend on "
            "the longest input of a batch, so that rewards in training would not be those of scoring.",
            f"Set max_length={int(limit)} or less.",
        )


def tied_embeddings(config: Any) -> bool:
    """Return whether a model's input and output embeddings are the same weights."""
    return bool(getattr(config.get_text_config(), "tie_word_embeddings", False))


def build_empty_backbone(recipe: TrainRecipe, tokenizer: Any) -> Any:
    """Return the backbone of a recipe without weights (on the meta device).

    Args:
        recipe: The training recipe.
        tokenizer: See :func:`build_model`.

    Raises:
        CheckpointError: There is no checkpoint at the path, or transformers cannot build a language model for it.
        SettingError: The configuration has an unknown or invalid field.
    """
    source = recipe.backbone
    if source.config is not None:
        with torch.device("meta"):
            return _from_config(source, tokenizer, recipe.max_length)
    checkpoint = open_backbone(source)
    return build_skeleton(checkpoint, read_config(checkpoint), AutoModelForCausalLM)


def _from_config(source: BackboneSettings, tokenizer: Any, max_length: int) -> Any:
    values = dict(source.config or {})
    model_type = values.pop("model_type", "qwen3")
    try:
        known = set(AutoConfig.for_model(model_type).to_dict()) | {"rope_theta"}
    except ValueError as error:
        raise SettingError(f"backbone.config.model_type: transformers has no architecture '{model_type}'.") from error
    for name in values:
        if name not in known:
            raise SettingError(f"backbone.config has no field '{name}' for {model_type}.", did_you_mean(name, known))
    fields = {"vocab_size": len(tokenizer), "max_position_embeddings": max_length, **values}
    fields |= {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    try:
        config = AutoConfig.for_model(model_type, **fields)
        # Always float32: the trainer applies the precision.
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32, **_attention(source))
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError, StrictDataclassError) as error:
        raise SettingError(
            f"backbone.config is not a valid configuration: {' '.join(str(error).split())[:300]}."
        ) from error


def _attention(source: BackboneSettings) -> dict[str, str]:
    return {"attn_implementation": source.attn_implementation} if source.attn_implementation else {}


def _quantization(recipe: TrainRecipe) -> dict[str, Any]:
    """Return the arguments of ``from_pretrained`` for the precision of frozen weights."""
    if recipe.peft is None or not recipe.peft.load_in_4bit:
        return {}
    require_bitsandbytes(recipe)
    from transformers import BitsAndBytesConfig

    dtype = torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    return {"quantization_config": config}


def require_bitsandbytes(recipe: TrainRecipe) -> None:
    """Check that the package for weights in 4 bits is installed, if the recipe asks for them.

    Raises:
        SettingError: It is not.
    """
    if recipe.peft is not None and recipe.peft.load_in_4bit and find_spec("bitsandbytes") is None:
        raise SettingError(
            "peft.load_in_4bit needs the package bitsandbytes.", "Run: pip install bitsandbytes, or set it to false."
        )


def _from_pretrained(
    source: BackboneSettings, with_lm_head: bool, quantization: dict[str, Any], pooling: str
) -> tuple[Any, dict[str, torch.Tensor], list[str] | None]:
    """Return a pretrained backbone, the tensors of its reward head, and the names of those of a head that is not read.

    Args:
        source: Settings of the backbone.
        with_lm_head: Whether a language-model head is needed.
        quantization: Arguments of ``from_pretrained`` for frozen weights.
        pooling: See :class:`~themis_rm.training.recipe.TrainRecipe`; it decides which kind of head is read.
    """
    checkpoint = open_backbone(source)
    require_complete_model(checkpoint)
    if criteria_mean.WEIGHT in checkpoint.shapes:
        raise CheckpointError(
            f"'{source.name}' has a head with one output for each criterion, which gradient steps do not train.",
            "Set head_fit={} to train this head, or backbone.path to its base.",
        )
    if isinstance(checkpoint, AdaptedCheckpoint):
        checkpoint.check_base()
    config = read_config(checkpoint)
    build_skeleton(checkpoint, config, AutoModelForCausalLM)
    head_names = ({SCORE} if pooling == "last" else {WEIGHT, COEFFICIENT}) & checkpoint.shapes.keys()
    weights = checkpoint.mapped_tensors(name for name in checkpoint.shapes if name not in head_names)
    backbone, report = load_weights(
        AutoModelForCausalLM, checkpoint, config, weights, dtype=torch.float32, **_attention(source), **quantization
    )
    missing = set(report["missing_keys"])
    if missing == {"lm_head.weight"}:
        # Exported reward models have their language-model head in a separate file.
        if (file := checkpoint.folder / LM_HEAD).is_file():
            backbone.get_output_embeddings().weight.data.copy_(read_tensors(file, ["lm_head.weight"])["lm_head.weight"])
            missing = set()
        elif not with_lm_head:
            missing = set()
    if missing:
        raise CheckpointError(
            f"'{source.name}' lacks weights of its backbone: {', '.join(sorted(missing)[:3])}.",
            "Set lm_loss_weight=0 to train a classification checkpoint without a language-model head."
            if missing == {"lm_head.weight"}
            else "",
        )
    head = checkpoint.mapped_tensors(head_names)
    labels = max((value.shape[0] for value in head.values()), default=1)
    if labels != 1:
        raise CheckpointError(
            f"The head of '{source.name}' has {labels} labels.", "Use a checkpoint with one label or no head."
        )
    return backbone, head, None if head else _lost_head(checkpoint, config, report["unexpected_keys"])


def _lost_head(checkpoint: Checkpoint, config: Any, unexpected: Iterable[str]) -> list[str] | None:
    """Return the weights of a reward head that were not loaded, ``None`` if the checkpoint is not a reward model."""
    width = config.get_text_config().hidden_size
    # Other unused weights, such as those of layers that predict further tokens, do not belong to a head.
    heads = [
        name
        for name in sorted(set(unexpected) - UNUSED)
        if ".layers." not in name and (shape := checkpoint.shapes[name])[-1:] == (width,) and shape[0] < width
    ]
    scores = any(part in name for name in config.architectures or [] for part in _CLASSIFIERS)
    return heads if heads or scores else None


def open_backbone(source: BackboneSettings) -> Checkpoint:
    """Return the checkpoint of a pretrained backbone.

    Raises:
        CheckpointError: There is none of this name, or its files cannot be used.
    """
    folder = find_model(source.name, source.revision or "")
    if folder is None:
        raise CheckpointError(
            f"No backbone at '{source.name}'.",
            "Set backbone.path to a directory or Hub name of a causal language model with safetensors weights, to a "
            f"GGUF file, or to {' or '.join([*PACKAGED, NANO])}.",
        )
    return open_checkpoint(folder, ModelSettings())
