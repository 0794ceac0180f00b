"""A model, or rewards that stand in a file, on a file of problems."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

import themis_rm
from themis_rm.criteria import Criterion, criterion
from themis_rm.errors import InputError
from themis_rm.evaluation.evaluate import RunPrompts
from themis_rm.evaluation.reranking.problems import Problem, read_problems
from themis_rm.evaluation.reranking.ranks import (
    BootstrapFigure,
    RankedProblem,
    RerankFigures,
    published_summary,
    rank_problem,
)
from themis_rm.evaluation.statistics import Resampling
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import RewardModel
from themis_rm.models.settings import ModelSettings
from themis_rm.progress import status_spinner
from themis_rm.prompts import PromptMode, conversation
from themis_rm.results import Result
from themis_rm.settings import Settings
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id
from themis_rm.storage.jsonl_cache import JsonlCache

if TYPE_CHECKING:
    from rich.table import Table

RESULTS, REWARDS, PROBLEMS = "results.json", "rewards.jsonl", "problems.jsonl"


class RerankSettings(Settings):
    """How candidates are scored and ranked."""

    k: tuple[int, ...] = (1, 5, 10)
    """Depths of Hits@K."""
    prompts: PromptMode = "own"
    """Criteria prompt: none, all criteria, or that of ``criterion``."""
    prompt_set: Path | None = None
    """File with a prompt set; by default the checkpoint's own, else the built-in one."""
    criterion: str = "FC"
    """Criterion that candidates are ranked by; a pass rate speaks of functional correctness."""
    resamples: int = Field(default=10_000, ge=100)
    """Bootstrap draws of each interval, over problems."""
    level: float = Field(default=0.95, gt=0.5, lt=1)
    """What an interval should cover."""
    seed: int = 0
    """Seed of the draws."""
    model: ModelSettings = ModelSettings()
    """Device, precision, limits."""


class RerankResults(Result):
    """Results of one model on one file of problems."""

    kind = "results file of a re-ranking"

    model: str
    """Name of the model, or ``file`` for rewards that stood in the file."""
    model_digest: str
    """Hash of the model; empty for rewards of the file."""
    data: str
    """Name of the file."""
    data_digest: str
    """Hash of the problems."""
    prompts: str
    """Prompt mode."""
    overall: RerankFigures
    """All problems."""
    by_language: dict[str, RerankFigures]
    """By language."""
    published: dict[str, float | None]
    """The published summary figures."""
    rejected: dict[str, int]
    """Reason -> lines that held no problem."""
    resampling: Resampling
    """How intervals were drawn."""
    version: str
    """Of this package."""

    def to_json(self) -> str:
        """Return the text of the file, numbers spelled as pydantic does, like the lines of ``problems.jsonl``."""
        return self.model_dump_json(indent=2)

    def table(self) -> Table:
        """Return the figures by language as a table for the terminal."""
        from rich import box
        from rich.table import Table

        depths = list(self.overall.hits)
        caption = (
            f"Hits@K in percent over problems with a right candidate, ties at random; Spearman: median over problems; "
            f"{self.resampling.level:.0%} bootstrap intervals over problems. By chance: what a random order gets."
        )
        table = Table(
            title=f"{self.model} on {self.data}", caption=caption, box=box.SIMPLE_HEAD, caption_justify="left"
        )
        for title in ("", "problems", *(f"Hits@{k}" for k in depths), "Spearman"):
            table.add_column(title, justify="left" if not title else "right")
        for name, group in [*self.by_language.items(), ("all", self.overall)]:
            cells = [name or "-", str(group.problems)]
            cells += [_percent(group.hits[k], group.chance[k]) for k in depths]
            found = group.spearman
            cells.append("-" if found.value is None else f"{found.value:+.3f}\n{found.low:+.2f} to {found.high:+.2f}")
            table.add_row(*cells)
        return table


def _percent(figure: BootstrapFigure, chance: float | None) -> str:
    if figure.value is None or figure.low is None or figure.high is None or chance is None:
        return "-"
    return f"{100 * figure.value:.1f}\n{100 * figure.low:.0f}–{100 * figure.high:.0f}\nby chance {100 * chance:.1f}"


def rerank(model: str | Path | None, data: Path, out: Path, settings: RerankSettings | None = None) -> RerankResults:
    """Rank the candidates of every problem, and write ``results.json``, ``problems.jsonl`` and ``rewards.jsonl``.

    A job that was killed goes on behind the last problem whose rewards it had written.

    Args:
        model: Baseline name or checkpoint folder; ``None`` takes the rewards that stand in the file.
        data: JSONL file, see :meth:`Problem.read`.
        out: Folder to write to.
        settings: See :class:`RerankSettings`.

    Raises:
        InputError: The file holds no problem, or no rewards where no model is given.
        CheckpointError: The model cannot be loaded.
    """
    settings = settings or RerankSettings()
    rejected: Counter[str] = Counter()
    loaded = load_model(model, settings.model) if model is not None else None
    out.mkdir(parents=True, exist_ok=True)
    rows: list[RankedProblem] = []
    digests: list[str] = []
    with status_spinner("rerank", lambda: f"{len(rows)} problems"):
        for problem, rewards in _rewarded(read_problems(data, rejected), loaded, model, out, settings):
            rows.append(rank_problem(problem, rewards, settings.k))
            digests.append(stable_id(problem.id, problem.prompt, *problem.candidates))
    if not rows:
        raise InputError(
            f"{data} holds no usable problem.", f"Lines not used: {dict(rejected) or 'none, it is empty'}."
        )
    how = Resampling(settings.resamples, settings.level, settings.seed)
    languages = sorted({row.language for row in rows})
    results = RerankResults(
        model=loaded.identity.name if loaded else "file",
        model_digest=loaded.identity.digest if loaded else "",
        data=data.name,
        data_digest=stable_id(*digests),
        prompts=settings.prompts if loaded else "",
        overall=RerankFigures.of(rows, settings.k, how),
        by_language={
            name: RerankFigures.of([r for r in rows if r.language == name], settings.k, how) for name in languages
        },
        published=published_summary(rows, settings.k),
        rejected=dict(sorted(rejected.items())),
        resampling=how,
        version=themis_rm.__version__,
    )
    write_text(out / PROBLEMS, "".join(row.model_dump_json() + "\n" for row in rows))
    results.save(out / RESULTS)
    return results


def _rewarded(
    problems: Iterable[Problem],
    loaded: RewardModel | None,
    model: str | Path | None,
    out: Path,
    settings: RerankSettings,
) -> Iterator[tuple[Problem, Sequence[float | None]]]:
    if loaded is None or model is None:
        for problem in problems:
            if not problem.rewards:
                raise InputError(f"Problem {problem.id} has no rewards.", "Give --model to score the candidates.")
            yield problem, problem.rewards
        return
    prompts = RunPrompts.choose(model, settings.prompts, settings.prompt_set, settings.model)
    asked = criterion(settings.criterion)
    with JsonlCache(out / REWARDS, ("rewards",)) as known:
        for problem in problems:
            key = stable_id(
                loaded.identity.digest,
                json.dumps(loaded.identity.facts, sort_keys=True),
                prompts.mode,
                prompts.digest,
                asked.short,
                str(settings.model.batch_tokens),
                problem.prompt,
                *problem.candidates,
            )
            if key not in known.rows:
                known.add(key, {"id": problem.id, "rewards": _scored(loaded, prompts, asked, problem)})
            yield problem, known.rows[key]["rewards"]


def _scored(model: RewardModel, prompts: RunPrompts, asked: Criterion, problem: Problem) -> list[float | None]:
    system = prompts.prompts.system(prompts.mode, asked) if prompts.prompts else None
    scores = model.score([conversation(system, problem.prompt, answer) for answer in problem.candidates])
    return [score.reward for score in scores]
