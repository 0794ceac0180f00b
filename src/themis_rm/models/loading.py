"""Any name or folder to a loaded reward model."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError, MissingExtraError, SettingError
from themis_rm.models import hub, published
from themis_rm.models.catalog import detect_family, family_of, named, require_config
from themis_rm.models.protocol import RewardModel
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import PromptSet, built_in

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint
    from themis_rm.models.published import PublishedModel

BASELINES: dict[str, str] = {"length": "load_length", "random": "load_random"}
"""Name -> loader in ``baselines``."""

NGRAMS = "ngrams.json"
"""File that marks a fitted bag of n-grams."""

PROMPTS = "prompts.json"
"""The prompt set that a checkpoint was trained with, beside its weights."""


def load_model(model: str | Path, settings: ModelSettings | None = None) -> RewardModel:
    """Load a reward model.

    Args:
        model: The name of a baseline (``length``, ``random``), a folder, a published model's name, the id of a
            repository on the hub, or with ``settings.judge`` any name of a model that is asked. A
            :class:`~pathlib.Path` is always a folder; write ``./length`` for a folder of that name.
        settings: Device, precision, limits; a server or an endpoint that does the work instead.

    Raises:
        CheckpointError: There is no such model, or it is not one that may be loaded.
        SettingError: A setting does not fit the model.
        MissingExtraError: The family needs packages that are not installed.
    """
    settings = settings or ModelSettings()
    if isinstance(model, str) and model in BASELINES:
        from themis_rm.models import baselines

        loader: Callable[[ModelSettings], RewardModel] = getattr(baselines, BASELINES[model])
        return loader(settings)
    row = published.find(model) if isinstance(model, str) and not Path(model).is_dir() else None
    if settings.judge is not None or (row is not None and row.interface is not None):
        return _load_judge(str(model), row, settings)
    fitted = _fitted(settings, row)
    place = _place(model, row, fitted)
    try:
        return _load_folder(place, fitted)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "torch", "train") from error


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a model lies: a folder, and for one of the hub its name and ``name@commit``."""

    folder: Path
    name: str = ""
    repository: str = ""


def _place(model: str | Path, row: PublishedModel | None, settings: ModelSettings) -> _Place:
    if isinstance(model, Path) or Path(model).is_dir():
        if not Path(model).is_dir():
            raise CheckpointError(_no_folder(str(model)))
        return _Place(Path(model))
    name = row.hub if row is not None else model
    if not hub.is_id(name):
        raise CheckpointError(_no_folder(model), published.nearest(model, *BASELINES))
    found = hub.fetch(name, settings.revision, settings.pickled_weights, bool(settings.trust_remote_code))
    return _Place(found.folder, name, f"{name}@{found.commit}")


def _no_folder(name: str) -> str:
    if Path(name).exists():
        return f"{name} is a file; a model is a folder with config.json and *.safetensors."
    return f"There is no model folder {name}, and no published model or baseline of that name."


def _fitted(settings: ModelSettings, row: PublishedModel | None) -> ModelSettings:
    """Lay the settings over what the catalog knows about a published model."""
    if row is None:
        return settings
    facts: dict[str, object] = {"family": row.family, "tokenizer": row.tokenizer}
    known = {key: value for key, value in facts.items() if value and not getattr(settings, key)}
    if row.code == "replaced":
        known["ignore_remote_code"] = True
    return settings.model_copy(update=known)


def _load_judge(name: str, row: PublishedModel | None, settings: ModelSettings) -> RewardModel:
    if settings.judge is None:
        raise SettingError(
            f"{name} writes its scores; it is asked where it is served.",
            "Serve it (vLLM and others speak the interface) and set model.judge.url=http://HOST:PORT/v1.",
        )
    from themis_rm.models.judges.model import load

    return load(row.hub if row is not None else name, settings, row.interface if row is not None else None)


def _load_folder(place: _Place, settings: ModelSettings) -> RewardModel:
    folder = place.folder
    if (folder / NGRAMS).is_file():
        from themis_rm.models import ngrams

        return ngrams.load(folder, settings)
    require_config(folder)
    if settings.remote is not None:
        return _load_remote(place, settings)
    from themis_rm.models.checkpoint import Checkpoint

    checkpoint = Checkpoint(folder, settings.pickled_weights)
    if settings.trust_remote_code:
        from themis_rm.models.remote_code import load_remote_code, require_trust

        require_trust(folder, settings, place.repository)
        return load_remote_code(checkpoint, settings, place.name or folder.resolve().name)
    from themis_rm.models.decoder import load_decoder

    family = named(settings.family) if settings.family else family_of(checkpoint)
    if not family.replaces_code and not settings.ignore_remote_code:
        _require_plain_class(checkpoint)
    parts = importlib.import_module(family.module).parts(checkpoint)
    return load_decoder(checkpoint, parts, family.name, settings, place.name, place.repository)


def _load_remote(place: _Place, settings: ModelSettings) -> RewardModel:
    from themis_rm.models.remote.model import load

    # The folder may hold a tokenizer and a configuration alone; where it has weights they tell the family.
    held = any(place.folder.glob("*.safetensors"))
    family = named(settings.family) if settings.family else detect_family(place.folder) if held else None
    if family is not None and not family.served:
        raise SettingError(
            f"Servers do not compute the reward of the family {family.name} from tokens alone.",
            "Leave remote out and run it here.",
        )
    return load(place.folder, settings, place.name)


def _require_plain_class(checkpoint: Checkpoint) -> None:
    """Refuse a class of which one cannot know where its head reads.

    Raises:
        CheckpointError: The configuration names code of the repository's own, or no classifier of transformers.
    """
    from transformers.models.auto.modeling_auto import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES

    from themis_rm.models.checkpoint import config_value

    if code := checkpoint.config.get("auto_map"):
        from themis_rm.models.remote_code import code_digest

        raise CheckpointError(
            f"{checkpoint.folder} needs code of its own ({min(map(str, code.values()))}), which is not run.",
            "If its head is a plain 'score' on the last token, set ignore_remote_code=true; "
            f"to run the code, read it and set trust_remote_code={code_digest(checkpoint.folder)}.",
        )
    kind, architecture = str(checkpoint.config.get("model_type", "")), config_value(checkpoint.config, "architectures")
    native = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES.get(kind)
    if native is not None and architecture != native:
        raise CheckpointError(
            f"{checkpoint.folder} holds a {architecture or 'model of no named architecture'}, not a {native}.",
            "Give a checkpoint that was saved as a sequence classifier with one label, or name its kind with family=.",
        )


def prompt_set_of(model: str | Path, settings: ModelSettings | None = None) -> PromptSet:
    """Return the prompt set that lies beside a checkpoint, else the built-in one."""
    own = Path(model) / PROMPTS
    if not own.is_file() and isinstance(model, str) and _has_files(model, settings):
        row = published.find(model)
        own = _place(model, row, _fitted(settings or ModelSettings(), row)).folder / PROMPTS
    return PromptSet.from_file(own) if own.is_file() else built_in()


def _has_files(model: str, settings: ModelSettings | None) -> bool:
    if model in BASELINES or Path(model).exists() or (settings is not None and settings.judge is not None):
        return False
    row = published.find(model)
    return row.interface is None if row is not None else hub.is_id(model)
