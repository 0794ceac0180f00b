"""``results.json``: the published figures under their published keys, and further ones with intervals and counts."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from themis_rm.benchmark.pairs import NOT_VERIFIED
from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError
from themis_rm.evaluation import statistics as stats
from themis_rm.evaluation.columns import COUNTS, SHARES, accuracy_record, format_interval, format_percent
from themis_rm.evaluation.statistics import Accuracy, Comparison
from themis_rm.languages import benchmark_languages
from themis_rm.records import PairScore
from themis_rm.results import Result, ResultPart, html_table

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table


class Accuracies(ResultPart):
    """Accuracies of one model, over all pairs and by criterion, language, subset and cell."""

    overall: Accuracy
    """All pairs."""
    by_criterion: dict[str, Accuracy]
    """Benchmark name of the criterion -> accuracy."""
    by_language: dict[str, Accuracy]
    """Benchmark name of the language -> accuracy."""
    by_subset: dict[str, Accuracy]
    """Subset -> accuracy."""
    cells: dict[str, dict[str, Accuracy]]
    """Criterion -> language -> accuracy; cells without pairs are absent."""
    length_matched: Accuracy
    """Pairs whose response lengths differ by at most the run's ``max_length_ratio``."""
    length_balanced: float | None
    """Mean of the accuracies over pairs with a longer and with a shorter chosen response; "longer wins" gets 0.5."""

    @classmethod
    def from_scores(
        cls, scores: Sequence[PairScore], level: float, max_length_ratio: float, tasks: Mapping[str, str]
    ) -> Self:
        """Compute all accuracies of a run.

        Args:
            scores: Scored pairs.
            level: Confidence level.
            max_length_ratio: Largest ratio of response lengths of length-matched pairs.
            tasks: Pair id -> task, for pairs that may share a task.
        """

        def grouped(rows: Sequence[PairScore], column: str) -> dict[str, Accuracy]:
            groups = stats.group_by(rows, column).items()
            return {value: Accuracy.from_scores(group, level, tasks) for value, group in groups}

        matched = stats.select_length_matched(scores, max_length_ratio)
        return cls(
            overall=Accuracy.from_scores(scores, level, tasks),
            by_criterion=grouped(scores, "aspect"),
            by_language=grouped(scores, "language"),
            by_subset=grouped(scores, "subset"),
            cells={aspect: grouped(rows, "language") for aspect, rows in stats.group_by(scores, "aspect").items()},
            length_matched=Accuracy.from_scores(matched, level, tasks),
            length_balanced=stats.length_balanced_accuracy(scores),
        )

    def slices(self) -> Iterator[tuple[dict[str, str], Accuracy]]:
        """Yield each slice of the pairs, as values of the slice columns, with its accuracy."""
        yield _slice("all"), self.overall
        for criterion, accuracy in self.by_criterion.items():
            yield _slice("criterion", criterion=criterion), accuracy
        for language, accuracy in self.by_language.items():
            yield _slice("language", language=language), accuracy
        for subset, accuracy in self.by_subset.items():
            yield _slice("subset", subset=subset), accuracy
        for criterion, row in self.cells.items():
            for language, accuracy in row.items():
                yield _slice("cell", criterion=criterion, language=language), accuracy
        yield _slice("length-matched"), self.length_matched


class BaselineResults(ResultPart):
    """Figures of a baseline on the same pairs."""

    name: str
    """Name of the baseline."""
    digest: str
    """Hash of its parameters."""
    accuracies: Accuracies
    """Its accuracies."""
    comparison: Comparison | None
    """Paired comparison of the evaluated model with the baseline; ``None`` without shared pairs."""
    p_holm: float | None
    """McNemar's p-value, adjusted for the number of baselines (Holm)."""


class RunInfo(ResultPart):
    """Model, benchmark, prompts and settings of an evaluation."""

    model: str
    """Name of the model."""
    family: str
    """Model family."""
    model_digest: str
    """Hash of weights, configuration, tokenizer and chat template."""
    model_facts: dict[str, str | int]
    """Further facts that change scores: dtype, attention, maximum length, handling of the system role, versions."""
    benchmark: str
    """Name of the benchmark."""
    benchmark_digest: str
    """Hash of the scored pairs."""
    format: str = ""
    """Format of the rows of the benchmark; empty for runs of earlier versions."""
    verified: str = "any"
    """``agrees`` if only pairs whose label agrees with execution were used; the others are counted as rejected."""
    limit: int | None = None
    """Number of pairs that were scored, if not all."""
    prompts: str
    """Prompt mode: ``none``, ``all`` or ``own``."""
    prompt_set: str
    """Name of the prompt set; empty for mode ``none``."""
    prompt_source: str = ""
    """Where the prompt set comes from; empty for mode ``none`` and for runs of earlier versions."""
    prompt_digest: str
    """Hash of the prompt set; empty for mode ``none``."""
    confidence_level: float
    """Confidence level of the intervals."""
    max_length_ratio: float
    """Largest ratio of response lengths of length-matched pairs."""
    versions: dict[str, str]
    """Versions of this package and of its dependencies."""


class RowCounts(ResultPart):
    """What became of the rows of the benchmark."""

    read: int
    """Rows of the benchmark."""
    scored: int
    """Pairs with two scores."""
    truncated: int
    """Scored pairs with a truncated response."""
    failed: dict[str, int]
    """Reason -> pairs that could not be scored; they count as losses."""
    rejected: dict[str, int]
    """Reason -> rows that are not usable pairs; they are written to ``rejected.jsonl`` and are in no accuracy."""
    beyond_limit: int = 0
    """Pairs that were not scored because of ``limit``; they are in no accuracy."""
    without_criterion: int = 0
    """Pairs without a known criterion, which were scored without a criteria prompt in prompt mode ``own``."""
    notes: dict[str, int] = Field(default_factory=dict)
    """``control-tokens``: pairs with control tokens of the model in a text, encoded as text; ``partly-written``: pairs
    of which the chat template left out or changed a part."""


class EvaluationResults(Result):
    """Results of one model on one benchmark. Published files contain only the first four blocks."""

    kind = "results file"

    overall: dict[str, Any]
    """Published: strict accuracy (ties and failures are wrong), counts, moments of the score differences."""
    by_aspect: dict[str, dict[str, Any]]
    """Published: strict accuracy and count by criterion."""
    by_language: dict[str, dict[str, Any]]
    """Published: strict accuracy and count."""
    by_subset: dict[str, dict[str, Any]]
    """Published: strict accuracy and count."""
    accuracies: Accuracies | None = None
    """Accuracies with a tie counting half, with intervals, ties and failures."""
    stated: Accuracies | None = None
    """Accuracies of the scores that a judge stated, if its rewards are expected scores."""
    counts: RowCounts | None = None
    """Rows read, scored, truncated, failed and rejected."""
    baselines: list[BaselineResults] = Field(default_factory=list)
    """Baselines on the same pairs."""
    run: RunInfo | None = None
    """Model, benchmark, prompts and versions."""

    @classmethod
    def from_scores(cls, scores: Sequence[PairScore], **further: Any) -> Self:
        """Compute the published blocks.

        Args:
            scores: Scored pairs.
            further: Values of the other fields.
        """
        return cls(
            overall=dict(stats.published_overall(scores)),
            by_aspect=stats.published_groups(scores, "aspect"),
            by_language=stats.published_groups(scores, "language"),
            by_subset=stats.published_groups(scores, "subset"),
            **further,
        )

    def systems(self) -> list[tuple[str, Accuracies]]:
        """Return the names and accuracies of the model, of its stated scores if it has any, and of the baselines."""
        if self.accuracies is None or self.run is None:
            return []
        stated = [] if self.stated is None else [(f"{self.run.model} (stated)", self.stated)]
        return [
            (self.run.model, self.accuracies),
            *stated,
            *((item.name, item.accuracies) for item in self.baselines),
        ]

    def records(self) -> list[dict[str, Any]]:
        """Return one row per model or baseline and slice; see :data:`themis_rm.evaluation.columns.COLUMNS`."""
        if self.accuracies is None:
            return list(self._published_records())
        return [
            {"model": name, **columns, **accuracy_record(accuracy)}
            for name, accuracies in self.systems()
            for columns, accuracy in accuracies.slices()
        ]

    def _published_records(self) -> Iterator[dict[str, Any]]:
        empty = dict.fromkeys((*COUNTS, *SHARES))
        total = {"n": self.overall.get("total_examples"), "strict": self.overall.get("accuracy")}
        yield {"model": "", **_slice("all"), **empty, **total}
        for name, block in (("criterion", self.by_aspect), ("language", self.by_language), ("subset", self.by_subset)):
            for value, figures in block.items():
                counts = {"n": figures.get("count"), "strict": figures.get("accuracy")}
                yield {"model": "", **_slice(name, **{name: value}), **empty, **counts}

    def summary(self) -> str:
        """Return model, benchmark and overall accuracy in one line."""
        if self.accuracies is None or self.run is None:
            return f"strict accuracy {format_percent(self.overall.get('accuracy'))} %, published file"
        total = self.accuracies.overall
        start = f"{self.run.model} on {self.run.benchmark}: "
        if total.value is None:
            return f"{start}not evaluated, {self.failures() or 'no pairs'}"
        return (
            f"{start}accuracy {format_percent(total.value)} % "
            f"[{format_interval(total.low, total.high)}], strict {format_percent(total.strict)} %, "
            f"tie rate {format_percent(total.tie_rate)} %, n = {total.n}, {self.failures() or 'failed 0'}"
        )

    def failures(self) -> str:
        """Return ``failed 3 of 40 (timeout 2, parse-failed 1)``, the most frequent reasons first; empty without any."""
        total = self.accuracies.overall if self.accuracies else None
        if total is None or not total.failed:
            return ""
        counts = sorted((self.counts.failed if self.counts else {}).items(), key=lambda item: (-item[1], item[0]))
        reasons = ", ".join(f"{reason} {count}" for reason, count in counts)
        return f"failed {total.failed} of {total.n}" + (f" ({reasons})" if reasons else "")

    def _repr_html_(self) -> str:
        shown = [row for row in self.records() if row["slice"] in {"all", "criterion"}]
        return f"<p>{html.escape(self.summary())}</p>{html_table(shown)}"

    def table(self) -> Group:
        """Return tables for a terminal of 80 columns: overall accuracies, accuracies by criterion and language, notes.

        Raises:
            InputError: The results are a published file, which has neither intervals nor cells.
        """
        from rich.console import Group
        from rich.text import Text

        if self.accuracies is None or self.run is None:
            raise InputError("These results have no criterion x language cells.", "Evaluate the model with themis-rm.")
        return Group(self._overall_table(), self._cell_table(self.accuracies), Text("\n".join(self.notes())))

    def _overall_table(self) -> Table:
        title = f"{self.run.model} on {self.run.benchmark}, prompts: {self.run.prompts}" if self.run else ""
        title += f"\n{self.failures()}" if self.failures() else ""
        table = new_table(title, padding=(0, 1, 0, 0))
        table.add_column("model", overflow="fold")
        columns = ("n", *SHARES, "failed")
        for name in columns:
            table.add_column(name, justify="right", no_wrap=True)
        for name, accuracies in self.systems():
            row = accuracy_record(accuracies.overall)
            table.add_row(name, *(format_percent(row[c]) if c in SHARES else str(row[c]) for c in columns))
        return table

    def _cell_table(self, accuracies: Accuracies) -> Table:
        languages = [row for row in benchmark_languages() if row.benchmark_name in accuracies.by_language]
        table = new_table("Accuracy by criterion and language", padding=(0, 0, 1, 0))
        table.add_column("criterion")
        for name in (*(row.extensions[0] for row in languages), "all"):
            table.add_column(name, justify="right", no_wrap=True)
        known = {item.benchmark_aspect: item.short for item in CRITERIA}
        others = sorted(set(accuracies.by_criterion) - set(known))
        for name in (*known, *others):
            if name in accuracies.by_criterion:
                cells = [accuracies.cells[name].get(language.benchmark_name) for language in languages]
                table.add_row(known.get(name, name), *map(_cell, [*cells, accuracies.by_criterion[name]]))
        table.add_section()
        for index, (name, of) in enumerate(self.systems()):
            cells = [of.by_language.get(language.benchmark_name) for language in languages]
            # A line break after each hyphen keeps the first column narrow.
            table.add_row("all" if not index else name.replace("-", "-\n"), *map(_cell, [*cells, of.overall]))
        return table

    def notes(self) -> list[str]:
        """Return what a reader of the table must know: definitions, counts, and comparisons with the baselines."""
        if self.accuracies is None or self.run is None:
            return []
        total, run = self.accuracies.overall, self.run
        truncated = f", truncated {self.counts.truncated}" if self.counts else ""
        truncated += "".join(f", {note} {pairs}" for note, pairs in self.counts.notes.items()) if self.counts else ""
        lines = [
            f"Accuracy in percent, a tie counts half; {run.confidence_level:.0%} intervals; n pairs. "
            f"Failed {total.failed}{truncated} of {total.n}; a failed pair counts as a loss."
        ]
        if run.prompt_source:
            lines.append(f"Criteria prompts: {run.prompt_source}.")
        if self.stated is not None:
            ties = format_percent(self.stated.overall.tie_rate)
            lines.append(f"Rewards are expected scores; {ties} % of the stated scores tie.")
        if total.tasks is not None:
            lines.append(f"Intervals and tests resample tasks: the {total.n} pairs come from {total.tasks} tasks.")
        lines += self._exclusion_notes()
        for item in self.baselines:
            if item.comparison is not None:
                lines.append(f"Difference to {item.name}: {_format_comparison(item.comparison)}.")
        return lines

    def _exclusion_notes(self) -> Iterator[str]:
        rejected = self.counts.rejected if self.counts else {}
        if self.run is not None and self.run.verified != "any":
            excluded = sum(count for reason, count in rejected.items() if reason.startswith(NOT_VERIFIED))
            yield f"Only pairs whose label agrees with execution; {excluded} excluded."
        if self.counts is not None and self.counts.beyond_limit:
            yield f"Only a sample of the pairs was scored; {self.counts.beyond_limit} not scored."
        if self.counts is not None and self.counts.without_criterion:
            yield f"{self.counts.without_criterion} pairs name no known criterion: scored without a criteria prompt."
        if rejected.get("tie"):
            yield f"{rejected['tie']} rows say that both responses are equally good; they are in no accuracy."


def _slice(kind: str, criterion: str = "", language: str = "", subset: str = "") -> dict[str, str]:
    return {"slice": kind, "criterion": criterion, "language": language, "subset": subset}


def new_table(title: str, padding: tuple[int, int, int, int] = (0, 1, 0, 0)) -> Table:
    """Return an empty table in the style of evaluations."""
    from rich import box
    from rich.table import Table

    return Table(title=title, box=box.SIMPLE_HEAD, padding=padding, title_justify="left")


def _format_comparison(test: Comparison) -> str:
    interval = f"[{100 * test.low:+.1f}, {100 * test.high:+.1f}]"
    return f"{100 * test.difference:+.1f} points {interval}, McNemar p = {test.p_mcnemar:.2g}"


def _cell(accuracy: Accuracy | None) -> str:
    if accuracy is None or accuracy.value is None:
        return "-"
    # Intervals in whole percent fit a narrow terminal; results.json has all digits.
    interval = format_interval(accuracy.low, accuracy.high, digits=0)
    return f"{format_percent(accuracy.value)}\n{interval}\nn={accuracy.n}"
