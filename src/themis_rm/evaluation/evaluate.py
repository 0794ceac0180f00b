"""Evaluate a reward model and its baselines on a benchmark.

Scores are saved in shards of a fixed number of pairs. An interrupted evaluation resumes after the last complete shard.
Batches never cross a shard boundary, so the resumed evaluation writes the same files as an uninterrupted one.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from pydantic import Field

import themis_rm
from themis_rm.benchmark.pairs import AUTHORED, Benchmark, Verified, read_benchmark
from themis_rm.criteria import criterion, is_criterion
from themis_rm.dataset.preferences import DataSettings
from themis_rm.evaluation import statistics as stats
from themis_rm.evaluation.failures import (
    MIN_SCORED,
    count_failures,
    is_transient,
    require_scored_pairs,
    score_detail,
)
from themis_rm.evaluation.results import (
    Accuracies,
    BaselineResults,
    EvaluationResults,
    RowCounts,
    RunInfo,
)
from themis_rm.evaluation.scores import read_scores, with_stated_scores, write_scores
from themis_rm.messages import Conversation
from themis_rm.models import ngrams_crossfit as crossfit
from themis_rm.models.loading import is_likelihood, load_model, require_likelihood_model
from themis_rm.models.prompt_sources import find_prompts
from themis_rm.models.protocol import NOTES, RewardModel, Score
from themis_rm.models.settings import ModelSettings
from themis_rm.pipeline import StageReport
from themis_rm.progress import track
from themis_rm.prompts import PromptMode, PromptSet
from themis_rm.records import BenchmarkPair, PairScore, pair_conversations
from themis_rm.settings import Settings
from themis_rm.storage.atomic import remove, write_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.output_dir import prepare_output_dir

CONFIG = "config.json"
"""File that a checkpoint has."""
T = TypeVar("T")

SCORES, RESULTS, REJECTED = "scores.parquet", "results.json", "rejected.jsonl"
BEYOND_LIMIT = "beyond-limit"
"""Reason under which reports count pairs that are not in the sample."""


class ScoringSettings(Settings):
    """How the pairs of a benchmark are scored."""

    prompts: PromptMode = "own"
    """Criteria prompt: none, all criteria, or the pair's own criterion."""
    prompt_set: Path | None = None
    """File with a prompt set, a preference dataset that contains one, or ``themis``, the built-in set; by default the
    checkpoint's ``prompts.json``, else the built-in set."""
    limit: int | None = Field(default=None, ge=1)
    """Score only this many pairs, evenly spaced over the benchmark; by default all."""
    shard_size: int = Field(default=256, ge=1)
    """Pairs per shard of saved scores; an interrupted run resumes after the last complete shard."""
    min_scored: float = Field(default=MIN_SCORED, ge=0, le=1)
    """Smallest share of the pairs that the model must score. With fewer, or none, the run is an error without a
    result."""
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence level of the intervals."""
    model: ModelSettings = ModelSettings()
    """How the model is loaded and run: device, dtype, maximum length, ..."""


class EvaluateSettings(ScoringSettings, DataSettings):
    """How a model is evaluated."""

    baselines: tuple[str, ...] = ("length", crossfit.NAME)
    """Baselines to evaluate on the same pairs: names or model directories; ``ngrams-crossfit`` is fitted on the
    benchmark itself, ``likelihood:MODEL`` is the log-probability of an answer under a causal language model. The
    checkpoint's ``baselines/ngrams*`` are evaluated in addition."""
    verified: Verified = "any"
    """``agrees`` uses only pairs whose label agrees with execution, as recorded by ``benchmark verify --mark``."""
    max_length_ratio: float = Field(default=1.1, ge=1)
    """Largest ratio of response lengths, in characters, of length-matched pairs."""


@dataclass(frozen=True)
class RunPrompts:
    """The criteria prompts of a run.

    Attributes:
        mode: ``none``, ``all`` or ``own``.
        prompts: The prompt set; ``None`` for mode ``none``.
        source: Where the prompt set comes from.
    """

    mode: PromptMode
    prompts: PromptSet | None
    source: str = ""

    @classmethod
    def load(
        cls,
        model: str | Path,
        mode: PromptMode,
        file: str | Path | None = None,
        settings: ModelSettings | None = None,
    ) -> RunPrompts:
        """Load the prompt set of a file, of the checkpoint, or the built-in one, in this order.

        A warning is logged if the checkpoint was trained with other prompts than the built-in ones that it gets.

        Args:
            model: Checkpoint directory or name, or baseline name.
            mode: Prompt mode.
            file: Prompt set file, see :class:`ScoringSettings`.
            settings: Settings of the model.

        Raises:
            InputError: The file is not a prompt set.
        """
        if mode == "none":
            return cls("none", None)
        found = find_prompts(model, file, settings)
        found.warn()
        return cls(mode, found.prompts, found.source)

    @property
    def digest(self) -> str:
        """Return a hash of the prompt set, empty for mode ``none``."""
        return stable_id(self.prompts.to_json()) if self.prompts else ""

    def check(self, pairs: Sequence[BenchmarkPair]) -> None:
        """Render the prompt of every criterion of the pairs, before anything is scored.

        Raises:
            SettingError: The prompt set lacks a prompt.
        """
        if self.prompts is not None:
            for aspect in sorted({pair.aspect for pair in pairs if is_criterion(pair.aspect)}):
                self.prompts.system(self.mode, criterion(aspect))

    def conversations(self, pair: BenchmarkPair) -> list[Conversation]:
        """Return the conversations of the chosen and the rejected response."""
        return list(pair_conversations(pair.to_dict(), self._system(pair), pair.prompt))

    def without_criterion(self, pair: BenchmarkPair) -> bool:
        """Return whether a pair gets no criteria prompt because its criterion is not known."""
        return self.mode == "own" and not is_criterion(pair.aspect)

    def _system(self, pair: BenchmarkPair) -> str | None:
        if self.prompts is None or self.without_criterion(pair):
            return None
        return self.prompts.system(self.mode, criterion(pair.aspect) if self.mode == "own" else None)


def evaluate(
    model: str | Path,
    benchmark: str | Path = AUTHORED,
    out: str | Path | None = None,
    settings: EvaluateSettings | None = None,
) -> EvaluationResults:
    """Evaluate a reward model and its baselines on a benchmark.

    Args:
        model: Checkpoint directory, hub name, or baseline name.
        benchmark: ``authored``, a file or a directory (see :func:`~themis_rm.benchmark.pairs.read_benchmark`).
        out: Output directory for ``scores.parquet``, ``results.json``, ``rejected.jsonl``, ``report.json`` and
            ``baselines/``. An interrupted evaluation resumes from it. ``None`` writes nothing.
        settings: See :class:`EvaluateSettings`.

    Raises:
        InputError: The benchmark cannot be read, or ``out`` holds the run of another model, benchmark or prompt mode.
        CheckpointError: The model or a baseline cannot be loaded.
        SettingError: The prompt set lacks a prompt that the mode needs.
        NotEvaluatedError: Too few pairs could be scored, see :mod:`themis_rm.evaluation.failures`.
    """
    settings = settings or EvaluateSettings()
    out = None if out is None else Path(out)
    started = time.monotonic()
    everything = read_benchmark(benchmark, settings.verified, settings.reader_settings())
    read, unscored = take_sample(everything, settings.limit)
    prompts = RunPrompts.load(model, settings.prompts, settings.prompt_set, settings.model)
    prompts.check(read.pairs)
    baselines = _find_baselines(model, settings)
    loaded = load_model(model, settings.model)
    if out is not None:
        prepare_output_dir(out, "evaluate", scoring_job(loaded, read, prompts), outputs=(SCORES, RESULTS, REJECTED))
        lines = [json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in read.rejected]
        write_text(out / REJECTED, "".join(lines))
    scores = score_benchmark(loaded, read, prompts, out and out / SCORES, settings)
    results = EvaluationResults.from_scores(
        scores,
        accuracies=_accuracies(scores, read, settings),
        stated=_stated_accuracies(scores, read, settings),
        counts=_count_rows(scores, read, unscored, prompts),
        baselines=_evaluate_baselines(baselines, loaded, scores, read, prompts, out, settings),
        run=_run_info(loaded, read, prompts, settings),
    )
    if out is not None:
        results.save(out / RESULTS)
        _stage_report(results, time.monotonic() - started).save(out)
    return results


def take_sample(benchmark: Benchmark, limit: int | None) -> tuple[Benchmark, int]:
    """Return a benchmark of ``limit`` evenly spaced pairs, and the number of pairs that are not in it."""
    sample = evenly_spaced(benchmark.pairs, limit)
    if len(sample) == len(benchmark.pairs):
        return benchmark, 0
    return replace(benchmark, pairs=sample), len(benchmark.pairs) - len(sample)


def evenly_spaced(items: Sequence[T], limit: int | None) -> tuple[T, ...]:
    """Return ``limit`` evenly spaced items, or all if there are not more."""
    if limit is None or limit >= len(items):
        return tuple(items)
    bounds = [round(index * len(items) / limit) for index in range(limit + 1)]
    return tuple(items[(first + last - 1) // 2] for first, last in pairwise(bounds))


def score_benchmark(
    model: RewardModel,
    benchmark: Benchmark,
    prompts: RunPrompts,
    path: Path | None,
    settings: ScoringSettings,
    required: bool = True,
) -> list[PairScore]:
    """Score all pairs of a benchmark, resuming an interrupted run with the same inputs.

    Args:
        model: A loaded model.
        benchmark: The pairs.
        prompts: Criteria prompts.
        path: The ``scores.parquet`` to write; shards are saved in ``parts`` in the same directory until the file is
            complete. ``None`` writes nothing.
        settings: Shard size, smallest share of scored pairs, and settings of the model.
        required: Whether too few scores are an error. The shards are kept, ``path`` is not written.

    Returns:
        One row per pair in the order of the benchmark, failed pairs included.

    Raises:
        NotEvaluatedError: Too few pairs could be scored.
    """
    size = settings.shard_size
    shards = [benchmark.pairs[first : first + size] for first in range(0, len(benchmark.pairs), size)]
    progress = track(shards, f"score {model.identity.name}", total=len(benchmark.pairs), size=len)
    minimum = settings.min_scored if required else None
    if path is None:
        rows = [row for shard in progress for row in score_pairs(model, shard, prompts)]
        return _require_scores(model, rows, minimum)
    parts = path.parent / "parts" / f"{path.stem}-{_scores_key(model, benchmark, prompts, settings)}"
    judged = model.identity.judge
    for number, shard in enumerate(progress):
        part = parts / f"{number:05d}.parquet"
        saved = read_scores(part) if part.is_file() else None
        if saved is None or any(map(is_transient, saved)):
            write_scores(part, _score_shard(model, shard, prompts, saved), judged)
    rows = [row for part in sorted(parts.glob("*.parquet")) for row in read_scores(part)]
    _require_scores(model, rows, minimum)
    write_scores(path, rows, judged)
    for directory in path.parent.glob(f"parts/{path.stem}-*"):
        if directory != parts:  # shards of other models, prompts or settings
            remove(directory)
    return rows


def _require_scores(model: RewardModel, rows: list[PairScore], minimum: float | None) -> list[PairScore]:
    if minimum is not None:
        require_scored_pairs(model.identity.name, rows, minimum)
    return rows


def _score_shard(
    model: RewardModel, shard: Sequence[BenchmarkPair], prompts: RunPrompts, saved: Sequence[PairScore] | None
) -> Iterator[PairScore]:
    """Score the pairs of a shard; of a saved one only those that a server failed on."""
    if saved is None:
        return score_pairs(model, shard, prompts)
    again = score_pairs(model, [pair for pair, row in zip(shard, saved, strict=True) if is_transient(row)], prompts)
    return (next(again) if is_transient(row) else row for row in saved)


def scoring_job(model: RewardModel, benchmark: Benchmark, prompts: RunPrompts) -> str:
    """Return what identifies the scores in an output directory, as JSON: model, benchmark and prompts."""
    values = {
        "model": model.identity.digest,
        "model_facts": model.identity.facts,
        "benchmark": benchmark.digest,
        "prompts": prompts.mode,
        "prompt_set": prompts.digest,
    }
    return json.dumps(values, sort_keys=True)


def _scores_key(model: RewardModel, benchmark: Benchmark, prompts: RunPrompts, settings: ScoringSettings) -> str:
    identity = model.identity
    facts = (identity.digest, json.dumps(identity.facts, sort_keys=True), benchmark.digest, prompts.mode)
    # Batching can change the last bits of a score, so the token budget identifies the scores too.
    return stable_id(*facts, prompts.digest, str(settings.shard_size), str(settings.model.batch_tokens))


def score_pairs(model: RewardModel, pairs: Sequence[BenchmarkPair], prompts: RunPrompts) -> Iterator[PairScore]:
    """Score the two responses of each pair independently of each other."""
    scores = model.score([item for pair in pairs for item in prompts.conversations(pair)])
    for index, pair in enumerate(pairs):
        yield pair_score(pair, scores[2 * index], scores[2 * index + 1])


def pair_score(pair: BenchmarkPair, chosen: Score, rejected: Score) -> PairScore:
    """Return the row of a pair from the scores of its two responses."""
    sides = (("chosen", chosen), ("rejected", rejected))
    failures = [f"{name}: {score.failure}" for name, score in sides if score.reward is None]
    truncated = [f"{name}: truncated" for name, score in sides if score.truncated]
    notes = [f"{name}: {note}" for name, score in sides for note in score.notes]
    difference = None
    if chosen.reward is not None and rejected.reward is not None:
        difference = chosen.reward - rejected.reward
    return PairScore(
        id=pair.id,
        chosen_score=chosen.reward,
        rejected_score=rejected.reward,
        correct=difference is not None and difference > 0,
        score_diff=difference,
        language=pair.language,
        aspect=pair.aspect,
        subset=pair.subset,
        status="failed" if failures else "truncated" if truncated else "ok",
        note="; ".join(failures + truncated + notes),
        chosen_length=len(pair.chosen),
        rejected_length=len(pair.rejected),
        detail=score_detail(chosen, rejected),
        chosen_stated=chosen.stated,
        rejected_stated=rejected.stated,
    )


def _accuracies(scores: Sequence[PairScore], benchmark: Benchmark, settings: EvaluateSettings) -> Accuracies:
    return Accuracies.from_scores(scores, settings.confidence_level, settings.max_length_ratio, benchmark.tasks)


def _stated_accuracies(
    scores: Sequence[PairScore], benchmark: Benchmark, settings: EvaluateSettings
) -> Accuracies | None:
    stated = with_stated_scores(scores)
    return None if stated is None else _accuracies(stated, benchmark, settings)


def _evaluate_baselines(
    baselines: Sequence[Baseline],
    loaded: RewardModel,
    scores: Sequence[PairScore],
    benchmark: Benchmark,
    prompts: RunPrompts,
    out: Path | None,
    settings: EvaluateSettings,
) -> list[BaselineResults]:
    scored: dict[str, tuple[RewardModel, list[PairScore]]] = {}
    for baseline in _load_baselines(baselines, benchmark, settings):
        name = baseline.identity.name
        if baseline.identity.digest == loaded.identity.digest or name in scored:
            continue
        path = out and out / "baselines" / f"{name}.parquet"
        scored[name] = baseline, score_benchmark(baseline, benchmark, prompts, path, settings, required=False)
    level = settings.confidence_level
    tests = {name: stats.compare(scores, rows, level, benchmark.tasks) for name, (_, rows) in scored.items()}
    adjusted = iter(stats.holm_adjust([test.p_mcnemar for test in tests.values() if test is not None]))
    return [
        BaselineResults(
            name=name,
            digest=baseline.identity.digest,
            accuracies=_accuracies(rows, benchmark, settings),
            comparison=tests[name],
            p_holm=next(adjusted) if tests[name] is not None else None,
        )
        for name, (baseline, rows) in scored.items()
    ]


Baseline = str | Path | RewardModel
"""A loaded baseline, or the name of one that is loaded after the model: the cross-fitted n-grams, or a checkpoint."""


def _find_baselines(model: str | Path, settings: EvaluateSettings) -> list[Baseline]:
    """Load the small baselines, so that a wrong name is reported before the model is run."""
    names: list[str | Path] = [*settings.baselines, *sorted(Path(model).glob("baselines/ngrams*/"))]
    local = local_settings(settings.model)
    return [name if name == crossfit.NAME else find_baseline(name, local) for name in names]


def find_baseline(name: str | Path, settings: ModelSettings) -> Baseline:
    """Load a small baseline; return the name of a decoder, which is loaded after the model was run.

    Raises:
        CheckpointError: There is no such baseline.
    """
    return name if _is_decoder(name) else load_model(name, settings)


def _is_decoder(name: str | Path) -> bool:
    if isinstance(name, str) and is_likelihood(name):
        require_likelihood_model(name)
        return True
    return (Path(name) / CONFIG).is_file()


_OF_ONE_CHECKPOINT = (
    *("family", "base", "revision", "weights", "trust_remote_code"),
    *("tokenizer", "chat_template", "label"),
)
"""Settings that describe the evaluated checkpoint, and no other."""


def local_settings(settings: ModelSettings) -> ModelSettings:
    """Return the settings of baselines, which run in this process even if the model is a remote one."""
    return settings.model_copy(
        update={"judge": None, "remote": None, "label_weights": {}, **dict.fromkeys(_OF_ONE_CHECKPOINT, "")}
    )


def _load_baselines(
    baselines: Sequence[Baseline], benchmark: Benchmark, settings: EvaluateSettings
) -> Iterator[RewardModel]:
    for item in baselines:
        if not isinstance(item, (str, Path)):
            yield item
        elif item != crossfit.NAME:
            yield load_model(item, local_settings(settings.model))
        elif fitted := crossfit.cross_fit(benchmark.pairs):
            yield fitted


def _count_rows(scores: Sequence[PairScore], benchmark: Benchmark, unscored: int, prompts: RunPrompts) -> RowCounts:
    notes = Counter(note for row in scores for note in NOTES if f": {note}" in row.note)
    return RowCounts(
        read=len(benchmark.pairs) + len(benchmark.rejected) + unscored,
        scored=sum(row.score_diff is not None for row in scores),
        truncated=sum(row.status == "truncated" for row in scores),
        failed=count_failures(scores),
        rejected=benchmark.reasons,
        beyond_limit=unscored,
        without_criterion=sum(map(prompts.without_criterion, benchmark.pairs)),
        notes=dict(sorted(notes.items())),
    )


def package_versions() -> dict[str, str]:
    """Return the versions of this package and of what computes its figures."""
    versions = {"themis-rm": themis_rm.__version__, "python": platform.python_version()}
    return versions | {name: importlib.metadata.version(name) for name in ("numpy", "scipy")}


def _run_info(model: RewardModel, benchmark: Benchmark, prompts: RunPrompts, settings: EvaluateSettings) -> RunInfo:
    return RunInfo(
        model=model.identity.name,
        family=model.identity.family,
        model_digest=model.identity.digest,
        model_facts=model.identity.facts,
        benchmark=benchmark.name,
        benchmark_digest=benchmark.digest,
        format=benchmark.format,
        verified=settings.verified,
        limit=settings.limit,
        prompts=prompts.mode,
        prompt_set=prompts.prompts.name if prompts.prompts else "",
        prompt_source=prompts.source,
        prompt_digest=prompts.digest,
        confidence_level=settings.confidence_level,
        max_length_ratio=settings.max_length_ratio,
        versions=package_versions(),
    )


def _stage_report(results: EvaluationResults, seconds: float) -> StageReport:
    counts = results.counts or RowCounts(read=0, scored=0, truncated=0, failed={}, rejected={})
    details = {"failed": counts.failed, "truncated": counts.truncated, "accuracy": results.overall["accuracy"]}
    dropped = counts.rejected | ({BEYOND_LIMIT: counts.beyond_limit} if counts.beyond_limit else {})
    return StageReport("evaluate", counts.read, counts.scored + sum(counts.failed.values()), dropped, seconds, details)
