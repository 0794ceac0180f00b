"""Export: an ordinary one-label sequence-classification checkpoint that needs no code of ours."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING

from themis_rm.errors import CheckpointError
from themis_rm.prompts import PromptSet
from themis_rm.storage.atomic import write_text
from themis_rm.training.backbone import LM_HEAD
from themis_rm.training.model import RewardModel
from themis_rm.training.recipe import TrainRecipe

_BACKBONE = "backbone."


def save_reward_model(
    model: RewardModel,
    tokenizer: Any,
    folder: Path,
    *,
    prompts: PromptSet,
    recipe: TrainRecipe,
    training: Mapping[str, Any],
    state: Mapping[str, torch.Tensor] | None = None,
) -> None:
    """Write a checkpoint that ``AutoModelForSequenceClassification`` loads; the folder appears only when whole.

    It holds ``config.json`` (one label, pad token), ``model.safetensors`` with ``score.weight``, the tokenizer with
    its chat template, ``prompts.json``, ``recipe.yaml`` and ``training.json``; beside them ``lm_head.safetensors``
    where embeddings are not tied, for a next stage of training.

    Args:
        model: What was trained.
        tokenizer: What it was trained with.
        folder: Where to write; an older one is replaced.
        prompts: The criteria prompts of its training data.
        recipe: How it was trained.
        training: Facts of the run: data hash, counts, versions.
        state: Its weights, where they have been gathered from shards; taken from ``model`` otherwise.

    Raises:
        CheckpointError: The architecture has no sequence-classification form with a ``score`` head.
    """
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    weights = dict(state) if state is not None else dict(model.state_dict())
    dtype = torch.float64 if recipe.precision == "fp64" else torch.float32
    _save_weights(model, weights, partial, torch.bfloat16 if recipe.precision == "bf16" else dtype)
    tokenizer.save_pretrained(str(partial))
    write_text(partial / "prompts.json", prompts.to_json() + "\n")
    write_text(partial / "recipe.yaml", yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))
    write_text(partial / "training.json", json.dumps(training, indent=2, ensure_ascii=False) + "\n")
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)


def _save_weights(model: RewardModel, weights: dict[str, torch.Tensor], folder: Path, dtype: torch.dtype) -> None:
    config = copy.deepcopy(model.config)
    config.num_labels = 1
    config.id2label, config.label2id = {0: "reward"}, {"reward": 0}
    config.problem_type = "regression"
    config.use_cache = True
    config.dtype = dtype
    kind = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING.get(type(config), None)
    if kind is None:
        raise CheckpointError(f"transformers has no sequence-classification form of {config.model_type}.")
    # On meta: the weights are handed over, not copied.
    with torch.device("meta"):
        classifier = kind(config)
    if not isinstance(getattr(classifier, "score", None), torch.nn.Linear):
        raise CheckpointError(f"The sequence-classification form of {config.model_type} has no plain 'score' head.")
    prefix = f"{_BACKBONE}{model.backbone.base_model_prefix}."
    body = {k.removeprefix(prefix): v.to(dtype) for k, v in weights.items() if k.startswith(prefix)}
    classifier.base_model.load_state_dict(body, assign=True)
    classifier.score.load_state_dict({"weight": weights["score.weight"].to(dtype)}, assign=True)
    classifier.save_pretrained(str(folder))
    head = weights.get(f"{_BACKBONE}lm_head.weight")
    if head is not None and not config.get_text_config().tie_word_embeddings:
        save_file({"lm_head.weight": head.to(dtype).contiguous()}, folder / LM_HEAD, metadata={"format": "pt"})
