"""Load the decoder of a checkpoint, without the head that transformers adds."""

from __future__ import annotations

import re
from typing import Any

import torch
from transformers import AutoModel, AutoModelForCausalLM

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.config import build_skeleton
from themis_rm.models.family import HeadSpec
from themis_rm.models.loading_messages import suppress_loading_messages
from themis_rm.models.unused_tensors import UNUSED


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
    skeleton = build_skeleton(checkpoint, config)
    weights = head.weights() if head.weights is not None else _decoder_weights(checkpoint, head, skeleton)
    options: dict[str, Any] = {"attn_implementation": "eager"} if soft_capped(config) else {}
    if device == "split":
        options |= split_options()
    model, report = load_weights(AutoModel, checkpoint, config, weights, dtype=dtype, **options)
    _require_all_weights(checkpoint, report)
    # An unused tensor means that the family was not detected correctly.
    if unused := sorted(set(report["unexpected_keys"])):
        raise CheckpointError(
            f"{checkpoint.folder} has {len(unused)} weights that its family does not use, such as '{unused[0]}'.",
            "It is a model of another family: set family=.",
        )
    if device != "split":
        model = model.to(device)
    return model.eval()


def load_causal_lm(
    checkpoint: Checkpoint,
    config: Any,
    dtype: torch.dtype | str,
    device: torch.device | str,
    head_tensors: frozenset[str] = frozenset(),
) -> Any:
    """Load a causal language model: a decoder with the head that predicts the next token.

    Args:
        checkpoint: The checkpoint.
        config: Its configuration.
        dtype: Precision of the weights; ``"auto"`` for that of the checkpoint.
        device: Device, or ``"split"`` for layers spread over all GPUs.
        head_tensors: Names of tensors of a reward head, which are not read.

    Raises:
        CheckpointError: transformers has no causal language model of this type, a weight is missing or has another
            shape, or the checkpoint is another model.
    """
    if type(config) not in AutoModelForCausalLM._model_mapping:  # noqa: SLF001
        raise CheckpointError(f"transformers has no causal language model of the type {config.model_type}.")
    names = {name: name for name in checkpoint.shapes if name not in head_tensors}
    names = without_wrapper(names, build_skeleton(checkpoint, config, AutoModelForCausalLM))
    weights = {names[name]: tensor for name, tensor in checkpoint.mapped_tensors(names).items()}
    options: dict[str, Any] = {"attn_implementation": "eager"} if soft_capped(config) else {}
    options |= split_options() if device == "split" else {}
    model, report = load_weights(AutoModelForCausalLM, checkpoint, config, weights, dtype=dtype, **options)
    # A reward head is reported first: it says what the checkpoint is.
    if unused := sorted(set(report["unexpected_keys"])):
        raise CheckpointError(
            f"{checkpoint.folder} is not a causal language model: it has the weight '{unused[0]}'.",
            "Name the base model, not the reward model that was trained from it.",
        )
    _require_all_weights(checkpoint, report)
    return (model if device == "split" else model.to(device)).eval()


def _require_all_weights(checkpoint: Checkpoint, report: dict[str, Any]) -> None:
    if missing := sorted(report["missing_keys"]):
        raise CheckpointError(f"{checkpoint.folder} lacks {len(missing)} of its weights, such as '{missing[0]}'.")


def split_options() -> dict[str, Any]:
    """Return the arguments of ``from_pretrained`` that spread layers over all GPUs and, if these are full, the CPU."""
    return {"device_map": "auto"}


def _decoder_weights(checkpoint: Checkpoint, head: HeadSpec, skeleton: Any) -> dict[str, torch.Tensor]:
    """Return all tensors but those of the head, under the names that transformers gives them."""
    names = {name: name for name in checkpoint.shapes if name not in head.head_tensors}
    for pattern, replacement in head.rename.items():
        names = {name: re.sub(pattern, replacement, new) for name, new in names.items()}
    names = without_wrapper(names, skeleton)
    kept = {name: new for name, new in names.items() if new not in UNUSED}
    return {kept[name]: tensor for name, tensor in checkpoint.mapped_tensors(kept).items()}


def load_weights(
    kind: Any, checkpoint: Checkpoint, config: Any, weights: dict[str, torch.Tensor], **options: Any
) -> tuple[Any, dict[str, Any]]:
    """Build a model and load exactly these weights into it, so that nothing else decides which file is read.

    Args:
        kind: Automatic class of transformers.
        checkpoint: The checkpoint, for errors.
        config: Typed configuration.
        weights: Name -> tensor.
        options: Further arguments of ``from_pretrained``.

    Returns:
        The model, and a report with ``missing_keys`` and ``unexpected_keys``.

    Raises:
        CheckpointError: A weight has another shape, or the model cannot be built.
    """
    classes = kind._model_mapping[type(config)]  # noqa: SLF001
    model_class = classes[0] if isinstance(classes, tuple) else classes
    if options.get("dtype") == "auto":
        options["dtype"] = _saved_dtype(config, weights)
    with suppress_loading_messages():
        try:
            model, report = model_class.from_pretrained(
                None,
                config=config,
                state_dict=weights,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
                **options,
            )
        except Exception as error:  # the configuration is arbitrary data, for which transformers may raise anything
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(
                f"The weights in {checkpoint.folder} cannot be loaded ({type(error).__name__}: {reason})."
            ) from error
    if mismatched := sorted(report["mismatched_keys"]):
        name, saved, built = mismatched[0]
        raise CheckpointError(
            f"The weights in {checkpoint.folder} cannot be loaded: '{name}' has shape {list(saved)}, but config.json "
            f"describes {list(built)}.",
            "Use the config.json that was saved with the weights.",
        )
    return model, report


def _saved_dtype(config: Any, weights: dict[str, torch.Tensor]) -> torch.dtype:
    saved = getattr(config, "dtype", None)
    if isinstance(saved, torch.dtype):
        return saved
    return next((value.dtype for value in weights.values() if value.is_floating_point()), torch.float32)


def without_wrapper(names: dict[str, str], skeleton: Any) -> dict[str, str]:
    """Remove the prefix that a trainer's wrapper added to every name (``module.``, ``pretrained_model.``).

    The prefix is found at the embeddings, whose name transformers defines.
    """
    embeddings, base = skeleton.get_input_embeddings(), f"{skeleton.base_model_prefix}."
    own = next((f"{name}.weight" for name, module in skeleton.named_modules() if module is embeddings), None)
    if own is None:
        return names
    found = next((new for new in names.values() if new.endswith(own)), own)
    prefix = found.removesuffix(own)
    if prefix in {"", base} or not prefix.endswith("."):
        return names
    outer = prefix.removesuffix(base)
    return {name: new.removeprefix(prefix).removeprefix(outer) for name, new in names.items()}


def soft_capped(config: Any) -> bool:
    """Return whether attention scores are soft-capped (Gemma-2), which SDPA omits without a warning."""
    return getattr(config, "attn_logit_softcapping", None) is not None
