"""Accuracy before and after training: two evaluations of the same pairs, compared pair by pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError
from themis_rm.evaluation.columns import format_percent
from themis_rm.evaluation.evaluate import RESULTS, SCORES
from themis_rm.evaluation.results import Accuracies, EvaluationResults
from themis_rm.evaluation.scores import read_scores
from themis_rm.evaluation.statistics import Accuracy, Comparison, compare, group_by
from themis_rm.records import PairScore


@dataclass(frozen=True)
class AccuracyChange:
    """Accuracies of two models on the same pairs.

    Attributes:
        name: Which pairs: a title, a criterion, a subset.
        before: Accuracy of the model that training started from.
        after: Accuracy of the trained model.
        comparison: Paired comparison of the trained model with the start model; ``None`` if one has no score.
    """

    name: str
    before: Accuracy
    after: Accuracy
    comparison: Comparison | None

    @classmethod
    def from_scores(
        cls, name: str, before: Sequence[PairScore], after: Sequence[PairScore], level: float, tasks: Mapping[str, str]
    ) -> AccuracyChange:
        """Compare the scores of two models.

        Args:
            name: Which pairs.
            before: Scores of the start model.
            after: Scores of the trained model.
            level: Confidence level.
            tasks: Pair id -> task, for pairs that may share a task.
        """
        first, second = (Accuracy.from_scores(rows, level, tasks) for rows in (before, after))
        return cls(name, first, second, compare(after, before, level, tasks))

    def describe(self, level: float) -> str:
        """Return the difference in points with its interval and the p-value of the paired randomization test."""
        if (test := self.comparison) is None:
            return "-"
        interval = f"{100 * test.low:+.1f} to {100 * test.high:+.1f}"
        return f"{100 * test.difference:+.1f} points ({level:.0%} interval {interval}, p = {test.p_value:.2g})"


@dataclass(frozen=True)
class BeforeAfter:
    """Results on the same pairs before and after training.

    Attributes:
        before: Results of the model that training started from.
        after: Results of the trained model.
        overall: The change over all pairs.
        groups: The changes by criterion and by subset, where these are not all pairs.
        margins: Pair id -> reward of the chosen minus that of the rejected response, before and after training, each
            ``None`` for a failed pair.
        level: Confidence level.
    """

    before: EvaluationResults
    after: EvaluationResults
    overall: AccuracyChange
    groups: list[AccuracyChange]
    margins: dict[str, tuple[float | None, float | None]]
    level: float

    @classmethod
    def load(cls, name: str, before: Path, after: Path, tasks: Mapping[str, str]) -> BeforeAfter:
        """Read two output directories of ``evaluate``.

        Args:
            name: What the pairs are.
            before: Output directory of the start model.
            after: Output directory of the trained model.
            tasks: Pair id -> task, for pairs that may share a task.

        Raises:
            InputError: A file is missing or damaged, or the directories are of different pairs.
        """
        results = [EvaluationResults.load(folder / RESULTS) for folder in (before, after)]
        infos = [item.run for item in results]
        if infos[0] is None or infos[1] is None or infos[0].benchmark_digest != infos[1].benchmark_digest:
            raise InputError(f"{before} and {after} are not evaluations of the same pairs.", "Evaluate both again.")
        level = infos[1].confidence_level
        first, second = (read_scores(folder / SCORES) for folder in (before, after))
        overall = AccuracyChange.from_scores(name, first, second, level, tasks)
        groups = [
            AccuracyChange.from_scores(group, *sides, level, tasks)
            for group, sides in _groups(first, second)
            if len(sides[1]) < len(second)
        ]
        margins = {one.id: (one.score_diff, two.score_diff) for one, two in zip(first, second, strict=True)}
        return cls(results[0], results[1], overall, groups, margins, level)

    def describe_pairs(self) -> str:
        """Return how many pairs were evaluated: ``100 of 240 pairs``."""
        n, others = self.overall.after.n, self.after.counts.beyond_limit if self.after.counts else 0
        return f"{n:,} of {n + others:,} pairs" if others else f"{n:,} pairs"

    def systems(self) -> list[tuple[str, Accuracies]]:
        """Return start model, trained model and baselines with their accuracies."""
        runs = {"before training": self.before, "after training": self.after}
        models = [(name, item.accuracies) for name, item in runs.items()]
        baselines = [(item.name, item.accuracies) for item in self.after.baselines]
        return [(name, accuracies) for name, accuracies in [*models, *baselines] if accuracies is not None]

    def conclusion(self) -> str:
        """Return in words what training changed on these pairs, and whether that is more than noise."""
        test = self.overall.comparison
        if test is None:
            return f"{self.overall.name}: one of the models scored no pair, so that there is no comparison."
        verdict = f"{'better' if test.difference > 0 else 'worse'} after training."
        if test.p_value >= 1 - self.level:
            verdict = "not distinguishable from no change."
        shares = [format_percent(accuracy.value) for accuracy in (self.overall.before, self.overall.after)]
        return (
            f"{self.overall.name}, {self.describe_pairs()}: {shares[0]} % before, {shares[1]} % after training, "
            f"{self.overall.describe(self.level)}: {verdict}"
        )


def _groups(
    before: Sequence[PairScore], after: Sequence[PairScore]
) -> Iterator[tuple[str, tuple[list[PairScore], list[PairScore]]]]:
    """Yield the scores by criterion, in the order of the criteria, and by subset."""
    titles = {row.benchmark_aspect: row.title for row in CRITERIA}
    for column in ("aspect", "subset"):
        first, second = group_by(before, column), group_by(after, column)
        known = [name for name in titles if name in second]
        for name in [*known, *(name for name in second if name not in titles)]:
            yield titles.get(name, name), (first.get(name, []), second[name])
