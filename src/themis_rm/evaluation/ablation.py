"""Results of an ablation: accuracy of each variant over its seeds, and paired tests of its difference from the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from pydantic import Field

from themis_rm.criteria import CRITERIA
from themis_rm.evaluation.columns import format_interval, format_percent
from themis_rm.evaluation.seed_comparison import Runs, SeedAccuracy, SeedComparison, compare_recipes, mean_accuracy
from themis_rm.evaluation.statistics import Accuracy, holm_adjust
from themis_rm.records import PairScore
from themis_rm.results import Result, ResultPart

ALL = "all"
"""Name of the slice of all pairs."""
LARGEST_DIFFERENCE = 0.02
"""Difference of the shares of usable rows of two variants from which on a warning is given."""


class VariantRecord(ResultPart):
    """A variant of the training."""

    name: str
    """Its name."""
    about: str = ""
    """What it is for."""
    differs: list[str] = Field(default_factory=list)
    """What differs from the base; empty for the base."""
    unmatched: str = ""
    """Why it has another number of steps or pairs than the base."""
    prompts: str = ""
    """Criteria prompts at evaluation, if not those of the evaluation."""
    steps: int
    """Optimizer steps, over all stages."""
    pairs_seen: int
    """Pairs in all steps, repetitions included."""
    pairs: int
    """Distinct training rows, over all stages."""
    kept: int
    """Rows among them that could be trained on: not too long, and with two different responses."""
    parameters: int
    """Number of weights."""
    checkpoints: list[str]
    """Checkpoint of each seed, relative to the output directory."""


class VariantComparison(ResultPart):
    """One variant on one slice of an evaluation."""

    variant: str
    """Name of the variant."""
    evaluation: str
    """Name of the evaluation."""
    slice: str
    """``all``, or the benchmark name of a criterion."""
    accuracy: SeedAccuracy
    """Accuracy, as the mean over seeds."""
    difference: SeedComparison | None = None
    """Difference from the base; ``None`` for the base."""
    p_pairs_holm: float | None = None
    """``p_pairs``, adjusted for the variants of an evaluation (``all``), or for its variants and criteria (Holm)."""
    p_holm: float | None = None
    """``p_value``, adjusted likewise; ``None`` for one seed."""

    def is_shown(self, level: float) -> bool:
        """Return whether both adjusted tests find the difference; with one seed there is only that over pairs."""
        found = [value for value in (self.p_pairs_holm, self.p_holm) if value is not None]
        return bool(found) and max(found) < 1 - level


class BaselineRecord(ResultPart):
    """A baseline on the pairs of an evaluation."""

    evaluation: str
    """Name of the evaluation."""
    name: str
    """Name of the baseline."""
    n: int
    """Number of pairs."""
    accuracy: float | None
    """Accuracy, a tie counting half."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval."""

    @classmethod
    def from_accuracy(cls, evaluation: str, name: str, accuracy: Accuracy) -> Self:
        """Return the record of an accuracy."""
        return cls(
            evaluation=evaluation,
            name=name,
            n=accuracy.n,
            accuracy=accuracy.value,
            low=accuracy.low,
            high=accuracy.high,
        )


class AblationResults(Result):
    """Result of an ablation."""

    kind: ClassVar[str] = "results of an ablation"

    name: str
    """Name of the ablation."""
    base: str
    """Name of the base variant."""
    seeds: list[int]
    """Seeds of all variants."""
    confidence_level: float
    """Confidence level of the intervals; a difference is shown if its p-values are below 1 minus this."""
    benchmarks: dict[str, str]
    """Evaluation -> digest of its pairs."""
    data: dict[str, str]
    """Stage -> SHA-256 of its dataset."""
    variants: list[VariantRecord]
    """Variants, the base first."""
    comparisons: list[VariantComparison]
    """Figures by evaluation, slice and variant."""
    baselines: list[BaselineRecord]
    """Baselines on the same pairs."""

    def records(self) -> Sequence[dict[str, Any]]:
        """Return one row per evaluation, slice and variant."""
        return [self._record(row) for row in self.comparisons]

    def _record(self, row: VariantComparison) -> dict[str, Any]:
        accuracy, difference = row.accuracy, row.difference
        tested = {
            "difference": difference and difference.difference,
            "difference_low": difference and difference.low,
            "difference_high": difference and difference.high,
            "p_pairs": difference and difference.p_pairs,
            "p_pairs_holm": row.p_pairs_holm,
            "p_value": difference and difference.p_value,
            "p_holm": row.p_holm,
            "shown": None if difference is None else row.is_shown(self.confidence_level),
        }
        return {
            "evaluation": row.evaluation,
            "slice": row.slice,
            "variant": row.variant,
            "n": accuracy.n,
            "tasks": accuracy.tasks,
            "seeds": accuracy.seeds,
            "accuracy": accuracy.value,
            "low": accuracy.low,
            "high": accuracy.high,
            "seed_std": accuracy.seed_std,
            "strict": accuracy.strict,
            "tie_rate": accuracy.tie_rate,
            "failed": accuracy.failed,
            **tested,
        }

    def rows(self, evaluation: str, part: str = ALL) -> list[VariantComparison]:
        """Return the figures of all variants on a slice of an evaluation, in the order of the variants."""
        return [row for row in self.comparisons if row.evaluation == evaluation and row.slice == part]

    def slices(self, evaluation: str) -> list[str]:
        """Return the slices of an evaluation: all pairs, then criteria in their usual order."""
        found = dict.fromkeys(row.slice for row in self.comparisons if row.evaluation == evaluation)
        known = [row.benchmark_aspect for row in CRITERIA if row.benchmark_aspect in found]
        return [ALL, *known, *(name for name in found if name not in {ALL, *known})]

    def summary(self) -> str:
        """Return the number of variants, seeds and differences that the tests find."""
        tested = [row for row in self.comparisons if row.difference is not None and row.slice == ALL]
        shown = sum(row.is_shown(self.confidence_level) for row in tested)
        return (
            f"{self.name}: {len(self.variants)} variants x {len(self.seeds)} seeds, {shown} of {len(tested)} "
            f"differences from {self.base} shown"
        )

    def warnings(self) -> list[str]:
        """Return which variants lost another share of their rows than the base, so that they are not matched."""
        base = self.variants[0]
        share = base.kept / base.pairs
        return [
            f"{row.name} was trained on {row.kept:,} of its {row.pairs:,} rows, the base on {base.kept:,} of "
            f"{base.pairs:,}: the others are too long, or have equal responses after truncation. "
            "Set rows.max_characters."
            for row in self.variants
            if abs(row.kept / row.pairs - share) > LARGEST_DIFFERENCE
        ]

    def findings(self) -> list[str]:
        """Return one line per variant and evaluation: its difference from the base, and whether the tests find it."""
        return [
            self._finding(row, row.difference)
            for row in self.comparisons
            if row.slice == ALL and row.difference is not None
        ]

    def _finding(self, row: VariantComparison, difference: SeedComparison) -> str:
        verdict = "shown" if row.is_shown(self.confidence_level) else "not shown"
        if row.p_holm is None and verdict == "shown":
            verdict = "shown for these checkpoints only (one seed)"
        over_seeds = "" if row.p_holm is None else f", over pairs and seeds p = {format_p(row.p_holm)}"
        unmatched = {record.name: record.unmatched for record in self.variants}[row.variant]
        return (
            f"{row.evaluation}, {row.variant} against {self.base}: {100 * difference.difference:+.1f} points "
            f"[{100 * difference.low:+.1f}, {100 * difference.high:+.1f}], {verdict} "
            f"(over pairs p = {format_p(row.p_pairs_holm)}{over_seeds}; n = {row.accuracy.n}, "
            f"{row.accuracy.seeds} seeds)" + (f"; not matched: {unmatched}" if unmatched else "")
        )

    def method(self) -> str:
        """Return how figures, intervals and tests were computed."""
        level = f"{self.confidence_level:.0%}"
        seeds = len(self.seeds)
        tests = (
            "p (pairs): paired randomization test over pairs, of outcomes averaged over seeds"
            + ("; p: min F' over pairs and seeds. " if seeds > 1 else "; one seed, so no test over seeds. ")
            + "Both are adjusted after Holm, for all variants of an evaluation, and by criterion for all its variants "
            f"and criteria. A difference is shown if {'both are' if seeds > 1 else 'it is'} below "
            f"{1 - self.confidence_level:.3g}."
        )
        return (
            f"Accuracy in percent, a tie counts half, mean over {seeds} seed{'s' if seeds > 1 else ''} "
            f"({', '.join(map(str, self.seeds))}); {level} bootstrap intervals over pairs, of tasks where pairs share "
            f"one. Differences are from {self.base} on the same pairs, with {level} intervals over pairs"
            f"{' and seeds' if seeds > 1 else ''}. {tests}"
        )

    def table(self) -> Any:
        """Return the main figures for a terminal: a table for each evaluation, and the findings."""
        from rich.console import Group

        from themis_rm.evaluation.ablation_tables import terminal_table

        return Group(*(terminal_table(self, name) for name in self.benchmarks))


def compare_variants(
    evaluation: str, base: str, runs: Mapping[str, Runs], level: float, tasks: Mapping[str, str] | None = None
) -> list[VariantComparison]:
    """Compare all variants with the base on one evaluation, over all pairs and by criterion.

    Args:
        evaluation: Name of the evaluation.
        base: Name of the base.
        runs: Variant -> scores for each seed.
        level: Confidence level.
        tasks: Pair id -> task.

    Raises:
        InputError: Variants were scored on other pairs.
    """
    criteria = list(dict.fromkeys(row.aspect for row in runs[base][0]))
    overall = _compare_slice(evaluation, ALL, base, runs, level, tasks)
    by_criterion = []
    if len(criteria) > 1:
        for name in criteria:
            part = {variant: [_of_criterion(rows, name) for rows in items] for variant, items in runs.items()}
            by_criterion += _compare_slice(evaluation, name, base, part, level, tasks)
    return [*_adjust(overall), *_adjust(by_criterion)]


def _of_criterion(rows: Sequence[PairScore], name: str) -> list[PairScore]:
    return [row for row in rows if row.aspect == name]


def _compare_slice(
    evaluation: str,
    part: str,
    base: str,
    runs: Mapping[str, Runs],
    level: float,
    tasks: Mapping[str, str] | None,
) -> list[VariantComparison]:
    return [
        VariantComparison(
            variant=name,
            evaluation=evaluation,
            slice=part,
            accuracy=mean_accuracy(items, level, tasks),
            difference=None if name == base else compare_recipes(items, runs[base], level, tasks),
        )
        for name, items in runs.items()
    ]


def _adjust(rows: Sequence[VariantComparison]) -> list[VariantComparison]:
    """Return the rows with p-values that are adjusted for all of them."""
    pairs = iter(holm_adjust([row.difference.p_pairs for row in rows if row.difference]))
    both = iter(
        holm_adjust([row.difference.p_value for row in rows if row.difference and row.difference.p_value is not None])
    )
    return [
        row.model_copy(
            update={
                "p_pairs_holm": next(pairs),
                "p_holm": None if row.difference.p_value is None else next(both),
            }
        )
        if row.difference
        else row
        for row in rows
    ]


def format_p(value: float | None) -> str:
    """Return a p-value with two significant digits."""
    if value is None:
        return "-"
    return "< 0.0001" if value < 0.0001 else f"{value:.2g}"


def format_difference(row: VariantComparison) -> str:
    """Return a difference in points with its interval, empty for the base."""
    if row.difference is None:
        return ""
    found = row.difference
    return f"{100 * found.difference:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"


def format_accuracy(accuracy: SeedAccuracy) -> str:
    """Return an accuracy in percent with its interval."""
    return f"{format_percent(accuracy.value)} ({format_interval(accuracy.low, accuracy.high)})"
