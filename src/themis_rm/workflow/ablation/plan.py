"""Plan of an ablation: the training runs and merges that its variants need, each once, and whether they are matched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from themis_rm.errors import SettingError
from themis_rm.storage.digests import stable_id
from themis_rm.training.checks import check_recipe
from themis_rm.training.export import METADATA_FILE
from themis_rm.training.merging import REPORT_FILE as MERGE_REPORT
from themis_rm.training.merging import MergeSettings
from themis_rm.training.objective import objective_weights
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.report import REPORT_FILE as TRAIN_REPORT
from themis_rm.workflow.ablation.grid import READ_AS_WRITTEN, AblationGrid, Variant, flatten
from themis_rm.workflow.ablation.rows import TrainingRows, count_rows

_NOT_IN_KEY = {
    *("run_name", "data", "num_processes", "num_threads", "keep_checkpoint", "micro_batch_tokens", "report_to"),
    *READ_AS_WRITTEN,
}
"""Settings of a recipe that do not change a checkpoint, or are part of the key of its rows."""


@dataclass(frozen=True)
class Effort:
    """What a checkpoint was trained with, over all its stages.

    Attributes:
        steps: Optimizer steps.
        pairs_seen: Pairs in all steps, repetitions included.
        pairs: Distinct training rows.
    """

    steps: int = 0
    pairs_seen: int = 0
    pairs: int = 0

    def __add__(self, other: Effort) -> Effort:
        """Return the sum of two efforts."""
        return Effort(self.steps + other.steps, self.pairs_seen + other.pairs_seen, self.pairs + other.pairs)


@dataclass(frozen=True)
class TrainRun:
    """One stage of training with one seed.

    Attributes:
        stage: Name of the stage.
        seed: The seed.
        label: Variant and seed of the first variant that needs the run.
        recipe: The recipe, without what depends on the output directory.
        rows: Its training rows.
        count: Number of training rows.
        parent: The run that it starts from; ``None`` for the recipe's backbone.
        tokenizer: Digest of the tokenizer that the ablation trains, or empty.
    """

    stage: str
    seed: int
    label: str
    recipe: TrainRecipe
    rows: TrainingRows
    count: int
    parent: TrainRun | None
    tokenizer: str

    @cached_property
    def key(self) -> str:
        """Return what identifies the checkpoint."""
        recipe = TrainRecipe.model_validate(self.recipe.model_dump(mode="json", exclude=_NOT_IN_KEY))
        start = self.parent.key if self.parent else self.tokenizer
        return stable_id(self.stage, recipe.canonical(), self.rows.key, start)

    @property
    def folder(self) -> Path:
        """Return the output directory, relative to that of the ablation."""
        return Path("runs") / f"{self.stage}-seed{self.seed}-{self.key[:12]}"

    @property
    def effort(self) -> Effort:
        """Return steps and pairs of this run and of those that it starts from."""
        return own_effort(self) + (self.parent.effort if self.parent else Effort())

    def is_done(self, out: Path) -> bool:
        """Return whether the checkpoint exists."""
        folder = out / self.folder
        return (folder / TRAIN_REPORT).is_file() and (folder / "model" / METADATA_FILE).is_file()


@dataclass(frozen=True)
class MergeRun:
    """A merge of the checkpoints of one seed.

    Attributes:
        seed: The seed.
        label: Variant and seed.
        models: The merged checkpoints.
        settings: Settings, without base and data.
        base: The checkpoint that they were trained from; ``None`` for the backbone of the recipe, or without TIES.
        backbone: Name of that backbone.
        rows: Rows to measure the spread of rewards on, or ``None``.
    """

    seed: int
    label: str
    models: tuple[Checkpoint, ...]
    settings: MergeSettings
    base: TrainRun | None
    backbone: str
    rows: TrainingRows | None

    @cached_property
    def key(self) -> str:
        """Return what identifies the checkpoint."""
        parts = (self.base.key if self.base else self.backbone, self.rows.key if self.rows else "")
        return stable_id(self.settings.canonical(), *parts, *(model.key for model in self.models))

    @property
    def folder(self) -> Path:
        """Return the output directory, relative to that of the ablation."""
        return Path("runs") / f"merge-seed{self.seed}-{self.key[:12]}"

    @property
    def effort(self) -> Effort:
        """Return steps and pairs of all runs that the merge consists of; a run that several start from counts once."""
        return sum((own_effort(run) for run in distinct_runs(self.models)), Effort())

    def is_done(self, out: Path) -> bool:
        """Return whether the checkpoint exists."""
        folder = out / self.folder
        return (folder / MERGE_REPORT).is_file() and (folder / "model" / METADATA_FILE).is_file()


Checkpoint = TrainRun | MergeRun


def training_runs(checkpoint: Checkpoint) -> Iterator[TrainRun]:
    """Yield the training runs that a checkpoint needs, each after those that it starts from."""
    if isinstance(checkpoint, MergeRun):
        for model in checkpoint.models:
            yield from training_runs(model)
        return
    if checkpoint.parent is not None:
        yield from training_runs(checkpoint.parent)
    yield checkpoint


def distinct_runs(checkpoints: tuple[Checkpoint, ...]) -> list[TrainRun]:
    """Return the training runs that checkpoints need, each once."""
    found: dict[str, TrainRun] = {}
    for checkpoint in checkpoints:
        for run in training_runs(checkpoint):
            found.setdefault(run.key, run)
    return list(found.values())


def own_effort(run: TrainRun) -> Effort:
    """Return steps and pairs of a run without those of the runs that it starts from."""
    steps = run.recipe.total_steps(run.count)
    return Effort(steps, steps * run.recipe.global_batch_size, run.count)


@dataclass(frozen=True)
class Plan:
    """Everything that an ablation computes.

    Attributes:
        grid: Its settings.
        checkpoints: Variant -> checkpoint of each seed, in the order of the seeds; the base is first.
        differs: Variant -> what differs from the base, as ``key: value`` texts.
        tokenizer: Key of the tokenizer that is trained for all runs, or empty.
    """

    grid: AblationGrid
    checkpoints: Mapping[str, tuple[Checkpoint, ...]]
    differs: Mapping[str, tuple[str, ...]]
    tokenizer: str = ""
    stages: Mapping[str, TrainingRows] = field(default_factory=dict)

    def runs(self) -> list[TrainRun]:
        """Return all training runs, each once and after those that it starts from."""
        return distinct_runs(tuple(item for items in self.checkpoints.values() for item in items))

    def merges(self) -> list[MergeRun]:
        """Return all merges, each once and after those that it uses."""
        found = [item for items in self.checkpoints.values() for item in items if isinstance(item, MergeRun)]
        return list({item.key: item for item in found}.values())

    def variant(self, name: str) -> Variant:
        """Return the settings of a variant; those of the base are empty."""
        return Variant() if name == self.grid.base else self.grid.variants[name]


def make_plan(grid: AblationGrid) -> Plan:
    """Resolve the recipes and rows of all variants, and check that variants are matched with the base.

    Raises:
        UserError: A recipe or a dataset cannot be used, there are too few rows, a variant does not differ from the
            base, or has another number of steps or pairs without saying why.
    """
    builder = _Builder(grid)
    checkpoints: dict[str, tuple[Checkpoint, ...]] = {}
    for name in (grid.base, *grid.variants):
        variant = Variant() if name == grid.base else grid.variants[name]
        checkpoints[name] = tuple(
            builder.checkpoint(name, variant, seed, {key: items[at] for key, items in checkpoints.items()})
            for at, seed in enumerate(grid.seeds)
        )
    plan = Plan(grid, checkpoints, builder.differences(checkpoints), builder.tokenizer, builder.full_rows)
    _require_differences(plan)
    _require_matched(plan)
    _require_trainable(plan)
    return plan


class _Builder:
    """Builds the runs of a grid; datasets are read once for each set of rows."""

    def __init__(self, grid: AblationGrid) -> None:
        self.grid = grid
        self.digests: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.first_stage = next(iter(grid.stages))
        self.full_rows = {
            stage: self._rows(Variant(), stage, grid.recipe_of(Variant(), stage, {})) for stage in grid.stages
        }
        self.tokenizer = self._tokenizer_key()

    def checkpoint(self, name: str, variant: Variant, seed: int, known: Mapping[str, Checkpoint]) -> Checkpoint:
        """Return the checkpoint of a variant with a seed."""
        if variant.checkpoint_of:
            return known[variant.checkpoint_of]
        if variant.merge is not None:
            return self._merge(variant, f"{name}-seed{seed}", seed, known)
        run: TrainRun | None = None
        for stage in self.grid.stages:
            if stage not in variant.skip:
                run = self._train(name, variant, stage, seed, run)
        assert run is not None  # noqa: S101 (the last stage cannot be skipped)
        return run

    def _train(self, name: str, variant: Variant, stage: str, seed: int, parent: TrainRun | None) -> TrainRun:
        label = f"{name}-seed{seed}"
        plain = self.grid.recipe_of(variant, stage, {}, name)
        rows = self._rows(variant, stage, plain, name)
        if rows.key not in self.counts:
            self.counts[rows.key] = count_rows(rows)
        changes: dict[str, Any] = {**READ_AS_WRITTEN, "seed": seed, "prompt_set": "dataset", "run_name": label}
        if parent is None and stage != self.first_stage:
            start = self.grid.recipe_of(variant, self.first_stage, {}, name)
            changes["backbone"] = start.backbone.model_dump(mode="json")
            changes["tokenizer"] = start.tokenizer.model_dump(mode="json")
        elif parent is not None:
            # The place of the checkpoint depends on the output directory; the runner sets it.
            changes["backbone"] = {"path": "checkpoint", "head_init_std": plain.backbone.head_init_std}
            changes["tokenizer"] = {}
        recipe = self.grid.recipe_of(variant, stage, changes, name)
        uses_own = recipe.tokenizer.train_bpe is not None
        return TrainRun(
            stage, seed, label, recipe, rows, self.counts[rows.key], parent, self.tokenizer if uses_own else ""
        )

    def _rows(self, variant: Variant, stage: str, recipe: TrainRecipe, name: str = "") -> TrainingRows:
        data = self.grid.data_of(stage)
        settings = self.grid.rows_of(variant, stage, name)
        rows = TrainingRows(data, recipe.validation_fraction, recipe.reader_settings(), recipe.prompt_set, settings, "")
        identity = f"{data}\0{rows.reader.canonical()}\0{rows.validation_fraction}"
        if identity not in self.digests:
            self.digests[identity] = rows.splits.digest()
        return TrainingRows(
            data, rows.validation_fraction, rows.reader, rows.prompt_set, settings, self.digests[identity]
        )

    def _merge(self, variant: Variant, label: str, seed: int, known: Mapping[str, Checkpoint]) -> MergeRun:
        choice = variant.merge
        assert choice is not None  # noqa: S101
        models = tuple(known[name] for name in choice.models)
        base = self._merge_base(choice.base, models) if choice.method == "ties" else None
        first = self.grid.recipe_of(Variant(), self.first_stage, {})
        if choice.method == "ties" and base is None and not first.backbone.name:
            raise SettingError(
                f"{label}: the models start from random weights, so that TIES has no checkpoint as base.",
                "Add a stage before the last, or set merge.method=linear.",
            )
        values = choice.model_dump(include={"method", "density", "scale", "weights"})
        return MergeRun(
            seed,
            label,
            models,
            MergeSettings(**values),
            base,
            first.backbone.name if choice.method == "ties" and base is None else "",
            self.full_rows[self.grid.last_stage] if choice.normalize_rewards else None,
        )

    def _merge_base(self, stage: str, models: tuple[Checkpoint, ...]) -> TrainRun | None:
        """Return the run of a stage that all models start from, ``None`` if they start from a backbone."""
        chains = [list(training_runs(model)) for model in models]
        wanted = stage or (list(self.grid.stages)[-2] if len(self.grid.stages) > 1 else "")
        if not wanted:
            return None
        found = [next((run for run in chain if run.stage == wanted), None) for chain in chains]
        first = found[0]
        if first is None or any(run is None or run.key != first.key for run in found):
            raise SettingError(
                f"The merged models do not start from one checkpoint of the stage {wanted}.",
                "Merge variants that change later stages only, or set merge.method=linear.",
            )
        return first

    def _tokenizer_key(self) -> str:
        recipe = self.grid.recipe_of(Variant(), self.first_stage, {})
        if recipe.tokenizer.train_bpe is None:
            return ""
        facts = (recipe.tokenizer.train_bpe.canonical(), str(recipe.max_length))
        return stable_id(*facts, *(rows.key for rows in self.full_rows.values()))

    def differences(self, checkpoints: Mapping[str, tuple[Checkpoint, ...]]) -> dict[str, tuple[str, ...]]:
        """Return what each variant changes, computed from what its runs are given."""
        base = _facts(checkpoints[self.grid.base][0])
        differs: dict[str, tuple[str, ...]] = {self.grid.base: ()}
        for name, variant in self.grid.variants.items():
            found = [] if variant.merge else list(_changes(base, _facts(checkpoints[name][0])))
            if variant.merge:
                found.append(f"merge: {variant.merge.method} of {', '.join(variant.merge.models)}")
            if variant.prompts:
                found.append(f"evaluation prompts: {variant.prompts}")
            differs[name] = tuple(found)
        return differs


def _facts(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return dotted key -> value of the recipes and rows of a checkpoint, by stage."""
    facts: dict[str, Any] = {}
    for run in training_runs(checkpoint):
        values = run.recipe.model_dump(mode="json", exclude={*_NOT_IN_KEY, "sizes"})
        values["rows"] = run.rows.settings.model_dump(mode="json")
        facts |= {f"{run.stage}.{key}": value for key, value in flatten(values).items()}
    return facts


def _changes(base: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs; a change that all stages have is given once, without the name of a stage."""
    stages = list(dict.fromkeys(key.partition(".")[0] for key in base))
    kept = [stage for stage in stages if any(key.startswith(f"{stage}.") for key in other)]
    yield from (f"without the stage {stage}" for stage in stages if stage not in kept)
    changed: dict[str, list[str]] = {}
    for key in dict.fromkeys([*base, *other]):
        stage, _, name = key.partition(".")
        # Without the stage before it, a stage has the backbone of that one.
        starts_anew = stage == kept[0] != stages[0] and name.startswith(("backbone.", "tokenizer."))
        if stage in kept and base.get(key) != other.get(key) and not starts_anew:
            changed.setdefault(f"{name}: {base.get(key)} -> {other.get(key)}", []).append(stage)
    for text, where in changed.items():
        yield text if where == kept else ", ".join(f"{stage}.{text}" for stage in where)


def _require_differences(plan: Plan) -> None:
    for name in plan.grid.variants:
        if not plan.differs[name]:
            raise SettingError(f"variants.{name}: nothing differs from the base.", "Change a setting, or remove it.")


def _require_matched(plan: Plan) -> None:
    for run in plan.runs():
        if run.recipe.early_stopping_patience is not None:
            raise SettingError(
                f"{run.label}: with early_stopping_patience, variants would have different numbers of steps.",
                "Remove it; load_best_model_at_end exports the best checkpoint of all steps.",
            )
    base = plan.checkpoints[plan.grid.base][0].effort
    for name, variant in plan.grid.variants.items():
        effort = plan.checkpoints[name][0].effort
        names = {"steps": "steps", "pairs_seen": "pairs in all steps", "pairs": "distinct training rows"}
        differing = [
            f"{getattr(effort, key):,} {text}, not {getattr(base, key):,}"
            for key, text in names.items()
            if getattr(effort, key) != getattr(base, key)
        ]
        if differing and not variant.unmatched:
            raise SettingError(
                f"variants.{name} is not matched with the base: {'; '.join(differing)}.",
                f"Set max_steps and rows.pairs alike, or say why in variants.{name}.unmatched.",
            )


def _require_trainable(plan: Plan) -> None:
    """Check loss terms, tokenizers and backbones before anything is trained."""
    for run in plan.runs():
        if run.seed != plan.grid.seeds[0]:
            continue
        if run.parent is None:
            check_recipe(run.recipe)
        else:
            objective_weights(run.recipe)


def describe_plan(plan: Plan, out: Path) -> list[dict[str, Any]]:
    """Return one row per run and merge: steps, pairs, variants and whether it is done.

    Args:
        plan: The plan.
        out: Output directory of the ablation.
    """
    users: dict[str, list[str]] = {}
    for name, items in plan.checkpoints.items():
        for item in items:
            parts: list[Checkpoint] = [*training_runs(item)]
            parts += [item] if isinstance(item, MergeRun) else []
            for part in parts:
                if name not in users.setdefault(part.key, []):
                    users[part.key].append(name)
    rows = []
    for run in plan.runs():
        own = own_effort(run)
        rows.append(_plan_row(run, out, run.stage, users, own.steps, own.pairs))
    rows += [_plan_row(merge, out, "merge", users, 0, 0) for merge in plan.merges()]
    return rows


def _plan_row(
    item: Checkpoint, out: Path, stage: str, users: Mapping[str, list[str]], steps: int, pairs: int
) -> dict[str, Any]:
    started = (out / item.folder).is_dir()
    return {
        "run": item.folder.name,
        "stage": stage,
        "seed": item.seed,
        "steps": steps,
        "pairs": pairs,
        "variants": ", ".join(users[item.key]),
        "state": "done" if item.is_done(out) else "started" if started else "missing",
    }
