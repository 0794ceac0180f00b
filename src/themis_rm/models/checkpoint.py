"""Checkpoint directories: configuration, tensor shapes and tensors, read before anything is loaded.

Weights are read from safetensors: unpickling runs the code that a file contains. Pickles are read only on request, with
torch's unpickler that accepts tensors and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from themis_rm.errors import CheckpointError
from themis_rm.models.json_files import read_json
from themis_rm.models.tensor_files import SAFETENSORS, read_shapes, read_tensors
from themis_rm.models.weights import find_weights, only_pickles
from themis_rm.models.wrapped_names import parse_names
from themis_rm.storage.digest_cache import cached_digest
from themis_rm.storage.digests import file_sha256, stable_id

if TYPE_CHECKING:
    import torch

_CONFIG_FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "chat_template.json",
    "ngrams.json",
)

HEAD_FILES = ("value_head", "v_head", "reward_head", "regression_head", "score", "classifier")
"""Names, without extension, of files that trainers save a reward head in, next to the weights of the decoder."""


class Checkpoint:
    """A directory with ``config.json`` and weights.

    Args:
        folder: The directory.
        pickles: Whether pickled weights may be read if there are no safetensors.
        weights: File or index with the weights, for a directory that holds several sets.

    Raises:
        CheckpointError: The configuration is not a JSON object.
    """

    def __init__(self, folder: Path, pickles: bool = False, weights: str = "") -> None:
        self.folder = folder
        self.pickles = pickles
        self.config = read_json(folder / "config.json")
        self._choice = weights or self.config.get("transformers_weights") or ""
        self._extra: set[Path] = set()

    @cached_property
    def files(self) -> list[Path]:
        """Return the files with the weights: those of the decoder, sorted, then a file of the head.

        Raises:
            CheckpointError: There are none, only pickles that may not be read, or two sets, or a shard is missing.
        """
        files = find_weights(self.folder, self.pickles, self._choice)
        return [*files, *(file for file in self._head_files() if file not in files)]

    def _head_files(self) -> list[Path]:
        extensions = (SAFETENSORS, ".bin", ".pt") if self.pickles else (SAFETENSORS,)
        candidates = ([self.folder / (stem + extension) for extension in extensions] for stem in HEAD_FILES)
        found = (next((file for file in files if file.is_file()), None) for files in candidates)
        return [file for file in found if file is not None]

    @property
    def tokenizer_folder(self) -> Path:
        """Return the directory of the tokenizer that was saved with the model."""
        return self.folder

    def facts(self) -> dict[str, str | int]:
        """Return where the weights come from, for results."""
        return {}

    @property
    def unread_head_file(self) -> str:
        """Return the name of a pickle with a reward head that may not be read, empty if there is none."""
        names = [f"{stem}{extension}" for stem in HEAD_FILES for extension in (".bin", ".pt")]
        return "" if self.pickles else next((name for name in names if (self.folder / name).is_file()), "")

    @cached_property
    def _locations(self) -> dict[str, tuple[Path, str, tuple[int, ...]]]:
        """Return tensor name -> its file, its name in that file, and its shape; names without those of wrappers."""
        saved = self._saved(self.files)
        names = parse_names(saved)
        if len(names.adapters) > 1:
            raise CheckpointError(
                f"{self.folder} has several adapters ({', '.join(sorted(names.adapters))}).", "Save one of them."
            )
        if names.repeated:
            raise CheckpointError(
                f"{self.folder} has two tensors '{names.repeated[0]}'.", "Delete the one that is not of the model."
            )
        unmerged = {name: name for parts in names.lora.values() for name in parts.values()}
        return {name: saved[inside] for name, inside in (names.own | unmerged).items()}

    def _saved(self, files: Iterable[Path]) -> dict[str, tuple[Path, str, tuple[int, ...]]]:
        """Return what files hold, under complete names."""
        saved: dict[str, tuple[Path, str, tuple[int, ...]]] = {}
        for file in files:
            for inside, shape in read_shapes(file).items():
                name = _full_name(file, inside)
                if name in saved:
                    raise CheckpointError(
                        f"{self.folder} has two tensors '{name}', in {saved[name][0].name} and in {file.name}.",
                        "Delete the file that does not belong to the model.",
                    )
                saved[name] = file, inside, shape
        return saved

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return tensor name -> shape, without reading the tensors.

        Raises:
            CheckpointError: See :attr:`files`; a file is truncated or has another format, or two have the same tensor.
        """
        return {name: shape for name, (_, _, shape) in self._locations.items()}

    def mapped_tensors(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        """Return tensors as they are saved, mapped into memory.

        Raises:
            CheckpointError: One is missing.
        """
        by_file: dict[Path, dict[str, str]] = {}
        for name in names:
            if name not in self.shapes:
                raise CheckpointError(f"{self.folder} has no tensor '{name}' in its weights.")
            file, inside, _ = self._locations[name]
            by_file.setdefault(file, {})[inside] = name
        return {
            inside_to_name[inside]: value
            for file, inside_to_name in by_file.items()
            for inside, value in read_tensors(file, inside_to_name).items()
        }

    def tensors(self, names: Iterable[str]) -> dict[str, torch.Tensor]:
        """Read tensors in float32.

        Raises:
            CheckpointError: One is missing.
        """
        return {name: value.float() for name, value in self.mapped_tensors(names).items()}

    def row(self, name: str, index: int) -> torch.Tensor:
        """Read only one row of a matrix, in float32, shape ``[1, columns]``."""
        row: torch.Tensor = self.mapped_tensors([name])[name][index : index + 1].float()
        return row

    def extra_tensors(self, stem: str) -> dict[str, torch.Tensor]:
        """Read a separate file of tensors, which some families have in addition to their weights, in float32.

        Args:
            stem: Name of the file without extension.

        Raises:
            CheckpointError: It is missing, or it is a pickle and pickles may not be read.
        """
        for extension in (SAFETENSORS, ".pt", ".bin"):
            file = self.folder / f"{stem}{extension}"
            if not file.is_file():
                continue
            if extension != SAFETENSORS and not self.pickles:
                raise only_pickles(self.folder, file.name)
            self._extra.add(file)
            return {name: value.float() for name, value in read_tensors(file, read_shapes(file)).items()}
        raise CheckpointError(f"{self.folder} lacks {stem}.safetensors (or {stem}.pt).", "Download the model again.")

    @cached_property
    def weights_digest(self) -> str:
        """Return the SHA-256 of names, types, shapes and values of all tensors, in hexadecimal digits.

        It does not depend on how the tensors are spread over files, nor on other files. All weights are read, once.
        """
        return cached_digest("tensors", self.files, self._digest_tensors)

    def _digest_tensors(self) -> str:
        import torch

        total = hashlib.sha256()
        for name, value in sorted(self.mapped_tensors(self.shapes).items()):
            total.update(f"{name}\0{value.dtype}\0{list(value.shape)}\0".encode())
            total.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return total.hexdigest()

    def digest(self, *more: Path) -> str:
        """Return a digest of the weights that were read and of every file that affects scores.

        Args:
            more: Further such files.
        """
        return model_digest(self.folder, [*self.files, *sorted(self._extra - set(self.files)), *more])


def _full_name(file: Path, name: str) -> str:
    """Return the name of a tensor; trainers that save a head alone may leave out the name of the head."""
    is_bare = file.stem in HEAD_FILES and name in {"weight", "bias"}
    return f"{file.stem}.{name}" if is_bare else name


def model_digest(folder: Path, files: Sequence[Path]) -> str:
    """Return a digest of files and of the configuration, tokenizer and chat template in a directory."""
    existing = [file for file in [*(folder / name for name in _CONFIG_FILES), *files] if file.is_file()]
    return stable_id(*(part for file in existing for part in (file.name, file_sha256(file))))


def config_value(config: dict[str, Any], name: str) -> str:
    """Return the first entry of a list (``architectures``) as text, empty if there is none."""
    values = config.get(name)
    return str(values[0]) if isinstance(values, list) and values else ""
