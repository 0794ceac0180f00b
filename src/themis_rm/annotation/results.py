"""Results of judgments: shares with intervals, agreement between readers, accuracy of a model on the human labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field

from themis_rm.benchmark.intervals import proportion_interval
from themis_rm.evaluation.columns import format_interval, format_percent
from themis_rm.evaluation.results import new_table
from themis_rm.results import Result, ResultPart

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_SHOWN = 10  # rows on which readers differ, in the terminal


class Proportion(ResultPart):
    """A count of a total, with the interval of its share."""

    count: int
    """Number of successes."""
    total: int
    """Number of trials."""
    low: float | None
    """Lower end of the interval; ``None`` without trials."""
    high: float | None
    """Upper end of the interval."""

    @classmethod
    def of(cls, outcomes: Iterable[bool], level: float, method: Literal["exact", "wilson"]) -> Self:
        """Count outcomes and compute the interval."""
        values = list(outcomes)
        low, high = proportion_interval(sum(values), len(values), level, method)
        return cls(count=sum(values), total=len(values), low=low, high=high)

    @property
    def share(self) -> float | None:
        """The share, ``None`` without trials."""
        return self.count / self.total if self.total else None

    def cells(self) -> tuple[str, str]:
        """Return share and interval in percent."""
        return format_percent(self.share), format_interval(self.low, self.high)


class LabelShare(ResultPart):
    """What readers say of the rows of a slice. Of several readers the majority decides; equal votes are undecided."""

    slice: str
    """``all``, ``criterion``, ``language`` or ``source`` of rows that were kept, or ``reason`` of dropped rows, whose
    label is the decision to drop them."""
    name: str
    """Value of the slice, empty for ``all`` and for rows without one."""
    rows: int
    """Rows with a verdict."""
    undecided: int
    """Rows of these that are neither right nor wrong: the readers are unsure, or equally many say right and wrong."""
    right: Proportion
    """Rows whose label is right, of those that are right or wrong."""
    self_contained: Proportion
    """Rows whose request is self-contained, of those with an answer."""
    leaks: Proportion
    """Rows whose request reveals the better version, of those with an answer."""


class ReaderShare(ResultPart):
    """The answers of a reader."""

    reader: str
    """Name of the reader."""
    right: int
    """Labels that are right."""
    wrong: int
    """Labels that are wrong."""
    unsure: int
    """Labels on which the reader is unsure."""


class ReaderAgreement(ResultPart):
    """Agreement of two readers on the verdicts right, wrong and unsure."""

    first: str
    """Name of a reader."""
    second: str
    """Name of another reader."""
    same: Proportion
    """Rows with the same verdict, of those that both judged."""
    kappa: float | None
    """Cohen's kappa; ``None`` if it is not defined."""
    low: float | None
    """Lower end of its interval."""
    high: float | None
    """Upper end of its interval."""


class Disagreement(ResultPart):
    """A row on which readers differ."""

    id: str
    """Id of the row."""
    digest: str
    """Digest of the row."""
    criterion: str
    """Criterion of the label."""
    language: str
    """Programming language."""
    verdicts: dict[str, str]
    """Reader -> verdict."""


class ModelAccuracy(ResultPart):
    """Accuracy of a reward model on the pairs that the readers called right; a tie counts half, a failed pair loses."""

    model: str
    """Name of the model."""
    model_digest: str
    """Hash of weights, configuration, tokenizer and chat template."""
    prompts: str
    """Criteria prompts: ``none``, ``all`` or ``own``."""
    prompt_source: str
    """Where the prompt set comes from."""
    slices: list[ModelSlice]
    """All pairs, then those of each criterion."""


class ModelSlice(ResultPart):
    """Accuracy on all pairs, or on those of a criterion."""

    criterion: str
    """Criterion, empty for all."""
    pairs: int
    """Number of pairs."""
    ties: int
    """Pairs with equal rewards."""
    failed: int
    """Pairs without two rewards."""
    value: float | None
    """Accuracy."""
    low: float | None
    """Lower end of the bootstrap interval."""
    high: float | None
    """Upper end of the bootstrap interval."""


class AgreementResults(Result):
    """What readers say of a dataset, and how far they agree."""

    kind: ClassVar[str] = "result of agreement"

    data: str
    """Name of the data."""
    data_rows: int
    """Rows of the data."""
    lines: int
    """Lines of the files with judgments."""
    rejected: dict[str, int]
    """Reason -> lines that are not used."""
    confidence_level: float
    """Confidence level of the intervals."""
    interval: str
    """Method of the intervals of shares."""
    shares: list[LabelShare]
    """Shares of all rows that were kept, these by criterion, language and source, and dropped rows by reason."""
    readers: list[ReaderShare]
    """Answers by reader."""
    agreement: list[ReaderAgreement] = Field(default_factory=list)
    """Agreement of each two readers."""
    alpha: float | None = None
    """Krippendorff's alpha of all readers; ``None`` with fewer than two, or if it is not defined."""
    disagreements: list[Disagreement] = Field(default_factory=list)
    """Rows on which readers differ."""
    model: ModelAccuracy | None = None
    """Accuracy of a model, if one was given."""

    @property
    def overall(self) -> LabelShare:
        """The shares of all rows that were kept."""
        return self.shares[0]

    def records(self) -> Sequence[dict[str, Any]]:
        """Return one row per slice."""
        return [
            {
                "slice": one.slice,
                "name": one.name,
                "rows": one.rows,
                "undecided": one.undecided,
                "right": one.right.share,
                "low": one.right.low,
                "high": one.right.high,
                "self_contained": one.self_contained.share,
                "leaks": one.leaks.share,
            }
            for one in self.shares
        ]

    def summary(self) -> str:
        """Return the share of right labels, the agreement and what was not used in one line."""
        right = self.overall.right
        text = f"{self.data}: {right.count:,} of {right.total:,} labels right ({' % '.join(right.cells())})"
        parts = [text, f"{self.overall.undecided:,} undecided", _count(len(self.readers), "reader")]
        if len(self.agreement) == 1:
            parts.append(f"kappa {_number(self.agreement[0].kappa)}")
        elif self.agreement:
            parts.append(f"alpha {_number(self.alpha)}")
        return ", ".join(parts)

    def table(self) -> Group:
        """Return all figures as tables for a terminal of 80 columns, and notes."""
        from rich.console import Group
        from rich.text import Text

        parts: list[Any] = [self._share_table(), self._reader_table()]
        parts += [self._agreement_table()] if self.agreement else []
        parts += [self._disagreement_table()] if self.disagreements else []
        parts += [self._model_table(self.model)] if self.model else []
        return Group(*parts, Text("\n".join(self.notes())))

    def notes(self) -> list[str]:
        """Return what a reader of the tables must know."""
        method = {"exact": "Clopper and Pearson", "wilson": "Wilson"}[self.interval]
        lines = [f"Intervals: {100 * self.confidence_level:g} %, {method}; kappa: Fleiss, Cohen and Everitt."]
        if len(self.readers) > 2:
            lines.append(f"Krippendorff's alpha of all {len(self.readers)} readers: {_number(self.alpha)}.")
        if self.rejected:
            reasons = ", ".join(f"{reason} {lines:,}" for reason, lines in self.rejected.items())
            lines.append(f"Judgments that are not used, of {self.lines:,}: {reasons}.")
        return lines

    def _share_table(self) -> Table:
        table = new_table(f"Labels of {self.data}, in percent")
        for name in ("", "rows", "right", "interval", "undecided", "self-cont.", "leaks"):
            table.add_column(name, justify="right" if name else "left", no_wrap=bool(name))
        kind = ""
        for one in self.shares:
            if kind and one.slice != kind:
                table.add_section()
            kind = one.slice
            share, interval = one.right.cells()
            name = "all" if one.slice == "all" else one.name or f"no {one.slice}"
            name = f"dropped: {name}" if one.slice == "reason" else name
            other = (format_percent(one.self_contained.share), format_percent(one.leaks.share))
            table.add_row(name, f"{one.rows:,}", share, interval, f"{one.undecided:,}", *other)
        return table

    def _reader_table(self) -> Table:
        table = new_table("Labels by reader")
        table.add_column("reader")
        for name in ("right", "wrong", "unsure"):
            table.add_column(name, justify="right")
        for one in self.readers:
            table.add_row(one.reader, f"{one.right:,}", f"{one.wrong:,}", f"{one.unsure:,}")
        return table

    def _agreement_table(self) -> Table:
        table = new_table("Agreement between readers")
        table.add_column("readers")
        for name in ("rows", "same %", "interval", "kappa", "kappa interval"):
            table.add_column(name, justify="right", no_wrap=True)
        for one in self.agreement:
            ends = "-" if one.low is None else f"{_number(one.low)} to {_number(one.high)}"
            cells = (f"{one.same.total:,}", *one.same.cells(), _number(one.kappa), ends)
            table.add_row(f"{one.first}, {one.second}", *cells)
        return table

    def _disagreement_table(self) -> Table:
        shown = self.disagreements[:_SHOWN]
        more = "" if len(shown) == len(self.disagreements) else f", the first {len(shown)}"
        table = new_table(f"{_count(len(self.disagreements), 'row')} on which readers differ{more}")
        for name in ("id", "criterion", "verdicts"):
            table.add_column(name, overflow="fold")
        for one in shown:
            verdicts = ", ".join(f"{reader}: {verdict}" for reader, verdict in one.verdicts.items())
            table.add_row(one.id, one.criterion, verdicts)
        return table

    def _model_table(self, model: ModelAccuracy) -> Table:
        table = new_table(f"Accuracy of {model.model} on the labels that are right, prompts: {model.prompts}")
        table.add_column("criterion")
        for name in ("pairs", "%", "interval", "ties", "failed"):
            table.add_column(name, justify="right", no_wrap=True)
        for one in model.slices:
            cells = (format_percent(one.value), format_interval(one.low, one.high), f"{one.ties:,}", f"{one.failed:,}")
            table.add_row(one.criterion or "all", f"{one.pairs:,}", *cells)
        return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
