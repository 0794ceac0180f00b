"""Runs: all stages of a recipe in order, each in its own subdirectory of the output directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from themis_rm.benchmark.pairs import read_benchmark
from themis_rm.curation.curate import curate
from themis_rm.dataset.assemble import assemble
from themis_rm.dataset.decontamination import read_benchmarks
from themis_rm.errors import CheckpointError, InputError, SettingError
from themis_rm.evaluation.before_after import BeforeAfter
from themis_rm.evaluation.evaluate import RESULTS, SCORES, EvaluateSettings, evaluate
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.mining.functions import mine_trees
from themis_rm.mining.repositories import mine_repositories
from themis_rm.pipeline import StageReport
from themis_rm.prompts import PromptSet
from themis_rm.report.page import HeldOutPairs, ScoredExample, render
from themis_rm.results import TableView
from themis_rm.serve.scorer import Scorer
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.locks import exclusive
from themis_rm.terminal import TerminalConsole
from themis_rm.training.checks import check_recipe
from themis_rm.training.runner import train
from themis_rm.workflow.fingerprints import (
    code_fingerprint,
    path_fingerprint,
    repository_fingerprint,
    tree_fingerprint,
)
from themis_rm.workflow.held_out import PAIRS, evaluate_held_out
from themis_rm.workflow.recipe import ExampleResponse, RunRecipe
from themis_rm.workflow.stages import Stage, run_stage
from themis_rm.workflow.view import RunView

MINE, FUNCTIONS, CURATE, ASSEMBLE = "1-mine", "2-functions", "3-curate", "4-assemble"
START_HELD_OUT, START_EVALUATE = "5-start-held-out", "5-start-evaluate"
TRAIN, HELD_OUT, EVALUATE = "5-train", "6-held-out", "7-evaluate"
REPORT = "report.html"


@dataclass(frozen=True, repr=False)
class RunResult(TableView):
    """Result of a run.

    Attributes:
        results: Results on the benchmark.
        held_out: Results on the validation split of the dataset, if it has one.
        checkpoint: Directory of the checkpoint.
        page: The HTML report.
        changes: Results before and after training, on held-out pairs and on the benchmark; empty unless the recipe has
            ``eval_on_start``.
        examples: Scores of the recipe's examples.
        stages: The stages with their reports.
    """

    results: EvaluationResults
    held_out: EvaluationResults | None
    checkpoint: Path
    page: Path
    changes: list[BeforeAfter]
    examples: list[ScoredExample]
    stages: list[Stage]

    def records(self) -> Sequence[dict[str, Any]]:
        """Return one row per stage: state, row counts and wall time."""
        return [_record(stage) for stage in self.stages]

    def summary(self) -> str:
        """Return the number of stages and the paths of the checkpoint and of the report in one line."""
        unchanged = sum(stage.state == "unchanged" for stage in self.stages)
        return f"{len(self.stages)} stages, {unchanged} unchanged; checkpoint {self.checkpoint}; report {self.page}"


def _record(stage: Stage) -> dict[str, Any]:
    report = stage.report or StageReport(stage.name)
    return {
        "stage": stage.name,
        "state": stage.state,
        "read": report.read,
        "kept": report.kept,
        "dropped": sum(report.dropped.values()),
        "seconds": report.seconds,
    }


def run(
    recipe: RunRecipe | str | Path | Mapping[str, Any], out: str | Path, console: Console | None = None
) -> RunResult:
    """Run all stages of a recipe; a run that was killed at any moment resumes and has the same result.

    Args:
        recipe: Recipe object, mapping, YAML file, or name of a recipe of this package (``demo``).
        out: Output directory; one process at a time.
        console: Where to show progress; by default standard error.

    Raises:
        UserError: The recipe or one of its inputs cannot be used.
    """
    recipe, out = RunRecipe.resolve(recipe, name="recipe"), Path(out)
    if not recipe.repositories and not recipe.trees:
        raise SettingError("The recipe has no repositories and no trees.", "Set repositories, trees or both.")
    with exclusive(out):
        stages = build_stages(recipe, out)
        check_inputs(recipe)
        view = RunView(stages, out, console or TerminalConsole(stderr=True))
        with view.display():
            for stage in stages:
                view.start(stage)
                run_stage(stage, out)
                view.finish(stage)
        return _result(recipe, out, stages)


def check_inputs(recipe: RunRecipe) -> None:
    """Read what the last stages need, before the first stage runs: benchmark, prompt sets, tokenizer, models.

    Raises:
        UserError: One of them is missing or cannot be used.
    """
    check_recipe(recipe.train)
    read_benchmark(recipe.benchmark, recipe.evaluate.verified)
    read_benchmarks(recipe.assembly.decontaminate)
    for file in (recipe.assemble.prompt_file, recipe.evaluate.prompt_set):
        if file is not None:
            PromptSet.load(file)
    if recipe.start_model:
        _check_start_model(recipe)


def _check_start_model(recipe: RunRecipe) -> None:
    try:
        Scorer.load(recipe.start_model, recipe.evaluate.prompt_set, recipe.start_settings.model)
    except CheckpointError as error:
        raise CheckpointError(f"The model to evaluate before training: {error.message}", error.hint) from error


def _result(recipe: RunRecipe, out: Path, stages: list[Stage]) -> RunResult:
    results = EvaluationResults.load(out / EVALUATE / RESULTS)
    held_out = out / HELD_OUT / RESULTS
    changes, held_out_pairs = _compare_with_start(recipe, out)
    result = RunResult(
        results,
        EvaluationResults.load(held_out) if held_out.is_file() else None,
        out / TRAIN / "model",
        out / REPORT,
        changes,
        _score_examples(recipe, out / TRAIN / "model"),
        stages,
    )
    reports = [(stage.title, stage.report) for stage in stages if stage.report is not None]
    log = out / TRAIN / "log.jsonl"
    page = render(
        recipe.run_name, reports, results, result.held_out, log, result.examples, result.changes, held_out_pairs
    )
    write_text(result.page, page)
    return result


def _compare_with_start(recipe: RunRecipe, out: Path) -> tuple[list[BeforeAfter], HeldOutPairs | None]:
    """Return the results before and after training, and the held-out pairs, if the start model was evaluated."""
    if not recipe.start_model:
        return [], None
    benchmark = read_benchmark(recipe.benchmark, recipe.evaluate.verified, recipe.evaluate.reader_settings())
    changes = [BeforeAfter.load(benchmark.name, out / START_EVALUATE, out / EVALUATE, benchmark.tasks)]
    if not (out / HELD_OUT / RESULTS).is_file():
        return changes, None
    pairs = read_benchmark(out / HELD_OUT / PAIRS)
    change = BeforeAfter.load("held-out pairs", out / START_HELD_OUT, out / HELD_OUT, pairs.tasks)
    return [*changes, change], HeldOutPairs(change, pairs.pairs)


@dataclass
class _StageList:
    """Stages in order; each fingerprint includes the outputs of the stages that it reads from."""

    stages: dict[str, Stage] = field(default_factory=dict)

    def add(
        self,
        name: str,
        title: str,
        work: Callable[[Path], StageReport],
        *,
        code: Callable[..., Any],
        settings: Callable[[], str],
        outputs: tuple[str, ...],
        inputs: tuple[str, ...] = (),
    ) -> None:
        """Add a stage.

        Args:
            name: Name of its directory.
            title: Name for people.
            work: Does the work in the given directory.
            code: Function whose module, with all that it imports, is the code of the stage.
            settings: Returns the settings and the fingerprints of external inputs.
            outputs: Patterns of its output files.
            inputs: Names of the stages that it reads from, if they exist.
        """

        def fingerprint() -> str:
            upstream = [self.stages[item].output for item in inputs if item in self.stages]
            return stable_id(name, code_fingerprint(code), settings(), *upstream)

        self.stages[name] = Stage(name, title, fingerprint, work, outputs)


def build_stages(recipe: RunRecipe, out: Path) -> list[Stage]:
    """Return the stages of a recipe; sources that it does not name have no stage.

    Raises:
        InputError: A source tree is not a directory.
    """
    stages = _StageList()
    _add_data_stages(stages, recipe, out)
    if start := recipe.start_model:
        fingerprint = partial(_model_fingerprint, start)
        evaluated = _EvaluatedModel("the start model", start, recipe.start_settings, fingerprint)
        _add_evaluations(stages, recipe, out, evaluated, START_HELD_OUT, START_EVALUATE)
    stages.add(
        TRAIN,
        "Train the reward model",
        lambda to: train(recipe.train, out / ASSEMBLE, to).to_stage_report(),
        code=train,
        settings=lambda: recipe.train.canonical() + _model_fingerprint(recipe.train.backbone.name),
        outputs=("model/*", "model/baselines/*/*"),
        inputs=(ASSEMBLE,),
    )
    trained = _EvaluatedModel("the trained model", out / TRAIN / "model", recipe.evaluate, inputs=(TRAIN,))
    _add_evaluations(stages, recipe, out, trained, HELD_OUT, EVALUATE)
    return list(stages.stages.values())


@dataclass(frozen=True)
class _EvaluatedModel:
    """A model that a run evaluates.

    Attributes:
        title: What stages call it.
        model: Checkpoint directory or name.
        settings: Settings of its evaluations.
        fingerprint: Returns the fingerprint of a model that no stage makes.
        inputs: Names of the stages that make it.
    """

    title: str
    model: str | Path
    settings: EvaluateSettings
    fingerprint: Callable[[], str] = str
    inputs: tuple[str, ...] = ()


def _add_evaluations(
    stages: _StageList, recipe: RunRecipe, out: Path, item: _EvaluatedModel, held_out: str, benchmark: str
) -> None:
    """Add the stages that evaluate a model on held-out pairs and on the benchmark, under two names."""
    stages.add(
        held_out,
        f"Evaluate {item.title} on held-out pairs",
        lambda to: evaluate_held_out(item.model, out / ASSEMBLE, recipe.max_held_out_pairs, to, item.settings),
        code=evaluate_held_out,
        settings=lambda: item.settings.canonical() + str(recipe.max_held_out_pairs) + item.fingerprint(),
        outputs=(SCORES, RESULTS),
        inputs=(ASSEMBLE, *item.inputs),
    )
    stages.add(
        benchmark,
        f"Evaluate {item.title} on the benchmark",
        lambda to: _evaluate(item.model, recipe.benchmark, to, item.settings),
        code=evaluate,
        settings=lambda: item.settings.canonical() + path_fingerprint(recipe.benchmark) + item.fingerprint(),
        outputs=(SCORES, RESULTS),
        inputs=item.inputs,
    )


def _model_fingerprint(name: str) -> str:
    """Return the fingerprint of a model: of its files if it is a directory, otherwise only its name."""
    return tree_fingerprint(Path(name)) if Path(name).is_dir() else stable_id(name)


def _add_data_stages(stages: _StageList, recipe: RunRecipe, out: Path) -> None:
    trees = recipe.tree_paths()
    commits, solutions = (out / MINE / "commits", out / FUNCTIONS / "solutions")
    if recipe.repositories:
        stages.add(
            MINE,
            "Mine git repositories",
            lambda to: mine_repositories(recipe.repositories, to, recipe.mine, recipe.executor),
            code=mine_repositories,
            settings=lambda: recipe.mine.canonical() + "".join(map(repository_fingerprint, recipe.repositories)),
            outputs=("commits/*.parquet",),
        )
    if trees:
        stages.add(
            FUNCTIONS,
            "Collect documented functions",
            lambda to: mine_trees(trees, to, recipe.functions, recipe.executor),
            code=mine_trees,
            settings=lambda: recipe.functions.canonical() + "".join(map(tree_fingerprint, trees)),
            outputs=("solutions/*.parquet",),
        )
    stages.add(
        CURATE,
        "Curate pairs, inject bugs",
        lambda to: curate(_if_not_empty(commits), _if_not_empty(solutions), to, recipe.curate, recipe.executor),
        code=curate,
        settings=recipe.curate.canonical,
        outputs=("pairs/*.parquet",),
        inputs=(MINE, FUNCTIONS),
    )
    stages.add(
        ASSEMBLE,
        "Assemble the dataset",
        lambda to: assemble(out / CURATE / "pairs", to, recipe.assembly, recipe.executor),
        code=assemble,
        settings=lambda: recipe.assembly.canonical() + "".join(map(path_fingerprint, recipe.assembly.decontaminate)),
        outputs=("data/*.parquet", "README.md", "prompts.json"),
        inputs=(CURATE,),
    )


def _if_not_empty(folder: Path) -> Path | None:
    # A source of which no row was kept has no shard; the rows of the other source are enough.
    return folder if any(folder.glob("*.parquet")) else None


def _evaluate(model: str | Path, benchmark: str, to: Path, settings: EvaluateSettings) -> StageReport:
    evaluate(model, benchmark, to, settings)
    return StageReport.load(to)


def _score_examples(recipe: RunRecipe, model: Path) -> list[ScoredExample]:
    if not recipe.examples:
        return []
    scores = _rewards(recipe.examples, model, recipe.evaluate)
    start: list[dict[str, float]] = [{} for _ in scores]
    if recipe.start_model:
        start = _rewards(recipe.examples, recipe.start_model, recipe.start_settings)
    return [
        ScoredExample(example.prompt, example.response, after, before)
        for example, after, before in zip(recipe.examples, scores, start, strict=True)
    ]


def _rewards(
    examples: Sequence[ExampleResponse], model: str | Path, settings: EvaluateSettings
) -> list[dict[str, float]]:
    """Return the rewards of each example: short name of the criterion -> reward."""
    scorer = Scorer.load(model, settings=settings.model)
    rewards = []
    for example in examples:
        try:
            found = scorer.score(example.prompt, example.response)
        except InputError as error:
            raise InputError(f"An example of the recipe cannot be scored: {error.message}", error.hint) from error
        rewards.append({criterion: reward for criterion, reward in found.items() if reward is not None})
    return rewards
