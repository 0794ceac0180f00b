"""Checkpoint directories: configuration, tensor shapes and tensors, read before anything is loaded.

Weights are read from safetensors: unpickling runs the code that a file contains. Pickles are read only on request, with
torch's unpickler that accepts tensors and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from themis_rm.errors import CheckpointError
from themis_rm.storage.digests import file_sha256, stable_id

if TYPE_CHECKING:
    import torch

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_CONFIG_FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "ngrams.json",
)
INDICES = {"model.safetensors.index.json": "model.safetensors", "pytorch_model.bin.index.json": "pytorch_model.bin"}
"""Index file of sharded weights -> file of weights that are not sharded, in order of preference."""


class Checkpoint:
    """A directory with ``config.json`` and weights.

    Args:
        folder: The directory.
        pickles: Whether pickled weights may be read if there are no safetensors.

    Raises:
        CheckpointError: The configuration is not a JSON object.
    """

    def __init__(self, folder: Path, pickles: bool = False) -> None:
        self.folder = folder
        self.pickles = pickles
        self.config = read_json(folder / "config.json")

    @cached_property
    def files(self) -> list[Path]:
        """Return the files with the weights, sorted.

        Raises:
            CheckpointError: There are none, only pickles that may not be read, or a shard is missing.
        """
        return weight_files(self.folder, self.pickles)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return tensor name -> shape, without reading the tensors.

        Raises:
            CheckpointError: See :attr:`files`; or a file is truncated or has another format.
        """
        shapes: dict[str, tuple[int, ...]] = {}
        for file in self.files:
            shapes |= _shapes(file)
        return shapes

    def tensors(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        """Read tensors in float32.

        Raises:
            CheckpointError: One is missing.
        """
        wanted = list(names)
        if missing := [name for name in wanted if name not in self.shapes]:
            raise CheckpointError(f"{self.folder} has no tensor '{missing[0]}' in its weights.")
        tensors: dict[str, torch.Tensor] = {}
        for file in self.files:
            tensors |= _read(file, [name for name in wanted if name not in tensors])
        return {name: value.float() for name, value in tensors.items()}

    def row(self, name: str, index: int) -> torch.Tensor:
        """Read only one row of a matrix, in float32, shape ``[1, columns]``."""
        for file in self.files:
            if file.suffix != ".safetensors":
                if name in (tensors := _unpickle(file)):
                    row: torch.Tensor = tensors[name][index : index + 1].float()
                    return row
                continue
            with safe_open(file, framework="pt") as handle:
                if name in handle.keys():  # noqa: SIM118
                    sliced: torch.Tensor = handle.get_slice(name)[index : index + 1].float()
                    return sliced
        raise CheckpointError(f"{self.folder} has no tensor '{name}' in its weights.")

    def extra_tensors(self, stem: str) -> dict[str, torch.Tensor]:
        """Read a separate file of tensors, which some families have in addition to their weights, in float32.

        Args:
            stem: Name of the file without extension.

        Raises:
            CheckpointError: It is missing, or it is a pickle and pickles may not be read.
        """
        for extension in (".safetensors", ".pt", ".bin"):
            file = self.folder / f"{stem}{extension}"
            if not file.is_file():
                continue
            if extension != ".safetensors" and not self.pickles:
                raise _only_pickles(self.folder, file.name)
            values = _unpickle(file) if extension != ".safetensors" else _read(file, list(_shapes(file)))
            return {name: value.float() for name, value in values.items()}
        raise CheckpointError(f"{self.folder} lacks {stem}.safetensors (or {stem}.pt).", "Download the model again.")

    def digest(self, *more: Path) -> str:
        """Return a digest of the weights and of every file that affects scores.

        Args:
            more: Further such files.
        """
        tensors = [file for pattern in ("*.safetensors", "*.pt") for file in self.folder.glob(pattern)]
        extra = sorted(file for file in tensors if file not in self.files)
        return model_digest(self.folder, [*self.files, *extra, *more])


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a model directory.

    Raises:
        CheckpointError: The file is not a JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not readable JSON ({str(error).splitlines()[0]}).") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} is not a JSON object.")
    return values


def weight_files(folder: Path, pickles: bool = False) -> list[Path]:
    """Return the files with a model's weights, sorted.

    Args:
        folder: Directory of the model.
        pickles: Whether pickles are accepted if there are no safetensors.

    Raises:
        CheckpointError: There are none, only pickles, or a shard that the index names is missing.
    """
    for index, single in INDICES.items():
        if single.endswith(".bin") and not pickles:
            continue
        if (folder / index).is_file():
            return _shards(folder, index)
        if (folder / single).is_file():
            return [folder / single]
    pickled = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
    if pickled:
        raise _only_pickles(folder, pickled[0])
    raise CheckpointError(f"{folder} has a configuration but no weights.", "model.safetensors is missing.")


def _only_pickles(folder: Path, name: str) -> CheckpointError:
    return CheckpointError(
        f"{folder} has only pickled weights ({name}), which are not loaded because a pickle can run code.",
        "Convert them to safetensors, or if you trust their origin set pickled_weights=true: only tensors are read.",
    )


def _shards(folder: Path, index: str) -> list[Path]:
    try:
        names = sorted(set(json.loads((folder / index).read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise CheckpointError(f"{folder / index} is not a readable index of weights.") from error
    for name in names:
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder} lacks {name}, which its index names.", "Download the model again.")
    return [folder / name for name in names]


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    if file.suffix != ".safetensors":
        return {name: tuple(value.shape) for name, value in _unpickle(file).items()}
    try:
        with safe_open(file, framework="numpy") as tensors:
            return {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{file} is not a complete safetensors file ({error}).") from error


def _read(file: Path, names: Sequence[str]) -> dict[str, torch.Tensor]:
    if file.suffix != ".safetensors":
        tensors = _unpickle(file)
        return {name: tensors[name] for name in names if name in tensors}
    with safe_open(file, framework="pt") as handle:
        available = set(handle.keys())
        return {name: handle.get_tensor(name) for name in names if name in available}


def _unpickle(file: Path) -> dict[str, torch.Tensor]:
    import pickle

    import torch

    try:
        # Memory-mapped, so that reading shapes does not read the weights.
        tensors = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(f"{file} is not a pickle of only tensors ({reason}).") from error
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise CheckpointError(f"{file} does not contain named tensors.")
    return tensors


def model_digest(folder: Path, files: Sequence[Path]) -> str:
    """Return a digest of files and of the configuration, tokenizer and chat template in a directory."""
    existing = [file for file in [*(folder / name for name in _CONFIG_FILES), *files] if file.is_file()]
    return stable_id(*(part for file in existing for part in (file.name, file_sha256(file))))


def config_value(config: dict[str, Any], name: str) -> str:
    """Return the first entry of a list (``architectures``) as text, empty if there is none."""
    values = config.get(name) or [""]
    return str(values[0])
