"""Read tensors and their shapes from safetensors, and from pickles with torch's unpickler that accepts only tensors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from themis_rm.errors import CheckpointError

if TYPE_CHECKING:
    import torch

SAFETENSORS = ".safetensors"

_LFS_POINTER = b"version https://git-lfs"


def read_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Return tensor name -> shape of a file, without reading the tensors.

    Raises:
        CheckpointError: The file is truncated, has another format, or is a pickle with other objects than tensors.
    """
    if file.suffix != SAFETENSORS:
        return {name: tuple(value.shape) for name, value in _unpickle(file).items()}
    try:
        with safe_open(file, framework="numpy") as tensors:
            return {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        if _is_lfs_pointer(file):
            raise CheckpointError(f"{file} is a Git LFS pointer, not the file.", "Run 'git lfs pull'.") from None
        raise CheckpointError(f"{file} is not a complete safetensors file ({error}).") from error


def read_tensors(file: Path, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """Return tensors of a file, mapped into memory: their values are read when they are used.

    Raises:
        CheckpointError: See :func:`read_shapes`.
    """
    if file.suffix != SAFETENSORS:
        tensors = _unpickle(file)
        return {name: tensors[name] for name in names}
    with safe_open(file, framework="pt") as handle:
        return {name: handle.get_tensor(name) for name in names}


def _is_lfs_pointer(file: Path) -> bool:
    with file.open("rb") as handle:
        return handle.read(len(_LFS_POINTER)) == _LFS_POINTER


def _unpickle(file: Path) -> dict[str, torch.Tensor]:
    import pickle

    import torch

    try:
        # Memory-mapped, so that reading shapes does not read the weights.
        tensors = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(f"{file} is not a pickle of only tensors ({reason}).") from error
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise CheckpointError(f"{file} does not contain named tensors.")
    return {str(name): value for name, value in tensors.items()}
