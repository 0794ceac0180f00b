"""Decoders of transformers without the heads that transformers puts on them."""

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

_OUTSIDE = frozenset({"lm_head.weight"})
"""Tensors that no reward needs: the map to words is not even read."""


def read_config(checkpoint: Checkpoint) -> Any:
    """Return the typed configuration of a decoder that transformers knows.

    Raises:
        CheckpointError: It knows no such model, or the values cannot be used.
    """
    kind = str(checkpoint.config.get("model_type", ""))
    if kind not in MODEL_MAPPING_NAMES:
        architecture = config_value(checkpoint.config, "architectures")
        raise CheckpointError(
            f"{checkpoint.folder} is of the unknown architecture '{architecture or kind or 'none given'}'.",
            f"transformers {transformers.__version__} has no decoder for model type '{kind}'.",
        )
    try:
        return AutoConfig.from_pretrained(str(checkpoint.folder), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(f"{checkpoint.folder}/config.json cannot be used ({reason}).") from error


def load_backbone(
    checkpoint: Checkpoint,
    parts: HeadSpec,
    config: Any,
    dtype: torch.dtype | str,
    device: torch.device | str,
) -> Any:
    """Load a decoder.

    Args:
        checkpoint: The folder.
        parts: What its family says about it.
        config: Configuration of the decoder.
        dtype: Precision of the weights; ``"auto"`` for the checkpoint's own.
        device: Where to, or ``"split"`` for layers spread over all GPUs.

    Raises:
        CheckpointError: A weight is missing, has another shape, or belongs to nobody.
    """
    options: dict[str, Any] = {
        "config": config,
        "dtype": dtype,
        "attn_implementation": "eager" if soft_capped(config) else None,
        "output_loading_info": True,
    }
    if device == "split":
        options["device_map"] = "auto"
    with quiet():
        try:
            model, report = _read(checkpoint, parts, options)
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(f"The weights in {checkpoint.folder} cannot be loaded ({reason}).") from error
    if missing := sorted(report["missing_keys"]):
        raise CheckpointError(f"{checkpoint.folder} lacks {len(missing)} of its weights, such as '{missing[0]}'.")
    # A tensor that nobody reads means that this is another kind of model than it was taken for.
    if unread := sorted(set(report["unexpected_keys"]) - parts.head_tensors - _OUTSIDE):
        raise CheckpointError(
            f"{checkpoint.folder} has {len(unread)} weights that its family does not know, such as '{unread[0]}'.",
            "It is another kind of model than its files look like; name its kind with family=.",
        )
    if device != "split":
        model = model.to(device)
    return model.eval()


def _read(checkpoint: Checkpoint, parts: HeadSpec, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    if parts.weights is not None:
        dtype = options["dtype"]
        if dtype == "auto":
            options["dtype"] = getattr(torch, str(checkpoint.config.get("torch_dtype", "float32")))
        kind = transformers.AutoModel._model_mapping[type(options["config"])]  # noqa: SLF001
        return kind.from_pretrained(None, state_dict=parts.weights(), **options)
    model, report = AutoModel.from_pretrained(
        str(checkpoint.folder),
        trust_remote_code=False,
        local_files_only=True,
        use_safetensors=checkpoint.files[0].suffix == ".safetensors",
        key_mapping=dict(parts.rename) or None,
        **options,
    )
    return model, report


def soft_capped(config: Any) -> bool:
    """Return whether attention scores are capped (Gemma-2), which SDPA leaves out without a word."""
    return getattr(config, "attn_logit_softcapping", None) is not None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' report of unused heads and its progress bars off the user's screen."""
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
