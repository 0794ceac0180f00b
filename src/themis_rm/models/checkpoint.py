"""What a folder of weights holds, found out from its files before anything is loaded.

Only safetensors are read: unpickling runs whatever code the file brings.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from themis_rm.errors import CheckpointError

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_DECIDING = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "ngrams.json",
)
INDEX = "model.safetensors.index.json"


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files that make up a model, sorted.

    Raises:
        CheckpointError: There are none, only pickled weights, or a shard that the index names is missing.
    """
    if (folder / INDEX).is_file():
        return _shards(folder)
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    pickles = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
    if pickles:
        raise CheckpointError(
            f"{folder} has pickled weights only ({pickles[0]}), which are not loaded: they can run code.",
            "Convert them to safetensors where you trust their origin.",
        )
    raise CheckpointError(f"{folder} has a configuration but no weights.", "model.safetensors is missing.")


def _shards(folder: Path) -> list[Path]:
    try:
        names = sorted(set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise CheckpointError(f"{folder / INDEX} is not a readable index of weights.") from error
    for name in names:
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder} lacks {name}, which its index names.", "Download the folder again.")
    return [folder / name for name in names]


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return name -> shape of every tensor, without reading the tensors.

    Raises:
        CheckpointError: See :func:`weight_files`; or a file is cut off or no safetensors file.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for file in weight_files(folder):
        try:
            with safe_open(file, framework="numpy") as tensors:
                for name in tensors.keys():  # noqa: SIM118
                    shapes[name] = tuple(tensors.get_slice(name).get_shape())
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"{file} is no whole safetensors file ({error}).") from error
    return shapes


def require_one_label_head(folder: Path, shapes: dict[str, tuple[int, ...]], head: str = "score.weight") -> None:
    """Check that the weights hold a bias-free linear head with one output.

    Raises:
        CheckpointError: The head is missing or has another shape.
    """
    shape = shapes.get(head)
    if shape is None:
        others = sorted(name for name in shapes if _looks_like_head(name))
        found = f"It has {', '.join(others[:3])}." if others else "It is a language model, or its head was not saved."
        raise CheckpointError(f"{folder} has no reward head: no tensor '{head}' in its weights.", found)
    if len(shape) != 2 or shape[0] != 1:
        raise CheckpointError(
            f"{folder} gives {shape[0]} labels ('{head}' is {list(shape)}), a reward model gives one.",
            "A classifier with several labels is not a reward model.",
        )
    if "score.bias" in shapes:
        raise CheckpointError(f"{folder} has a head with a bias ('score.bias'), which transformers would leave out.")


def _looks_like_head(name: str) -> bool:
    # Only to tell the user what is there instead; nothing is decided by it.
    return not name.startswith(("model.", "transformer.")) and not name.startswith("lm_head")


def digest(folder: Path, files: Sequence[Path]) -> str:
    """Return a hash of the weights and of every small file that decides about scores (BLAKE2b, 128 bits)."""
    total = hashlib.blake2b(digest_size=16)
    for file in [*(folder / name for name in _DECIDING), *files]:
        if file.is_file():
            with file.open("rb") as handle:
                part = hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=16))
            total.update(f"{file.name}\0{part.hexdigest()}\n".encode())
    return total.hexdigest()


def config_value(config: dict[str, Any], name: str) -> str:
    """Return the first entry of a list value as text (``architectures``), empty where there is none."""
    values = config.get(name) or [""]
    return str(values[0])
