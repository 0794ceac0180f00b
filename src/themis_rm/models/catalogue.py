"""THE catalogue of model families. A family is one file in ``families`` plus one row here.

A folder is recognised by what lies in it (``config.json`` and the names of its tensors), never by what it is called;
names are for baselines that have no files, and for published models.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError, MissingExtraError, SettingError, did_you_mean
from themis_rm.models.protocol import RewardModel
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import PromptSet, built_in

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of decoder reward model.

    Attributes:
        name: What results call it; its module in ``families`` has the same name.
        tensors: Names of tensors of which each must be among the weights; alternatives stand behind one another,
            parted by ``|``. Empty for a family that no folder gives away: it must be named.
        keys: Keys that ``config.json`` must have.
        replaces_code: Its published repositories bring code of their own, which is the same as this family.
    """

    name: str
    tensors: tuple[str, ...]
    keys: tuple[str, ...] = ()
    replaces_code: bool = True

    @property
    def module(self) -> str:
        """Return the module with the function ``parts``."""
        return f"themis_rm.models.families.{self.name.replace('-', '_')}"


FAMILIES: tuple[Family, ...] = (
    Family("armorm", ("regression_layer.weight", "reward_transform_matrix", "gating.logit_scale")),
    Family("qrm", ("regression_layer.weight", "gating.logit_scale"), ("num_quantiles", "num_objectives")),
    Family("ldl", ("embed_tokens.weight",), ("num_objectives", "temperature")),
    Family("internlm2", ("model.tok_embeddings.weight", "v_head.weight"), ("reward_token_id",)),
    Family("starling", ("transformer.embed_tokens.weight", "v_head.weight")),
    Family("athene", ("model.embed_tokens.weight", "v_head.weight")),
    Family("value-head", ("v_head.summary.weight|v_head.summary.0.weight",)),
    Family("regression-head", ("regression_head.weight",)),
    Family("mlp-score", ("score.0.weight", "score.2.weight")),
    Family("next-token-logit", ()),
    # Last: it takes every other folder, and says why it cannot be loaded if need be.
    Family("sequence-classification", ("",), replaces_code=False),
)

BASELINES: dict[str, str] = {"length": "load_length", "random": "load_random"}
"""Name -> loader in ``baselines``."""

NGRAMS = "ngrams.json"
"""File that marks a fitted bag of n-grams."""

PROMPTS = "prompts.json"
"""The prompt set that a checkpoint was trained with, beside its weights."""


def load_model(model: str | Path, settings: ModelSettings | None = None) -> RewardModel:
    """Load a reward model.

    Args:
        model: The name of a baseline (``length``, ``random``), or a folder. A :class:`~pathlib.Path` is always a
            folder; write ``./length`` for a folder of that name.
        settings: Device, precision, limits.

    Raises:
        CheckpointError: There is no such model, or it is not one that may be loaded.
        MissingExtraError: The family needs packages that are not installed.
    """
    settings = settings or ModelSettings()
    if isinstance(model, str) and model in BASELINES:
        from themis_rm.models import baselines  # noqa: PLC0415

        loader: Callable[[ModelSettings], RewardModel] = getattr(baselines, BASELINES[model])
        return loader(settings)
    folder = Path(model)
    if not folder.is_dir():
        raise CheckpointError(_no_folder(str(model), folder.exists()), did_you_mean(str(model), BASELINES))
    try:
        return _load_folder(folder, settings)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "torch", "train") from error


def _load_folder(folder: Path, settings: ModelSettings) -> RewardModel:
    if (folder / NGRAMS).is_file():
        from themis_rm.models import ngrams  # noqa: PLC0415

        return ngrams.load(folder, settings)
    from themis_rm.models.checkpoint import Checkpoint  # noqa: PLC0415
    from themis_rm.models.decoder import load_decoder  # noqa: PLC0415

    _require_config(folder)
    checkpoint = Checkpoint(folder, settings.pickled_weights)
    family = named(settings.family) if settings.family else _family_of(checkpoint)
    if not family.replaces_code and not settings.ignore_remote_code:
        _require_plain_class(checkpoint)
    parts = importlib.import_module(family.module).parts(checkpoint)
    return load_decoder(checkpoint, parts, family.name, settings)


def _no_folder(name: str, is_file: bool) -> str:
    if is_file:
        return f"{name} is a file; a model is a folder with config.json and *.safetensors."
    return f"There is no model folder {name} and no baseline of that name."


def named(name: str) -> Family:
    """Return the family of this name.

    Raises:
        SettingError: There is none.
    """
    rows = {family.name: family for family in FAMILIES}
    if name not in rows:
        raise SettingError(f"There is no family '{name}'.", did_you_mean(name, rows))
    return rows[name]


def recognise(folder: Path, pickles: bool = False) -> Family:
    """Return the family of a folder by its configuration and the names of its tensors.

    Args:
        folder: A model.
        pickles: Whether pickled weights may be looked into.

    Raises:
        CheckpointError: It holds no model, or no weights that may be read.
    """
    from themis_rm.models.checkpoint import Checkpoint  # noqa: PLC0415

    _require_config(folder)
    return _family_of(Checkpoint(folder, pickles))


def _family_of(checkpoint: Checkpoint) -> Family:
    names = checkpoint.shapes.keys()

    def has(tensor: str) -> bool:
        return not tensor or any(name in names for name in tensor.split("|"))

    return next(
        family
        for family in FAMILIES
        if family.tensors and all(map(has, family.tensors)) and all(key in checkpoint.config for key in family.keys)
    )


def _require_config(folder: Path) -> None:
    if (folder / "config.json").is_file():
        return
    if (folder / "adapter_config.json").is_file():
        raise CheckpointError(
            f"{folder} holds an adapter, not a whole model.", "Merge it into its base model and save that."
        )
    raise CheckpointError(f"{folder} has no config.json.", "Give the folder that save_pretrained() wrote.")


def _require_plain_class(checkpoint: Checkpoint) -> None:
    """Refuse a class of which one cannot know where its head reads.

    Raises:
        CheckpointError: The configuration names code of the repository's own, or no classifier of transformers.
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES  # noqa: PLC0415

    from themis_rm.models.checkpoint import config_value  # noqa: PLC0415

    if code := checkpoint.config.get("auto_map"):
        raise CheckpointError(
            f"{checkpoint.folder} needs code of its own ({min(map(str, code.values()))}), which is not run.",
            "If its head is a plain 'score' on the last token, set ignore_remote_code=true.",
        )
    kind, architecture = str(checkpoint.config.get("model_type", "")), config_value(checkpoint.config, "architectures")
    native = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES.get(kind)
    if native is not None and architecture != native:
        raise CheckpointError(
            f"{checkpoint.folder} holds a {architecture or 'model of no named architecture'}, not a {native}.",
            "Give a checkpoint that was saved as a sequence classifier with one label, or name its kind with family=.",
        )


def prompt_set_of(model: str | Path) -> PromptSet:
    """Return the prompt set that lies beside a checkpoint, else the built-in one."""
    own = Path(model) / PROMPTS
    return PromptSet.from_file(own) if own.is_file() else built_in()
