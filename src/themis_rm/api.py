"""The public API: functions of ``themis_rm`` for notebooks and scripts.

Settings are given as a settings object, a mapping, a YAML file, or keyword arguments; dotted keys reach nested
settings: ``settings={"model.device": "cpu"}``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from themis_rm.models import embedded
from themis_rm.models.settings import ModelSettings
from themis_rm.pipeline import ExecutorSettings, StageReport
from themis_rm.settings import Settings

if TYPE_CHECKING:
    from themis_rm.annotation.results import AgreementResults
    from themis_rm.annotation.settings import AgreementSettings, BrowseSettings
    from themis_rm.benchmark.compile import CompileSettings
    from themis_rm.benchmark.manifest import Manifest
    from themis_rm.curation.settings import CurateSettings
    from themis_rm.dataset.preferences import PreferenceSettings
    from themis_rm.dataset.settings import AssembleSettings
    from themis_rm.evaluation.ablation import AblationResults
    from themis_rm.evaluation.calibrate import CalibrateSettings
    from themis_rm.evaluation.evaluate import EvaluateSettings
    from themis_rm.evaluation.leaderboard.result import Leaderboard, LeaderboardSettings
    from themis_rm.evaluation.results import EvaluationResults
    from themis_rm.mining.settings import MineSettings
    from themis_rm.models.calibration import Calibration
    from themis_rm.serve.requests import Criteria
    from themis_rm.serve.results import Ranking, Scores, ScoreTable
    from themis_rm.serve.scorer import Prompt, Scorer
    from themis_rm.training.merging import MergeReport, MergeSettings
    from themis_rm.training.recipe import TrainRecipe
    from themis_rm.training.report import TrainReport
    from themis_rm.workflow.ablation.grid import AblationGrid

S = TypeVar("S", bound=Settings)

Paths = str | Path | Sequence[str | Path]


_log = logging.getLogger(__name__)


def load(
    model: str | Path | None = None,
    *,
    prompt_set: str | Path | None = None,
    calibration: str | Path | None = None,
    settings: ModelSettings | Mapping[str, Any] | None = None,
    **overrides: Any,
) -> Scorer:
    """Load a reward model.

    Args:
        model: Checkpoint directory, hub id, or name of a published model or baseline (``length``, ``random``); by
            default ``themis-nano``, the model in this package, which a line on standard error describes.
        prompt_set: File with criteria prompts; by default the checkpoint's own, otherwise the built-in ones.
        calibration: File of :func:`calibrate`; by default the checkpoint's own, if it has one.
        settings: See :class:`~themis_rm.models.settings.ModelSettings`.
        **overrides: Single settings, such as ``device="cuda"`` or ``dtype="bfloat16"``.

    Raises:
        CheckpointError: The model cannot be loaded.
        SettingError: A setting is unknown or has a wrong value.
        MissingExtraError: torch and transformers are not installed (extra ``train``).
    """
    from themis_rm.serve.scorer import Scorer

    resolved = _resolve(ModelSettings, settings, overrides)
    name = embedded.NAME if model is None else _path(model, "model")
    scorer = Scorer.load(name, prompt_set, resolved, calibration)
    if model is None:
        _log.warning("%s", embedded.default_model_notice("model="))
    return scorer


@lru_cache(maxsize=1)
def _loaded(model: str | None, settings: str) -> Scorer:
    return load(model, settings=json.loads(settings))


def score(
    prompt: Prompt,
    response: str | Sequence[str] | None = None,
    criteria: Criteria | None = None,
    *,
    model: str | Path | Scorer | None = None,
    **overrides: Any,
) -> Scores | ScoreTable:
    """Score one response or several with a model; see :meth:`themis_rm.serve.scorer.Scorer.score`.

    The model that was used last stays loaded. Use :func:`load` to keep several.

    Args:
        prompt: The request, or messages.
        response: One response or a list.
        criteria: Criteria; by default each of the five.
        model: A scorer, or what :func:`load` accepts; by default ``themis-nano``.
        **overrides: Model settings, as for :func:`load`.
    """
    return _scorer(model, overrides).score(prompt, response, criteria)


def rank(
    prompt: Prompt,
    candidates: Sequence[str],
    criteria: Criteria | None = None,
    weights: Mapping[str, float] | None = None,
    *,
    model: str | Path | Scorer | None = None,
    **overrides: Any,
) -> Ranking:
    """Rank candidate responses with a model; see :meth:`themis_rm.serve.scorer.Scorer.rank`.

    Args:
        prompt: The request, or messages.
        candidates: Responses.
        criteria: Criteria; by default the prompt that lists all five.
        weights: Criterion -> weight.
        model: A scorer, or what :func:`load` accepts; by default ``themis-nano``.
        **overrides: Model settings, as for :func:`load`.
    """
    return _scorer(model, overrides).rank(prompt, candidates, criteria, weights)


def _scorer(model: str | Path | Scorer | None, overrides: Mapping[str, Any]) -> Scorer:
    if model is None or isinstance(model, (str, Path)):
        name = None if model is None else str(model)
        return _loaded(name, json.dumps(dict(overrides), sort_keys=True, default=str))
    if overrides:
        raise TypeError("model settings cannot be changed for a loaded scorer")
    return model


def evaluate(
    model: str | Path,
    benchmark: str | Path = "authored",
    out: str | Path | None = None,
    *,
    settings: EvaluateSettings | Mapping[str, Any] | str | Path | None = None,
    **overrides: Any,
) -> EvaluationResults:
    """Evaluate a reward model on a benchmark, with baselines, confidence intervals and paired tests.

    Args:
        model: See :func:`load`.
        benchmark: ``authored`` (built in), or a Parquet file or directory of benchmark pairs.
        out: Output directory; by default nothing is written.
        settings: See :class:`~themis_rm.evaluation.evaluate.EvaluateSettings`.
        **overrides: Single settings, such as ``prompts="own"``.

    Raises:
        UserError: Model, benchmark or settings cannot be used.
    """
    from themis_rm.evaluation.evaluate import EvaluateSettings
    from themis_rm.evaluation.evaluate import evaluate as run

    resolved = _resolve(EvaluateSettings, settings, overrides)
    return run(_path(model, "model"), benchmark, out, resolved)


def calibrate(
    model: str | Path,
    pairs: str | Path,
    out: str | Path | None = None,
    *,
    settings: CalibrateSettings | Mapping[str, Any] | str | Path | None = None,
    **overrides: Any,
) -> Calibration:
    """Fit the probabilities that the rewards of a model mean, and write ``calibration.json`` and a report.

    Args:
        model: See :func:`load`.
        pairs: ``authored``, benchmark pairs, or preference data in any known format.
        out: Output directory; by default the directory of the model.
        settings: See :class:`~themis_rm.evaluation.calibrate.CalibrateSettings`.
        **overrides: Single settings, such as ``prompts=["own"]``.

    Raises:
        UserError: Model, pairs or settings cannot be used.
    """
    from themis_rm.evaluation.calibrate import REPORT, CalibrateSettings, output_files
    from themis_rm.evaluation.calibrate import calibrate as run
    from themis_rm.report.calibration import write_calibration_page

    result = run(_path(model, "model"), pairs, out, _resolve(CalibrateSettings, settings, overrides))
    write_calibration_page(result, output_files(model, out)[0] / REPORT)
    return result


def leaderboard(
    runs: Paths = (),
    *,
    published: str | Path | None = None,
    benchmark: str | Path | None = None,
    settings: LeaderboardSettings | Mapping[str, Any] | str | Path | None = None,
    **overrides: Any,
) -> Leaderboard:
    """Compare evaluation runs: accuracies with intervals, and paired tests over all pairs of models.

    Args:
        runs: Output directories of :func:`evaluate`.
        published: Directory of published runs.
        benchmark: The benchmark of these runs, for texts and the length baseline.
        settings: See :class:`~themis_rm.evaluation.leaderboard.result.LeaderboardSettings`.
        **overrides: Single settings.

    Raises:
        UserError: A run or a setting cannot be used.
    """
    from themis_rm.evaluation.leaderboard.build import leaderboard as run
    from themis_rm.evaluation.leaderboard.result import LeaderboardSettings

    return run(_as_list(runs), published, benchmark, _resolve(LeaderboardSettings, settings, overrides))


def train(
    recipe: str | Path | TrainRecipe | Mapping[str, Any],
    data: str | Path,
    out: str | Path,
    **overrides: Any,
) -> TrainReport:
    """Train a reward model, and the n-gram baseline on the same rows.

    Args:
        recipe: Name of a recipe (``stage2``), a YAML file, a mapping, or a recipe object.
        data: Preference dataset: directory, Parquet file or hub name.
        out: Output directory; an interrupted run resumes from it.
        **overrides: Single settings, such as ``learning_rate=1e-5``.

    Raises:
        UserError: Recipe, data or backbone cannot be used, or ``out`` belongs to another run.
    """
    from themis_rm.report.training import write_training_page
    from themis_rm.training.ranks import is_main_process
    from themis_rm.training.runner import train as run

    report = run(recipe, data, out, overrides)
    if is_main_process():
        write_training_page(Path(out))
    return report


def merge(
    models: Paths,
    out: str | Path,
    *,
    settings: MergeSettings | Mapping[str, Any] | str | Path | None = None,
    **overrides: Any,
) -> MergeReport:
    """Merge reward models of one architecture, tokenizer and prompt set into one checkpoint, in ``out/model``.

    Args:
        models: Checkpoints or adapters: directories or Hub names.
        out: Output directory.
        settings: See :class:`~themis_rm.training.merging.MergeSettings`.
        **overrides: Single settings, such as ``method="ties", base="path/to/start"``.

    Raises:
        UserError: A model or a setting cannot be used, or the models differ in more than their weights.
    """
    from themis_rm.training.merging import MergeSettings
    from themis_rm.training.merging import merge as run

    return run(_as_list(models), out, _resolve(MergeSettings, settings, overrides))


def ablate(
    grid: str | Path | AblationGrid | Mapping[str, Any],
    out: str | Path,
    **overrides: Any,
) -> AblationResults:
    """Train variants of a recipe with matched data and steps and several seeds, and compare them with paired tests.

    Args:
        grid: Name of a grid (``tiny``), a YAML file, a mapping, or a grid object.
        out: Output directory; runs that are complete are not repeated.
        **overrides: Single settings, such as ``seeds=[0, 1]``.

    Raises:
        UserError: The grid or one of its inputs cannot be used, or a variant is not matched with the base.
    """
    from themis_rm.workflow.ablation.grid import AblationGrid
    from themis_rm.workflow.ablation.run import ablate as run

    return run(AblationGrid.resolve(grid, overrides, "grid"), out)


def mine(
    repos: Paths,
    out: str | Path,
    *,
    settings: MineSettings | Mapping[str, Any] | str | Path | None = None,
    executor: ExecutorSettings | Mapping[str, Any] | None = None,
    **overrides: Any,
) -> StageReport:
    """Mine commits from git repositories.

    Args:
        repos: Clones, bare repositories, bundles or URLs.
        out: Output directory; the commits are in ``out/commits``.
        settings: See :class:`~themis_rm.mining.settings.MineSettings`.
        executor: Where to run: this machine, Ray or Slurm.
        **overrides: Single settings, such as ``since="2015-01-01"``.

    Raises:
        UserError: A repository or a setting cannot be used.
    """
    from themis_rm.mining.repositories import mine_repositories
    from themis_rm.mining.settings import MineSettings

    return mine_repositories(
        _as_list(repos), out, _resolve(MineSettings, settings, overrides), _resolve(ExecutorSettings, executor, {})
    )


def curate(
    commits: str | Path | None,
    out: str | Path,
    *,
    solutions: str | Path | None = None,
    settings: CurateSettings | Mapping[str, Any] | str | Path | None = None,
    executor: ExecutorSettings | Mapping[str, Any] | None = None,
    **overrides: Any,
) -> StageReport:
    """Turn mined commits and functions into preference pairs labeled with criteria.

    Args:
        commits: Directory of commits, from :func:`mine`.
        out: Output directory; the pairs are in ``out/pairs``, excluded rows in ``out/dropped``.
        solutions: Directory of documented functions, into which bugs are injected.
        settings: See :class:`~themis_rm.curation.settings.CurateSettings`.
        executor: Where to run: this machine, Ray or Slurm.
        **overrides: Single settings.

    Raises:
        UserError: An input or a setting cannot be used.
    """
    from themis_rm.curation.curate import curate as run
    from themis_rm.curation.settings import CurateSettings

    resolved = _resolve(CurateSettings, settings, overrides)
    return run(commits, solutions, out, resolved, _resolve(ExecutorSettings, executor, {}))


def assemble(
    pairs: str | Path,
    out: str | Path,
    *,
    settings: AssembleSettings | Mapping[str, Any] | str | Path | None = None,
    executor: ExecutorSettings | Mapping[str, Any] | None = None,
    **overrides: Any,
) -> StageReport:
    """Assemble labeled pairs, or preference data, into a preference dataset with splits and a dataset card.

    Args:
        pairs: Directory of pairs, from :func:`curate`, or preference data in any known format: a path or hub name.
        out: Output directory; a dataset that ``datasets.load_dataset`` reads.
        settings: See :class:`~themis_rm.dataset.settings.AssembleSettings`.
        executor: Where to run: this machine, Ray or Slurm.
        **overrides: Single settings.

    Raises:
        UserError: An input or a setting cannot be used.
    """
    from themis_rm.dataset.assemble import assemble as run
    from themis_rm.dataset.settings import AssembleSettings

    return run(pairs, out, _resolve(AssembleSettings, settings, overrides), _resolve(ExecutorSettings, executor, {}))


def convert(
    data: str | Path,
    out: str | Path,
    *,
    settings: PreferenceSettings | Mapping[str, Any] | str | Path | None = None,
    **overrides: Any,
) -> StageReport:
    """Convert preference data of any known format to the columns of the published data.

    Args:
        data: File or directory of tables (Parquet, JSONL, JSON, CSV, Arrow), or a hub name.
        out: Output directory; a dataset for :func:`train` or :func:`evaluate`.
        settings: See :class:`~themis_rm.dataset.preferences.PreferenceSettings`.
        **overrides: Single settings, such as ``language="Python"``.

    Raises:
        UserError: The data or a setting cannot be used.
    """
    from themis_rm.dataset.convert import convert as run
    from themis_rm.dataset.preferences import PreferenceSettings

    return run(data, out, _resolve(PreferenceSettings, settings, overrides))


def browse(
    data: str | Path,
    out: str | Path,
    *,
    dropped: str | Path | None = None,
    settings: BrowseSettings | Mapping[str, Any] | str | Path | None = None,
    **overrides: Any,
) -> StageReport:
    """Write an offline page on which people read pairs and judge their labels.

    Args:
        data: Pairs of :func:`curate`, preference data in any known format, commits, or ``authored``.
        out: The HTML file.
        dropped: Directory or file of rows that a data stage has dropped, to read them too.
        settings: See :class:`~themis_rm.annotation.settings.BrowseSettings`.
        **overrides: Single settings, such as ``sample=100`` or ``blind=True``.

    Raises:
        UserError: The data or a setting cannot be used, or there is no row to show.
    """
    from themis_rm.annotation.settings import BrowseSettings
    from themis_rm.report.browse import write_browse_page

    return write_browse_page(data, out, _resolve(BrowseSettings, settings, overrides), dropped)


def agreement(
    data: str | Path,
    judgments: Paths,
    *,
    dropped: str | Path | None = None,
    model: str | Path | None = None,
    settings: AgreementSettings | Mapping[str, Any] | str | Path | None = None,
    **overrides: Any,
) -> AgreementResults:
    """Count how many labels readers call right, and how far readers agree with each other and with a model.

    Args:
        data: The data that the page of :func:`browse` was made of.
        judgments: Files that the page has saved.
        dropped: Dropped rows that were on the page.
        model: Reward model to compare with the labels that are right.
        settings: See :class:`~themis_rm.annotation.settings.AgreementSettings`.
        **overrides: Single settings, such as ``interval="wilson"``.

    Raises:
        UserError: A file or a setting cannot be used, or no judgment is about a row of the data.
    """
    from themis_rm.annotation.agreement import measure_agreement
    from themis_rm.annotation.settings import AgreementSettings

    files = [judgments] if isinstance(judgments, str | Path) else judgments
    return measure_agreement(data, files, _resolve(AgreementSettings, settings, overrides), dropped, model)


def compile_benchmark(
    sources: str | Path,
    out: str | Path,
    *,
    settings: CompileSettings | Mapping[str, Any] | str | Path | None = None,
    executor: ExecutorSettings | Mapping[str, Any] | None = None,
    **overrides: Any,
) -> Manifest:
    """Compile public sources into one benchmark file.

    Args:
        sources: Directory with one subdirectory per source.
        out: The Parquet file to write; a manifest and the excluded pairs are written next to it.
        settings: See :class:`~themis_rm.benchmark.compile.CompileSettings`.
        executor: Where to run: this machine, Ray or Slurm.
        **overrides: Single settings.

    Raises:
        UserError: A source or a setting cannot be used.
    """
    from themis_rm.benchmark.compile import CompileSettings
    from themis_rm.benchmark.compile import compile_benchmark as run

    resolved = _resolve(CompileSettings, settings, overrides)
    return run(sources, out, resolved, _resolve(ExecutorSettings, executor, {}))


def _resolve(kind: type[S], settings: S | Mapping[str, Any] | str | Path | None, overrides: Mapping[str, Any]) -> S:
    if isinstance(settings, Mapping):  # its keys may be dotted, like those of overrides
        return kind.resolve(None, {**settings, **overrides})
    return kind.resolve(settings, overrides)


def _path(value: Any, name: str) -> str | Path:
    if not isinstance(value, (str, Path)):
        raise TypeError(f"{name} must be a str or a Path, not {type(value).__name__}")
    return value


def _as_list(values: Paths) -> list[str | Path]:
    return [values] if isinstance(values, (str, Path)) else list(values)
