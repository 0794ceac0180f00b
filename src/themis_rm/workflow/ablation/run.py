"""Run an ablation: train, merge and evaluate what is missing, then compare the variants."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from themis_rm.benchmark.pairs import Benchmark, read_benchmark
from themis_rm.dataset.preferences import PreferenceReader, RejectedRow
from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation.ablation import AblationResults, BaselineRecord, VariantRecord, compare_variants
from themis_rm.evaluation.ablation_tables import to_csv, to_markdown
from themis_rm.evaluation.evaluate import RESULTS, SCORES, EvaluateSettings, evaluate, take_sample
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.evaluation.scores import read_scores
from themis_rm.progress import track
from themis_rm.prompts import PromptMode
from themis_rm.records import PairScore, Preference
from themis_rm.report.ablation import write_ablation_page
from themis_rm.settings import Override
from themis_rm.storage.atomic import remove, write_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.locks import exclusive
from themis_rm.storage.parquet import write_rows
from themis_rm.training.merging import merge
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.report import TrainReport
from themis_rm.training.runner import train
from themis_rm.training.tokenizers import save_bpe_tokenizer
from themis_rm.workflow.ablation.grid import HELD_OUT, AblationGrid, Evaluation
from themis_rm.workflow.ablation.plan import Checkpoint, MergeRun, Plan, TrainRun, distinct_runs, make_plan
from themis_rm.workflow.ablation.rows import TrainingRows

CSV, MARKDOWN, PAGE = "ablation.csv", "ablation.md", "ablation.html"


def ablate(grid: AblationGrid | str | Path | Mapping[str, Any], out: str | Path) -> AblationResults:
    """Train and evaluate all variants of a grid that are not there yet, and compare them with the base.

    Writes ``out/results.json``, ``ablation.csv``, ``ablation.md`` and ``ablation.html``; each run has its own directory
    below ``out/runs``, named after stage, seed and a digest of its recipe, rows and start. A run that several variants
    need is trained once. An ablation that was killed resumes with the same command and has the same result; variants
    that are added later train only what is missing.

    Args:
        grid: Grid object, mapping, YAML file, or name of a grid of this package (``tiny``).
        out: Output directory; one process at a time.

    Raises:
        UserError: The grid or one of its inputs cannot be used, or a variant is not matched with the base.
    """
    grid, out = AblationGrid.resolve(grid, name="grid"), Path(out)
    with exclusive(out):
        plan = make_plan(grid)
        evaluations = _read_evaluations(plan, out)
        for run in track(plan.runs(), "train", total=len(plan.runs())):
            _train(plan, run, out)
        for item in plan.merges():
            _merge(item, out)
        scores = {name: _score(plan, name, evaluation, out) for name, evaluation in evaluations.items()}
        results = _results(plan, evaluations, scores, out)
        results.save(out / RESULTS)
        write_text(out / CSV, to_csv(results))
        write_text(out / MARKDOWN, to_markdown(results))
        write_ablation_page(results, out / PAGE)
    return results


def _rows_folder(rows: TrainingRows, out: Path) -> Path:
    folder = out / "data" / rows.key[:16]
    if not folder.is_dir():
        rows.write(folder)
    return folder


def _tokenizer_folder(plan: Plan, out: Path) -> Path:
    """Return the tokenizer that all variants share, trained on the rows of the base in all stages."""
    folder = out / "tokenizer" / plan.tokenizer[:16]
    if not folder.is_dir():
        recipe = plan.grid.recipe_of(plan.variant(plan.grid.base), next(iter(plan.grid.stages)), {})
        settings = recipe.tokenizer.train_bpe
        assert settings is not None  # noqa: S101 (a plan has the key of a tokenizer only if one is trained)
        sets = list(plan.stages.values())
        save_bpe_tokenizer(
            folder, lambda: chain.from_iterable(rows.matching("train") for rows in sets), settings, recipe.max_length
        )
    return folder


def _train(plan: Plan, run: TrainRun, out: Path) -> None:
    if run.is_done(out):
        return
    changes: dict[str, Any] = {}
    if run.parent is not None:
        changes["backbone.path"] = str(out / run.parent.folder / "model")
    elif run.tokenizer:
        changes |= {"tokenizer.path": str(_tokenizer_folder(plan, out)), "tokenizer.train_bpe": None}
    recipe = type(run.recipe).build(
        run.recipe.model_dump(mode="json"), "grid", [Override(key, value, "grid") for key, value in changes.items()]
    )
    if plan.grid.launcher:
        _launch(plan.grid.launcher, recipe, _rows_folder(run.rows, out), out, run.folder)
    else:
        train(recipe, _rows_folder(run.rows, out), out / run.folder)


def _launch(launcher: str, recipe: TrainRecipe, data: Path, out: Path, folder: Path) -> None:
    """Train in processes that a command starts.

    Raises:
        InputError: The command does not exist, or a process failed.
    """
    file = out / "recipes" / f"{folder.name}.yaml"
    write_text(file, yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))
    command = [*shlex.split(launcher), "-m", "themis_rm", "train", str(file), "--data", str(data)]
    try:
        code = subprocess.run([*command, "--out", str(out / folder)], check=False, stdout=sys.stderr).returncode
    except OSError as error:
        raise InputError(f"'{launcher}' cannot be started: {error.strerror}.", "Correct 'launcher'.") from error
    if code:
        raise InputError(f"Training of {folder.name} ended with exit code {code}.", "Its output says why.")


def _merge(item: MergeRun, out: Path) -> None:
    if item.is_done(out):
        return
    changes = {
        "base": str(out / item.base.folder / "model") if item.base else item.backbone,
        "normalize_rewards": str(_rows_folder(item.rows, out)) if item.rows else "",
    }
    models = [out / model.folder / "model" for model in item.models]
    merge(models, out / item.folder, item.settings.model_copy(update=changes), item.label)


@dataclass(frozen=True)
class _EvaluationSet:
    """Pairs to evaluate on.

    Attributes:
        settings: Its settings in the grid.
        path: Name or file of the benchmark.
        pairs: The pairs, after sampling.
    """

    settings: Evaluation
    path: str
    pairs: Benchmark


def _read_evaluations(plan: Plan, out: Path) -> dict[str, _EvaluationSet]:
    """Read all pairs before the first run, so that a wrong name is reported at once."""
    found = {}
    for name, settings in plan.grid.evaluations.items():
        path = str(_held_out(plan, out)) if settings.benchmark == HELD_OUT else settings.benchmark
        common = plan.grid.evaluate
        pairs, _ = take_sample(read_benchmark(path, common.verified, common.reader_settings()), settings.limit)
        found[name] = _EvaluationSet(settings, path, pairs)
    return found


def _held_out(plan: Plan, out: Path) -> Path:
    """Write the validation and test rows of the last stage's dataset as benchmark pairs."""
    rows = plan.stages[plan.grid.last_stage]
    file = out / "data" / f"{HELD_OUT}-{stable_id(rows.digest, rows.reader.canonical())[:16]}.parquet"
    if not file.is_file() and not write_rows(file, _held_out_rows(rows), Preference.schema()):
        remove(file)
        raise SettingError(
            f"{rows.data} has no validation or test rows.", f"Evaluate on another benchmark than {HELD_OUT}."
        )
    return file


def _held_out_rows(rows: TrainingRows) -> Iterator[Preference]:
    test = rows.reader.find_files(rows.data).test
    further = PreferenceReader(test, rows.reader).rows() if test else iter(())
    yield from (Preference.from_dict(row) for row in rows.splits.rows("validation"))
    yield from (row for row in further if not isinstance(row, RejectedRow))


@dataclass(frozen=True)
class _Scored:
    """Scores of all variants on one evaluation set.

    Attributes:
        runs: Variant -> scores for each seed.
        results: Results of the base with the first seed, with the baselines.
    """

    runs: dict[str, list[list[PairScore]]]
    results: EvaluationResults


def _score(plan: Plan, name: str, chosen: _EvaluationSet, out: Path) -> _Scored:
    runs: dict[str, list[list[PairScore]]] = {}
    first: EvaluationResults | None = None
    jobs = [(variant, item) for variant, items in plan.checkpoints.items() for item in items]
    for variant, item in track(jobs, f"evaluate {name}", total=len(jobs)):
        prompts = plan.variant(variant).prompts or chosen.settings.prompts
        folder, results = _evaluate(plan, name, chosen, item, prompts, first is None, out)
        first = first or results
        runs.setdefault(variant, []).append(read_scores(folder / SCORES))
    assert first is not None  # noqa: S101
    return _Scored(runs, first)


def _evaluate(
    plan: Plan,
    name: str,
    chosen: _EvaluationSet,
    item: Checkpoint,
    prompts: PromptMode,
    with_baselines: bool,
    out: Path,
) -> tuple[Path, EvaluationResults]:
    """Evaluate a checkpoint unless that is done; return the directory of its scores, and its results."""
    baselines = plan.grid.evaluate.baselines if with_baselines else ()
    changes = {"prompts": prompts, "limit": chosen.settings.limit, "baselines": baselines}
    settings: EvaluateSettings = plan.grid.evaluate.model_copy(update=changes)
    key = stable_id(settings.canonical(), chosen.pairs.digest)[:8]
    folder = out / item.folder / "evaluations" / f"{name}-{prompts}-{key}"
    if (folder / RESULTS).is_file():
        return folder, EvaluationResults.load(folder / RESULTS)
    return folder, evaluate(out / item.folder / "model", chosen.path, folder, settings)


def _results(
    plan: Plan, evaluations: Mapping[str, _EvaluationSet], scores: Mapping[str, _Scored], out: Path
) -> AblationResults:
    grid, level = plan.grid, plan.grid.evaluate.confidence_level
    comparisons = [
        row
        for name, chosen in evaluations.items()
        for row in compare_variants(name, grid.base, scores[name].runs, level, chosen.pairs.tasks)
    ]
    baselines = [
        BaselineRecord.from_accuracy(name, baseline.name, baseline.accuracies.overall)
        for name in evaluations
        for baseline in scores[name].results.baselines
    ]
    return AblationResults(
        name=grid.run_name,
        base=grid.base,
        seeds=grid.seeds,
        confidence_level=level,
        benchmarks={name: chosen.pairs.digest for name, chosen in evaluations.items()},
        data={stage: rows.digest for stage, rows in plan.stages.items()},
        variants=[_variant_record(plan, name, out) for name in plan.checkpoints],
        comparisons=comparisons,
        baselines=baselines,
    )


def _variant_record(plan: Plan, name: str, out: Path) -> VariantRecord:
    variant, items = plan.variant(name), plan.checkpoints[name]
    effort = items[0].effort
    reports = [TrainReport.load(out / run.folder) for run in distinct_runs((items[0],))]
    return VariantRecord(
        name=name,
        about=variant.about,
        differs=list(plan.differs[name]),
        unmatched=variant.unmatched,
        prompts=variant.prompts or "",
        steps=effort.steps,
        pairs_seen=effort.pairs_seen,
        pairs=effort.pairs,
        kept=sum(report.train.kept for report in reports),
        parameters=reports[-1].parameters,
        checkpoints=[str(item.folder / "model") for item in items],
    )
