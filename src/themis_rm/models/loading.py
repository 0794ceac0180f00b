"""Load a reward model from a name, a directory or a server."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from themis_rm.errors import CheckpointError, MissingExtraError, SettingError, UserError
from themis_rm.models import hub, published
from themis_rm.models.embedded import NAME as NANO
from themis_rm.models.family import MERGE, detect_family, get_family, require_complete_model, require_config
from themis_rm.models.local_models import find_short_name, is_short_name
from themis_rm.models.protocol import RewardModel
from themis_rm.models.settings import ModelSettings

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint
    from themis_rm.models.family import Family, HeadSpec
    from themis_rm.models.published import PublishedModel

BASELINES: dict[str, str] = {"length": "load_length", "random": "load_random"}
"""Name -> loader in :mod:`themis_rm.models.baselines`."""

LIKELIHOOD: dict[str, Literal["mean", "sum"]] = {"likelihood:": "mean", "likelihood-sum:": "sum"}
"""Prefix of the name of a causal language model -> how the log-probabilities of an answer's tokens become a reward."""

NGRAMS = "ngrams.json"
"""File that identifies the directory of a fitted n-gram baseline."""

PROMPTS = "prompts.json"
"""File with the prompt set that a checkpoint was trained with."""


def load_model(model: str | Path, settings: ModelSettings | None = None) -> RewardModel:
    """Load a reward model.

    Args:
        model: Name of a baseline (``length``, ``random``), a directory, ``themis-nano`` (the model in this package),
            the name of a published model, a repository id on the hub, or with ``settings.judge`` any name for the model
            on the server. A :class:`~pathlib.Path` is always a directory; write ``./length`` for a directory of that
            name. ``likelihood:`` and the directory or
            hub id of a causal language model score an answer by its mean log-probability, ``likelihood-sum:`` by the
            sum.
        settings: Device, precision, limits; or a server that computes the scores.

    Raises:
        CheckpointError: There is no such model, or it must not be loaded.
        SettingError: A setting does not fit the model.
        MissingExtraError: A required package is not installed.
    """
    settings = settings or ModelSettings()
    loaded = _load(model, settings)
    if settings.answer == "raw":
        return loaded
    from themis_rm.models.answers import AnswerModel  # grammars are slow to import

    return AnswerModel(loaded, settings.answer)


def _load(model: str | Path, settings: ModelSettings) -> RewardModel:
    _require_known_device(settings.device)
    if isinstance(model, str) and model in BASELINES:
        from themis_rm.models import baselines

        if settings.remote is not None:
            raise SettingError(f"The baseline '{model}' has no server.", "Name the model that the server serves.")
        loader: Callable[[ModelSettings], RewardModel] = getattr(baselines, BASELINES[model])
        return loader(settings)
    if isinstance(model, str) and is_likelihood(model):
        return _load_likelihood(model, settings)
    row = published.find(model) if isinstance(model, str) and not Path(model).is_dir() else None
    if settings.judge is not None or (row is not None and row.interface is not None):
        return _load_judge(str(model), row, settings)
    settings = _with_published_settings(settings, row)
    files = _find_files(model, row, settings)
    try:
        return _load_files(files, settings)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "torch", "train") from error


def is_likelihood(name: str) -> bool:
    """Return whether a name is that of a likelihood baseline, such as ``likelihood:Qwen/Qwen2.5-Coder-0.5B``."""
    return name.startswith(tuple(LIKELIHOOD))


def require_likelihood_model(name: str) -> None:
    """Check that the model of a likelihood baseline is a directory or can be one of the hub, without loading it.

    Raises:
        CheckpointError: It is neither.
    """
    model = name.partition(":")[2]
    if not model or not (Path(model).is_dir() or hub.is_id(model) or is_short_name(model)):
        raise CheckpointError(
            f"There is no model directory '{model}'.",
            f"Name a causal language model by its directory or hub id: {name.partition(':')[0]}:DIRECTORY.",
        )


def _load_likelihood(name: str, settings: ModelSettings) -> RewardModel:
    if settings.remote is not None or settings.judge is not None:
        raise SettingError("A likelihood baseline runs here, without a server.", "Remove model.remote and model.judge.")
    require_likelihood_model(name)
    prefix, _, model = name.partition(":")
    files = _find_files(model, None, settings)
    try:
        from themis_rm.models.likelihood import load

        return load(files.folder, settings, LIKELIHOOD[f"{prefix}:"], files.name, files.repository)
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "torch", "train") from error


def _require_known_device(name: str) -> None:
    if not re.fullmatch(r"auto|split|cpu|mps|(cuda|xpu)(:\d{1,4})?", name):
        raise SettingError(
            f"Unknown device '{name}'.", "Set model.device to auto, cpu, cuda, cuda:0, xpu, mps or split."
        )


@dataclass(frozen=True, slots=True)
class _ModelFiles:
    """The local directory of a model; of one that has no directory of the user its name, on the hub ``name@commit``."""

    folder: Path
    name: str = ""
    repository: str = ""


def _find_files(model: str | Path, row: PublishedModel | None, settings: ModelSettings) -> _ModelFiles:
    if isinstance(model, str) and (folder := find_short_name(model)) is not None:
        return _ModelFiles(folder, model)
    if isinstance(model, Path) or Path(model).is_dir():
        if not Path(model).is_dir():
            raise CheckpointError(_missing_directory(str(model)))
        return _ModelFiles(Path(model))
    name = row.hub if row is not None else model
    if not hub.is_id(name):
        raise CheckpointError(_missing_directory(model), published.suggest(model, NANO, *BASELINES))
    snapshot = hub.fetch(name, settings.revision, settings.pickled_weights, bool(settings.trust_remote_code))
    return _ModelFiles(snapshot.folder, name, f"{name}@{snapshot.commit}")


def _missing_directory(name: str) -> str:
    if Path(name).exists():
        return f"{name} is a file; a model is a directory with config.json and *.safetensors."
    return f"There is no model directory {name}, and no published model or baseline with that name."


def _with_published_settings(settings: ModelSettings, row: PublishedModel | None) -> ModelSettings:
    """Complete the user's settings with those that a published model needs."""
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
            f"{name} is a generative judge and needs a server.",
            "Serve it (with vLLM or another OpenAI-compatible server) and set model.judge.url=http://HOST:PORT/v1.",
        )
    if settings.long_inputs not in ("end", "refuse"):
        raise SettingError(
            f"A judge reads complete conversations: long_inputs '{settings.long_inputs}' is not supported.",
            "Remove model.long_inputs; a conversation that its server does not accept fails as prompt-too-long.",
        )
    from themis_rm.models.judges.model import load

    return load(row.hub if row is not None else name, settings, (row.interface if row is not None else None) or "")


def _load_files(files: _ModelFiles, settings: ModelSettings) -> RewardModel:
    folder = files.folder
    if (folder / NGRAMS).is_file():
        from themis_rm.models import ngrams

        return ngrams.load(folder, settings)
    if settings.remote is not None:
        require_config(folder)
        return _load_remote(files, settings)
    from themis_rm.models.adapters import AdaptedCheckpoint, open_checkpoint
    from themis_rm.models.config_counts import require_plausible_counts

    checkpoint = open_checkpoint(folder, settings)
    require_complete_model(checkpoint)
    require_plausible_counts(checkpoint)
    loaded = _load_checkpoint(checkpoint, files, settings)
    if isinstance(checkpoint, AdaptedCheckpoint):
        checkpoint.check_base(loaded)
    return loaded


def _load_checkpoint(checkpoint: Checkpoint, files: _ModelFiles, settings: ModelSettings) -> RewardModel:
    folder = files.folder
    if settings.trust_remote_code:
        _require_own_weights(checkpoint)
        from themis_rm.models.remote_code import load_remote_code, require_trust

        require_trust(folder, settings, files.repository)
        return load_remote_code(checkpoint, settings, files.name or folder.resolve().name)
    from themis_rm.models.decoder import load_decoder
    from themis_rm.models.encoder import FAMILY, is_encoder, load_encoder_model

    if is_encoder(checkpoint) and settings.family in {"", FAMILY}:
        _require_plain_class(checkpoint, get_family(FAMILY), settings)
        return load_encoder_model(checkpoint, settings, files.name, files.repository)
    family = get_family(settings.family) if settings.family else detect_family(checkpoint)
    if not family.replaces_code:
        _require_plain_class(checkpoint, family, settings)
    head = _load_head(family, checkpoint)
    if family.load is not None:
        return family.load(checkpoint, head, settings, files.name, files.repository)
    return load_decoder(checkpoint, head, family.name, settings, files.name, files.repository)


def _require_own_weights(checkpoint: Checkpoint) -> None:
    from themis_rm.models.adapters import AdaptedCheckpoint

    if isinstance(checkpoint, AdaptedCheckpoint):
        raise CheckpointError(
            f"{checkpoint.folder} is an adapter, which cannot be merged into a model that runs its own Python code.",
            MERGE,
        )


def _load_head(family: Family, checkpoint: Checkpoint) -> HeadSpec:
    try:
        return family.load_head(checkpoint)
    except UserError:
        raise
    except Exception as error:  # shapes and configuration are arbitrary data, for which a family may raise anything
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(
            f"The head of {checkpoint.folder} is not of the family {family.name} ({type(error).__name__}: {reason}).",
            "Set model.family to its family, or download the model again.",
        ) from error


def _load_remote(files: _ModelFiles, settings: ModelSettings) -> RewardModel:
    from themis_rm.models.checkpoint import Checkpoint
    from themis_rm.models.remote.model import load

    # The directory may have only a tokenizer and a configuration; if it has weights, they determine the family.
    family = get_family(settings.family) if settings.family else None
    if family is None and any(files.folder.glob("*.safetensors")):
        family = detect_family(Checkpoint(files.folder, weights=settings.weights))
    if family is not None and not family.served:
        raise SettingError(
            f"Servers cannot compute the reward of the family {family.name} from token ids.",
            "Remove the remote settings to run the model here.",
        )
    return load(files.folder, settings, files.name)


def _require_plain_class(checkpoint: Checkpoint, family: Family, settings: ModelSettings) -> None:
    """Reject a checkpoint whose class may read its head elsewhere than at the last token.

    A class of transformers that is not the classifier of the model type does. A class that transformers does not have
    is that of a trainer: its head is known by the tensors. A family that the user names decides.

    Raises:
        CheckpointError: The configuration names code of the repository, or a class that is not a classifier.
    """
    import transformers
    from transformers.models.auto import modeling_auto

    from themis_rm.models.checkpoint import config_value
    from themis_rm.models.heads import find_linear_head, require_scalar_output

    if (code := checkpoint.config.get("auto_map")) and not settings.ignore_remote_code:
        from themis_rm.models.remote_code import code_digest

        names = code.values() if isinstance(code, dict) else code if isinstance(code, list) else [code]
        first = min(map(str, names), default="not named")
        raise CheckpointError(
            f"{checkpoint.folder} needs its Python code ({first}), which is not run.",
            "If its head is a plain 'score' on the last token, set ignore_remote_code=true; "
            f"to run the code, read it and set trust_remote_code={code_digest(checkpoint.folder)}.",
        )
    kind, architecture = str(checkpoint.config.get("model_type", "")), config_value(checkpoint.config, "architectures")
    classes = modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES
    if family.architecture == "ForTokenClassification":
        classes = modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES
    native = classes.get(kind)
    if checkpoint.unread_head_file:
        require_scalar_output(checkpoint, find_linear_head(checkpoint))
    is_known = architecture.isidentifier() and hasattr(transformers, architecture)
    if is_known and architecture != native and not (settings.family or settings.ignore_remote_code):
        raise CheckpointError(
            f"{checkpoint.folder} is a {architecture}, not a {native or 'sequence classifier'}.",
            "Use a checkpoint that was saved as a sequence classifier with one label, or set family=.",
        )


def is_checkpoint(model: str | Path, settings: ModelSettings | None = None) -> bool:
    """Return whether a model is a scalar checkpoint, which may have been trained with criteria prompts.

    Baselines and judges are not.
    """
    if settings is not None and settings.judge is not None:
        return False
    if isinstance(model, str) and (model in BASELINES or is_likelihood(model)):
        return False
    if isinstance(model, str) and is_short_name(model):
        return True
    if isinstance(model, Path) or Path(model).exists():
        return Path(model).is_dir() and not (Path(model) / NGRAMS).is_file()
    row = published.find(model)
    return row.interface is None if row is not None else hub.is_id(model)


def find_folder(model: str | Path, settings: ModelSettings | None = None) -> Path | None:
    """Return the directory of a scalar checkpoint, ``None`` for a baseline or a judge.

    Raises:
        CheckpointError: The files of the model cannot be found.
    """
    if not is_checkpoint(model, settings):
        return None
    row = published.find(model) if isinstance(model, str) and not Path(model).is_dir() else None
    return _find_files(model, row, _with_published_settings(settings or ModelSettings(), row)).folder


def find_prompts_file(model: str | Path, settings: ModelSettings | None = None) -> Path | None:
    """Return the file with the prompt set that a checkpoint was trained with, ``None`` if it has none.

    Raises:
        CheckpointError: The files of the model cannot be found.
    """
    folder = find_folder(model, settings)
    return folder / PROMPTS if folder is not None and (folder / PROMPTS).is_file() else None
