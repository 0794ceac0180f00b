"""THE catalogue of model families. A family is one file beside this one plus one row here.

A folder is recognised by what lies in it, never by what it is called; names are for the baselines that have no files.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from themis_rm.errors import CheckpointError, MissingExtraError, did_you_mean
from themis_rm.models.protocol import RewardModel
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import PromptSet, built_in


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of reward model that is read from a folder.

    Attributes:
        name: What results call it.
        module: Module of this room with ``load(folder, settings)``; imported when needed.
        marker: File that a folder of this kind holds.
        extra: Extra of the distribution that brings what the module imports.
    """

    name: str
    module: str
    marker: str
    extra: str


FAMILIES: tuple[Family, ...] = (
    Family("n-grams", "themis_rm.models.ngrams", "ngrams.json", "train"),
    # Last: it answers for every config.json, with a CheckpointError that says why it cannot be loaded if need be.
    Family("sequence-classification", "themis_rm.models.sequence_classification", "config.json", "train"),
)

BASELINES: dict[str, str] = {"length": "load_length", "random": "load_random"}
"""Name -> loader in ``baselines``."""


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
    family = recognise(folder)
    try:
        module = importlib.import_module(family.module)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or family.module, family.extra) from error
    loaded: RewardModel = module.load(folder, settings)
    return loaded


def _no_folder(name: str, is_file: bool) -> str:
    if is_file:
        return f"{name} is a file; a model is a folder with config.json and *.safetensors."
    return f"There is no model folder {name} and no baseline of that name."


def recognise(folder: Path) -> Family:
    """Return the family of a folder by its files.

    Raises:
        CheckpointError: No family's files lie in it.
    """
    for family in FAMILIES:
        if (folder / family.marker).is_file():
            return family
    if (folder / "adapter_config.json").is_file():
        raise CheckpointError(
            f"{folder} holds an adapter, not a whole model.", "Merge it into its base model and save that."
        )
    raise CheckpointError(f"{folder} has no config.json.", "Give the folder that save_pretrained() wrote.")


def prompt_set_of(model: str | Path) -> PromptSet:
    """Return the prompt set that lies beside a checkpoint, else the built-in one."""
    own = Path(model) / PROMPTS
    return PromptSet.from_file(own) if own.is_file() else built_in()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object out of a model folder.

    Raises:
        CheckpointError: The file is no JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not readable JSON ({str(error).splitlines()[0]}).") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} does not hold a JSON object.")
    return values
