"""Export of a trained model as an ordinary one-label sequence-classification checkpoint of transformers."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING

from themis_rm.errors import CheckpointError
from themis_rm.prompts import PromptSet
from themis_rm.storage.atomic import atomic_directory, write_json, write_text
from themis_rm.training.backbone import LM_HEAD
from themis_rm.training.pair_model import PairRewardModel
from themis_rm.training.recipe import TrainRecipe

_BACKBONE = "backbone."


def save_reward_model(
    model: PairRewardModel,
    tokenizer: Any,
    folder: Path,
    *,
    prompts: PromptSet,
    recipe: TrainRecipe,
    training: Mapping[str, Any],
    state: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Write a checkpoint that ``AutoModelForSequenceClassification`` loads, atomically.

    The directory contains ``config.json`` (one label, pad token), ``model.safetensors`` with ``score.weight``, the
    tokenizer with its chat template, ``prompts.json``, ``recipe.yaml`` and ``training.json``; if embeddings are not
    tied also ``lm_head.safetensors``, for a second stage of training.

    Args:
        model: The trained model.
        tokenizer: Its tokenizer.
        folder: Output directory; an existing one is replaced.
        prompts: Criteria prompts of the training data.
        recipe: Recipe of the run.
        training: Metadata of the run: data hash, counts, versions.
        state: Weights that were gathered from shards; by default those of ``model``.

    Raises:
        CheckpointError: transformers has no sequence-classification class with a ``score`` head for the architecture.
    """
    weights = dict(state) if state is not None else dict(model.state_dict())
    dtype = {"fp64": torch.float64, "fp32": torch.float32, "bf16": torch.bfloat16}[recipe.precision]
    with atomic_directory(folder) as partial:
        _save_weights(model, weights, partial, dtype)
        tokenizer.save_pretrained(str(partial))
        write_text(partial / "prompts.json", prompts.to_json() + "\n")
        write_text(partial / "recipe.yaml", yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))
        write_json(partial / "training.json", dict(training))


def _save_weights(model: PairRewardModel, weights: dict[str, torch.Tensor], folder: Path, dtype: torch.dtype) -> None:
    config = copy.deepcopy(model.config)
    config.num_labels = 1
    config.id2label, config.label2id = {0: "reward"}, {"reward": 0}
    config.problem_type = "regression"
    config.use_cache = True
    config.dtype = dtype
    classifier_type = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING.get(type(config), None)
    if classifier_type is None:
        raise CheckpointError(f"transformers has no sequence-classification class for {config.model_type}.")
    # On the meta device, because the trained weights are assigned to it without a copy.
    with torch.device("meta"):
        classifier = classifier_type(config)
    if not isinstance(getattr(classifier, "score", None), torch.nn.Linear):
        raise CheckpointError(f"The sequence-classification class for {config.model_type} has no linear 'score' head.")
    prefix = f"{_BACKBONE}{model.backbone.base_model_prefix}."
    body = {k.removeprefix(prefix): v.to(dtype) for k, v in weights.items() if k.startswith(prefix)}
    classifier.base_model.load_state_dict(body, assign=True)
    classifier.score.load_state_dict({"weight": weights["score.weight"].to(dtype)}, assign=True)
    classifier.save_pretrained(str(folder))
    head = weights.get(f"{_BACKBONE}lm_head.weight")
    if head is not None and not config.get_text_config().tie_word_embeddings:
        save_file({"lm_head.weight": head.to(dtype).contiguous()}, folder / LM_HEAD, metadata={"format": "pt"})
