"""Evaluate a reward model on external benchmarks: one of them, or a suite."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from themis_rm.dataset.adapters import UnusableRowError
from themis_rm.dataset.adapters.sources import find_data
from themis_rm.errors import InputError, SettingError
from themis_rm.evaluation.evaluate import Baseline, evenly_spaced, find_baseline, local_settings, package_versions
from themis_rm.evaluation.external.benchmarks import EXTERNAL_BENCHMARKS, SUITES, ExternalBenchmark
from themis_rm.evaluation.external.candidates import CandidateSet, ScoredSet
from themis_rm.evaluation.external.results import (
    RESULTS,
    SUITE_RESULTS,
    ExternalBaseline,
    ExternalCounts,
    ExternalResults,
    Figure,
    SuiteResults,
    compute_figures,
)
from themis_rm.evaluation.external.scores import CandidateScore, group_scores, score_candidates
from themis_rm.evaluation.failures import MIN_SCORED, require_scores
from themis_rm.evaluation.statistics import Resampling
from themis_rm.models.loading import load_model
from themis_rm.models.prompt_sources import ModelPrompts, find_prompts
from themis_rm.models.protocol import NOTES, RewardModel
from themis_rm.models.settings import ModelSettings
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_digest, stable_id
from themis_rm.storage.json_lines import BadLine
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.storage.tables import read_table

SCORES, REJECTED = "scores.parquet", "rejected.jsonl"


class ExternalSettings(Settings):
    """How a model is evaluated on external benchmarks."""

    prompts: Literal["none", "all"] = "none"
    """Criteria prompt: none, as the benchmarks' authors score, or the prompt that lists all criteria."""
    prompt_set: Path | None = None
    """File with a prompt set, or ``themis``; by default the checkpoint's ``prompts.json``, else the built-in set."""
    limit: int | None = Field(default=None, ge=1)
    """Score only this many prompts of each benchmark, evenly spaced; by default all."""
    shard_size: int = Field(default=64, ge=1)
    """Prompts per shard of saved scores; an interrupted run resumes after the last complete shard."""
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence level of the intervals."""
    n_resamples: int = Field(default=10_000, ge=100)
    """Bootstrap samples behind the intervals."""
    min_scored: float = Field(default=MIN_SCORED, ge=0, le=1)
    """Smallest share of the prompts whose responses must all have scores; with fewer there is no result."""
    baselines: tuple[str, ...] = ("length",)
    """Baselines to evaluate on the same prompts: names or model directories; ``likelihood:MODEL`` is the
    log-probability of an answer under a causal language model."""
    model: ModelSettings = ModelSettings()
    """How the model is loaded and run: device, dtype, maximum length, ..."""

    @property
    def resampling(self) -> Resampling:
        """Return the parameters of the bootstrap."""
        return Resampling(self.n_resamples, self.confidence_level)


@dataclass(frozen=True)
class ExternalData:
    """The rows of an external benchmark.

    Attributes:
        benchmark: The benchmark.
        sets: Usable rows.
        rejected: Rows that cannot be used: ``reason``, ``where`` and the row.
        read: Number of rows in the files.
    """

    benchmark: ExternalBenchmark
    sets: tuple[CandidateSet, ...]
    rejected: tuple[dict[str, object], ...]
    read: int

    @property
    def digest(self) -> str:
        """Return a digest of the usable rows in their order."""
        return stable_digest(
            text
            for one in self.sets
            for text in (one.id, one.subset, json.dumps(one.prompt, sort_keys=True), str(one.correct), *one.responses)
        )

    @property
    def reasons(self) -> dict[str, int]:
        """Return reason -> number of rejected rows."""
        return dict(sorted(Counter(str(row["reason"]) for row in self.rejected).items()))


def read_external(name: str, data: str | Path | None = None) -> ExternalData:
    """Read the rows of an external benchmark.

    Args:
        name: Name of the benchmark.
        data: A file, or a directory that holds the benchmark or a file or directory of its name; by default the dataset
            is loaded from the hub (or its local cache).

    Raises:
        SettingError: There is no such benchmark.
        InputError: The data cannot be found or read, or no row is usable.
    """
    benchmark = EXTERNAL_BENCHMARKS.get(name)
    sets: list[CandidateSet] = []
    rejected: list[dict[str, object]] = []
    seen: set[str] = set()
    read = 0
    for file in find_data(benchmark.hub, data, name, benchmark.split, EXTERNAL_BENCHMARKS.names()):
        for where, row in read_table(file):
            read += 1
            checked = _check(benchmark, row, seen)
            if isinstance(checked, CandidateSet):
                sets.append(checked)
            else:
                content = row.text if isinstance(row, BadLine) else row
                rejected.append({"reason": checked, "where": where, "row": content})
    if not sets:
        reasons = dict(Counter(row["reason"] for row in rejected)) or "none, it is empty"
        raise InputError(
            f"{data or benchmark.hub} has no usable row of {benchmark.title}.", f"Rejected rows: {reasons}."
        )
    return ExternalData(benchmark, tuple(sets), tuple(rejected), read)


def _check(benchmark: ExternalBenchmark, row: object, seen: set[str]) -> CandidateSet | str:
    """Return the candidate set of a row, or the reason why it cannot be used."""
    if not isinstance(row, dict):
        return "not-json" if isinstance(row, BadLine) else "not-a-row"
    try:
        found = benchmark.read(row)
    except UnusableRowError as error:
        return error.reason
    if found.id in seen:
        return "duplicate-id"
    seen.add(found.id)
    return found


def evaluate_external(
    model: str | Path,
    benchmark: str,
    data: str | Path | None = None,
    out: str | Path | None = None,
    settings: ExternalSettings | None = None,
) -> ExternalResults:
    """Evaluate a reward model on an external benchmark with its authors' figures.

    Args:
        model: Checkpoint directory, hub name, or baseline name.
        benchmark: Name of the benchmark, see :data:`~themis_rm.evaluation.external.benchmarks.EXTERNAL_BENCHMARKS`.
        data: See :func:`read_external`.
        out: Output directory for ``scores.parquet``, ``external.json``, ``rejected.jsonl`` and ``baselines/``. An
            interrupted evaluation resumes from it. ``None`` writes nothing.
        settings: See :class:`ExternalSettings`.

    Raises:
        SettingError: There is no such benchmark.
        InputError: The data cannot be read, or the output directory belongs to another job.
        NotEvaluatedError: Too few prompts could be scored.
        CheckpointError: The model or a baseline cannot be loaded.
    """
    settings = settings or ExternalSettings()
    read = read_external(benchmark, data)
    loaded = load_model(model, settings.model)
    return _evaluate(model, loaded, read, None if out is None else Path(out), settings)


def evaluate_suite(
    model: str | Path,
    suite: str = "general",
    data: str | Path | None = None,
    out: str | Path | None = None,
    settings: ExternalSettings | None = None,
) -> SuiteResults:
    """Evaluate a reward model on all benchmarks of a suite; the model is loaded once.

    Args:
        model: Checkpoint directory, hub name, or baseline name.
        suite: Name of the suite, see :data:`SUITES`.
        data: A directory with a file or directory per benchmark, named after it; by default the hub.
        out: Output directory with one directory per benchmark and ``suite.json``.
        settings: See :class:`ExternalSettings`.

    Raises:
        SettingError: There is no such suite.
        InputError: Data of a benchmark cannot be found or read, or an output directory belongs to another job.
        NotEvaluatedError: Too few prompts could be scored.
        CheckpointError: The model or a baseline cannot be loaded.
    """
    settings = settings or ExternalSettings()
    if suite not in SUITES:
        raise SettingError(f"Unknown suite '{suite}'.", f"There is: {', '.join(SUITES)}.")
    benchmarks = [read_external(name, data) for name in SUITES[suite]]
    loaded = load_model(model, settings.model)
    folder = None if out is None else Path(out)
    results = [_evaluate(model, loaded, read, folder and folder / read.benchmark.name, settings) for read in benchmarks]
    suite_results = SuiteResults.of(suite, results)
    if folder is not None:
        suite_results.save(folder / SUITE_RESULTS)
    return suite_results


def _evaluate(
    model: str | Path, loaded: RewardModel, data: ExternalData, out: Path | None, settings: ExternalSettings
) -> ExternalResults:
    baselines = [find_baseline(name, local_settings(settings.model)) for name in settings.baselines]
    sets = evenly_spaced(data.sets, settings.limit)
    prompts = None if settings.prompts == "none" else _find_prompts(model, settings)
    system = None if prompts is None else prompts.prompts.system("all", None)
    if out is not None:
        prepare_output_dir(out, "external", _job(loaded, data, system, settings), outputs=(SCORES, RESULTS, REJECTED))
        lines = [json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in data.rejected]
        write_text(out / REJECTED, "".join(lines))

    def score(scorer: RewardModel, path: Path | None) -> tuple[list[CandidateScore], list[ScoredSet]]:
        key = _key(scorer, data, system, settings)
        rows = score_candidates(scorer, sets, system, path, key, settings.shard_size)
        return rows, group_scores(sets, rows)

    rows, scored = score(loaded, out and out / SCORES)
    failures = [(row.note, f"{row.id} response {row.response}", row.detail) for row in rows if row.score is None]
    scored_sets = sum(one.complete for one in scored)
    require_scores(loaded.identity.name, "prompts", scored_sets, len(scored), settings.min_scored, failures)
    results = ExternalResults(
        benchmark=data.benchmark.name,
        title=data.benchmark.title,
        citation=data.benchmark.citation,
        model=loaded.identity.name,
        family=loaded.identity.family,
        model_digest=loaded.identity.digest,
        model_facts=dict(loaded.identity.facts),
        benchmark_digest=data.digest,
        prompts=settings.prompts,
        prompt_source="" if prompts is None else prompts.source,
        prompt_digest="" if prompts is None else stable_id(prompts.prompts.to_json()),
        limit=settings.limit,
        confidence_level=settings.confidence_level,
        versions=package_versions(),
        figures=_figures(data.benchmark, scored, settings),
        baselines=[
            ExternalBaseline(
                name=baseline.identity.name,
                figures=_figures(
                    data.benchmark,
                    score(baseline, out and out / "baselines" / f"{baseline.identity.name}.parquet")[1],
                    settings,
                ),
            )
            for baseline in _load_baselines(baselines, loaded, settings)
        ],
        counts=_count(data, scored, rows),
    )
    if out is not None:
        results.save(out / RESULTS)
    return results


def _figures(benchmark: ExternalBenchmark, scored: Sequence[ScoredSet], settings: ExternalSettings) -> list[Figure]:
    return compute_figures(benchmark.figures(scored), settings.resampling)


def _find_prompts(model: str | Path, settings: ExternalSettings) -> ModelPrompts:
    found = find_prompts(model, settings.prompt_set, settings.model)
    found.warn()
    return found


def _job(model: RewardModel, data: ExternalData, system: str | None, settings: ExternalSettings) -> str:
    """Return what identifies the scores in an output directory, as JSON."""
    values = {
        "model": model.identity.digest,
        "model_facts": model.identity.facts,
        "benchmark": data.digest,
        "system_message": system or "",
        "limit": settings.limit,
    }
    return json.dumps(values, sort_keys=True)


def _key(model: RewardModel, data: ExternalData, system: str | None, settings: ExternalSettings) -> str:
    # Batching can change the last bits of a score, so the sizes of batches identify the scores too.
    return stable_id(_job(model, data, system, settings), str(settings.shard_size), str(settings.model.batch_tokens))


def _load_baselines(
    baselines: Sequence[Baseline], loaded: RewardModel, settings: ExternalSettings
) -> Iterator[RewardModel]:
    for item in baselines:
        model = load_model(item, local_settings(settings.model)) if isinstance(item, str | Path) else item
        if model.identity.digest != loaded.identity.digest:
            yield model


def _count(data: ExternalData, scored: Sequence[ScoredSet], rows: Sequence[CandidateScore]) -> ExternalCounts:
    notes = Counter(note for row in rows if row.score is not None for note in row.note.split("; ") if note in NOTES)
    return ExternalCounts(
        read=data.read,
        scored=sum(one.complete for one in scored),
        failed=dict(sorted(Counter(row.note for row in rows if row.score is None).items())),
        truncated=sum(row.status == "truncated" for row in rows),
        notes=dict(sorted(notes.items())),
        ties=sum(bool({*one.chosen} & {*one.rejected}) for one in scored if one.complete),
        rejected=data.reasons,
        beyond_limit=len(data.sets) - len(scored),
    )
