"""From git histories to a scored answer: the stages, in order, each into its own folder of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console

from themis_rm.benchmark.pairs import from_preference
from themis_rm.curation.curate import curate
from themis_rm.dataset.assemble import assemble
from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation.evaluate import RESULTS, evaluate
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.mining.functions import mine_trees
from themis_rm.mining.repositories import mine_repositories
from themis_rm.pipeline import StageReport
from themis_rm.records import BenchmarkPair, Preference
from themis_rm.report.page import ScoredExample, render
from themis_rm.serve.scorer import Scorer
from themis_rm.storage.atomic import write_text
from themis_rm.storage.output_dir import exclusive
from themis_rm.storage.parquet import read_rows, write_rows
from themis_rm.workflow import fingerprints
from themis_rm.workflow.recipe import RunRecipe
from themis_rm.workflow.stages import Stage, run_stage
from themis_rm.workflow.training import train_with_baseline
from themis_rm.workflow.view import RunView

MINE, FUNCTIONS, CURATE, ASSEMBLE, TRAIN, HELD_OUT, EVALUATE = (
    "1-mine",
    "2-functions",
    "3-curate",
    "4-assemble",
    "5-train",
    "6-held-out",
    "7-evaluate",
)
HELD_OUT_PAIRS = 2000
"""Most pairs of the validation split that the finished model is compared with the baselines on."""
REPORT = "report.html"


@dataclass(frozen=True)
class Finished:
    """What a run leaves behind.

    Attributes:
        results: Of the benchmark.
        held_out: Of pairs that the dataset held back, if it did.
        model: Folder of the checkpoint.
        page: The HTML report.
        scored: The recipe's examples with their scores.
        stages: The stages with their reports.
    """

    results: EvaluationResults
    held_out: EvaluationResults | None
    model: Path
    page: Path
    scored: list[ScoredExample]
    stages: list[Stage]


def run(recipe: RunRecipe, out: Path, console: Console) -> Finished:
    """Run a recipe; killed at any moment and called again, it goes on and ends the same.

    Args:
        recipe: What to do.
        out: Folder of the run; one process at a time.
        console: Where to show progress.

    Raises:
        UserError: Something that was given cannot be used, in one line.
    """
    if not recipe.repositories and not recipe.trees:
        raise SettingError("The recipe names no repositories and no trees: there is nothing to learn from.")
    with exclusive(out):
        stages = stages_of(recipe, out)
        view = RunView(stages, out, console)
        with view.shown():
            for stage in stages:
                view.begins(stage)
                run_stage(stage, out)
                view.ended(stage)
        results = EvaluationResults.load(out / EVALUATE / RESULTS)
        held_out = EvaluationResults.load(out / HELD_OUT / RESULTS) if (out / HELD_OUT / RESULTS).is_file() else None
        model = out / TRAIN / "model"
        scored = _score_examples(recipe, model)
        page = out / REPORT
        reports = [(stage.title, stage.report) for stage in stages if stage.report is not None]
        write_text(page, render(recipe.name, reports, results, held_out, out / TRAIN / "log.jsonl", scored))
        return Finished(results, held_out, model, page, scored, stages)


def stages_of(recipe: RunRecipe, out: Path) -> list[Stage]:
    """Return the stages of a recipe; a kind of source that it does not name has no stage."""
    found: dict[str, Stage] = {}

    def upstream(*names: str) -> list[str]:
        return [found[name].output for name in names if name in found]

    def add(name: str, title: str, rooms: Sequence[str], settings: str, *before: str) -> Stage:
        stage = Stage(name, title, lambda: "", lambda _: StageReport(name), ())
        stage.fingerprint = lambda: fingerprints.combine(name, fingerprints.code(*rooms), settings, *upstream(*before))
        found[name] = stage
        return stage

    if recipe.repositories:
        sources = "".join(map(fingerprints.repository, recipe.repositories))
        stage = add(MINE, "Mine git histories", ["mining"], recipe.mine.canonical() + sources)
        stage.work = lambda to: mine_repositories(recipe.repositories, to, recipe.mine, recipe.executor)
        stage.outputs = ("commits/*.parquet",)
    if recipe.trees:
        trees = recipe.tree_paths()
        seen = "".join(map(fingerprints.tree, trees))
        stage = add(FUNCTIONS, "Collect documented functions", ["mining"], recipe.functions.canonical() + seen)
        stage.work = lambda to: mine_trees(trees, to, recipe.functions, recipe.executor)
        stage.outputs = ("solutions/*.parquet",)

    stage = add(CURATE, "Curate pairs, inject bugs", ["curation", "mining"], recipe.curate.canonical(), MINE, FUNCTIONS)
    commits, solutions = (out / MINE / "commits", out / FUNCTIONS / "solutions")
    stage.work = lambda to: curate(_filled(commits), _filled(solutions), to, recipe.curate, recipe.executor)
    stage.outputs = ("pairs/*.parquet",)

    stage = add(ASSEMBLE, "Assemble the dataset", ["dataset"], recipe.assemble.canonical(), CURATE)
    stage.work = lambda to: assemble(out / CURATE / "pairs", to, recipe.assemble, recipe.executor)
    stage.outputs = ("data/*.parquet", "README.md", "prompts.json")

    stage = add(TRAIN, "Train the reward model", ["training", "models"], recipe.train.canonical(), ASSEMBLE)
    stage.work = lambda to: train_with_baseline(recipe.train, out / ASSEMBLE, to).as_stage()
    stage.outputs = ("model/*", "model/baselines/*/*")

    packages = ["models", "benchmark", "evaluation"]
    stage = add(HELD_OUT, "Evaluate on held-out pairs", packages, recipe.evaluate.canonical(), TRAIN)
    stage.work = lambda to: _evaluate_held_out(recipe, out, to)
    stage.outputs = ("scores.parquet", "results.json")

    settings = recipe.evaluate.canonical() + _benchmark(recipe.benchmark)
    stage = add(EVALUATE, "Evaluate on the benchmark", packages, settings, TRAIN)
    stage.work = lambda to: _evaluate(recipe, recipe.benchmark, out / TRAIN / "model", to)
    stage.outputs = ("scores.parquet", "results.json")
    return list(found.values())


def _filled(folder: Path) -> Path | None:
    # A source that kept nothing leaves no shard; what the other one gave is enough.
    return folder if any(folder.glob("*.parquet")) else None


def _benchmark(name: str) -> str:
    path = Path(name)
    if not path.exists():
        return name
    found = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    return fingerprints.files(found, path.parent)


def _evaluate(recipe: RunRecipe, benchmark: str | Path, model: Path, to: Path) -> StageReport:
    evaluate(model, benchmark, to, recipe.evaluate)
    return StageReport.load(to)


def _evaluate_held_out(recipe: RunRecipe, out: Path, to: Path) -> StageReport:
    files = sorted((out / ASSEMBLE / "data").glob("validation-*.parquet"))
    rows = (row for file in files for row in read_rows(file, Preference.required()))
    pairs = (BenchmarkPair(**from_preference(row)) for row in islice(rows, HELD_OUT_PAIRS))
    held_out = to / "held-out.parquet"
    if not write_rows(held_out, pairs, BenchmarkPair.schema()):
        return StageReport(HELD_OUT)
    settings = recipe.evaluate.model_copy(update={"verified": "any"})  # they have no tests
    return _evaluate(recipe.model_copy(update={"evaluate": settings}), held_out, out / TRAIN / "model", to)


def _score_examples(recipe: RunRecipe, model: Path) -> list[ScoredExample]:
    if not recipe.examples:
        return []
    scorer = Scorer.load(model, settings=recipe.evaluate.model)
    found = []
    for example in recipe.examples:
        try:
            scores = scorer.score(example.prompt, example.response)
        except InputError as error:
            raise InputError(f"An example of the recipe cannot be scored: {error.message}") from error
        found.append(
            ScoredExample(example.prompt, example.response, {k: v for k, v in scores.items() if v is not None})
        )
    return found
