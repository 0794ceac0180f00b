"""Recipe files: by path, or by name among those that are part of this distribution."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from themis_rm.errors import SettingError, did_you_mean

RecipeKind = Literal["run", "train", "assemble", "ablate"]
_PACKAGE = Path(__file__).resolve().parents[1]


def recipes_dir() -> Path:
    """Return the directory of recipe files: inside an installed package, next to ``src`` in a source checkout."""
    installed = _PACKAGE / "recipes"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "recipes"


def recipe_names(kind: RecipeKind) -> dict[str, Path]:
    """Return the recipes of this distribution: name -> file.

    Args:
        kind: ``run`` for recipes of ``themis-rm run``, ``train`` for training recipes, ``assemble`` for mixtures,
            ``ablate`` for grids of ablations.
    """
    folder = recipes_dir() if kind == "run" else recipes_dir() / kind
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_recipe(name_or_path: str | Path, kind: RecipeKind) -> Path:
    """Return the file of a recipe.

    Args:
        name_or_path: Path of a YAML file, or name of a recipe of this distribution (``demo``, ``stage2``). A file of
            the current directory takes precedence over a name.
        kind: See :func:`recipe_names`.

    Returns:
        The path. Whether the file can be read is checked by whoever reads it.

    Raises:
        SettingError: The argument is not a path, and there is no recipe of this name; the message suggests one.
    """
    path = Path(name_or_path)
    if path.suffix in {".yaml", ".yml"} or len(path.parts) > 1 or path.is_file():
        return path
    names = recipe_names(kind)
    if str(name_or_path) not in names:
        word = {"train": "training recipe", "assemble": "mixture", "run": "recipe", "ablate": "ablation"}[kind]
        raise SettingError(f"Unknown {word} '{name_or_path}'.", did_you_mean(str(name_or_path), names))
    return names[str(name_or_path)]
