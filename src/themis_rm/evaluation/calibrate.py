"""Calibrate a reward model with pairs: score them, fit curves, and write ``calibration.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import Field

from themis_rm.benchmark.pairs import Benchmark, read_benchmark
from themis_rm.criteria import criterion, is_criterion
from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation.calibration import Group, RewardPairs, fit_curves, measure_fits, measure_group
from themis_rm.evaluation.evaluate import RunPrompts, ScoringSettings, score_benchmark, scoring_job, take_sample
from themis_rm.models.calibration import CALIBRATION, Calibration, Fit, PairsRecord, own_weights_digest
from themis_rm.models.loading import find_folder, load_model
from themis_rm.models.local_models import is_short_name
from themis_rm.models.protocol import RewardModel
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import PromptMode
from themis_rm.records import BenchmarkPair, PairScore
from themis_rm.storage.digests import stable_id
from themis_rm.storage.output_dir import prepare_output_dir

MIN_PAIRS, MIN_CLUSTERS = 20, 5
"""Fewest pairs with two rewards under a prompt mode, and fewest clusters of them."""
REPORT = "calibration.html"
"""Page with the reliability plot, in the directory of the scores."""
WORK = "calibration"
"""Directory for scores and report in the directory of a model."""


class CalibrateSettings(DataSettings):
    """How a model is calibrated."""

    prompts: tuple[PromptMode, ...] = ("own", "none", "all")
    """Criteria prompts to calibrate under: ``own`` gives a curve per criterion, ``none`` and ``all`` one curve each.
    Every pair is scored once per mode."""
    prompt_set: Path | None = None
    """File with a prompt set, a preference dataset that contains one, or ``themis``, the built-in set; by default the
    checkpoint's ``prompts.json``, else the built-in set."""
    limit: int | None = Field(default=None, ge=1)
    """Use only this many pairs, evenly spaced over the data; by default all."""
    folds: int = Field(default=5, ge=2)
    """Parts of the clusters, each of which is predicted by a fit to the others."""
    n_resamples: int = Field(default=500, ge=0)
    """Bootstrap samples of clusters for the intervals."""
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence level of the intervals."""
    seed: int = 0
    """Seed of the bootstrap samples."""
    model: ModelSettings = ModelSettings()
    """How the model is loaded and run: device, dtype, maximum length, ..."""


def output_files(model: str | Path, out: str | Path | None) -> tuple[Path, Path]:
    """Return the directory for scores and report, and the file for the calibration.

    Args:
        model: Name or directory of the model.
        out: Output directory; by default the directory of the model.

    Raises:
        SettingError: There is no output directory, and the model has no directory of the user.
    """
    if out is not None:
        return Path(out), Path(out) / CALIBRATION
    if is_short_name(str(model)) or not Path(model).is_dir():
        raise SettingError(
            f"{model} has no directory to write {CALIBRATION} to.", "Name an output directory: --out DIR."
        )
    return Path(model) / WORK, Path(model) / CALIBRATION


def calibrate(
    model: str | Path, pairs: str | Path, out: str | Path | None = None, settings: CalibrateSettings | None = None
) -> Calibration:
    """Fit probabilities to the rewards that a model gives to pairs.

    Args:
        model: Checkpoint directory, hub name, or baseline name.
        pairs: ``authored``, benchmark pairs or preference data, see :func:`~themis_rm.benchmark.pairs.read_benchmark`.
        out: Output directory for ``scores-MODE.parquet`` and ``calibration.json``; by default the directory of the
            model, with the scores in ``calibration/``. An interrupted run resumes from it.
        settings: See :class:`CalibrateSettings`.

    Raises:
        InputError: The pairs cannot be read, are too few, or ``out`` belongs to another job.
        CheckpointError: The model cannot be loaded.
        SettingError: There is no output directory, or the prompt set lacks a prompt.
        NotEvaluatedError: Too few pairs could be scored.
    """
    settings = settings or CalibrateSettings()
    if not settings.prompts:
        raise SettingError("prompts names no mode.", "Set prompts to some of own, none and all.")
    work, file = output_files(model, out)
    everything = read_benchmark(pairs, settings=settings.reader_settings())
    benchmark, _ = take_sample(everything, settings.limit)
    _require_enough(benchmark, len(benchmark.pairs), benchmark.name)
    modes = {
        mode: RunPrompts.load(model, mode, settings.prompt_set, settings.model)
        for mode in dict.fromkeys(settings.prompts)
    }
    for prompts in modes.values():
        prompts.check(benchmark.pairs)
    loaded = load_model(model, settings.model)
    scoring = ScoringSettings(model=settings.model)
    files = {mode: work / f"scores-{mode}.parquet" for mode in modes}
    outputs = [*(path.name for path in files.values()), CALIBRATION, REPORT]
    prepare_output_dir(work, "calibrate", _job(loaded, benchmark, modes), outputs=outputs, replace=True)
    scored = {mode: score_benchmark(loaded, benchmark, modes[mode], files[mode], scoring) for mode in modes}
    groups = {mode: group_scores(mode, rows, benchmark) for mode, rows in scored.items()}
    for mode, group in groups.items():
        _require_enough(benchmark, sum(len(item.chosen) for item in group.values()), f"prompts '{mode}'")
    folder = find_folder(model, settings.model)
    calibration = Calibration(
        model=loaded.identity.name,
        model_digest=loaded.identity.digest,
        weights_digest=own_weights_digest(folder) if folder is not None else "",
        source=PairsRecord(
            name=benchmark.name,
            digest=benchmark.digest,
            read=len(everything.pairs) + len(everything.rejected),
            pairs=len(benchmark.pairs),
            clusters=len({cluster_of(pair, benchmark) for pair in benchmark.pairs}),
            failed={mode: sum(row.score_diff is None for row in rows) for mode, rows in scored.items()},
        ),
        prompts={mode: prompts.digest for mode, prompts in modes.items()},
        confidence_level=settings.confidence_level,
        n_resamples=settings.n_resamples,
        curves={
            label: curve
            for group in groups.values()
            for label, curve in fit_curves(
                group, settings.n_resamples, settings.confidence_level, settings.seed
            ).items()
        },
        fits=_fits(groups, settings.folds),
    )
    calibration.save(file)
    return calibration


def _job(model: RewardModel, benchmark: Benchmark, modes: Mapping[PromptMode, RunPrompts]) -> str:
    jobs = {mode: json.loads(scoring_job(model, benchmark, prompts)) for mode, prompts in modes.items()}
    return json.dumps(jobs, sort_keys=True)


def _fits(groups: Mapping[PromptMode, Group], folds: int) -> dict[str, list[Fit]]:
    fits: dict[str, list[Fit]] = {}
    for mode, group in groups.items():
        fits |= {mode: measure_group(group, folds)} | measure_fits(group, folds)
    return fits


def cluster_of(pair: BenchmarkPair, benchmark: Benchmark) -> str:
    """Return what is resampled together with a pair: its task, or its prompt if it has none."""
    return benchmark.tasks.get(pair.id) or stable_id("prompt", pair.prompt)


def group_scores(mode: PromptMode, rows: list[PairScore], benchmark: Benchmark) -> dict[str, RewardPairs]:
    """Return label -> the rewards of its pairs; pairs without two rewards are left out.

    In the mode ``own``, pairs of an unknown criterion, which have no criteria prompt, are left out too.
    """
    kept: dict[str, list[tuple[float, float, str]]] = {}
    for pair, row in zip(benchmark.pairs, rows, strict=True):
        if row.chosen_score is None or row.rejected_score is None or (mode == "own" and not is_criterion(pair.aspect)):
            continue
        label = criterion(pair.aspect).short if mode == "own" else mode
        kept.setdefault(label, []).append((row.chosen_score, row.rejected_score, cluster_of(pair, benchmark)))
    return {
        label: RewardPairs(
            np.array([chosen for chosen, _, _ in items], dtype=np.float64),
            np.array([rejected for _, rejected, _ in items], dtype=np.float64),
            np.array([cluster for _, _, cluster in items]),
        )
        for label, items in sorted(kept.items())
    }


def _require_enough(benchmark: Benchmark, pairs: int, where: str) -> None:
    clusters = len({cluster_of(pair, benchmark) for pair in benchmark.pairs})
    if pairs < MIN_PAIRS or clusters < MIN_CLUSTERS:
        raise InputError(
            f"{where} has {pairs} usable pairs of {clusters} tasks; a calibration needs {MIN_PAIRS} of {MIN_CLUSTERS}.",
            "Use more pairs.",
        )
