"""A model under every edit: how often does it take the worse answer once that has been made up?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from rich.markup import escape

import themis_rm
from themis_rm.benchmark.pairs import Benchmark, read_benchmark
from themis_rm.errors import InputError
from themis_rm.evaluation.adversarial.edits import EDITS, Edit, edited
from themis_rm.evaluation.evaluate import RunPrompts, ScoringSettings, score_benchmark
from themis_rm.evaluation.statistics import OUTCOMES, WIN, Accuracy, mean_interval, pair_outcome
from themis_rm.languages import benchmark_languages
from themis_rm.models.loading import load_model
from themis_rm.progress import status_spinner
from themis_rm.records import BenchmarkPair, PairScore
from themis_rm.results import Result, ResultPart

if TYPE_CHECKING:
    from rich.console import Group

RESULTS = "results.json"
UNEDITED = "unedited"


class AttackSettings(ScoringSettings):
    """How a model is attacked."""

    edits: tuple[str, ...] = ()
    """Names of edits; by default all."""


class Flips(ResultPart):
    """What an edit does to a model on some pairs."""

    pairs: int
    """Pairs whose worse answer the edit fits."""
    before: Accuracy
    """Accuracy on them without the edit."""
    attacked: Accuracy
    """Accuracy with the worse answer edited."""
    both: Accuracy
    """Accuracy with both answers edited: what is left if the edit is everywhere."""
    right_before: int
    """Pairs that were strictly right."""
    flipped: int
    """Of them no longer strictly right once the worse answer is edited."""
    flip_rate: float | None
    """Their share; ``None`` if none was right."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end."""
    shift: float | None
    """Mean change of the worse answer's reward, in standard deviations of the unedited rewards."""

    @classmethod
    def of(
        cls, rows: Sequence[tuple[PairScore, PairScore]], spread: float, level: float, tasks: Mapping[str, str]
    ) -> Self:
        """Compare rows without and with the edit.

        Args:
            rows: The pair unedited, and with both answers edited where the edit fits them.
            spread: Standard deviation of the unedited rewards.
            level: What intervals should cover.
            tasks: Pair id -> task, for pairs that may share one.
        """
        attacked = [_crossed(plain, made) for plain, made in rows]
        right = [(plain, hit) for (plain, _), hit in zip(rows, attacked, strict=True) if pair_outcome(plain) == WIN]
        flips = [float(pair_outcome(hit) != WIN) for _, hit in right]
        flipped = int(sum(flips))
        low = high = None
        if right:
            low, high, _ = mean_interval([hit.id for _, hit in right], flips, OUTCOMES, level, tasks)
        shifts = [
            made.rejected_score - plain.rejected_score
            for plain, made in rows
            if made.rejected_score is not None and plain.rejected_score is not None
        ]
        return cls(
            pairs=len(rows),
            before=Accuracy.from_scores((plain for plain, _ in rows), level, tasks),
            attacked=Accuracy.from_scores(attacked, level, tasks),
            both=Accuracy.from_scores((made for _, made in rows), level, tasks),
            right_before=len(right),
            flipped=flipped,
            flip_rate=flipped / len(right) if right else None,
            low=low,
            high=high,
            shift=sum(shifts) / len(shifts) / spread if shifts and spread else None,
        )


def _crossed(plain: PairScore, made: PairScore) -> PairScore:
    """Return the row of the unedited better answer against the edited worse one."""
    values = plain.to_dict() | {"rejected_score": made.rejected_score}
    return PairScore.from_dict(values)


class AttackResults(Result):
    """Results of one model under the edits."""

    kind = "results file of an attack"

    model: str
    """Name of the model."""
    model_digest: str
    """Hash of the model."""
    benchmark: str
    """Name of the benchmark."""
    benchmark_digest: str
    """Hash of its pairs."""
    prompts: str
    """Prompt mode."""
    unedited: Accuracy
    """Accuracy on all pairs, without an edit."""
    edits: dict[str, Flips]
    """Edit -> all pairs that it fits."""
    by_language: dict[str, dict[str, Flips]]
    """Edit -> language -> pairs."""
    unfit: dict[str, int]
    """Edit -> pairs whose worse answer has no place for it, or where it could change behavior."""
    level: float
    """What intervals should cover."""
    version: str
    """Of this package."""

    def table(self) -> Group:
        """Return two tables that fit 80 columns: accuracy and flip rate by edit, and flip rate by edit and language."""
        from rich import box
        from rich.console import Group
        from rich.table import Table

        def made(title: str, caption: str, *columns: str) -> Table:
            table = Table(
                title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 1), caption_justify="left"
            )
            for name in ("edit", *columns):
                table.add_column(name, justify="left" if name == "edit" else "right", no_wrap=True)
            return table

        whole = made(
            f"{self.model} on {self.benchmark} under edits of the worse answer",
            "In percent: accuracy (ties half) before, with the worse answer edited, with both edited; flips: "
            f"rightly ordered pairs that are so no more ({self.level:.0%} interval).",
            *("pairs", "before", "attacked", "both", "flips"),
        )
        languages = [
            row for row in benchmark_languages() if any(row.benchmark_name in cut for cut in self.by_language.values())
        ]
        parts = made("Flips by language", "In percent of rightly ordered pairs.", *(r.extensions[0] for r in languages))
        for name, flips in self.edits.items():
            accuracies = (_share(of.value) for of in (flips.before, flips.attacked, flips.both))
            known = flips.low is not None and flips.high is not None
            interval = f" [{100 * (flips.low or 0):.0f}–{100 * (flips.high or 0):.0f}]" if known else ""
            whole.add_row(name, str(flips.pairs), *accuracies, escape(_share(flips.flip_rate) + interval))
            found = self.by_language[name]
            parts.add_row(name, *(_share(_rate(found.get(row.benchmark_name)), 0) for row in languages))
        return Group(whole, parts)


def _rate(flips: Flips | None) -> float | None:
    return flips.flip_rate if flips else None


def _share(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{100 * value:.{digits}f}"


def attack(
    model: str | Path, benchmark: str | Path, out: Path, settings: AttackSettings | None = None
) -> AttackResults:
    """Score a benchmark under every edit, and write ``results.json`` and the scores by edit.

    A job that was killed goes on behind its last whole part.

    Args:
        model: Baseline name or checkpoint folder.
        benchmark: ``authored``, a file or a folder.
        out: Folder to write to.
        settings: See :class:`AttackSettings`.

    Raises:
        InputError: The benchmark cannot be read, or an edit is not known.
        CheckpointError: The model cannot be loaded.
    """
    settings = settings or AttackSettings()
    wanted = [edit for edit in EDITS if not settings.edits or edit.name in settings.edits]
    unknown = set(settings.edits) - {edit.name for edit in EDITS}
    if unknown:
        raise InputError(f"There is no edit '{min(unknown)}'.", f"Edits: {', '.join(e.name for e in EDITS)}.")
    read = read_benchmark(benchmark)
    prompting = RunPrompts.choose(model, settings.prompts, settings.prompt_set, settings.model)
    loaded = load_model(model, settings.model)
    out.mkdir(parents=True, exist_ok=True)
    done: list[str] = []
    with status_spinner("adversarial", lambda: f"{len(done)} of {len(wanted) + 1} passes over {len(read.pairs)} pairs"):
        plain = score_benchmark(loaded, read, prompting, out / f"{UNEDITED}.parquet", settings)
        scored = {}
        for edit in wanted:
            done.append(edit.name)
            made = _edited(edit, read)
            scored[edit.name] = score_benchmark(loaded, made, prompting, out / f"{edit.name}.parquet", settings)
    results = _results(plain, scored, settings.level, read.tasks)
    whole = AttackResults(
        model=loaded.identity.name,
        model_digest=loaded.identity.digest,
        benchmark=read.name,
        benchmark_digest=read.digest,
        prompts=prompting.mode,
        unedited=Accuracy.from_scores(plain, settings.level, read.tasks),
        edits={name: cuts[0] for name, cuts in results.items()},
        by_language={name: cuts[1] for name, cuts in results.items()},
        unfit={name: len(plain) - len(rows) for name, rows in scored.items()},
        level=settings.level,
        version=themis_rm.__version__,
    )
    whole.save(out / RESULTS)
    return whole


def _edited(edit: Edit, benchmark: Benchmark) -> Benchmark:
    """Return the pairs whose worse answer the edit fits, both answers edited where it fits them."""
    pairs = []
    for pair in benchmark.pairs:
        worse = edited(edit, pair.rejected, pair.language, pair.id)
        if worse is None:
            continue
        better = edited(edit, pair.chosen, pair.language, pair.id)
        values = pair.to_dict() | {"chosen": better or pair.chosen, "rejected": worse}
        pairs.append(BenchmarkPair.from_dict(values))
    return Benchmark(f"{benchmark.name}-{edit.name}", tuple(pairs))


def _results(
    plain: Iterable[PairScore], scored: dict[str, list[PairScore]], level: float, tasks: Mapping[str, str]
) -> dict[str, tuple[Flips, dict[str, Flips]]]:
    known = {row.id: row for row in plain}
    rewards = [value for row in known.values() for value in (row.chosen_score, row.rejected_score) if value is not None]
    spread = float(np.std(rewards)) if rewards else 0.0
    found = {}
    for name, rows in scored.items():
        paired = [(known[row.id], row) for row in rows]
        languages = Counter(row.language for row in rows)
        cuts = {
            spoken: Flips.of([item for item in paired if item[1].language == spoken], spread, level, tasks)
            for spoken in sorted(languages)
        }
        found[name] = Flips.of(paired, spread, level, tasks), cuts
    return found
