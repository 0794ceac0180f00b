"""Load the decoder of a checkpoint, without the head that transformers adds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
import transformers
from transformers import AutoConfig, AutoModel
from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import Checkpoint, config_value
from themis_rm.models.family import HeadSpec

_UNUSED = frozenset({"lm_head.weight"})
"""Tensors that no reward needs; they are not read."""


def read_config(checkpoint: Checkpoint) -> Any:
    """Return the typed configuration of a decoder that transformers supports.

    Raises:
        CheckpointError: The model type is not supported, or a value is not valid.
    """
    kind = str(checkpoint.config.get("model_type", ""))
    if kind not in MODEL_MAPPING_NAMES:
        architecture = config_value(checkpoint.config, "architectures")
        raise CheckpointError(
            f"{checkpoint.folder} has the unsupported architecture '{architecture or kind or 'not named'}'.",
            f"transformers {transformers.__version__} has no decoder for model type '{kind}'.",
        )
    try:
        return AutoConfig.from_pretrained(str(checkpoint.folder), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(f"{checkpoint.folder}/config.json is not valid ({reason}).") from error


def load_backbone(
    checkpoint: Checkpoint,
    head: HeadSpec,
    config: Any,
    dtype: torch.dtype | str,
    device: torch.device | str,
) -> Any:
    """Load a decoder.

    Args:
        checkpoint: The checkpoint.
        head: Its head, and how the decoder is read.
        config: Configuration of the decoder.
        dtype: Precision of the weights; ``"auto"`` for that of the checkpoint.
        device: Device, or ``"split"`` for layers spread over all GPUs.

    Raises:
        CheckpointError: A weight is missing, has another shape, or is neither the decoder's nor the head's.
    """
    options: dict[str, Any] = {
        "config": config,
        "dtype": dtype,
        "attn_implementation": "eager" if soft_capped(config) else None,
        "output_loading_info": True,
    }
    if device == "split":
        options["device_map"] = "auto"
    with suppress_loading_messages():
        try:
            model, report = _read(checkpoint, head, options)
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(f"The weights in {checkpoint.folder} cannot be loaded ({reason}).") from error
    if missing := sorted(report["missing_keys"]):
        raise CheckpointError(f"{checkpoint.folder} lacks {len(missing)} of its weights, such as '{missing[0]}'.")
    # An unused tensor means that the family was not detected correctly.
    if unused := sorted(set(report["unexpected_keys"]) - head.head_tensors - _UNUSED):
        raise CheckpointError(
            f"{checkpoint.folder} has {len(unused)} weights that its family does not use, such as '{unused[0]}'.",
            "It is a model of another family: set family=.",
        )
    if device != "split":
        model = model.to(device)
    return model.eval()


def _read(checkpoint: Checkpoint, head: HeadSpec, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    if head.weights is not None:
        dtype = options["dtype"]
        if dtype == "auto":
            options["dtype"] = getattr(torch, str(checkpoint.config.get("torch_dtype", "float32")))
        kind = transformers.AutoModel._model_mapping[type(options["config"])]  # noqa: SLF001
        return kind.from_pretrained(None, state_dict=head.weights(), **options)
    model, report = AutoModel.from_pretrained(
        str(checkpoint.folder),
        trust_remote_code=False,
        local_files_only=True,
        use_safetensors=checkpoint.files[0].suffix == ".safetensors",
        key_mapping=dict(head.rename) or None,
        **options,
    )
    return model, report


def soft_capped(config: Any) -> bool:
    """Return whether attention scores are soft-capped (Gemma-2), which SDPA omits without a warning."""
    return getattr(config, "attn_logit_softcapping", None) is not None


@contextlib.contextmanager
def suppress_loading_messages() -> Iterator[None]:
    """Suppress transformers' report of unused weights and its progress bars."""
    log = transformers.utils.logging
    before, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(before)
        if bars:
            log.enable_progress_bar()
