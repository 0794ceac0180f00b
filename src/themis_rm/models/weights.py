"""Decide which files of a model directory hold its weights.

One rule for every reader (reward head, decoder, training, digest):

1. the file or index that the user or ``transformers_weights`` in ``config.json`` names;
2. otherwise ``model.safetensors`` or the shards of ``model.safetensors.index.json``;
3. otherwise, if pickles are allowed, ``pytorch_model.bin`` or the shards of ``pytorch_model.bin.index.json``.

A directory with both a single file and an index holds two sets of weights and is rejected until one is named. Files
with other names are read only if they are named: ``model.fp16.safetensors``, ``consolidated.safetensors``, shards that
the index does not name.
"""

from __future__ import annotations

import re
from pathlib import Path

from themis_rm.errors import CheckpointError
from themis_rm.models.json_files import read_json

SAFETENSORS, PICKLE = "model.safetensors", "pytorch_model.bin"
INDEX = ".index.json"

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_SHARD = re.compile(r"-(\d+)-of-(\d+)\.")


def find_weights(folder: Path, pickles: bool = False, choice: str = "") -> list[Path]:
    """Return the files with a model's weights, sorted.

    Args:
        folder: Directory of the model.
        pickles: Whether pickles are accepted if there are no safetensors.
        choice: Name of the file or index to read; empty for the rule of this module.

    Raises:
        CheckpointError: There are none, only pickles, two sets, or an index that is not usable.
    """
    if choice:
        return _set_of(folder, _require_plain_name(folder, choice), pickles)
    for single in (SAFETENSORS, PICKLE) if pickles else (SAFETENSORS,):
        present = [name for name in (single, single + INDEX) if (folder / name).is_file()]
        if len(present) == 2:
            raise CheckpointError(
                f"{folder} holds two sets of weights: {present[0]} and the shards of {present[1]}.",
                f"Delete the one that is not wanted, or name the other with --set model.weights={present[0]} "
                f"or --set model.weights={present[1]}.",
            )
        if present and (folder / "adapter_config.json").is_file():
            raise CheckpointError(
                f"{folder} holds two sets of weights: {present[0]} and an adapter (adapter_config.json).",
                f"Merge the adapter, or leave it out with --set model.weights={present[0]}.",
            )
        if present:
            return _set_of(folder, present[0], pickles)
    raise _no_weights(folder)


def has_weights(folder: Path) -> bool:
    """Return whether a directory has weights of a model under one of the standard names, or an index of them."""
    return any((folder / name).is_file() for single in (SAFETENSORS, PICKLE) for name in (single, single + INDEX))


def _set_of(folder: Path, name: str, pickles: bool) -> list[Path]:
    if not (folder / name).is_file():
        raise CheckpointError(f"{folder} has no file {name} with weights.", _candidates_hint(folder))
    names = _shards(folder, name) if name.endswith(INDEX) else [name]
    if not pickles and any(not name.endswith(".safetensors") for name in names):
        raise only_pickles(folder, names[0])
    return [folder / name for name in names]


def _require_plain_name(folder: Path, name: object) -> str:
    if not isinstance(name, str) or name in {"", ".", ".."} or "/" in name or "\\" in name or "\0" in name:
        raise CheckpointError(
            f"{folder} names {str(name)[:80]!r} as a file of weights, which is not a file name in this directory.",
            "Only weights in the directory of the model are read.",
        )
    return name


def _shards(folder: Path, index: str) -> list[str]:
    mapping = read_json(folder / index).get("weight_map")
    if not isinstance(mapping, dict) or not mapping:
        raise CheckpointError(f"{folder / index} is not a readable index of weights.", "Download the model again.")
    names = sorted({_require_plain_name(folder / index, name) for name in mapping.values()})
    totals = sorted({match[2] for name in names if (match := _SHARD.search(name))})
    if len(totals) > 1:
        raise CheckpointError(
            f"{folder / index} mixes shards of two sets of weights (of {' and of '.join(totals[:2])}).",
            "Download or save the model again into an empty directory.",
        )
    for name in names:
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder} lacks {name}, which its index names.", "Download the model again.")
        _require_inside(folder, name)
    return names


def _require_inside(folder: Path, name: str) -> None:
    target, home = (folder / name).resolve(), folder.resolve()
    # A snapshot in the cache of the hub has links to <model>/blobs, next to <model>/snapshots/<commit>.
    blobs = home.parent.parent / "blobs" if home.parent.name == "snapshots" else home
    if not (target.is_relative_to(home) or target.parent == blobs):
        raise CheckpointError(
            f"{folder / name} is a link to a file outside of the directory, which is not read.",
            "Copy the file into the directory, or use the directory that it is in.",
        )


def _no_weights(folder: Path) -> CheckpointError:
    others = _other_safetensors(folder)
    if others:
        shards = [name for name in others if _SHARD.search(name)]
        problem = f"shards ({shards[0]}) but no {SAFETENSORS}{INDEX}" if shards else f"no {SAFETENSORS}"
        return CheckpointError(f"{folder} has {problem}.", _candidates_hint(folder))
    pickled = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
    if pickled:
        return only_pickles(folder, pickled[0])
    return CheckpointError(f"{folder} has a configuration but no weights.", "model.safetensors is missing.")


def _other_safetensors(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("*.safetensors"))


def _candidates_hint(folder: Path) -> str:
    indices = sorted(file.name for file in folder.glob("*" + INDEX))
    names = indices or [name for name in _other_safetensors(folder) if not _SHARD.search(name)]
    if not names:
        return "Download the model again; an index names the shard of each tensor."
    return f"If its weights are in {names[0]}, set --set model.weights={names[0]}."


def only_pickles(folder: Path, name: str) -> CheckpointError:
    """Return the error for weights that are pickles, which may not be read."""
    return CheckpointError(
        f"{folder} has only pickled weights ({name}), which are not loaded because a pickle can run code.",
        "Convert them to safetensors, or if you trust their origin set pickled_weights=true: only tensors are read.",
    )
