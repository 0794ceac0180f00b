"""What a folder of weights holds, found out from its files before anything is loaded.

Safetensors are read by default: unpickling runs whatever code a file brings. Pickles are read on request alone, and
then by torch's unpickler that knows tensors and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from themis_rm.errors import CheckpointError

if TYPE_CHECKING:
    import torch

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
_DECIDING = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "ngrams.json",
)
INDICES = {"model.safetensors.index.json": "model.safetensors", "pytorch_model.bin.index.json": "pytorch_model.bin"}


class Checkpoint:
    """A folder with ``config.json`` and weights.

    Args:
        folder: Where it lies.
        pickles: Whether pickled weights may be read where there are no safetensors.

    Raises:
        CheckpointError: The configuration is no JSON object.
    """

    def __init__(self, folder: Path, pickles: bool = False) -> None:
        self.folder = folder
        self.pickles = pickles
        self.config = read_json(folder / "config.json")

    @cached_property
    def files(self) -> list[Path]:
        """Return the files that make up the weights, sorted.

        Raises:
            CheckpointError: There are none, only pickled weights without leave to read them, or a shard is missing.
        """
        return weight_files(self.folder, self.pickles)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return name -> shape of every tensor, without reading the tensors.

        Raises:
            CheckpointError: See :attr:`files`; or a file is cut off or not what it is called.
        """
        found: dict[str, tuple[int, ...]] = {}
        for file in self.files:
            found |= _shapes(file)
        return found

    def tensors(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        """Read some tensors, in float32.

        Raises:
            CheckpointError: One is not there.
        """
        wanted = list(names)
        if absent := [name for name in wanted if name not in self.shapes]:
            raise CheckpointError(f"{self.folder} has no tensor '{absent[0]}' in its weights.")
        found: dict[str, torch.Tensor] = {}
        for file in self.files:
            found |= _read(file, [name for name in wanted if name not in found])
        return {name: value.float() for name, value in found.items()}

    def row(self, name: str, index: int) -> torch.Tensor:
        """Read one row of a matrix in float32, shape ``[1, columns]``, without the rest."""
        for file in self.files:
            if file.suffix != ".safetensors":
                if name in (held := _unpickle(file)):
                    row: torch.Tensor = held[name][index : index + 1].float()
                    return row
                continue
            with safe_open(file, framework="pt") as handle:
                if name in handle.keys():  # noqa: SIM118
                    sliced: torch.Tensor = handle.get_slice(name)[index : index + 1].float()
                    return sliced
        raise CheckpointError(f"{self.folder} has no tensor '{name}' in its weights.")

    def beside(self, stem: str) -> dict[str, torch.Tensor]:
        """Read a further file of tensors that some families keep beside their weights, in float32.

        Args:
            stem: Its name without ending.

        Raises:
            CheckpointError: It is not there, or it is a pickle and there is no leave to read those.
        """
        for ending in (".safetensors", ".pt", ".bin"):
            file = self.folder / f"{stem}{ending}"
            if not file.is_file():
                continue
            if ending != ".safetensors" and not self.pickles:
                raise _only_pickles(self.folder, file.name)
            values = _unpickle(file) if ending != ".safetensors" else _read(file, list(_shapes(file)))
            return {name: value.float() for name, value in values.items()}
        raise CheckpointError(f"{self.folder} lacks {stem}.safetensors (or {stem}.pt).", "Download the folder again.")

    def digest(self, *also: Path) -> str:
        """Return a hash of the weights and of every file that decides about scores.

        Args:
            also: Further such files.
        """
        heads = [file for ending in ("*.safetensors", "*.pt") for file in self.folder.glob(ending)]
        others = sorted(file for file in heads if file not in self.files)
        return digest(self.folder, [*self.files, *others, *also])


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object out of a model folder.

    Raises:
        CheckpointError: The file is no JSON object.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not readable JSON ({str(error).splitlines()[0]}).") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} does not hold a JSON object.")
    return values


def weight_files(folder: Path, pickles: bool = False) -> list[Path]:
    """Return the files that make up a model's weights, sorted.

    Args:
        folder: The model.
        pickles: Whether pickles will do where there are no safetensors.

    Raises:
        CheckpointError: There are none, only pickled weights, or a shard that the index names is missing.
    """
    for index, single in INDICES.items():
        if single.endswith(".bin") and not pickles:
            continue
        if (folder / index).is_file():
            return _shards(folder, index)
        if (folder / single).is_file():
            return [folder / single]
    found = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
    if found:
        raise _only_pickles(folder, found[0])
    raise CheckpointError(f"{folder} has a configuration but no weights.", "model.safetensors is missing.")


def _only_pickles(folder: Path, name: str) -> CheckpointError:
    return CheckpointError(
        f"{folder} has pickled weights only ({name}), which are not loaded: they can run code.",
        "Convert them to safetensors, or if you trust their origin set pickled_weights=true: only tensors are taken.",
    )


def _shards(folder: Path, index: str) -> list[Path]:
    try:
        names = sorted(set(json.loads((folder / index).read_text(encoding="utf-8"))["weight_map"].values()))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise CheckpointError(f"{folder / index} is not a readable index of weights.") from error
    for name in names:
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder} lacks {name}, which its index names.", "Download the folder again.")
    return [folder / name for name in names]


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    if file.suffix != ".safetensors":
        return {name: tuple(value.shape) for name, value in _unpickle(file).items()}
    try:
        with safe_open(file, framework="numpy") as tensors:
            return {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{file} is no whole safetensors file ({error}).") from error


def _read(file: Path, names: Sequence[str]) -> dict[str, torch.Tensor]:
    if file.suffix != ".safetensors":
        held = _unpickle(file)
        return {name: held[name] for name in names if name in held}
    with safe_open(file, framework="pt") as handle:
        here = set(handle.keys())
        return {name: handle.get_tensor(name) for name in names if name in here}


def _unpickle(file: Path) -> dict[str, torch.Tensor]:
    import pickle

    import torch

    try:
        # Mapped, so that asking for shapes reads no weights.
        held = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(f"{file} is no pickle of tensors alone ({reason}).") from error
    if not isinstance(held, dict) or not all(isinstance(value, torch.Tensor) for value in held.values()):
        raise CheckpointError(f"{file} does not hold named tensors.")
    return held


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
