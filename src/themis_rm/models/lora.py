"""LoRA: settings of an adapter, and the matrices that it adds to the weights of its base.

``W + scale * B @ A`` in float32, with rank-stabilized scaling, patterns of alpha, transposed weights and DoRA. What
changes more than single matrices is refused by its name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from themis_rm.errors import CheckpointError
from themis_rm.models.family import MERGE
from themis_rm.models.json_files import read_json

if TYPE_CHECKING:
    import torch

ADAPTER_CONFIG = "adapter_config.json"

_UNSUPPORTED = (
    "alora_invocation_tokens",
    "arrow_config",
    "layer_replication",
    "target_parameters",
    "trainable_token_indices",
    "use_bdlora",
    "use_qalora",
)
"""Settings of LoRA that are read only if they are not in use."""

_MAX_PATTERN, _MAX_REPEATS = 300, 3
"""Longest pattern of module names that is read, and most repetitions in it."""

_CHANGED_BASES = ("corda", "loftq", "olora", "pissa")
"""Initializations that subtract the first value of the adapter from the weights of the base."""


@dataclass(frozen=True)
class LoraConfig:
    """The content of ``adapter_config.json`` that determines the merged weights.

    Attributes:
        base: Path or name of the base model; may be empty.
        revision: Commit, tag or branch of a base on the hub; may be empty.
        task_type: As in peft, such as ``SEQ_CLS``; may be empty.
        rank: Rank of all modules.
        alpha: Numerator of the scale.
        ranks: Pattern of module names -> rank.
        alphas: Pattern of module names -> alpha.
        root: Divide alpha by the root of the rank (rsLoRA).
        transposed: Weights are ``[in, out]``, as in GPT-2.
    """

    base: str
    revision: str
    task_type: str
    rank: int
    alpha: float
    ranks: Mapping[str, int]
    alphas: Mapping[str, float]
    root: bool
    transposed: bool

    def rank_of(self, module: str) -> int:
        """Return the rank of the matrices of a module."""
        rank: int = _value_of(self.ranks, module, self.rank)
        return rank

    def scale(self, module: str) -> float:
        """Return the factor of the matrices of a module."""
        rank = self.rank_of(module)
        alpha = _value_of(self.alphas, module, self.alpha)
        return alpha / (math.sqrt(rank) if self.root else rank)


def _value_of(patterns: Mapping[str, Any], module: str, default: Any) -> Any:
    found = (value for key, value in patterns.items() if re.match(rf"(.*\.)?({key})$", module))
    return next(found, default)


def read_lora_config(folder: Path) -> LoraConfig:
    """Read ``adapter_config.json``.

    Raises:
        CheckpointError: It is not that of a LoRA adapter, has a value of another type, or uses a method that is not
            read.
    """
    values = read_json(folder / ADAPTER_CONFIG)
    kind = values.get("peft_type")
    if kind != "LORA":
        raise CheckpointError(f"{folder} is an adapter of type {str(kind)[:40]}; only LORA adapters are read.", MERGE)
    _require_supported(folder, values)
    fields = {
        "base": values.get("base_model_name_or_path") or "",
        "revision": values.get("revision") or "",
        "task_type": values.get("task_type") or "",
        "rank": values.get("r", 8),
        "alpha": values.get("lora_alpha", 8),
        "ranks": values.get("rank_pattern") or {},
        "alphas": values.get("alpha_pattern") or {},
    }
    kinds: dict[str, tuple[type, ...]] = {"base": (str,), "revision": (str,), "task_type": (str,), "rank": (int,)}
    for name, accepted in {**kinds, "alpha": (int, float)}.items():
        if not isinstance(fields[name], accepted) or isinstance(fields[name], bool):
            raise _invalid(folder, name, fields[name])
    for name, least in {"ranks": 1, "alphas": -math.inf}.items():
        _require_pattern(folder, name, fields[name], least)
    if fields["rank"] < 1:
        raise _invalid(folder, "r", fields["rank"])
    return LoraConfig(**fields, root=bool(values.get("use_rslora")), transposed=bool(values.get("fan_in_fan_out")))


def _require_supported(folder: Path, values: Mapping[str, Any]) -> None:
    start = values.get("init_lora_weights")
    used = [name for name in _UNSUPPORTED if values.get(name)]
    used += [str(start)] if isinstance(start, str) and start.lower().startswith(_CHANGED_BASES) else []
    if used:
        raise CheckpointError(f"{folder} is a LoRA adapter with {used[0]}, which is not read.", MERGE)


def _require_pattern(folder: Path, name: str, patterns: object, least: float) -> None:
    if not isinstance(patterns, dict):
        raise _invalid(folder, name, patterns)
    for key, value in patterns.items():
        if not _is_plain_pattern(key):
            raise _invalid(folder, name, key)
        if not isinstance(value, int | float) or isinstance(value, bool) or value < least:
            raise _invalid(folder, name, value)


def _is_plain_pattern(key: str) -> bool:
    """Return whether a pattern is a regular expression that cannot take long on the name of a module."""
    if len(key) > _MAX_PATTERN or len(re.findall(r"[*+{]", key)) > _MAX_REPEATS or re.search(r"\)[*+{]", key):
        return False
    try:
        re.compile(rf"(.*\.)?({key})$")
    except re.error:
        return False
    return True


def _invalid(folder: Path, name: str, value: object) -> CheckpointError:
    return CheckpointError(
        f"{folder / ADAPTER_CONFIG} is not valid: {name} is {str(value)[:40]!r}.", "Download the adapter again."
    )


@dataclass(frozen=True)
class LoraMatrices:
    """The parts of one module's adapter, float32.

    Attributes:
        down: ``A``, shape ``[rank, in]``; of an embedding ``[rank, tokens]``.
        up: ``B``, shape ``[out, rank]``; of an embedding ``[width, rank]``.
        scale: Factor of ``up @ down``.
        transposed: The weight is ``[in, out]``; that of an embedding, ``[tokens, width]``, always is.
        magnitude: Length of each row of the merged weight (DoRA), shape ``[out]``; ``None`` without DoRA.
    """

    down: torch.Tensor
    up: torch.Tensor
    scale: float
    transposed: bool
    magnitude: torch.Tensor | None = None

    def merge(self, weight: torch.Tensor) -> torch.Tensor:
        """Return the weight with the adapter, float32 (float64 if the weight is)."""
        weight = weight if weight.element_size() == 8 else weight.float()
        weight = weight.T if self.transposed else weight
        merged = weight + self.scale * (self.up @ self.down)
        if self.magnitude is not None:
            merged = merged * (self.magnitude / merged.norm(dim=1)).unsqueeze(1)
        return (merged.T if self.transposed else merged).contiguous()
