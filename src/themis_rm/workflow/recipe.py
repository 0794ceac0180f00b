"""Recipes of complete runs: the settings of all stages in one YAML file."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Self

from pydantic import Field, field_validator, model_validator

from themis_rm.curation.settings import CurateSettings
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.errors import InputError
from themis_rm.evaluation.evaluate import EvaluateSettings
from themis_rm.mining.functions import TreeSettings
from themis_rm.mining.settings import MineSettings
from themis_rm.pipeline import ExecutorSettings
from themis_rm.settings import Override, Settings, read_yaml
from themis_rm.settings.recipes import find_recipe
from themis_rm.training.recipe import TrainRecipe

INTERPRETER_TREES = {"python:stdlib": "stdlib", "python:site-packages": "purelib"}
"""Names of source trees of the running interpreter, so that a recipe needs no path of a machine."""


class ExampleResponse(Settings):
    """A prompt with a response that is scored at the end of the run, to show the model's scores."""

    prompt: str
    """The prompt."""
    response: str
    """The response, as code."""


class RunRecipe(Settings):
    """Settings of all stages from git repositories to a scored answer."""

    synonyms: ClassVar[dict[str, str]] = {
        "name": "run_name",
        "repos": "repositories",
        "repository": "repositories",
        "sources": "repositories",
        "source_trees": "trees",
        "execution": "executor",
        "training": "train",
        "recipe": "train",
        "benchmarks": "benchmark",
        "evaluation": "evaluate",
        "evaluate_before": "eval_on_start",
        "evaluate_on_start": "eval_on_start",
        "held_out_pairs": "max_held_out_pairs",
    }

    run_name: str = "run"
    """Name of the run in its report."""
    repositories: list[str] = Field(default_factory=list)
    """Git repositories to mine: clones, bare repositories, bundles or URLs."""
    trees: list[str] = Field(default_factory=list)
    """Source trees with documented functions to inject bugs into; also ``python:stdlib``, ``python:site-packages``."""
    executor: ExecutorSettings = ExecutorSettings()
    """Where the data stages run."""
    mine: MineSettings = MineSettings()
    """Settings of mining commits from the repositories."""
    functions: TreeSettings = TreeSettings()
    """Settings of collecting documented functions from the source trees."""
    curate: CurateSettings = CurateSettings()
    """Settings of turning commits and functions into labeled pairs."""
    assemble: AssembleSettings = AssembleSettings()
    """Settings of turning labeled pairs into a preference dataset; requests of the benchmark are removed from it."""
    train: TrainRecipe
    """Training recipe. In a file also the path of a training recipe, relative to that file, or the name of one."""
    benchmark: str = "authored"
    """Benchmark file or directory, or ``authored`` for the pairs that are part of this package."""
    evaluate: EvaluateSettings = EvaluateSettings()
    """Settings of the evaluations. ``limit`` applies to the benchmark, ``max_held_out_pairs`` to the held-out pairs."""
    eval_on_start: bool = False
    """Evaluate the model that training starts from too, before training and on the same pairs; the report compares both
    models. ``train.backbone.path`` must then be a reward model."""
    max_held_out_pairs: int = Field(2000, ge=1)
    """Largest number of pairs of the validation split to evaluate on: equally many of each source, criterion and
    language where there are enough, drawn by hash."""
    examples: list[ExampleResponse] = Field(default_factory=list)
    """Responses that are scored at the end."""

    @classmethod
    def load(cls, path: str | Path, overrides: Iterable[str | Override] = ()) -> Self:
        """Read a recipe file, or a recipe of this package by name, and the training recipe that it names.

        Args:
            path: YAML file, or name of a recipe (``demo``).
            overrides: ``key.sub=value`` overrides of both recipes.

        Raises:
            InputError: A file is missing or is not a YAML mapping.
            SettingError: There is no recipe of this name, or a key or a value is invalid.
        """
        file = find_recipe(path, "run")
        values = read_yaml(file)
        train = values.get("train")
        if isinstance(train, str):
            relative = file.parent / train
            values["train"] = read_yaml(relative if relative.is_file() else find_recipe(train, "train"))
        return cls.build(values, str(path), overrides)

    @field_validator("repositories", "trees", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        # `repositories=a b` on the command line is one string.
        return value.split() if isinstance(value, str) else value or []

    @model_validator(mode="after")
    def _check_start_model(self) -> Self:
        if self.eval_on_start and not self.train.backbone.path:
            raise ValueError("eval_on_start evaluates a trained model: set train.backbone.path to a reward model")
        return self

    @property
    def start_model(self) -> str:
        """Return the model to evaluate before training; empty for none."""
        return self.train.backbone.path if self.eval_on_start else ""

    @property
    def start_settings(self) -> EvaluateSettings:
        """Return the settings of the evaluation before training, which loads the revision that training starts from."""
        model = self.evaluate.model.model_copy(update={"revision": self.train.backbone.revision or ""})
        return self.evaluate.model_copy(update={"model": model})

    @property
    def assembly(self) -> AssembleSettings:
        """Return the settings of assembly, which also compare requests with the benchmark of this recipe."""
        names = self.assemble.decontaminate
        if not names or self.benchmark in names:
            return self.assemble
        return self.assemble.model_copy(update={"decontaminate": [*names, self.benchmark]})

    def tree_paths(self) -> list[Path]:
        """Return the source trees as directories.

        Raises:
            InputError: One of them is not a directory.
        """
        paths = [
            Path(sysconfig.get_path(INTERPRETER_TREES[tree])) if tree in INTERPRETER_TREES else Path(tree)
            for tree in self.trees
        ]
        for path in paths:
            if not path.is_dir():
                raise InputError(f"The source tree {path} is not a directory.", "Correct 'trees' in the recipe.")
        return paths
