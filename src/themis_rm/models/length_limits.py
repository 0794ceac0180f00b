"""How many tokens a conversation may have, from the files that limit it.

The positions of the model are a hard limit; the length in ``tokenizer_config.json`` is a default that ``max_length``
replaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from themis_rm.errors import CheckpointError
from themis_rm.models.rotary_parameters import per_layer_parameters, rotary_parameters

_UNLIMITED = 1 << 40
"""Tokenizers without a limit write 1e30."""


@dataclass(frozen=True, slots=True)
class LengthLimit:
    """A limit on the tokens of a conversation.

    Attributes:
        tokens: The limit.
        origin: The key that sets it, for errors.
    """

    tokens: int
    origin: str


def position_limit(config: Any) -> LengthLimit | None:
    """Return the positions of a decoder, with the factor of its rotary embeddings; ``None`` if they are not limited.

    A factor applies to ``original_max_position_embeddings``, by default to ``max_position_embeddings``; of layers with
    different factors the smallest counts.

    Args:
        config: Typed configuration.
    """
    text = config.get_text_config()
    return _limit(getattr(text, "max_position_embeddings", None), rotary_parameters(text))


def raw_position_limit(config: Mapping[str, Any]) -> LengthLimit | None:
    """Return :func:`position_limit` of the content of ``config.json``, for a model that is not loaded here."""
    positions = config.get("max_position_embeddings")
    rope = config.get("rope_parameters") or config.get("rope_scaling")
    return _limit(positions, per_layer_parameters(rope))


def _limit(positions: object, ropes: list[dict[str, Any]]) -> LengthLimit | None:
    if not isinstance(positions, int) or positions < 1:
        return None
    scaled = min((_scaled(rope, positions) for rope in ropes), default=positions)
    if scaled > positions:
        return LengthLimit(scaled, "max_position_embeddings and the factor of rope_scaling in config.json")
    return LengthLimit(positions, "max_position_embeddings in config.json")


def _scaled(rope: dict[str, Any], positions: int) -> int:
    factor = rope.get("factor")
    original = rope.get("original_max_position_embeddings") or positions
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind == "default" or not isinstance(factor, int | float) or not isinstance(original, int):
        return positions
    return max(positions, int(original * factor))


def choose_max_length(wanted: int | None, model: LengthLimit | None, tokenizer: object, name: str) -> int:
    """Return the most tokens of a conversation.

    Args:
        wanted: The setting ``max_length``.
        model: Limit of the model; ``None`` for none.
        tokenizer: ``model_max_length`` in ``tokenizer_config.json``.
        name: Name of the model, for errors.

    Raises:
        CheckpointError: ``max_length`` is out of range, or no file has a limit.
    """
    if wanted is not None:
        if wanted < 1 or (model is not None and wanted > model.tokens):
            most = f"1 to {model.tokens} ({model.origin})" if model is not None else "at least 1"
            raise CheckpointError(
                f"max_length {wanted} is out of range for {name}.", f"Set model.max_length to {most}."
            )
        return wanted
    limit = default_limit(model, tokenizer)
    if limit is None:
        raise CheckpointError(f"{name} has no limit on the length of its input.", "Set model.max_length, such as 4096.")
    return limit.tokens


def default_limit(model: LengthLimit | None, tokenizer: object) -> LengthLimit | None:
    """Return the smaller of the limits of a model and of its tokenizer; ``None`` if neither has one.

    Args:
        model: Limit of the model.
        tokenizer: ``model_max_length`` in ``tokenizer_config.json``.
    """
    limits = [] if model is None else [model]
    if isinstance(tokenizer, int | float) and not isinstance(tokenizer, bool) and 1 <= tokenizer < _UNLIMITED:
        limits.append(LengthLimit(int(tokenizer), "model_max_length in tokenizer_config.json"))
    return min(limits, key=lambda limit: limit.tokens, default=None)
