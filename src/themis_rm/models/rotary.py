"""Rotary embeddings whose frequencies a decoder chooses for a whole batch.

LongRoPE has two sets of frequencies; if the longest input of a batch exceeds the original positions, all inputs of the
batch get the second set. Dynamic NTK scales the frequencies by the longest input, and keeps them for the next batch. A
reward must depend on neither: inputs are grouped by :func:`frequency_group`, and :func:`reset_frequencies` is called
before each group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from themis_rm.models.rotary_parameters import rotary_parameters

Group = tuple[int, ...]


def frequency_group(config: Any) -> Callable[[int], Group]:
    """Return a function from the length of an input to its group: inputs of a group have the same frequencies.

    Args:
        config: Configuration of the decoder.
    """
    switches = list(_switches(config.get_text_config()))

    def group_of(length: int) -> Group:
        return tuple(0 if length <= limit else length if grows else 1 for limit, grows in switches)

    return group_of


def fixed_positions(config: Any) -> float:
    """Return the length up to which the frequencies of an input do not depend on its batch."""
    return min((limit for limit, _ in _switches(config.get_text_config())), default=float("inf"))


def _switches(config: Any) -> Iterator[tuple[int, bool]]:
    """Yield the length above which frequencies change, and whether they depend on the exact length."""
    for rope in rotary_parameters(config):
        kind = str(rope.get("rope_type", rope.get("type", "default")))
        if "dynamic" in kind or kind == "longrope" or "long_mscale" in rope:
            limits = (rope.get("original_max_position_embeddings"), getattr(config, "max_position_embeddings", None))
            positions = [limit for limit in limits if limit]
            if positions:
                yield int(min(positions)), "dynamic" in kind


def group_indices(lengths: Sequence[int], group_of: Callable[[int], Group]) -> list[list[int]]:
    """Return the indices of the inputs of each group, the group with the longest input first."""
    groups: dict[Group, list[int]] = {}
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        groups.setdefault(group_of(lengths[index]), []).append(index)
    return [sorted(indices) for indices in groups.values()]


def reset_frequencies(model: torch.nn.Module) -> None:
    """Restore the frequencies that a model had when it was loaded."""
    for module in model.modules():
        if not hasattr(module, "max_seq_len_cached"):
            continue
        for name in [name for name in module.__dict__ if name.endswith("max_seq_len_cached")]:
            setattr(module, name, getattr(module, "original_max_seq_len", getattr(module, name)))
        for name in list(module._buffers):  # noqa: SLF001
            # Layers of several types have one buffer each: <type>_inv_freq and <type>_original_inv_freq.
            original = getattr(module, f"{name.removesuffix('inv_freq')}original_inv_freq", None)
            if name.endswith("inv_freq") and not name.endswith("original_inv_freq") and original is not None:
                setattr(module, name, original.to(getattr(module, name).device).clone())
