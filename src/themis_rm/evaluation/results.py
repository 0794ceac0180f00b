"""``results.json``: the published figures under their published keys, and beside them what lets a reader trust them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from themis_rm.benchmark.pairs import NOT_VERIFIED
from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError
from themis_rm.evaluation import statistics as stats
from themis_rm.evaluation.statistics import Accuracy, Comparison
from themis_rm.languages import benchmark_languages
from themis_rm.records import PairScore
from themis_rm.results import Result, ResultPart

if TYPE_CHECKING:
    from rich.table import Table


class Accuracies(ResultPart):
    """Accuracies with ties, failures and intervals, over all pairs and by each cut."""

    overall: Accuracy
    """All pairs."""
    by_aspect: dict[str, Accuracy]
    """By criterion (benchmark names)."""
    by_language: dict[str, Accuracy]
    """By language (benchmark names)."""
    by_subset: dict[str, Accuracy]
    """By subset."""
    cells: dict[str, dict[str, Accuracy]]
    """Criterion -> language; a cell without pairs is absent."""
    length_matched: Accuracy
    """Pairs whose responses differ in length by at most the run's ``length_band``."""
    length_balanced: float | None
    """Mean of the accuracies where chosen is longer and where it is shorter; "longer wins" gets 0.5."""

    @classmethod
    def from_scores(cls, scores: Sequence[PairScore], level: float, band: float, tasks: Mapping[str, str]) -> Self:
        """Compute all of them from a run's rows; ``tasks`` names the task of each pair that may share one."""

        def cut(rows: Sequence[PairScore], column: str) -> dict[str, Accuracy]:
            return {value: Accuracy.from_scores(group, level, tasks) for value, group in stats.by(rows, column).items()}

        return cls(
            overall=Accuracy.from_scores(scores, level, tasks),
            by_aspect=cut(scores, "aspect"),
            by_language=cut(scores, "language"),
            by_subset=cut(scores, "subset"),
            cells={aspect: cut(rows, "language") for aspect, rows in stats.by(scores, "aspect").items()},
            length_matched=Accuracy.from_scores(stats.length_matched(scores, band), level, tasks),
            length_balanced=stats.length_balanced(scores),
        )


class BaselineResults(ResultPart):
    """A baseline on the same pairs."""

    name: str
    """Its name."""
    digest: str
    """Hash of its parameters."""
    accuracies: Accuracies
    """Its figures."""
    comparison: Comparison | None
    """The evaluated model against it, paired."""
    p_holm: float | None
    """McNemar's p-value, adjusted for the number of baselines."""


class RunInfo(ResultPart):
    """What the figures were made with."""

    model: str
    """Name of the model."""
    family: str
    """Its row of the catalog."""
    model_digest: str
    """Hash of weights, configuration, tokenizer and template."""
    model_facts: dict[str, str | int]
    """What else changes scores: dtype, attention, longest input, system-role policy, versions."""
    benchmark: str
    """Name of the benchmark."""
    benchmark_digest: str
    """Hash of its usable pairs."""
    verified: str = "any"
    """``agrees`` if only pairs were used whose label agrees with execution; the others are counted as rejected."""
    prompts: str
    """``none``, ``all`` or ``own``."""
    prompt_set: str
    """Name of the prompt set; empty for mode ``none``."""
    prompt_digest: str
    """Hash of the prompt set; empty for mode ``none``."""
    level: float
    """What intervals should cover."""
    length_band: float
    """Largest ratio of lengths of a length-matched pair."""
    versions: dict[str, str]
    """Versions of this package and of what it stands on."""


class RowCounts(ResultPart):
    """Where the rows went."""

    read: int
    """Rows of the benchmark."""
    scored: int
    """Pairs with two scores."""
    truncated: int
    """Scored pairs of which a response was cut."""
    failed: dict[str, int]
    """Reason -> pairs that could not be scored; they count as lost."""
    rejected: dict[str, int]
    """Reason -> rows that were no usable pair; kept in ``rejected.jsonl`` and not counted in any accuracy."""


class EvaluationResults(Result):
    """The results of one model on one benchmark. A published file has the first four blocks alone."""

    kind = "results file"

    overall: dict[str, Any]
    """Published: strict accuracy (ties and failures are wrong), counts, moments of the score differences."""
    by_aspect: dict[str, dict[str, Any]]
    """Published: strict accuracy and count."""
    by_language: dict[str, dict[str, Any]]
    """Published: strict accuracy and count."""
    by_subset: dict[str, dict[str, Any]]
    """Published: strict accuracy and count."""
    accuracies: Accuracies | None = None
    """Ties half, with intervals, ties and failures."""
    stated: Accuracies | None = None
    """The same of the scores that a judge wrote, where its rewards are expectations over what it might have written."""
    counts: RowCounts | None = None
    """Rows read, scored, cut, failed, rejected."""
    baselines: list[BaselineResults] = Field(default_factory=list)
    """Baselines on the same pairs."""
    run: RunInfo | None = None
    """Model, benchmark, prompts, versions."""

    @classmethod
    def published(cls, scores: Sequence[PairScore], **ours: Any) -> Self:
        """Compute the published blocks from a run's rows; ``ours`` are the further ones."""
        return cls(
            overall=dict(stats.published(scores)),
            by_aspect=stats.published_groups(scores, "aspect"),
            by_language=stats.published_groups(scores, "language"),
            by_subset=stats.published_groups(scores, "subset"),
            **ours,
        )

    def table(self) -> Table:
        """Return criterion x language with intervals and numbers of pairs; all criteria and the baselines come last.

        It fits into 80 columns: languages stand there by their file endings.

        Raises:
            InputError: The results were read from a published file, which has no such cells.
        """
        from rich import box
        from rich.table import Table

        if self.accuracies is None or self.run is None:
            raise InputError("These results have no criterion x language cells.", "Evaluate, or read the scores.")
        languages = [row for row in benchmark_languages() if row.benchmark_name in self.accuracies.by_language]
        run = self.run
        table = Table(
            title=f"{run.model} on {run.benchmark}, prompts: {run.prompts}",
            caption=_caption(self.accuracies.overall, self.stated, run, self.baselines, self.counts),
            box=box.SIMPLE_HEAD,
            padding=(0, 0, 1, 0),
            caption_justify="left",
        )
        table.add_column("")
        for row in languages:
            table.add_column(row.extensions[0], justify="right", no_wrap=True)
        table.add_column("all", justify="right", no_wrap=True)
        for asked in CRITERIA:
            if asked.benchmark_aspect in self.accuracies.by_aspect:
                cells = self.accuracies.cells[asked.benchmark_aspect]
                figures = [cells.get(item.benchmark_name) for item in languages]
                figures.append(self.accuracies.by_aspect[asked.benchmark_aspect])
                table.add_row(asked.short, *map(_cell, figures))
        table.add_section()
        written = [("as written", self.stated)] if self.stated is not None else []
        for name, of in [("all", self.accuracies), *written, *((b.name, b.accuracies) for b in self.baselines)]:
            figures = [of.by_language.get(item.benchmark_name) for item in languages]
            table.add_row(name.replace("-", "-\n"), *map(_cell, [*figures, of.overall]))
        return table


def _caption(
    overall: Accuracy,
    stated: Accuracies | None,
    run: RunInfo,
    baselines: Sequence[BaselineResults],
    counts: RowCounts | None,
) -> str:
    cut = f", truncated {counts.truncated}" if counts else ""
    lines = [
        f"Accuracy in percent, ties half, {run.level:.0%} interval, n pairs. "
        f"Ties {_percent(overall.tie_rate)} %, failed {overall.failed}{cut} of {overall.n}."
    ]
    if stated is not None:
        ties = _percent(stated.overall.tie_rate)
        lines.append(f"Rewards are expected scores; of the scores as they were written {ties} % tie.")
    if overall.tasks is not None:
        lines.append(f"Intervals and tests take tasks for units: the {overall.n} pairs come from {overall.tasks}.")
    if run.verified != "any":
        rejected = counts.rejected if counts else {}
        left_out = sum(count for reason, count in rejected.items() if reason.startswith(NOT_VERIFIED))
        lines.append(f"Only pairs whose label agrees with execution; {left_out} left out.")
    for item in baselines:
        if item.comparison is not None:
            found = item.comparison
            lines.append(
                f"Against {item.name}: {100 * found.difference:+.1f} points "
                f"[{100 * found.low:+.1f}, {100 * found.high:+.1f}], McNemar p = {found.p_mcnemar:.2g}."
            )
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _cell(of: Accuracy | None) -> str:
    if of is None or of.value is None:
        return "-"
    # An interval in whole percent fits into a narrow terminal; results.json has all digits.
    interval = "" if of.low is None or of.high is None else f"{100 * of.low:.0f}–{100 * of.high:.0f}"
    return f"{_percent(of.value)}\n{interval}\nn={of.n}"
