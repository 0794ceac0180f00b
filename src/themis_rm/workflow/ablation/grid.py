"""Settings of an ablation: stages, variants, seeds and evaluations in one YAML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import SettingError, did_you_mean
from themis_rm.evaluation.evaluate import EvaluateSettings
from themis_rm.prompts import PromptMix, PromptMode
from themis_rm.settings import Override, Settings, read_yaml
from themis_rm.settings.recipes import find_recipe
from themis_rm.training.recipe import TrainRecipe

HELD_OUT = "held-out"
"""Name of the benchmark that consists of the validation and test rows of the last stage's dataset."""
_ONE_MODE = {mode: {"none": 0, "all": 0, "own": 0, mode: 100} for mode in ("none", "all", "own")}


class RowSettings(Settings):
    """Which training rows of a dataset are used, and with which criteria prompts."""

    synonyms: ClassVar[dict[str, str]] = {
        "aspect": "criteria",
        "criterion": "criteria",
        "language": "languages",
        "limit": "pairs",
        "max_samples": "pairs",
        "size": "pairs",
    }

    criteria: tuple[str, ...] = ()
    """Only rows of these criteria."""
    languages: tuple[str, ...] = ()
    """Only rows in these programming languages."""
    max_characters: int | None = Field(None, ge=1)
    """Only rows whose request and longer response have at most this many characters together. Set it where
    ``max_length`` would truncate many rows: whether a row can be used must not depend on the variant."""
    pairs: int | None = Field(None, ge=1)
    """Number of rows, sampled by hash: the same rows for all seeds, and a smaller sample is part of a larger one. Fewer
    rows are an error. By default all."""
    prompts: PromptMix | None = None
    """Draw the criteria prompts of the rows again: percentages, or ``none``, ``all`` or ``own`` for 100 % of it. By
    default those of the dataset."""

    @field_validator("criteria", "languages", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("prompts", mode="before")
    @classmethod
    def _expand_mode(cls, value: Any) -> Any:
        if isinstance(value, str) and value not in _ONE_MODE:
            raise ValueError("must be percentages, or one of none, all and own")
        return _ONE_MODE.get(value, value) if isinstance(value, str) else value


class StageSettings(Settings):
    """A training stage: it starts from the checkpoint of the stage before it."""

    recipe: dict[str, Any]
    """Training recipe. In a file also the path of a recipe, relative to that file, or the name of one."""
    data: str = ""
    """Preference dataset in any known format; by default the recipe's ``data``."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Changes of the recipe in all variants: nested or dotted keys."""
    rows: RowSettings = RowSettings()
    """Training rows of all variants."""


class StageChange(Settings):
    """Changes of a variant in a stage."""

    settings: dict[str, Any] = Field(default_factory=dict)
    """Changes of the recipe."""
    rows: dict[str, Any] = Field(default_factory=dict)
    """Changes of the training rows (``criteria``, ``languages``, ``pairs``, ``prompts``, ``max_characters``)."""


class VariantMerge(Settings):
    """A variant that merges the checkpoints of others, seed by seed."""

    models: tuple[str, ...] = Field(min_length=2)
    """Names of the variants."""
    method: Literal["linear", "ties"] = "ties"
    """See ``themis-rm merge``."""
    base: str = ""
    """``ties``: name of the stage whose checkpoint the models were trained from; by default the stage before the last.
    With a single stage, its pretrained backbone."""
    density: float = Field(0.2, gt=0, le=1)
    """See ``themis-rm merge``."""
    scale: float = Field(1.0, gt=0)
    """See ``themis-rm merge``."""
    weights: list[float] = Field(default_factory=list)
    """See ``themis-rm merge``."""
    normalize_rewards: bool = True
    """Divide each head by the standard deviation of its rewards on the training rows of the base variant."""


class Variant(Settings):
    """A variant of the training: everything that it does not name is as in the base."""

    synonyms: ClassVar[dict[str, str]] = {"recipe": "settings", "overrides": "settings", "description": "about"}

    about: str = ""
    """What the variant is for, for the table."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Changes of the recipe, in every stage."""
    rows: dict[str, Any] = Field(default_factory=dict)
    """Changes of the training rows of the last stage."""
    stages: dict[str, StageChange] = Field(default_factory=dict)
    """Stage -> further changes in that stage."""
    skip: tuple[str, ...] = ()
    """Stages that are left out; the next one then starts from the backbone of the first stage."""
    checkpoint_of: str = ""
    """Evaluate the checkpoints of this variant, without training."""
    merge: VariantMerge | None = None
    """Merge the checkpoints of other variants, without training."""
    prompts: PromptMode | None = None
    """Criteria prompts at evaluation, in place of those of the evaluations: ``none``, ``all`` or ``own``."""
    unmatched: str = ""
    """Why the variant may have another number of steps or pairs than the base. Without it, that is an error."""

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        trains = bool(self.settings or self.rows or self.stages or self.skip)
        if trains + bool(self.checkpoint_of) + (self.merge is not None) > 1:
            raise ValueError("a variant is trained, or has 'checkpoint_of', or has 'merge'")
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the variants whose checkpoints this one uses."""
        return self.merge.models if self.merge else (self.checkpoint_of,) if self.checkpoint_of else ()


class Evaluation(Settings):
    """Pairs that all variants are evaluated on."""

    benchmark: str = "authored"
    """Benchmark file, directory or hub name, ``authored``, or ``held-out``: the validation and test rows of the last
    stage's dataset."""
    prompts: PromptMode = "own"
    """Criteria prompts, unless a variant names others."""
    limit: int | None = Field(None, ge=1)
    """Score only this many pairs, evenly spaced."""


class AblationGrid(Settings):
    """Settings of an ablation."""

    synonyms: ClassVar[dict[str, str]] = {"name": "run_name", "benchmarks": "evaluations", "seed": "seeds"}

    run_name: str = "ablation"
    """Name in the report."""
    stages: dict[str, StageSettings] = Field(min_length=1)
    """Name -> training stage, in order."""
    seeds: list[int] = Field(default=[0, 1, 2], min_length=1)
    """Seeds; every trained variant is trained with each. One seed says nothing about other seeds."""
    base: str = "base"
    """Name of the base variant in the table. It is the stages as they are."""
    variants: dict[str, Variant] = Field(min_length=1)
    """Name -> variant."""
    evaluations: dict[str, Evaluation] = Field(default={"authored": Evaluation()}, min_length=1)
    """Name -> pairs to evaluate on."""
    launcher: str = ""
    """Command that starts each training run in processes of its own, such as ``torchrun --nproc-per-node 8``; it is
    called with ``-m themis_rm train ...``. By default runs are trained in this process."""
    evaluate: EvaluateSettings = EvaluateSettings()
    """How all variants are evaluated: model settings, baselines, confidence level."""

    @classmethod
    def load(cls, path: str | Path, overrides: Iterable[str | Override] = ()) -> Self:
        """Read a grid and the training recipes that it names.

        Args:
            path: YAML file, or name of a grid of this package (``tiny``).
            overrides: ``key.sub=value`` overrides.

        Raises:
            InputError: A file is missing or is not a YAML mapping.
            SettingError: There is no grid or recipe of this name, or a key or a value is invalid.
        """
        file = find_recipe(path, "ablate")
        values = read_yaml(file)
        stages = values.get("stages")
        for stage in stages.values() if isinstance(stages, dict) else ():
            if isinstance(stage, dict) and isinstance(name := stage.get("recipe"), str):
                relative = file.parent / name
                stage["recipe"] = read_yaml(relative if relative.is_file() else find_recipe(name, "train"))
        return cls.build(values, str(path), overrides)

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: a seed is repeated")
        for name in (self.base, *self.variants, *self.stages, *self.evaluations):
            if not name or not all(letter.isalnum() or letter in "._+-" for letter in name) or name[0] == ".":
                raise ValueError(f"'{name}' is not a name of letters, digits, '.', '_', '+' and '-'")
        if self.base in self.variants:
            raise ValueError(f"variants.{self.base}: this is the name of the base; the base is the stages as they are")
        seen = [self.base]
        for name, variant in self.variants.items():
            self._check_variant(name, variant, seen)
            seen.append(name)
        return self

    def _check_variant(self, name: str, variant: Variant, seen: list[str]) -> None:
        for stage in (*variant.skip, *variant.stages):
            if stage not in self.stages:
                raise ValueError(f"variants.{name}: there is no stage '{stage}'. {did_you_mean(stage, self.stages)}")
        if variant.skip and list(self.stages)[-1] in variant.skip:
            raise ValueError(f"variants.{name}.skip: the last stage cannot be left out")
        for source in variant.sources:
            if source not in seen:
                raise ValueError(f"variants.{name}: '{source}' is not a variant above it. {did_you_mean(source, seen)}")
        if variant.merge and variant.merge.base and variant.merge.base not in self.stages:
            raise ValueError(f"variants.{name}.merge.base: there is no stage '{variant.merge.base}'.")

    @property
    def last_stage(self) -> str:
        """Return the name of the last stage."""
        return list(self.stages)[-1]

    def rows_of(self, variant: Variant, stage: str, name: str = "") -> RowSettings:
        """Return the training rows of a variant in a stage.

        Args:
            variant: The variant.
            stage: Name of the stage.
            name: Name of the variant, for errors.

        Raises:
            SettingError: A key or a value is not allowed.
        """
        changes = {**(variant.rows if stage == self.last_stage else {}), **_change(variant, stage).rows}
        values = {**self.stages[stage].rows.model_dump(mode="json"), **changes}
        return RowSettings.build(values, f"{_where(name, stage)}, rows")

    def recipe_of(self, variant: Variant, stage: str, changes: Mapping[str, Any], name: str = "") -> TrainRecipe:
        """Return the training recipe of a variant in a stage.

        Args:
            variant: The variant.
            stage: Name of the stage.
            changes: Dotted key -> value that replaces those of grid and variant.
            name: Name of the variant, for errors.

        Raises:
            SettingError: A key or a value is not allowed.
        """
        source = self.stages[stage]
        layers = (source.settings, variant.settings, _change(variant, stage).settings)
        where = _where(name, stage)
        nested = [item for values in layers for item in flatten(values).items()]
        overrides = [Override(key, value, where) for key, value in (*nested, *changes.items())]
        return TrainRecipe.build(source.recipe, where, overrides)

    def data_of(self, stage: str) -> str:
        """Return the dataset of a stage.

        Raises:
            SettingError: Neither the stage nor its recipe names one.
        """
        data = self.stages[stage].data or self.stages[stage].recipe.get("data") or ""
        if not data:
            raise SettingError(f"The stage {stage} names no dataset.", f"Set stages.{stage}.data=DIR.")
        return str(data)


def _change(variant: Variant, stage: str) -> StageChange:
    return variant.stages.get(stage, StageChange())


def _where(name: str, stage: str) -> str:
    return f"variant {name}, stage {stage}" if name else f"stage {stage}"


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings with dotted keys; an empty mapping is a value."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        nested = isinstance(value, dict) and value
        flat |= flatten(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat


READ_AS_WRITTEN = DataSettings().model_dump(mode="json")
"""Settings of a recipe that reads rows that were written by this package."""
