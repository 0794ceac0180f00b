"""Accuracy of a reward model on pairs whose label people called right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from themis_rm.annotation.results import ModelAccuracy, ModelSlice
from themis_rm.annotation.rows import criterion_order
from themis_rm.annotation.settings import AgreementSettings
from themis_rm.benchmark.pairs import Benchmark, to_benchmark_pair
from themis_rm.dataset.adapters import PreferencePair
from themis_rm.dataset.preferences import training_aspect
from themis_rm.evaluation.evaluate import RunPrompts, ScoringSettings, score_benchmark
from themis_rm.evaluation.statistics import Accuracy, group_by
from themis_rm.models.loading import load_model


def measure_model(model: str | Path, pairs: Sequence[PreferencePair], settings: AgreementSettings) -> ModelAccuracy:
    """Score pairs and return the share whose better version has the higher reward.

    Args:
        model: Checkpoint directory, hub name, or baseline name.
        pairs: Pairs whose label is right.
        settings: Criteria prompts, model and confidence level.

    Raises:
        CheckpointError: The model cannot be loaded.
        NotEvaluatedError: Too few pairs could be scored.
    """
    benchmark = Benchmark("judged pairs", tuple(to_benchmark_pair(pair, "") for pair in pairs))
    prompts = RunPrompts.load(model, settings.prompts, None, settings.model)
    prompts.check(benchmark.pairs)
    loaded = load_model(model, settings.model)
    scoring = ScoringSettings(prompts=settings.prompts, model=settings.model)
    scores = score_benchmark(loaded, benchmark, prompts, None, scoring)
    by_criterion = {training_aspect(aspect): rows for aspect, rows in group_by(scores, "aspect").items()}
    slices = {"": scores} | {name: by_criterion[name] for name in sorted(by_criterion, key=criterion_order)}
    return ModelAccuracy(
        model=loaded.identity.name,
        model_digest=loaded.identity.digest,
        prompts=settings.prompts,
        prompt_source=prompts.source,
        slices=[_slice(name, Accuracy.from_scores(rows, settings.confidence_level)) for name, rows in slices.items()],
    )


def _slice(criterion: str, accuracy: Accuracy) -> ModelSlice:
    return ModelSlice(
        criterion=criterion,
        pairs=accuracy.n,
        ties=accuracy.ties,
        failed=accuracy.failed,
        value=accuracy.value,
        low=accuracy.low,
        high=accuracy.high,
    )
