"""Rank the candidates of a file of problems, with a model or with the rewards in the file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

import themis_rm
from themis_rm.criteria import criterion
from themis_rm.errors import InputError
from themis_rm.evaluation.columns import format_interval, format_percent
from themis_rm.evaluation.evaluate import RunPrompts
from themis_rm.evaluation.failures import MIN_SCORED, require_scores, score_detail
from themis_rm.evaluation.reranking.problems import Problem, read_problems
from themis_rm.evaluation.reranking.ranks import (
    BootstrapFigure,
    RankedProblem,
    RerankFigures,
    published_summary,
    rank_problem,
)
from themis_rm.evaluation.statistics import Resampling
from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import TRANSIENT_FAILURES, RewardModel
from themis_rm.models.settings import ModelSettings
from themis_rm.progress import track
from themis_rm.prompts import PromptMode
from themis_rm.results import Result
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import file_sha256, stable_id
from themis_rm.storage.input_files import require_file
from themis_rm.storage.jsonl_cache import JsonlCache
from themis_rm.storage.output_dir import prepare_output_dir

if TYPE_CHECKING:
    from rich.table import Table

RESULTS, REWARDS, PROBLEMS = "results.json", "rewards.jsonl", "problems.jsonl"


class RerankSettings(Settings):
    """How candidates are scored and ranked."""

    k: tuple[int, ...] = (1, 5, 10)
    """Values of K of Hits@K."""
    prompts: PromptMode = "own"
    """Criteria prompt: none, all criteria, or that of ``criterion``."""
    prompt_set: Path | None = None
    """File with a prompt set, or ``themis``; by default the checkpoint's, else the built-in set."""
    criterion: str = "FC"
    """Criterion by which candidates are ranked; pass rates measure functional correctness."""
    n_resamples: int = Field(default=10_000, ge=100)
    """Bootstrap samples of each interval; problems are resampled."""
    confidence_level: float = Field(default=0.95, gt=0.5, lt=1)
    """Confidence level of the intervals."""
    seed: int = 0
    """Seed of the bootstrap."""
    min_scored: float = Field(default=MIN_SCORED, ge=0, le=1)
    """Smallest share of the candidates that need a reward. With fewer, or none, the run is an error without a
    result."""
    model: ModelSettings = ModelSettings()
    """How the model is loaded and run: device, dtype, maximum length, ..."""


class RerankResults(Result):
    """Results of one model on one file of problems."""

    kind = "results file of a re-ranking"

    model: str
    """Name of the model, or ``file`` for the rewards in the file."""
    model_digest: str
    """Hash of the model; empty for the rewards in the file."""
    data: str
    """Name of the file."""
    data_digest: str
    """Hash of the problems."""
    prompts: str
    """Prompt mode."""
    overall: RerankFigures
    """Metrics over all problems."""
    by_language: dict[str, RerankFigures]
    """Language -> metrics."""
    published: dict[str, float | None]
    """The published summary metrics."""
    failed: dict[str, int] = Field(default_factory=dict)
    """Reason -> candidates without a reward."""
    rejected: dict[str, int]
    """Reason -> lines without a usable problem, and candidates (``candidate-...``) with a doubtful outcome."""
    resampling: Resampling
    """How the intervals were drawn."""
    version: str
    """Version of this package."""

    def to_json(self) -> str:
        """Return the content of the file, with numbers formatted as in the lines of ``problems.jsonl``."""
        return self.model_dump_json(indent=2)

    def records(self) -> list[dict[str, Any]]:
        """Return one row for all problems and one per language, with Hits@K and rank correlation."""
        return [self._record("", self.overall), *(self._record(*item) for item in self.by_language.items())]

    def _record(self, language: str, figures: RerankFigures) -> dict[str, Any]:
        hits = {
            f"hits_at_{k}{suffix}": getattr(figure, name)
            for k, figure in figures.hits.items()
            for suffix, name in (("", "value"), ("_low", "low"), ("_high", "high"))
        }
        spearman = {"spearman": figures.spearman.value, "spearman_low": figures.spearman.low}
        row = {"model": self.model, "language": language, "n": figures.problems, "failed": figures.unscored}
        return {**row, **hits, **spearman, "spearman_high": figures.spearman.high}

    def summary(self) -> str:
        """Return model, data and the overall metrics in one line."""
        hits = ", ".join(f"Hits@{k} {format_percent(figure.value)} %" for k, figure in self.overall.hits.items())
        failures = f", {self.failures()}" if self.failures() else ""
        return f"{self.model} on {self.data}: {hits}, n = {self.overall.problems} problems{failures}"

    def failures(self) -> str:
        """Return the number of candidates without a reward, with reasons; empty if there are none."""
        if not self.overall.unscored:
            return ""
        reasons = ", ".join(f"{reason} {count}" for reason, count in self.failed.items())
        return f"no reward for {self.overall.unscored} of {self.overall.candidates} candidates" + (
            f" ({reasons})" if reasons else ""
        )

    def table(self) -> Table:
        """Return the metrics by language as a table for a terminal."""
        from rich import box
        from rich.table import Table

        caption = (
            f"n problems. Hits@K in percent over problems with a correct candidate, ties broken at random; Spearman: "
            f"median over problems; {self.resampling.confidence_level:.0%} bootstrap intervals over problems; random: "
            "expected value of a random order."
        )
        title = "\n".join(filter(None, [f"{self.model} on {self.data}", self.failures()]))
        table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, caption_justify="left")
        table.add_column("language")
        for name in ("n", *(f"Hits@{k}" for k in self.overall.hits), "Spearman"):
            table.add_column(name, justify="right")
        for name, figures in [*self.by_language.items(), ("all", self.overall)]:
            hits = [_format_hits(figure, figures.chance[k]) for k, figure in figures.hits.items()]
            table.add_row(name or "-", str(figures.problems), *hits, _format_correlation(figures.spearman))
        return table


def _format_hits(figure: BootstrapFigure, chance: float | None) -> str:
    if figure.value is None or chance is None:
        return "-"
    interval = format_interval(figure.low, figure.high, digits=0)
    return f"{format_percent(figure.value)}\n{interval}\nrandom {format_percent(chance)}"


def _format_correlation(figure: BootstrapFigure) -> str:
    return "-" if figure.value is None else f"{figure.value:+.3f}\n{figure.low:+.2f} to {figure.high:+.2f}"


def rerank(
    model: str | Path | None, data: str | Path, out: str | Path, settings: RerankSettings | None = None
) -> RerankResults:
    """Rank the candidates of every problem by reward and compare the order with test results.

    Writes ``results.json``, ``problems.jsonl`` and ``rewards.jsonl``. An interrupted job resumes after the last problem
    whose rewards were saved.

    Args:
        model: Checkpoint directory, hub name, or baseline name; ``None`` uses the rewards in the file.
        data: JSONL file, see :meth:`Problem.parse`.
        out: Output directory.
        settings: See :class:`RerankSettings`.

    Raises:
        InputError: The file has no usable problem, or no rewards and no model is given.
        CheckpointError: The model cannot be loaded.
        NotEvaluatedError: Too few candidates have a reward, see :mod:`themis_rm.evaluation.failures`.
    """
    settings = settings or RerankSettings()
    data, out = Path(data), Path(out)
    rejected: Counter[str] = Counter()
    failures: list[tuple[str, str, str]] = []
    require_file(data)  # before the model is loaded
    scorer = _CandidateScorer.load(model, settings) if model is not None else None
    loaded = scorer.model if scorer else None
    job = {"problems": file_sha256(data), **(scorer.facts() if scorer else {})}
    prepare_output_dir(out, "rerank", json.dumps(job, sort_keys=True), outputs=(RESULTS, PROBLEMS, REWARDS))
    rows: list[RankedProblem] = []
    digests: list[str] = []
    problems = read_problems(data, rejected)
    rewarded = scorer.score_all(problems, out, failures) if scorer else _rewards_of_file(problems, failures)
    for problem, rewards in track(rewarded, "rank problems"):
        rows.append(rank_problem(problem, rewards, settings.k))
        digests.append(stable_id(problem.id, problem.prompt, *problem.candidates))
    if not rows:
        raise InputError(
            f"{data} has no usable problem.", f"Lines not used: {dict(rejected) or 'none, the file is empty'}."
        )
    total = sum(row.candidates for row in rows)
    scored = total - sum(row.unscored for row in rows)
    name = loaded.identity.name if loaded else data.name
    require_scores(name, "candidates", scored, total, settings.min_scored, failures)
    resampling = Resampling(settings.n_resamples, settings.confidence_level, settings.seed)
    by_language = {name: [r for r in rows if r.language == name] for name in sorted({row.language for row in rows})}
    results = RerankResults(
        model=loaded.identity.name if loaded else "file",
        model_digest=loaded.identity.digest if loaded else "",
        data=data.name,
        data_digest=stable_id(*digests),
        prompts=settings.prompts if loaded else "",
        overall=RerankFigures.from_problems(rows, settings.k, resampling),
        by_language={
            name: RerankFigures.from_problems(group, settings.k, resampling) for name, group in by_language.items()
        },
        published=published_summary(rows, settings.k),
        failed=dict(Counter(reason for reason, _, _ in failures).most_common()),
        rejected=dict(sorted(rejected.items())),
        resampling=resampling,
        version=themis_rm.__version__,
    )
    write_text(out / PROBLEMS, "".join(row.model_dump_json() + "\n" for row in rows))
    results.save(out / RESULTS)
    return results


def _rewards_of_file(
    problems: Iterable[Problem], failures: list[tuple[str, str, str]]
) -> Iterator[tuple[Problem, Sequence[float | None]]]:
    for problem in problems:
        if not problem.rewards:
            raise InputError(f"Problem {problem.id} has no rewards.", "Give --model to score the candidates.")
        failures += [("no-reward", problem.id, "")] * problem.rewards.count(None)
        yield problem, problem.rewards


@dataclass(frozen=True)
class _CandidateScorer:
    """A model with the criteria prompt under which it scores candidates."""

    model: RewardModel
    prompts: RunPrompts
    system: str | None
    criterion: str
    batch_tokens: str

    @classmethod
    def load(cls, model: str | Path, settings: RerankSettings) -> Self:
        target = criterion(settings.criterion)
        prompts = RunPrompts.load(model, settings.prompts, settings.prompt_set, settings.model)
        system = prompts.prompts.system(prompts.mode, target) if prompts.prompts else None
        loaded = load_model(model, settings.model)
        return cls(loaded, prompts, system, target.short, str(settings.model.batch_tokens))

    def facts(self) -> dict[str, Any]:
        """Return what the rewards depend on besides the problems."""
        facts = {"model": self.model.identity.digest, "model_facts": self.model.identity.facts}
        prompts = {"prompts": self.prompts.mode, "prompt_set": self.prompts.digest, "criterion": self.criterion}
        return {**facts, **prompts}

    def score_all(
        self, problems: Iterable[Problem], out: Path, failures: list[tuple[str, str, str]]
    ) -> Iterator[tuple[Problem, Sequence[float | None]]]:
        """Yield the rewards of each problem; those of an earlier run are read from ``out``."""
        with JsonlCache(out / REWARDS, ("rewards",)) as cache:
            for problem in problems:
                key = self._cache_key(problem)
                row = cache.rows.get(key)
                if row is None:
                    row = self._score(problem)
                    if TRANSIENT_FAILURES.isdisjoint(reason for reason, _ in row["failures"]):
                        cache.add(key, row)
                failures += [(reason, problem.id, detail) for reason, detail in row.get("failures", ())]
                yield problem, row["rewards"]

    def _score(self, problem: Problem) -> dict[str, Any]:
        scores = self.model.score([conversation(self.system, problem.prompt, item) for item in problem.candidates])
        failed = [(score.failure, score_detail(score)) for score in scores if score.reward is None]
        return {"id": problem.id, "rewards": [score.reward for score in scores], "failures": failed}

    def _cache_key(self, problem: Problem) -> str:
        return stable_id(
            self.model.identity.digest,
            json.dumps(self.model.identity.facts, sort_keys=True),
            self.prompts.mode,
            self.prompts.digest,
            self.criterion,
            self.batch_tokens,
            problem.prompt,
            *problem.candidates,
        )
