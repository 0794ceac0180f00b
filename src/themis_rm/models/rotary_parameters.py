"""Parameters of rotary embeddings in a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def rotary_parameters(config: Any) -> list[dict[str, Any]]:
    """Return the parameters of the rotary embeddings of a typed configuration, one entry per type of layer."""
    return per_layer_parameters(getattr(config, "rope_parameters", None))


def per_layer_parameters(parameters: object) -> list[dict[str, Any]]:
    """Return one entry per type of layer; parameters are either a mapping of these, or those of all layers."""
    if not isinstance(parameters, Mapping) or not parameters:
        return []
    layers = [value for value in parameters.values() if value is not None]
    if all(isinstance(value, Mapping) for value in layers):
        return [dict(value) for value in layers]
    return [dict(parameters)]
