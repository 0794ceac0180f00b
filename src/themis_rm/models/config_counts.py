"""Counts in ``config.json``, compared with the weights before anything is built from them.

They are untrusted: building two billion layers, or naming a billion labels, would never end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from themis_rm.errors import CheckpointError

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

_LAYERS = re.compile(r"num_hidden_layers|num_layers|n_layers?|num_decoder_layers|num_encoder_layers")
_COUNTS = re.compile(r".*(layer|expert|head|codebook|block|stage|group|loop|iteration|stream|stack|hop|level)s?")
_MAX_COUNT = 1 << 16
"""More experts, heads or blocks than any model has."""

_SHARED = frozenset({"albert"})
"""Model types whose layers have the same weights."""
_MAX_SHARED = 256

_NUMBER = re.compile(r"\.(\d+)\.")


def require_plausible_counts(checkpoint: Checkpoint) -> None:
    """Check the numbers of layers, experts, heads and the like in a configuration.

    Raises:
        CheckpointError: There are more layers than the weights have, or a count that no model has.
    """
    layers = _layers_of(checkpoint.shapes)
    for path, value in _integers(checkpoint.config):
        key = path.rpartition(".")[2]
        # The configuration of another modality may have no weights in the checkpoint.
        if _LAYERS.fullmatch(key) and path in {key, f"text_config.{key}"}:
            most = _MAX_SHARED if checkpoint.config.get("model_type") in _SHARED else layers
            if not 1 <= value <= most:
                raise CheckpointError(
                    f"{checkpoint.folder}/config.json has {path} {value}, but its weights have {layers} layers.",
                    "Use the config.json that was saved with the weights.",
                )
        elif _COUNTS.fullmatch(key) and abs(value) > _MAX_COUNT:
            raise CheckpointError(
                f"{checkpoint.folder}/config.json has {path} {value}, but at most {_MAX_COUNT:,} are supported.",
                "Use the config.json that was saved with the weights.",
            )


def _layers_of(names: Mapping[str, Any]) -> int:
    """Return the number of layers in the names of tensors; the first number in a name is that of the layer."""
    found = (_NUMBER.search(f".{name}.") for name in names)
    return 1 + max((int(match[1]) for match in found if match), default=-1)


def _integers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, int]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _integers(value, f"{prefix}{key}.")
        elif isinstance(value, int) and not isinstance(value, bool):
            yield f"{prefix}{key}", value
