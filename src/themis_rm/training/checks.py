"""Checks before the first step: what would end a run after its last step is tried before anything is paid for.

The model is built without memory for weights (on the meta device), so the checks take seconds for any size.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from themis_rm.errors import CheckpointError, InputError, SettingError, UserError
from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import PROMPT_TOO_LONG
from themis_rm.models.settings import ModelSettings
from themis_rm.models.vocabulary import tokens_without_embedding
from themis_rm.prompts import PromptSet
from themis_rm.storage.atomic import remove
from themis_rm.training.backbone import build_empty_backbone, require_bitsandbytes, require_fixed_frequencies
from themis_rm.training.export import build_classifier, save_reward_model
from themis_rm.training.objective import objective_weights
from themis_rm.training.pair_model import PairRewardModel
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.tokenizers import load_recipe_tokenizer
from themis_rm.training.trainable import count_weights, select_trainable

LARGEST_TRIAL = 1_000_000_000
"""Most weights of a model whose checkpoint is tried before the first step."""
STATE_BYTES = 12
"""Bytes per trained weight of a training checkpoint: the weight and two moments of AdamW in float32."""
FROZEN_BYTES = {"none": 0, "fsdp2": 4, "fsdp2-offload": 4}
"""Bytes per frozen weight of a training checkpoint: shards are saved with all their weights."""
EXPORT_BYTES = {"auto": 4, "bf16": 2, "fp32": 4, "fp64": 8}
"""Bytes per weight of the exported checkpoint."""


def check_processes(recipe: TrainRecipe, process: TrainingArguments) -> None:
    """Check that a recipe fits the processes and GPUs of the run.

    Args:
        recipe: The training recipe.
        process: Arguments of this process.

    Raises:
        SettingError: A single process would be sharded, or it sees several GPUs.
    """
    if recipe.sharding != "none" and process.world_size == 1:
        raise SettingError("sharding needs several processes.", "Start with torchrun, or set sharding: none.")
    if process.n_gpu > 1:
        raise SettingError(
            f"{process.n_gpu} GPUs are visible to one process.", "Start one process per GPU with torchrun."
        )


def check_recipe(recipe: TrainRecipe) -> None:
    """Check what a recipe needs besides the dataset: loss terms, tokenizer and backbone.

    Raises:
        UserError: One of them is missing or cannot be used.
    """
    objective_weights(recipe)
    if recipe.tokenizer.train_bpe is None:
        check_model(recipe, load_recipe_tokenizer(recipe))


@dataclass(frozen=True)
class WeightCounts:
    """Size of a backbone.

    Attributes:
        total: Number of weights, without LoRA matrices.
        trained: Number of weights that are trained, LoRA matrices included.
    """

    total: int
    trained: int


def check_model(recipe: TrainRecipe, tokenizer: Any, pad_token_id: int | None = None) -> WeightCounts:
    """Check that a backbone fits tokenizer and recipe, and that its checkpoint can be exported.

    Args:
        recipe: The training recipe.
        tokenizer: Tokenizer of the run.
        pad_token_id: Token to pad with, if it is known already.

    Returns:
        The number of weights of the backbone, and of those that are trained.

    Raises:
        CheckpointError: The tokenizer has more tokens than the backbone, or transformers has no class for the export.
        SettingError: The configuration is not valid, ``max_length`` exceeds the positions of the backbone, or layers or
            modules to train do not exist.
    """
    backbone = build_empty_backbone(recipe, tokenizer)
    backbone.config.pad_token_id = pad_token_id
    check_vocabulary(backbone, tokenizer)
    require_fixed_frequencies(backbone, recipe.max_length)
    positions = getattr(backbone.config.get_text_config(), "max_position_embeddings", None)
    if isinstance(positions, int) and 0 < positions < recipe.max_length:
        raise SettingError(
            f"max_length {recipe.max_length} exceeds the {positions} positions of the backbone.",
            f"Set max_length={positions}.",
        )
    build_classifier(backbone)
    require_bitsandbytes(recipe)
    total = count_weights(backbone)
    with torch.device("meta"):
        select_trainable(backbone, recipe)
    return WeightCounts(total, count_weights(backbone, trained=True))


def check_backbone(recipe: TrainRecipe, tokenizer: Any, pad_token_id: int, out: Path) -> None:
    """Check the model, see :func:`check_model`, and that its checkpoints fit on the disk.

    Args:
        recipe: The training recipe.
        tokenizer: Tokenizer of the run.
        pad_token_id: Token to pad with.
        out: Output directory; it exists.

    Raises:
        CheckpointError: See :func:`check_model`.
        SettingError: See :func:`check_model`.
        InputError: The disk has too little free space.
    """
    _check_disk(check_model(recipe, tokenizer, pad_token_id), recipe, out)


def check_vocabulary(backbone: Any, tokenizer: Any) -> None:
    """Check that a backbone has an embedding for every token.

    Raises:
        CheckpointError: The tokenizer has more tokens.
    """
    embeddings = backbone.get_input_embeddings().num_embeddings
    if tokens_without_embedding(tokenizer, embeddings):
        raise CheckpointError(
            f"The tokenizer has {len(tokenizer)} tokens, but the backbone has embeddings for {embeddings}.",
            "Set tokenizer.path to the tokenizer of this backbone.",
        )


def check_export(model: PairRewardModel, tokenizer: Any, recipe: TrainRecipe, prompts: PromptSet, folder: Path) -> None:
    """Export the untrained model, load it as scoring does, and score with it.

    Args:
        model: The model before the first step. One with more than :data:`LARGEST_TRIAL` weights is not tried, since
            that would need twice its memory.
        tokenizer: Its tokenizer.
        recipe: Recipe of the run.
        prompts: Criteria prompts of the training data.
        folder: Directory for the checkpoint; removed afterward.

    Raises:
        CheckpointError: The exported checkpoint cannot be loaded or scored.
    """
    if count_weights(model) > LARGEST_TRIAL:
        return
    try:
        with torch.random.fork_rng():
            save_reward_model(model, tokenizer, folder, prompts=prompts, recipe=recipe, training={})
            failures = score_trial(folder)
    except _SCORING_ERRORS as error:
        failures = [_reason(error)]
    finally:
        remove(folder)
    if failures:
        raise CheckpointError(
            f"The checkpoint of a backbone of type {model.config.model_type} could not be scored: {failures[0]}",
            "Use another backbone, tokenizer or chat template.",
        )


def score_trial(folder: Path) -> list[str]:
    """Load a checkpoint as scoring does and score two answers.

    Returns:
        What went wrong; empty for a checkpoint that can be scored.
    """
    talks = [conversation(None, "Add two numbers.", answer) for answer in ("return a + b", "pass")]
    try:
        scores = load_model(folder, ModelSettings(device="cpu")).score(talks)
    except _SCORING_ERRORS as error:
        return [_reason(error)]
    return [score.failure for score in scores if score.failure not in {"", PROMPT_TOO_LONG}]


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


_SCORING_ERRORS = (UserError, RuntimeError, ValueError, TypeError, AttributeError, LookupError, AssertionError)
"""What an architecture that scoring does not support raises."""


def checkpoint_bytes(weights: WeightCounts, recipe: TrainRecipe) -> int:
    """Return the disk space of a checkpoint to resume from, in bytes."""
    frozen = max(0, weights.total - weights.trained)
    return weights.trained * STATE_BYTES + frozen * FROZEN_BYTES[recipe.sharding]


def export_bytes(weights: WeightCounts, recipe: TrainRecipe) -> int:
    """Return the disk space of the exported checkpoint, in bytes."""
    exported = weights.trained if recipe.peft and not recipe.peft.merge else weights.total
    return exported * EXPORT_BYTES[recipe.precision]


def _check_disk(weights: WeightCounts, recipe: TrainRecipe, out: Path) -> None:
    checkpoint = checkpoint_bytes(weights, recipe)
    kept = 2 if recipe.load_best_model_at_end else 1
    # A checkpoint is removed once the next one is complete; the exported one is written next to those that are kept.
    needed = kept * checkpoint + max(checkpoint, export_bytes(weights, recipe))
    present = sum(file.stat().st_size for file in (out / "checkpoints").rglob("*") if file.is_file())
    free = shutil.disk_usage(out).free + present
    if free < needed:
        raise InputError(
            f"{out} has {free / 1e9:.1f} GB of disk space for checkpoints; {kept + 1} of them, or {kept} and the "
            f"exported one, need {needed / 1e9:.1f} GB.",
            "Free space, or set another output directory.",
        )
