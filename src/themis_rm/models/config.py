"""Typed configuration of a decoder, and whether its size fits the weights, before memory is allocated for it."""

from __future__ import annotations

import math
from typing import Any

import torch
import transformers
from transformers import CONFIG_MAPPING, AutoModel, PreTrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES, MODEL_MAPPING_NAMES

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import Checkpoint, config_value
from themis_rm.models.config_counts import require_plausible_counts
from themis_rm.models.loading_messages import suppress_loading_messages

_DROPPED = frozenset(
    {
        "_attn_implementation",
        "_attn_implementation_internal",
        "attn_implementation",
        "auto_map",
        "experts_implementation",
        "fusion_config",
        "id2label",
        "label2id",
        "num_labels",
        "transformers_weights",
    }
)
"""Keys that no decoder needs: labels (the head is read from the weights), and choices of code or files to load."""

_SPARE_PARAMETERS = 1 << 20
"""A decoder may lack weights by this number before its size is refused; the error then names one that is missing."""

_SPARE_BYTES = 1 << 30
"""Most memory of tables that are not among the weights, beyond the size of the weights."""


def read_config(checkpoint: Checkpoint, labels: int | None = None) -> Any:
    """Return the typed configuration of a model that transformers supports.

    Args:
        checkpoint: The checkpoint.
        labels: Number of labels of an encoder with a head; ``None`` for a decoder, whose head is read separately.

    Raises:
        CheckpointError: The model type is not supported, a value is not valid, or a count does not fit the weights.
    """
    kind = _supported_kind(checkpoint)
    if labels is None:
        _require_decoder(checkpoint, kind)
    require_plausible_counts(checkpoint)
    values = _without_dropped(checkpoint.config) | ({} if labels is None else {"num_labels": labels})
    _require_dtype(checkpoint, values)
    try:
        with suppress_loading_messages():
            config = CONFIG_MAPPING[kind].from_dict(values)
            if not isinstance(config.get_text_config(), PreTrainedConfig):
                raise TypeError("text_config is not a configuration")
    except Exception as error:  # a configuration is arbitrary data, for which its class may raise anything
        raise _invalid(checkpoint, error) from error
    return config


def _supported_kind(checkpoint: Checkpoint) -> str:
    kind = checkpoint.config.get("model_type")
    if not isinstance(kind, str) or kind not in MODEL_MAPPING_NAMES:
        architecture = config_value(checkpoint.config, "architectures")
        raise CheckpointError(
            f"{checkpoint.folder} has the unsupported architecture '{architecture or kind or 'not named'}'.",
            f"transformers {transformers.__version__} has no decoder for model type '{kind or ''}'.",
        )
    return kind


def _require_decoder(checkpoint: Checkpoint, kind: str) -> None:
    if kind in MODEL_FOR_MASKED_LM_MAPPING_NAMES or checkpoint.config.get("is_encoder_decoder"):
        raise CheckpointError(
            f"{checkpoint.folder} is an encoder ({kind}), and this family is one of decoders.",
            "Remove model.family, or serve it and set model.remote.url and model.remote.dialect.",
        )


def _without_dropped(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_dropped(value) if isinstance(value, dict) else value
        for key, value in values.items()
        if key not in _DROPPED
    }


def _require_dtype(checkpoint: Checkpoint, values: dict[str, Any]) -> None:
    for key in ("dtype", "torch_dtype"):
        name = values.get(key)
        if name is None or isinstance(name, dict):
            continue
        if not isinstance(name, str) or not isinstance(getattr(torch, name.removeprefix("torch."), None), torch.dtype):
            raise CheckpointError(
                f"{checkpoint.folder}/config.json has the unknown {key} {name!r}.",
                "Set it to float32, bfloat16 or float16.",
            )


def _invalid(checkpoint: Checkpoint, error: Exception) -> CheckpointError:
    reason = " ".join(str(error).split())[:160]
    return CheckpointError(
        f"{checkpoint.folder}/config.json is not valid ({type(error).__name__}: {reason}).",
        "Use the config.json that was saved with the weights.",
    )


def build_skeleton(checkpoint: Checkpoint, config: Any, kind: Any = AutoModel) -> Any:
    """Return a model of a configuration on the meta device, without memory for its weights.

    Args:
        checkpoint: The checkpoint.
        config: Its configuration.
        kind: Automatic class of transformers that builds the model.

    Raises:
        CheckpointError: The model cannot be built, or is larger than the weights.
    """
    try:
        with suppress_loading_messages(), torch.device("meta"):
            model = kind.from_config(config, trust_remote_code=False)
            model.get_input_embeddings()
    except Exception as error:  # see read_config
        raise _invalid(checkpoint, error) from error
    saved = sum(math.prod(shape) for shape in checkpoint.shapes.values())
    needed = sum(weight.numel() for weight in model.base_model.parameters())
    # Quantized weights are packed: up to 32 of them in a number.
    if needed > saved * (32 if checkpoint.config.get("quantization_config") else 2) + _SPARE_PARAMETERS:
        raise CheckpointError(
            f"{checkpoint.folder}/config.json describes a decoder of {needed:,} parameters, but its weights have "
            f"{saved:,}.",
            "Use the config.json that was saved with the weights.",
        )
    tables = sum(table.numel() * table.element_size() for table in model.base_model.buffers())
    if tables > 4 * saved + _SPARE_BYTES:
        raise CheckpointError(
            f"{checkpoint.folder}/config.json describes tables of {tables:,} bytes, more than its weights have.",
            "Use the config.json that was saved with the weights.",
        )
    return model
