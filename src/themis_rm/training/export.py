"""Export of a trained model as an ordinary one-label sequence-classification checkpoint of transformers.

A model with LoRA matrices is exported with these merged, or as an adapter of peft.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml
from huggingface_hub import save_torch_state_dict
from safetensors.torch import save_file
from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING, MODEL_MAPPING, PreTrainedModel
from transformers.modeling_layers import GenericForSequenceClassification

from themis_rm.errors import CheckpointError
from themis_rm.models.lora import ADAPTER_CONFIG
from themis_rm.models.training_record import TRAINING_RECORD
from themis_rm.prompts import PromptSet
from themis_rm.storage.atomic import atomic_directory, write_json, write_text
from themis_rm.training.backbone import LM_HEAD, tied_embeddings
from themis_rm.training.pair_model import PairRewardModel
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.trainable import lora_config, lora_weights, merge_lora, unadapted_names

METADATA_FILE = TRAINING_RECORD
"""File with the metadata of the run in an exported checkpoint or adapter."""
BASELINE = Path("baselines") / "ngrams"
"""Directory of the n-gram baseline inside the checkpoint."""
_BACKBONE = "backbone."
_HEAD_DTYPE = torch.float32


def save_reward_model(
    model: PairRewardModel,
    tokenizer: Any,
    folder: Path,
    *,
    prompts: PromptSet,
    recipe: TrainRecipe,
    training: Mapping[str, Any],
    state: Mapping[str, torch.Tensor] | None = None,
    complete: Callable[[Path], None] | None = None,
) -> None:
    """Write a one-label sequence-classification checkpoint, or one of the family ``token-mean``, atomically.

    ``AutoModelForSequenceClassification`` loads it, if transformers has a class for the architecture.

    The directory contains ``config.json`` (one label, pad token), ``model.safetensors`` with ``score.weight``, the
    tokenizer with its chat template, ``prompts.json``, ``recipe.yaml`` and ``training.json``; if embeddings are not
    tied also ``lm_head.safetensors``, for a second stage of training. With ``peft.merge: false`` it contains
    ``adapter_config.json`` and ``adapter_model.safetensors`` (LoRA matrices and ``score.weight``) in place of the
    weights; the base that it names is the recipe's backbone.

    Args:
        model: The trained model.
        tokenizer: Its tokenizer.
        folder: Output directory; an existing one is replaced.
        prompts: Criteria prompts of the training data.
        recipe: Recipe of the run.
        training: Metadata of the run: data hash, counts, versions.
        state: Weights that were gathered from shards; by default those of ``model``.
        complete: Writes further files into the directory before it is visible, such as the model card.

    Raises:
        CheckpointError: See :func:`build_classifier`.
    """
    weights = dict(state) if state is not None else dict(model.state_dict())
    dtype = {"fp64": torch.float64, "fp32": torch.float32, "bf16": torch.bfloat16}[recipe.precision]
    if recipe.peft is not None and not recipe.peft.merge:
        save = _save_adapter
    else:
        save = _save_classifier if model.pooling == "last" else _save_language_model
    with atomic_directory(folder) as partial:
        save(model, weights, partial, recipe, dtype)
        tokenizer.save_pretrained(str(partial))
        write_run_files(partial, prompts, recipe, training)
        if complete is not None:
            complete(partial)


def write_run_files(folder: Path, prompts: PromptSet, recipe: TrainRecipe, training: Mapping[str, Any]) -> None:
    """Write ``prompts.json``, ``recipe.yaml`` and ``training.json`` of a checkpoint or adapter.

    Args:
        folder: Its directory.
        prompts: Criteria prompts of the training data.
        recipe: Recipe of the run.
        training: Metadata of the run.
    """
    write_text(folder / "prompts.json", prompts.to_json() + "\n")
    write_text(folder / "recipe.yaml", yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))
    write_json(folder / METADATA_FILE, dict(training))


def write_adapter(folder: Path, config: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> None:
    """Write ``adapter_config.json`` and ``adapter_model.safetensors``.

    Args:
        folder: Directory of the adapter.
        config: Content of the configuration.
        tensors: Tensors by their names in the base model.
    """
    write_json(folder / ADAPTER_CONFIG, dict(config))
    named = {f"base_model.model.{name}": value.contiguous() for name, value in tensors.items()}
    save_file(named, folder / "adapter_model.safetensors", metadata={"format": "pt"})


@dataclass(frozen=True)
class ModelLayout:
    """Who can load an exported model.

    Attributes:
        architecture: Name of its class in ``config.json``, or of the class of the base of an adapter.
        adapter: It is an adapter.
        classifier: It is a sequence classifier with one label, which inference servers score with.
        in_transformers: ``AutoModelForSequenceClassification`` loads it.
    """

    architecture: str
    adapter: bool
    classifier: bool
    in_transformers: bool


def model_layout(model: PairRewardModel, recipe: TrainRecipe) -> ModelLayout:
    """Return the layout that :func:`save_reward_model` writes."""
    classifier = model.pooling == "last"
    known = type(model.config) in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING
    name = _classifier_name(model.backbone) if classifier else type(model.backbone).__name__
    return ModelLayout(name, recipe.peft is not None and not recipe.peft.merge, classifier, classifier and known)


def build_classifier(backbone: Any) -> Any:
    """Return the one-label classifier that a backbone is exported as, without weights (on the meta device).

    This is the class of transformers, or, if it has none for the architecture, the generic one under the name that the
    class would have. The head is a bias-free linear layer ``score`` on the same decoder that scoring loads.

    Args:
        backbone: A causal language model; may be on the meta device.

    Raises:
        CheckpointError: Such a checkpoint of this architecture would not have the backbone's weights, or could not be
            scored.
    """
    config = copy.deepcopy(backbone.config)
    config.num_labels = 1
    config.id2label, config.label2id = {0: "reward"}, {"reward": 0}
    config.problem_type = "regression"
    config.use_cache = True
    kind = config.model_type
    if type(backbone.base_model) is not MODEL_MAPPING.get(type(config), None):
        raise _not_exportable(kind, "its decoder is not a model of its own")
    named = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING.get(type(config), None)
    try:
        with torch.device("meta"):
            classifier = (named or _generic_classifier(backbone))(config)
    except (ValueError, TypeError, AttributeError, LookupError, AssertionError, RuntimeError) as error:
        raise _not_exportable(kind, f"its classifier cannot be built ({' '.join(str(error).split())[:200]})") from error
    head = getattr(classifier, "score", None)
    if not isinstance(head, torch.nn.Linear) or "bias" in head.state_dict():
        raise _not_exportable(kind, "its classifier has no linear 'score' head without bias")
    if _shapes(classifier.base_model) != _shapes(backbone.base_model):
        raise _not_exportable(kind, "its classifier has other weights than its language model")
    return classifier


def _generic_classifier(backbone: Any) -> type:
    # The class from which all models of the architecture inherit.
    parent = next(base for base in type(backbone).__mro__ if PreTrainedModel in base.__bases__)
    name = _classifier_name(backbone)
    # transformers reads the source file of a class's module to find out what the class supports.
    values = {"base_model_prefix": backbone.base_model_prefix, "__module__": parent.__module__}
    return type(name, (GenericForSequenceClassification, parent), values)


def _classifier_name(backbone: Any) -> str:
    named = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING.get(type(backbone.config), None)
    return (
        named.__name__ if named else f"{type(backbone).__name__.removesuffix('ForCausalLM')}ForSequenceClassification"
    )


def _shapes(model: Any) -> dict[str, torch.Size]:
    state = model.state_dict()
    return {plain: state[name].shape for name, plain in unadapted_names(state)}


def _not_exportable(kind: str, reason: str) -> CheckpointError:
    return CheckpointError(
        f"A reward model with a backbone of type {kind} cannot be exported: {reason}.",
        "Use another backbone, such as a Qwen3, Llama, Mistral, Gemma 2 or Granite model.",
    )


def _save_adapter(
    model: PairRewardModel,
    weights: dict[str, torch.Tensor],
    folder: Path,
    recipe: TrainRecipe,
    dtype: torch.dtype,
) -> None:
    assert recipe.peft is not None  # noqa: S101
    values = lora_config(model.backbone, recipe.peft).to_dict() | {
        "task_type": "SEQ_CLS" if model.pooling == "last" else "CAUSAL_LM",
        "inference_mode": True,
        "modules_to_save": ["score"] if model.pooling == "last" else None,
        "base_model_name_or_path": recipe.backbone.name,
        "revision": recipe.backbone.revision,
    }
    # The order of a set differs from process to process.
    values = {name: sorted(value) if isinstance(value, set) else value for name, value in values.items()}
    matrices = lora_weights({name.removeprefix(_BACKBONE): value for name, value in weights.items()})
    matrices |= _head(weights)
    write_adapter(folder, values, {name: value.detach().to(dtype) for name, value in matrices.items()})
    # No config.json: transformers would take the directory for a complete model, and not load the base.


def _head(weights: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value for name, value in weights.items() if not name.startswith(_BACKBONE)}


def _merged(model: PairRewardModel, weights: dict[str, torch.Tensor], recipe: TrainRecipe) -> dict[str, torch.Tensor]:
    if recipe.peft is None:
        return weights
    return merge_lora(weights, recipe.peft, lora_config(model.backbone, recipe.peft).fan_in_fan_out)


def _save_language_model(
    model: PairRewardModel,
    weights: dict[str, torch.Tensor],
    folder: Path,
    recipe: TrainRecipe,
    dtype: torch.dtype,
) -> None:
    """Write a causal language model and the tensors of a reward that is a mean over the response."""
    weights = _merged(model, weights, recipe)
    if tied_embeddings(model.config):
        output = model.backbone.get_output_embeddings()
        tied = [name for name, module in model.named_modules() if module is output]
        weights = {name: value for name, value in weights.items() if name.rpartition(".")[0] not in tied}
    body = {name.removeprefix(_BACKBONE): value for name, value in weights.items() if name.startswith(_BACKBONE)}
    tensors = {name: value.detach().to(dtype).contiguous() for name, value in body.items()}
    tensors |= {name: value.detach().to(_HEAD_DTYPE).contiguous() for name, value in _head(weights).items()}
    config = copy.deepcopy(model.config)
    config.use_cache, config.dtype = True, dtype
    config.architectures = [type(model.backbone).__name__]
    config.save_pretrained(str(folder))
    save_torch_state_dict(tensors, folder, safe_serialization=True, metadata={"format": "pt"})


def _save_classifier(
    model: PairRewardModel,
    weights: dict[str, torch.Tensor],
    folder: Path,
    recipe: TrainRecipe,
    dtype: torch.dtype,
) -> None:
    weights = _merged(model, weights, recipe)
    classifier = build_classifier(model.backbone)
    classifier.config.dtype = dtype
    prefix = f"{_BACKBONE}{model.backbone.base_model_prefix}."
    body = {k.removeprefix(prefix): v.to(dtype) for k, v in weights.items() if k.startswith(prefix)}
    classifier.base_model.load_state_dict(body, assign=True)
    classifier.score.load_state_dict({"weight": weights["score.weight"].to(dtype)}, assign=True)
    classifier.save_pretrained(str(folder))
    head = weights.get(f"{_BACKBONE}lm_head.weight")
    if head is not None and not tied_embeddings(model.config):
        save_file({"lm_head.weight": head.to(dtype).contiguous()}, folder / LM_HEAD, metadata={"format": "pt"})
