"""One model on one benchmark, its baselines beside it: scores by pair, and results.

Scores are written in parts of a fixed number of pairs. A run that was killed goes on behind its last whole part; since
batches are made within a part, it ends with the same files as a run that was not.
"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

import themis_rm
from themis_rm.benchmark.pairs import Benchmark, Verified, read_benchmark
from themis_rm.criteria import criterion
from themis_rm.evaluation import statistics as stats
from themis_rm.evaluation.results import Accuracies, BaselineResults, EvaluationResults, RowCounts, RunInfo
from themis_rm.evaluation.scores import as_stated, read_scores, write_scores
from themis_rm.models import ngrams_crossfit as crossfit
from themis_rm.models.loading import load_model, prompt_set_of
from themis_rm.models.protocol import RewardModel, Score
from themis_rm.models.settings import ModelSettings
from themis_rm.pipeline import StageReport
from themis_rm.prompts import Conversation, PromptMode, PromptSet, conversation
from themis_rm.records import BenchmarkPair, PairScore
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id

SCORES, RESULTS, REJECTED = "scores.parquet", "results.json", "rejected.jsonl"


class ScoringSettings(Settings):
    """How the pairs of a benchmark are scored."""

    prompts: PromptMode = "own"
    """Criteria prompt: none, all criteria, or the pair's own."""
    prompt_set: Path | None = None
    """File with a prompt set, or a preference dataset to read it out of; by default the checkpoint's ``prompts.json``,
    else the built-in one."""
    part_pairs: int = Field(default=256, ge=1)
    """Pairs scored between two points at which a killed run can go on."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """What an interval should cover."""
    model: ModelSettings = ModelSettings()
    """Device, precision, limits."""


class EvaluateSettings(ScoringSettings):
    """How a model is evaluated."""

    baselines: tuple[str, ...] = ("length", crossfit.NAME)
    """Baselines evaluated beside the model: names, or folders of models; ``ngrams-crossfit`` is fitted on the benchmark
    itself. The checkpoint's own ``baselines/ngrams*`` come on top."""
    verified: Verified = "any"
    """``agrees`` uses only pairs whose label agrees with execution, as ``benchmark verify --mark`` put it down."""
    length_band: float = Field(default=1.1, ge=1)
    """Largest ratio of lengths, in characters, of a length-matched pair."""


@dataclass(frozen=True)
class RunPrompts:
    """The prompts of a run: a mode and, unless it is ``none``, a set."""

    mode: PromptMode
    prompts: PromptSet | None

    @classmethod
    def choose(
        cls, model: str | Path, mode: PromptMode, file: Path | None, settings: ModelSettings | None = None
    ) -> RunPrompts:
        """Find the prompt set: that of a file, the checkpoint's own, or the built-in one.

        Raises:
            InputError: The file is no prompt set.
        """
        if mode == "none":
            return cls("none", None)
        return cls(mode, PromptSet.load(file) if file is not None else prompt_set_of(model, settings))

    @property
    def digest(self) -> str:
        """Return a hash of the set, empty for none."""
        return stable_id(self.prompts.to_json()) if self.prompts else ""

    def conversations(self, pair: BenchmarkPair) -> list[Conversation]:
        """Return the conversations of chosen and rejected."""
        system = self.prompts.system(self.mode, criterion(pair.aspect)) if self.prompts else None
        return [conversation(system, pair.prompt, answer) for answer in (pair.chosen, pair.rejected)]


def evaluate(
    model: str | Path, benchmark: str | Path, out: Path, settings: EvaluateSettings | None = None
) -> EvaluationResults:
    """Score a benchmark and write ``scores.parquet``, ``results.json``, ``rejected.jsonl`` and ``report.json``.

    Args:
        model: Baseline name or checkpoint folder.
        benchmark: ``authored``, a file or a folder (see :func:`read_benchmark`).
        out: Output folder; scores of baselines go to ``out/baselines``.
        settings: See :class:`EvaluateSettings`.

    Raises:
        InputError: The benchmark cannot be read.
        CheckpointError: The model or a baseline cannot be loaded.
        SettingError: The prompt set lacks what the mode needs.
    """
    settings = settings or EvaluateSettings()
    started = time.monotonic()
    read = read_benchmark(benchmark, settings.verified)
    prompting = RunPrompts.choose(model, settings.prompts, settings.prompt_set, settings.model)
    loaded = load_model(model, settings.model)
    out.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in read.rejected]
    write_text(out / REJECTED, "".join(lines))
    scores = score_benchmark(loaded, read, prompting, out / SCORES, settings)
    stated = as_stated(scores)
    results = EvaluationResults.published(
        scores,
        accuracies=Accuracies.from_scores(scores, settings.level, settings.length_band, read.tasks),
        stated=None
        if stated is None
        else Accuracies.from_scores(stated, settings.level, settings.length_band, read.tasks),
        counts=_counts(scores, read),
        baselines=_baselines(model, loaded, scores, read, prompting, out, settings),
        run=_run(loaded, read, prompting, settings),
    )
    results.save(out / RESULTS)
    _report(results, time.monotonic() - started).save(out)
    return results


def score_benchmark(
    model: RewardModel, benchmark: Benchmark, prompting: RunPrompts, path: Path, settings: ScoringSettings
) -> list[PairScore]:
    """Score all pairs into a ``scores.parquet``, going on where an earlier run of the same kind was cut off.

    Args:
        model: A loaded model.
        benchmark: Its pairs.
        prompting: Prompts put in front.
        path: The file to write; parts lie in ``parts`` beside it until the file is whole.
        settings: Size of parts, model settings.

    Returns:
        A row for every pair, in the benchmark's order; failed pairs too.
    """
    identity = model.identity
    # A batch can change the last bits of a score, so its budget is part of what makes two runs the same.
    same = (identity.digest, json.dumps(identity.facts, sort_keys=True), benchmark.digest, prompting.mode)
    key = stable_id(*same, prompting.digest, str(settings.part_pairs), str(settings.model.batch_tokens))
    parts = path.parent / "parts" / f"{path.stem}-{key}"
    for number, first in enumerate(range(0, len(benchmark.pairs), settings.part_pairs)):
        part = parts / f"{number:05d}.parquet"
        if not part.is_file():
            pairs = benchmark.pairs[first : first + settings.part_pairs]
            write_scores(part, score_pairs(model, pairs, prompting), identity.judge)
    rows = [row for part in sorted(parts.glob("*.parquet")) for row in read_scores(part)]
    write_scores(path, rows, identity.judge)
    for folder in path.parent.glob(f"parts/{path.stem}-*"):
        if folder != parts:
            shutil.rmtree(folder)
    return rows


def score_pairs(model: RewardModel, pairs: Sequence[BenchmarkPair], prompting: RunPrompts) -> Iterator[PairScore]:
    """Score each answer of each pair alone and put the two scores side by side."""
    scores = model.score([answer for pair in pairs for answer in prompting.conversations(pair)])
    for index, pair in enumerate(pairs):
        yield pair_score(pair, scores[2 * index], scores[2 * index + 1])


def pair_score(pair: BenchmarkPair, chosen: Score, rejected: Score) -> PairScore:
    """Return the row of a pair from the scores of its two answers."""
    sides = (("chosen", chosen), ("rejected", rejected))
    failures = [f"{name}: {score.failure}" for name, score in sides if score.reward is None]
    cut = [f"{name}: truncated" for name, score in sides if score.truncated]
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
        status="failed" if failures else "truncated" if cut else "ok",
        note="; ".join(failures + cut),
        chosen_length=len(pair.chosen),
        rejected_length=len(pair.rejected),
        chosen_stated=chosen.stated,
        rejected_stated=rejected.stated,
    )


def _baselines(
    model: str | Path,
    loaded: RewardModel,
    scores: Sequence[PairScore],
    benchmark: Benchmark,
    prompting: RunPrompts,
    out: Path,
    settings: EvaluateSettings,
) -> list[BaselineResults]:
    # Baselines run here, whatever computes the model's own rewards.
    local = settings.model.model_copy(update={"judge": None, "remote": None, "family": "", "trust_remote_code": ""})
    wanted: list[str | Path] = [*settings.baselines, *sorted(Path(model).glob("baselines/ngrams*/"))]
    found: dict[str, tuple[RewardModel, list[PairScore]]] = {}
    for name in wanted:
        other = crossfit.cross_fit(benchmark.pairs) if name == crossfit.NAME else load_model(name, local)
        if other is None:
            continue
        label = other.identity.name
        if other.identity.digest == loaded.identity.digest or label in found:
            continue
        path = out / "baselines" / f"{label}.parquet"
        found[label] = other, score_benchmark(other, benchmark, prompting, path, settings)
    tests = {label: stats.compare(scores, rows, settings.level, benchmark.tasks) for label, (_, rows) in found.items()}
    p_values = [test.p_mcnemar for test in tests.values() if test is not None]
    adjusted = iter(stats.holm_adjust(p_values))
    return [
        BaselineResults(
            name=label,
            digest=other.identity.digest,
            accuracies=Accuracies.from_scores(rows, settings.level, settings.length_band, benchmark.tasks),
            comparison=tests[label],
            p_holm=next(adjusted) if tests[label] is not None else None,
        )
        for label, (other, rows) in found.items()
    ]


def _counts(scores: Sequence[PairScore], benchmark: Benchmark) -> RowCounts:
    failed = Counter(row.note.split("; ", 1)[0].split(": ", 1)[1] for row in scores if row.status == "failed")
    return RowCounts(
        read=len(benchmark.pairs) + len(benchmark.rejected),
        scored=sum(row.score_diff is not None for row in scores),
        truncated=sum(row.status == "truncated" for row in scores),
        failed=dict(sorted(failed.items())),
        rejected=benchmark.reasons,
    )


def _run(model: RewardModel, benchmark: Benchmark, prompting: RunPrompts, settings: EvaluateSettings) -> RunInfo:
    versions = {"themis-rm": themis_rm.__version__, "python": platform.python_version()}
    versions |= {name: importlib.metadata.version(name) for name in ("numpy", "scipy")}
    return RunInfo(
        model=model.identity.name,
        family=model.identity.family,
        model_digest=model.identity.digest,
        model_facts=model.identity.facts,
        benchmark=benchmark.name,
        benchmark_digest=benchmark.digest,
        verified=settings.verified,
        prompts=prompting.mode,
        prompt_set=prompting.prompts.name if prompting.prompts else "",
        prompt_digest=prompting.digest,
        level=settings.level,
        length_band=settings.length_band,
        versions=versions,
    )


def _report(results: EvaluationResults, seconds: float) -> StageReport:
    counts = results.counts or RowCounts(read=0, scored=0, truncated=0, failed={}, rejected={})
    details = {"failed": counts.failed, "truncated": counts.truncated, "accuracy": results.overall["accuracy"]}
    return StageReport(
        "evaluate", counts.read, counts.scored + sum(counts.failed.values()), counts.rejected, seconds, details
    )
