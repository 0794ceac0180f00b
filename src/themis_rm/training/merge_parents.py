"""Reward models to merge: opened without their weights in memory, and compared with each other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from themis_rm.errors import CheckpointError
from themis_rm.models.adapters import AdaptedCheckpoint, open_checkpoint
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.criteria_head import CriteriaHead
from themis_rm.models.decoder import default_name
from themis_rm.models.family import HeadSpec, detect_family, require_complete_model
from themis_rm.models.heads import LinearHead
from themis_rm.models.loading import PROMPTS
from themis_rm.models.local_models import find_model
from themis_rm.models.settings import ModelSettings
from themis_rm.models.tokenizers import load_tokenizer
from themis_rm.models.unused_tensors import UNUSED
from themis_rm.prompts import PromptSet

_NOT_COMPARED = frozenset(
    {
        "_name_or_path",
        "architectures",
        "bos_token_id",
        "dtype",
        "eos_token_id",
        "finetuning_task",
        "id2label",
        "label2id",
        "num_labels",
        "pad_token_id",
        "problem_type",
        "torch_dtype",
        "transformers_version",
        "use_cache",
    }
)
"""Keys of a configuration that do not change what its weights compute."""


@dataclass(frozen=True)
class MergeParent:
    """A model that takes part in a merge.

    Attributes:
        folder: Its directory.
        checkpoint: Its files; an adapter has the weights of its base.
        head: Its reward head; ``None`` for a base.
    """

    folder: Path
    checkpoint: Checkpoint
    head: HeadSpec | None

    @cached_property
    def name(self) -> str:
        """Return its name in results."""
        return default_name(self.folder)

    @cached_property
    def digest(self) -> str:
        """Return a digest of its weights, configuration and tokenizer."""
        return self.checkpoint.digest()

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return tensor name -> shape, without the language-model head."""
        return {name: shape for name, shape in self.checkpoint.shapes.items() if name not in UNUSED}

    @property
    def head_tensors(self) -> frozenset[str]:
        """Return the names of the tensors of the reward head."""
        return self.head.head_tensors if self.head else frozenset()

    def tensor(self, name: str) -> Tensor:
        """Read a tensor; a base may be saved with or without the prefix of its decoder."""
        found = name if name in self.checkpoint.shapes else name.partition(".")[2]
        return self.checkpoint.mapped_tensors([found])[found]

    def require_linear_head(self) -> None:
        """Check that the reward is proportional to the tensors of the head.

        Raises:
            CheckpointError: It is not.
        """
        if self.head is None or not isinstance(self.head.head, LinearHead):
            raise CheckpointError(
                f"The reward head of {self.folder} is not linear, so that its rewards cannot be normalized.",
                "Remove normalize_rewards.",
            )


def open_parents(models: Sequence[str | Path]) -> list[MergeParent]:
    """Open reward models and check that they can be merged.

    Raises:
        CheckpointError: One cannot be read, or differs from the first.
    """
    parents = [_open(model, with_head=True) for model in models]
    first = parents[0]
    for other in parents[1:]:
        _require_same_config(first, other)
        _require_same_shapes(first, other, first.shapes)
        _require_same_shapes(other, first, other.shapes)
        _require_same_tokenizer(first, other)
        _require_same_prompts(first, other)
    return parents


def open_base(model: str, first: MergeParent) -> MergeParent:
    """Open the model that the others were trained from and check that it fits them.

    Raises:
        CheckpointError: It cannot be read, or has another architecture.
    """
    base = _open(model, with_head=False)
    _require_same_config(first, base)
    needed = {name: shape for name, shape in first.shapes.items() if name not in first.head_tensors}
    _require_same_shapes(first, base, needed)
    return base


def _open(model: str | Path, with_head: bool) -> MergeParent:
    folder = find_model(str(model))
    if folder is None:
        raise CheckpointError(f"There is no model directory {model}.", "Name a checkpoint, an adapter or a Hub model.")
    checkpoint = open_checkpoint(folder, ModelSettings())
    require_complete_model(checkpoint)
    if isinstance(checkpoint, AdaptedCheckpoint):
        checkpoint.check_base()
    head = detect_family(checkpoint).load_head(checkpoint) if with_head else None
    if head is not None and (
        isinstance(head.head, CriteriaHead)
        or head.outputs != 1
        or head.rename
        or head.weights is not None
        or head.config is not None
    ):
        raise CheckpointError(
            f"{folder} is not a decoder of transformers with one reward.", "Merge checkpoints with one label."
        )
    return MergeParent(folder, checkpoint, head)


def _require_same_config(first: MergeParent, other: MergeParent) -> None:
    left, right = (_compared(parent.checkpoint.config) for parent in (first, other))
    keys = sorted(key for key in {*left, *right} if left.get(key) != right.get(key))
    if keys:
        key = "model_type" if "model_type" in keys else keys[0]
        raise CheckpointError(
            f"{other.folder} has another architecture than {first.folder}: {key} is {_short(right.get(key))}, not "
            f"{_short(left.get(key))}.",
            "Merge checkpoints of one backbone.",
        )


def _compared(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in _NOT_COMPARED and value is not None}


def _short(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _require_same_shapes(first: MergeParent, other: MergeParent, shapes: Mapping[str, tuple[int, ...]]) -> None:
    there = other.checkpoint.shapes
    for name, shape in shapes.items():
        found = there.get(name, there.get(name.partition(".")[2]) if other.head is None else None)
        if found != shape:
            problem = "does not have" if found is None else f"has with shape {list(found)}, not {list(shape)}"
            raise CheckpointError(
                f"{first.folder} has a tensor '{name}' that {other.folder} {problem}.",
                "Merge checkpoints of one backbone with one kind of reward head.",
            )


def _require_same_tokenizer(first: MergeParent, other: MergeParent) -> None:
    texts = [_tokenizer_facts(parent) for parent in (first, other)]
    if texts[0] != texts[1]:
        what = "chat template" if texts[0][0] == texts[1][0] else "vocabulary"
        raise CheckpointError(
            f"The tokenizer of {other.folder} has another {what} than that of {first.folder}.",
            "Merge checkpoints that were trained with one tokenizer.",
        )


def _tokenizer_facts(parent: MergeParent) -> tuple[str, str]:
    tokenizer = load_tokenizer(parent.checkpoint.tokenizer_folder)
    backend = json.loads(tokenizer.backend_tokenizer.to_str())
    text = json.dumps({key: value for key, value in backend.items() if key not in {"truncation", "padding"}})
    return text, json.dumps(tokenizer.chat_template)


def _require_same_prompts(first: MergeParent, other: MergeParent) -> None:
    sets = [
        PromptSet.from_file(file) if (file := parent.folder / PROMPTS).is_file() else None for parent in (first, other)
    ]
    if sets[0] != sets[1]:
        raise CheckpointError(
            f"{other.folder} was trained with other criteria prompts than {first.folder} ({PROMPTS} differ).",
            "Merge checkpoints with one prompt set.",
        )
