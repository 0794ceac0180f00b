"""Adapters of reward models: found by ``adapter_config.json``, merged in memory into the weights of their base.

The reward head is in the adapter, in a file next to it, or in the base. The base is the one that the user names, else
the one that the adapter names: a directory next to the adapter or below the current one, a model on the hub, or a short
name of this package; of several copies of the latter, the one that the adapter was trained on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.models.checkpoint import Checkpoint, model_digest
from themis_rm.models.embedded import display_name
from themis_rm.models.family import MERGE, require_config
from themis_rm.models.json_files import read_json
from themis_rm.models.local_models import find_model, is_short_name
from themis_rm.models.lora import ADAPTER_CONFIG, LoraMatrices, read_lora_config
from themis_rm.models.reference_rewards import REFERENCE_REWARDS, ReferenceRewards
from themis_rm.models.settings import ModelSettings
from themis_rm.models.tensor_files import read_shapes, read_tensors
from themis_rm.models.training_record import recorded_base_digest
from themis_rm.models.unused_tensors import UNUSED
from themis_rm.models.weights import INDEX, SAFETENSORS, has_weights, only_pickles
from themis_rm.models.wrapped_names import parse_names
from themis_rm.storage.digests import stable_id

if TYPE_CHECKING:
    import torch

    from themis_rm.models.protocol import RewardModel

_log = logging.getLogger(__name__)

_FILES = ("adapter_model.safetensors", "adapter_model.bin")
_LABEL_KEYS = ("id2label", "label2id", "num_labels", "problem_type")
_REWARD_TASKS = frozenset({"", "SEQ_CLS", "TOKEN_CLS"})
_NO_HEADS = ("embed", "wte", "wpe", "norm", "lm_head")
"""Parts of the names of tensors outside of the layers that are not of a reward head."""
BASE_HINT = "Set model.base to the directory or the hub id of the model that it was trained on."


def is_adapter(folder: Path, settings: ModelSettings) -> bool:
    """Return whether a directory is an adapter: it has no decoder of its own, or the user names its base."""
    if not (folder / ADAPTER_CONFIG).is_file():
        return False
    return bool(settings.base) or not has_weights(folder) or bool(_own_head(folder))


def _own_head(folder: Path) -> list[Path]:
    """Return ``model.safetensors`` if it has only a head, as TRL saves it next to an adapter; otherwise nothing."""
    file = folder / SAFETENSORS
    if not file.is_file() or (folder / f"{SAFETENSORS}{INDEX}").is_file():
        return []
    return [] if any(_in_layer(name) or "embed" in name for name in read_shapes(file)) else [file]


def open_checkpoint(folder: Path, settings: ModelSettings) -> Checkpoint:
    """Return the checkpoint in a directory; that of an adapter has the weights of its base.

    Raises:
        CheckpointError: It is an adapter that cannot be read, or that does not fit its base.
        SettingError: The user names a base, and it is not an adapter.
    """
    if is_adapter(folder, settings):
        return _open_adapter(folder, settings, ())
    if settings.base:
        raise SettingError(f"{folder} is not an adapter and has no base.", "Remove model.base.")
    require_config(folder)
    return Checkpoint(folder, settings.pickled_weights, settings.weights)


def _open_adapter(folder: Path, settings: ModelSettings, outer: tuple[Path, ...]) -> Checkpoint:
    home = folder.resolve()
    if home in outer:
        raise CheckpointError(f"{folder} is an adapter whose base is itself.", BASE_HINT)
    base_folder = _find_base(folder, settings)
    inner = settings.model_copy(update={"base": ""})
    if is_adapter(base_folder, inner):
        base = _open_adapter(base_folder, inner, (*outer, home))
    elif not (base_folder / "config.json").is_file():
        raise CheckpointError(f"The base {base_folder} of the adapter {folder} has no config.json.", BASE_HINT)
    else:
        base = Checkpoint(base_folder, settings.pickled_weights, settings.weights)
    adapted = AdaptedCheckpoint(folder, base, settings.pickled_weights)
    if not settings.family:
        adapted.require_reward_task()
    return adapted


def _find_base(folder: Path, settings: ModelSettings) -> Path:
    config = read_lora_config(folder)
    name = settings.base or config.base
    if not name:
        raise CheckpointError(f"{folder} is an adapter that does not name its base model.", BASE_HINT)
    places = [] if settings.base else [folder / name, folder.parent / name]
    found = next((place for place in places if place.is_dir()), None)
    if found is not None:
        return found
    try:
        revision = "" if settings.base else config.revision
        found = find_model(name, revision, settings.pickled_weights, recorded_base_digest(folder))
    except CheckpointError as error:
        raise CheckpointError(
            f"{display_name(folder)} is an adapter, and its base is missing: {error.message}",
            error.hint if is_short_name(name) else BASE_HINT,
        ) from error
    if found is None:
        raise CheckpointError(f"{folder} is an adapter, and there is no directory {name} with its base.", BASE_HINT)
    return found


class AdaptedCheckpoint(Checkpoint):
    """An adapter with its base, read as one checkpoint.

    Args:
        folder: Directory of the adapter.
        base: Checkpoint of the base; may be adapted itself.
        pickles: Whether a pickled adapter may be read.

    Raises:
        CheckpointError: The adapter cannot be read, or does not fit the base.
    """

    def __init__(self, folder: Path, base: Checkpoint, pickles: bool = False) -> None:
        self.folder = folder
        self.pickles = pickles
        self.base = base
        self.lora = read_lora_config(folder)
        self._extra = set()
        self._file = self._adapter_file()
        self._parts = self._saved([self._file])
        self._names = parse_names(self._parts)
        self._require_supported()
        targets = {self._base_name(f"{module}.weight"): module for module in self._names.lora}
        # Adapters of all linear layers may have one of the language-model head, which a classifier does not have.
        self._matrices = {name: module for name, module in targets.items() if name in base.shapes or name not in UNUSED}
        self._biases = {
            self._base_name(f"{module}.bias"): module
            for module, parts in self._names.lora.items()
            if "lora_B.bias" in parts
        }
        self.config = self._config()
        self._require_fit()

    def _adapter_file(self) -> Path:
        present = [self.folder / name for name in _FILES if (self.folder / name).is_file()]
        if not present:
            raise CheckpointError(f"{self.folder} is an adapter without {_FILES[0]}.", "Download the adapter again.")
        if present[0].suffix == ".bin" and not self.pickles:
            raise only_pickles(self.folder, present[0].name)
        return present[0]

    def _head_files(self) -> list[Path]:
        return [*super()._head_files(), *_own_head(self.folder)]

    @property
    def has_matrices(self) -> bool:
        """Whether the adapter changes weights of its base; otherwise it only adds a reward head."""
        return bool(self._matrices or self._biases)

    def _require_supported(self) -> None:
        names = self._names
        if len(names.adapters) > 1:
            raise CheckpointError(
                f"{self._file} has several adapters ({', '.join(sorted(names.adapters))}).", "Save one of them."
            )
        unknown = [name for name in names.own if "lora_" in name or "_adapter." in name]
        if unknown or names.repeated:
            name = [*unknown, *names.repeated][0]
            raise CheckpointError(f"{self._file} has '{name}', which is not of a LoRA adapter.", MERGE)
        if self.base.config.get("quantization_config"):
            raise CheckpointError(
                f"The base {self.base.folder} of the adapter {self.folder} is quantized, and cannot be merged.",
                "Set model.base to the model in its original precision.",
            )

    @cached_property
    def files(self) -> list[Path]:
        """Return the files with weights: those of the base, the adapter, and files of a head next to the adapter."""
        return [*self.base.files, self._file, *self._head_files()]

    @cached_property
    def _locations(self) -> dict[str, tuple[Path, str, tuple[int, ...]]]:
        """Return the tensors that replace or complete those of the base."""
        own = {self._base_name(name): self._parts[saved] for name, saved in self._names.own.items()}
        return own | self._saved(self._head_files())

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return tensor name -> shape, with the tensors that the adapter replaces or adds."""
        return self.base.shapes | {name: shape for name, (_, _, shape) in self._locations.items()}

    def mapped_tensors(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        """Return tensors; those that the adapter changes are merged, in float32.

        Raises:
            CheckpointError: One is missing.
        """
        wanted = list(names)
        values = self.base.mapped_tensors(name for name in wanted if name not in self._locations)
        values |= super().mapped_tensors(name for name in wanted if name in self._locations)
        for name in wanted:
            if name in self._matrices:
                values[name] = self._read_matrices(self._matrices[name]).merge(values[name])
            if name in self._biases:
                module = self._biases[name]
                values[name] = values[name].float() + self.lora.scale(module) * self._read(module)["lora_B.bias"]
        return values

    def _read(self, module: str) -> dict[str, torch.Tensor]:
        inside = {part: self._parts[name][1] for part, name in self._names.lora[module].items()}
        values = read_tensors(self._file, inside.values())
        return {part: values[name].float() for part, name in inside.items()}

    def _read_matrices(self, module: str) -> LoraMatrices:
        parts = self._read(module)
        down, up = _matrix_parts(parts)
        return LoraMatrices(
            parts[down],
            parts[up],
            self.lora.scale(module),
            self.lora.transposed or _is_embedding(parts),
            parts.get("lora_magnitude_vector"),
        )

    def _base_name(self, target: str) -> str:
        """Return the name that the base gives to a tensor; a tensor that the base lacks keeps its own.

        The base may have been saved with another prefix than the adapter: ``model.layers`` or ``layers``.
        """
        names = self.base.shapes
        inner = target.partition(".")[2]
        if target in names or inner in names:
            return target if target in names else inner
        outer, tail = _split_at_layer(target)
        longer = [name for name in names if name.endswith(f".{tail}") and _in_layer(name) == _in_layer(target)]
        # The same words in another order: 'model.language_model.layers' or 'language_model.model.layers'.
        same = [name for name in longer if sorted(name.removesuffix(tail).split(".")) == sorted(outer.split("."))]
        found = same or longer
        return found[0] if len(found) == 1 else target

    def _require_fit(self) -> None:
        """Check that the matrices have the sizes of the weights that they are added to."""
        for target, module in self._matrices.items():
            parts = {part: self._parts[name][2] for part, name in self._names.lora[module].items()}
            down, up = (parts.get(part, ()) for part in _matrix_parts(parts))
            if len(down) != 2 or len(up) != 2 or down[0] != up[1]:
                raise CheckpointError(f"{self._file} has no two matrices of one rank for '{module}'.", MERGE)
            if down[0] != (rank := self.lora.rank_of(module)):
                raise CheckpointError(
                    f"{self._file} has matrices of rank {down[0]} for '{module}', but {ADAPTER_CONFIG} says {rank}.",
                    "Use the adapter_config.json that was saved with the matrices.",
                )
            needed = [up[0], down[1]]
            needed = needed[::-1] if self.lora.transposed or _is_embedding(parts) else needed
            self._require_shape(target, needed)
            if "lora_magnitude_vector" in parts and parts["lora_magnitude_vector"] != (up[0],):
                raise CheckpointError(f"{self._file} has a magnitude of another size for '{module}'.", MERGE)
        for target, module in self._biases.items():
            self._require_shape(target, list(self._parts[self._names.lora[module]["lora_B.bias"]][2]))

    def _require_shape(self, target: str, needed: list[int]) -> None:
        shape = self.shapes.get(target)
        if shape is None:
            raise CheckpointError(
                f"{self.folder} adapts '{target}', which its base {self.base.folder} does not have.", BASE_HINT
            )
        if list(shape) != needed:
            raise CheckpointError(
                f"{self.folder} does not fit its base {self.base.folder}: '{target}' is {list(shape)}, but the adapter "
                f"is for {needed}.",
                BASE_HINT,
            )

    def require_reward_task(self) -> None:
        """Check that the adapter is not that of a language model or of another task, without a head of its own.

        Raises:
            CheckpointError: It is.
        """
        task = self.lora.task_type
        own = [name for name in self._locations if not (_in_layer(name) or any(part in name for part in _NO_HEADS))]
        if task not in _REWARD_TASKS and not own:
            raise CheckpointError(
                f"{self.folder} is an adapter for the task {task}, without a reward head.",
                "A reward model has the task SEQ_CLS, or a head in the adapter or in value_head.safetensors.",
            )

    def _config(self) -> dict[str, Any]:
        own = read_json(self.folder / "config.json") if (self.folder / "config.json").is_file() else {}
        config = self.base.config | {key: own[key] for key in _LABEL_KEYS if key in own}
        return self._with_vocabulary(config) | {"architectures": _architectures(config, self.lora.task_type)}

    def _with_vocabulary(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return a configuration with the number of embeddings, which an adapter with new tokens changes."""
        text = config["text_config"] if isinstance(config.get("text_config"), dict) else config
        rows = {shape[0] for name, (_, _, shape) in self._locations.items() if self._is_vocabulary(name, text)}
        if len(rows) != 1:
            return config
        changed = text | {"vocab_size": rows.pop()}
        return changed if text is config else config | {"text_config": changed}

    def _is_vocabulary(self, name: str, config: dict[str, Any]) -> bool:
        before = self.base.shapes.get(name, ())
        return name not in UNUSED and len(before) == 2 and before[0] == config.get("vocab_size")

    @property
    def tokenizer_folder(self) -> Path:
        """Return the directory of the adapter if it has a tokenizer, otherwise that of the base."""
        is_own = (self.folder / "tokenizer.json").is_file()
        return self.folder if is_own else self.base.tokenizer_folder

    @cached_property
    def weights_digest(self) -> str:
        """Return a digest of the tensors of the adapter, of what they are multiplied with, and of the base's tensors.

        Merged values are not used: they differ in their last bits between machines.
        """
        return stable_id(self._own_digest(), self.base.weights_digest)

    def _own_digest(self, *more: Path) -> str:
        return model_digest(self.folder, [self._file, *self._head_files(), self.folder / ADAPTER_CONFIG, *more])

    @cached_property
    def other_base(self) -> str:
        """Return a sentence that says that the base has other weights than those that the adapter was trained on.

        It is empty if the weights are the same, as ``training.json`` has them, or if the adapter has no such record.
        """
        recorded = recorded_base_digest(self.folder)
        if not recorded or recorded == self.base.weights_digest:
            return ""
        return (
            f"{display_name(self.folder)} was trained on other weights than those of its base {self.base.folder}: "
            f"their digest was {recorded[:16]} and is now {self.base.weights_digest[:16]}."
        )

    def check_base(self, model: RewardModel | None = None) -> None:
        """Warn if the base has other weights than the adapter was trained on, see :attr:`other_base`.

        Args:
            model: The loaded model. If the adapter has reference rewards, the warning says how much its rewards differ.

        Raises:
            InputError: The file of reference rewards is damaged, or its conversations cannot be scored.
        """
        references = self.folder / REFERENCE_REWARDS
        if not self.other_base:
            return
        if model is not None and references.is_file():
            drift = ReferenceRewards.load(references).measure(model)
            _log.warning("%s %s", self.other_base, drift.summary())
            return
        _log.warning(
            "%s Rewards are not those of the training run: set model.base to the weights that it was trained on.",
            self.other_base,
        )

    def facts(self) -> dict[str, str | int]:
        """Return base and size of the adapter, for results.

        ``trained_on`` is the digest of the weights that the adapter was trained on, if these are known and are not the
        base's.
        """
        what = f"LoRA of rank {self.lora.rank} on {len(self._matrices)} matrices, merged"
        facts = {"adapter": what, "base": self.base.folder.name, "base_weights": self.base.weights_digest[:16]}
        other = {"trained_on": recorded_base_digest(self.folder)[:16]} if self.other_base else {}
        return {**self.base.facts(), **facts, **other}

    def digest(self, *more: Path) -> str:
        """Return a digest of adapter and base, and of every other file that affects scores."""
        extra = sorted(self._extra - {self._file, *self._head_files()})
        return stable_id(self._own_digest(*extra, *more), model_digest(self.base.folder, []), self.base.weights_digest)


def _split_at_layer(name: str) -> tuple[str, str]:
    """Split a name before the list of layers, or before its last two parts if it is of no layer."""
    parts = name.split(".")
    first = next((index - 1 for index, part in enumerate(parts) if part.isdigit()), len(parts) - 2)
    first = max(first, 0)
    return "".join(f"{part}." for part in parts[:first]), ".".join(parts[first:])


def _in_layer(name: str) -> bool:
    return any(part.isdigit() for part in name.split("."))


def _is_embedding(parts: Iterable[str]) -> bool:
    return "lora_embedding_A" in parts


def _matrix_parts(parts: Iterable[str]) -> tuple[str, str]:
    return ("lora_embedding_A", "lora_embedding_B") if _is_embedding(parts) else ("lora_A", "lora_B")


def _architectures(config: dict[str, Any], task_type: str) -> list[str]:
    """Return the class of an adapted model: a classifier by its task, otherwise unknown, so that its tensors decide."""
    from transformers.models.auto import modeling_auto

    mapping = {
        "SEQ_CLS": modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
        "TOKEN_CLS": modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    }.get(task_type, {})
    name = mapping.get(config.get("model_type"))
    return [name] if name else []
