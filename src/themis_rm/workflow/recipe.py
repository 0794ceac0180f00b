"""The recipe of a whole run: every stage's settings in one YAML file."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator

from themis_rm.curation.settings import CurateSettings
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.errors import InputError
from themis_rm.evaluation.evaluate import EvaluateSettings
from themis_rm.mining.functions import TreeSettings
from themis_rm.mining.settings import MineSettings
from themis_rm.pipeline import ExecutorSettings
from themis_rm.settings import Override, Settings, read_yaml
from themis_rm.training.recipe import TrainRecipe

PLACES = {"python:stdlib": "stdlib", "python:site-packages": "purelib"}
"""Names for the source trees of the running interpreter, so that a recipe needs no path of a machine."""


class Example(Settings):
    """One request and answer that is scored at the end, to see the model at work."""

    prompt: str
    """The request."""
    response: str
    """The answer, as code."""


class RunRecipe(Settings):
    """From sources to a scored answer."""

    name: str = "run"
    """What the report calls the run."""
    repositories: list[str] = Field(default_factory=list)
    """Git histories to mine: clones, bare repositories, bundles or URLs."""
    trees: list[str] = Field(default_factory=list)
    """Source trees whose documented functions get bugs injected; ``python:stdlib`` and ``python:site-packages`` too."""
    executor: ExecutorSettings = ExecutorSettings()
    """Where the data stages run."""
    mine: MineSettings = MineSettings()
    """Histories to commits."""
    functions: TreeSettings = TreeSettings()
    """Source trees to documented functions."""
    curate: CurateSettings = CurateSettings()
    """Commits and functions to labeled pairs."""
    assemble: AssembleSettings = AssembleSettings()
    """Labeled pairs to a preference dataset."""
    train: TrainRecipe
    """Preference dataset to a checkpoint; in a file also the path of a training recipe, seen from that file."""
    benchmark: str = "authored"
    """Benchmark file or folder, or ``authored`` for the pairs in the package."""
    evaluate: EvaluateSettings = EvaluateSettings()
    """Checkpoint to scores."""
    examples: list[Example] = Field(default_factory=list)
    """Answers that are scored at the end."""

    @classmethod
    def load(cls, path: str | Path, overrides: Iterable[str | Override] = ()) -> Self:
        """Read a recipe, and the training recipe that it names; overrides go over both.

        Raises:
            InputError: A file is missing or no YAML mapping.
            SettingError: A key or a value is not allowed.
        """
        values = read_yaml(Path(path))
        if isinstance(values.get("train"), str):
            values["train"] = read_yaml(Path(path).parent / values["train"])
        return cls.build(values, str(path), overrides)

    @field_validator("repositories", "trees", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        # `repositories=a b` on the command line is one string.
        return value.split() if isinstance(value, str) else value or []

    def tree_paths(self) -> list[Path]:
        """Return the source trees as folders.

        Raises:
            InputError: One of them is not a folder.
        """
        paths = [Path(sysconfig.get_path(PLACES[tree])) if tree in PLACES else Path(tree) for tree in self.trees]
        for path in paths:
            if not path.is_dir():
                raise InputError(f"Source tree {path} is not a folder.")
        return paths
