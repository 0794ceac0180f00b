"""Evaluation of a model under every adversarial edit: how often an edit of the worse response flips the order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import themis_rm
from themis_rm.benchmark.pairs import Benchmark, read_benchmark
from themis_rm.dataset.preferences import DataSettings
from themis_rm.evaluation.adversarial.registry import AdversarialEdit, apply_edit, select_edits
from themis_rm.evaluation.evaluate import RunPrompts, ScoringSettings, score_benchmark, scoring_job
from themis_rm.evaluation.statistics import OUTCOMES, WIN, Accuracy, mean_interval, pair_outcome
from themis_rm.languages import benchmark_languages
from themis_rm.models.loading import load_model
from themis_rm.progress import status_spinner
from themis_rm.records import BenchmarkPair, PairScore
from themis_rm.results import Result, ResultPart
from themis_rm.storage.output_dir import prepare_output_dir

if TYPE_CHECKING:
    from rich.console import Group

RESULTS = "results.json"
UNEDITED = "unedited"


class AttackSettings(ScoringSettings, DataSettings):
    """Settings of an evaluation under adversarial edits."""

    edits: tuple[str, ...] = ()
    """Names of edits; empty for all."""


class EditEffect(ResultPart):
    """Effect of an edit on a model's scores of some pairs."""

    pairs: int
    """Pairs whose worse response the edit fits."""
    before: Accuracy
    """Accuracy on them without the edit."""
    attacked: Accuracy
    """Accuracy with the worse response edited."""
    both: Accuracy
    """Accuracy with both responses edited."""
    failed: int = 0
    """Pairs that were scored unedited and cannot be scored once edited; the edit did not flip them."""
    right_before: int
    """Pairs that are ordered correctly, without a tie, before the edit, and have scores with it."""
    flipped: int
    """Those of them that are not when the worse response is edited."""
    flip_rate: float | None
    """Their share; ``None`` if no pair was ordered correctly."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end."""
    shift: float | None
    """Mean change of the worse response's reward, in standard deviations of the unedited rewards."""

    @classmethod
    def from_scores(
        cls, rows: Sequence[tuple[PairScore, PairScore]], spread: float, level: float, tasks: Mapping[str, str]
    ) -> Self:
        """Compare scores without and with the edit.

        Args:
            rows: Scores of each pair unedited, and with both responses edited where the edit fits them.
            spread: Standard deviation of the unedited rewards.
            level: Confidence level of the intervals.
            tasks: Pair id -> task, for pairs that may share one.
        """
        attacked = [_edit_rejected_only(plain, edited) for plain, edited in rows]
        outcomes = [(pair_outcome(plain), pair_outcome(hit)) for (plain, _), hit in zip(rows, attacked, strict=True)]
        right = [
            (rows[index][0], attacked[index])
            for index, (before, after) in enumerate(outcomes)
            if before == WIN and after is not None
        ]
        flips = [float(pair_outcome(hit) != WIN) for _, hit in right]
        flipped = int(sum(flips))
        low = high = None
        if right:
            low, high, _ = mean_interval([hit.id for _, hit in right], flips, OUTCOMES, level, tasks)
        shifts = [
            edited.rejected_score - plain.rejected_score
            for plain, edited in rows
            if edited.rejected_score is not None and plain.rejected_score is not None
        ]
        return cls(
            pairs=len(rows),
            before=Accuracy.from_scores((plain for plain, _ in rows), level, tasks),
            attacked=Accuracy.from_scores(attacked, level, tasks),
            both=Accuracy.from_scores((edited for _, edited in rows), level, tasks),
            failed=sum(before is not None and after is None for before, after in outcomes),
            right_before=len(right),
            flipped=flipped,
            flip_rate=flipped / len(right) if right else None,
            low=low,
            high=high,
            shift=sum(shifts) / len(shifts) / spread if shifts and spread else None,
        )


def _edit_rejected_only(plain: PairScore, edited: PairScore) -> PairScore:
    """Return the scores of the unedited better response and the edited worse one."""
    values = plain.to_dict() | {"rejected_score": edited.rejected_score}
    return PairScore.from_dict(values)


class AttackResults(Result):
    """Results of one model under adversarial edits."""

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
    edits: dict[str, EditEffect]
    """Edit -> its effect on all pairs that it fits."""
    by_language: dict[str, dict[str, EditEffect]]
    """Edit -> language -> its effect on the pairs of the language."""
    unfit: dict[str, int]
    """Edit -> number of pairs whose worse response it does not fit, or whose behavior it could change."""
    level: float
    """Confidence level of the intervals."""
    version: str
    """Version of this package."""

    def records(self) -> list[dict[str, Any]]:
        """Return one row per edit: pairs, accuracies, flip rate with its interval, and shift of the reward."""
        return [
            {
                "edit": name,
                "pairs": effect.pairs,
                "before": effect.before.value,
                "attacked": effect.attacked.value,
                "both": effect.both.value,
                "flip_rate": effect.flip_rate,
                "low": effect.low,
                "high": effect.high,
                "shift": effect.shift,
                "failed": effect.failed,
            }
            for name, effect in self.edits.items()
        ]

    def summary(self) -> str:
        """Return one line with the unedited accuracy and the edit that flips most."""
        line = f"{self.model} on {self.benchmark}, accuracy {_percent(self.unedited.value)} % unedited"
        line += f", failed {self.unedited.failed} of {self.unedited.n}" if self.unedited.failed else ""
        name, effect = max(self.edits.items(), key=lambda item: item[1].flip_rate or 0.0, default=("", None))
        return f"{line}, {name} flips {_percent(effect.flip_rate)} % of the correct pairs" if effect else line

    def _failures(self) -> int:
        return sum(effect.failed for effect in self.edits.values())

    def table(self) -> Group:
        """Return two tables that fit 80 columns: accuracy and flip rate by edit, and flip rate by edit and language."""
        from rich import box
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        def new_table(title: str, caption: str, *columns: str) -> Table:
            table = Table(
                title=title, caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 1), caption_justify="left"
            )
            for name in ("edit", *columns):
                table.add_column(name, justify="left" if name == "edit" else "right", no_wrap=True)
            return table

        effects = new_table(
            f"{self.model} on {self.benchmark} under edits of the worse response",
            "In percent: accuracy (ties half) before, with the worse response edited, with both edited; flips: "
            f"correctly ordered pairs that no longer are ({self.level:.0%} interval).",
            *("pairs", "before", "attacked", "both", "flips", *(["failed"] if self._failures() else [])),
        )
        languages = [
            row for row in benchmark_languages() if any(row.benchmark_name in cut for cut in self.by_language.values())
        ]
        by_language = new_table(
            "Flips by language", "In percent of correctly ordered pairs.", *(r.extensions[0] for r in languages)
        )
        for name, flips in self.edits.items():
            accuracies = (_percent(of.value) for of in (flips.before, flips.attacked, flips.both))
            known = flips.low is not None and flips.high is not None
            interval = f" [{100 * (flips.low or 0):.0f}–{100 * (flips.high or 0):.0f}]" if known else ""
            failed = [str(flips.failed)] if self._failures() else []
            effects.add_row(name, str(flips.pairs), *accuracies, Text(_percent(flips.flip_rate) + interval), *failed)
            effects_by_language = self.by_language[name]
            by_language.add_row(
                name, *(_percent(_rate(effects_by_language.get(row.benchmark_name)), 0) for row in languages)
            )
        return Group(effects, by_language)


def _rate(flips: EditEffect | None) -> float | None:
    return flips.flip_rate if flips else None


def _percent(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{100 * value:.{digits}f}"


def attack(
    model: str | Path, benchmark: str | Path, out: str | Path, settings: AttackSettings | None = None
) -> AttackResults:
    """Score a benchmark under every edit; write ``results.json`` and one score file per edit.

    An interrupted run resumes after its last complete part.

    Args:
        model: Name of a baseline or checkpoint directory.
        benchmark: ``authored``, a file or a directory.
        out: Output directory.
        settings: See :class:`AttackSettings`.

    Raises:
        InputError: The benchmark cannot be read.
        SettingError: An edit is unknown.
        CheckpointError: The model cannot be loaded.
        NotEvaluatedError: Too few unedited pairs can be scored, see :mod:`themis_rm.evaluation.failures`.
    """
    settings, out = settings or AttackSettings(), Path(out)
    selected = select_edits(settings.edits)
    pairs = read_benchmark(benchmark, settings=settings.reader_settings())
    prompting = RunPrompts.load(model, settings.prompts, settings.prompt_set, settings.model)
    loaded = load_model(model, settings.model)
    prompting.check(pairs.pairs)
    outputs = (RESULTS, f"{UNEDITED}.parquet")
    prepare_output_dir(out, "adversarial", scoring_job(loaded, pairs, prompting), outputs=outputs)
    done: list[str] = []
    with status_spinner(
        "adversarial", lambda: f"{len(done)} of {len(selected) + 1} passes over {len(pairs.pairs)} pairs"
    ):
        plain = score_benchmark(loaded, pairs, prompting, out / f"{UNEDITED}.parquet", settings)
        scored = {}
        for edit in selected:
            done.append(edit.name)
            edited = _edit_benchmark(edit, pairs)
            path = out / f"{edit.name}.parquet"
            scored[edit.name] = score_benchmark(loaded, edited, prompting, path, settings, required=False)
    effects = _compute_effects(plain, scored, settings.confidence_level, pairs.tasks)
    results = AttackResults(
        model=loaded.identity.name,
        model_digest=loaded.identity.digest,
        benchmark=pairs.name,
        benchmark_digest=pairs.digest,
        prompts=prompting.mode,
        unedited=Accuracy.from_scores(plain, settings.confidence_level, pairs.tasks),
        edits={name: cuts[0] for name, cuts in effects.items()},
        by_language={name: cuts[1] for name, cuts in effects.items()},
        unfit={name: len(plain) - len(rows) for name, rows in scored.items()},
        level=settings.confidence_level,
        version=themis_rm.__version__,
    )
    results.save(out / RESULTS)
    return results


def _edit_benchmark(edit: AdversarialEdit, benchmark: Benchmark) -> Benchmark:
    """Return the pairs whose worse response the edit fits, with both responses edited where it fits them."""
    pairs = []
    for pair in benchmark.pairs:
        worse = apply_edit(edit, pair.rejected, pair.language, pair.id)
        if worse is None:
            continue
        better = apply_edit(edit, pair.chosen, pair.language, pair.id)
        values = pair.to_dict() | {"chosen": better or pair.chosen, "rejected": worse}
        pairs.append(BenchmarkPair.from_dict(values))
    return Benchmark(f"{benchmark.name}-{edit.name}", tuple(pairs))


def _compute_effects(
    plain: Iterable[PairScore], scored: dict[str, list[PairScore]], level: float, tasks: Mapping[str, str]
) -> dict[str, tuple[EditEffect, dict[str, EditEffect]]]:
    known = {row.id: row for row in plain}
    rewards = [value for row in known.values() for value in (row.chosen_score, row.rejected_score) if value is not None]
    spread = float(np.std(rewards)) if rewards else 0.0
    effects = {}
    for name, rows in scored.items():
        paired = [(known[row.id], row) for row in rows]
        languages = Counter(row.language for row in rows)
        cuts = {
            language: EditEffect.from_scores(
                [item for item in paired if item[1].language == language], spread, level, tasks
            )
            for language in sorted(languages)
        }
        effects[name] = EditEffect.from_scores(paired, spread, level, tasks), cuts
    return effects
