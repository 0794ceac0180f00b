"""Results of verifying labels by execution: one row per pair, and counts per source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from themis_rm.benchmark.intervals import proportion_interval
from themis_rm.execute.check import BOTH_PASS
from themis_rm.execute.runner import COMPILE_ERROR, PASSED
from themis_rm.records import Row
from themis_rm.results import Result, ResultPart
from themis_rm.storage.atomic import write_text


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPair(Row):
    """A row of ``verified_pairs.parquet``.

    Attributes:
        expects: Expected outcome of the check (:mod:`themis_rm.execute.check`); empty if the pair was not executed.
        chosen_state: State of the chosen response (:mod:`themis_rm.execute.runner`); empty if it was not executed.
        rejected_state: State of the rejected response, likewise.
        agrees: Whether execution agrees with the label; ``None`` if this is unknown.
        reason: Why it is unknown: ``no-check``, ``not-selected``, ``bad-check``, ``no-toolchain`` or ``timeout``.
        note: Output of the failed programs, for people.
    """

    id: str
    source: str
    language: str
    expects: str
    chosen_state: str
    rejected_state: str
    agrees: bool | None
    reason: str
    note: str


class LabelAgreement(ResultPart):
    """Agreement of execution with the labels of one source."""

    source: str
    """Name of the source; ``all`` for the total."""
    pairs: int
    """Number of pairs."""
    checked: int
    """Pairs that were executed with a result."""
    agree: int
    """Pairs whose label agrees with the result."""
    chosen_fails: int
    """Pairs whose chosen response does not pass."""
    rejected_passes: int
    """Pairs whose check should distinguish the responses, and whose rejected response passes."""
    rejected_fails: int
    """Pairs whose responses should both pass, and whose rejected response does not."""
    both_pass: int
    """Pairs whose check should distinguish the responses, and whose responses both pass."""
    rejected_uncompiled: int
    """Pairs whose rejected response does not compile: their label agrees without any test."""
    not_run: dict[str, int]
    """Reason -> pairs without a result."""
    low: float | None
    """Lower bound of the 95 % Wilson interval of the share that agrees; ``None`` if no pair was checked."""
    high: float | None
    """Upper bound."""

    @classmethod
    def of(cls, source: str, rows: Iterable[VerifiedPair]) -> Self:
        """Count the rows of a source."""
        rows = list(rows)
        checked = [row for row in rows if row.agrees is not None]
        distinguishing = [row for row in checked if row.expects != BOTH_PASS]
        passing = [row for row in distinguishing if row.rejected_state == PASSED]
        agree = sum(bool(row.agrees) for row in checked)
        low, high = proportion_interval(agree, len(checked), method="wilson")
        return cls(
            source=source,
            pairs=len(rows),
            checked=len(checked),
            agree=agree,
            chosen_fails=sum(row.chosen_state != PASSED for row in checked),
            rejected_passes=len(passing),
            rejected_fails=sum(row.expects == BOTH_PASS and row.rejected_state != PASSED for row in checked),
            both_pass=sum(row.chosen_state == PASSED for row in passing),
            rejected_uncompiled=sum(row.rejected_state == COMPILE_ERROR for row in distinguishing),
            not_run=dict(sorted(Counter(row.reason for row in rows if row.agrees is None).items())),
            low=low,
            high=high,
        )

    @property
    def share(self) -> float | None:
        """Return the share of checked pairs whose label agrees."""
        return self.agree / self.checked if self.checked else None


class VerificationReport(Result):
    """Agreement of execution with the labels of a benchmark."""

    kind = "verification report"

    benchmark: str
    """Name of the benchmark."""
    isolation: str
    """What the sandbox isolated."""
    toolchains: dict[str, str]
    """Language -> version, or why there is none."""
    sources: list[LabelAgreement]
    """One entry per source, by name."""
    total: LabelAgreement
    """Total over all sources."""
    foreign: int
    """Checks whose pair is not in the benchmark."""
    disagreements: list[str]
    """Ids of the pairs whose label disagrees, in the order of the benchmark."""

    @classmethod
    def of(cls, rows: Sequence[VerifiedPair], **facts: Any) -> Self:
        """Count rows by source.

        Args:
            rows: One row per pair, in the order of the benchmark.
            **facts: The other fields.
        """
        by_source: dict[str, list[VerifiedPair]] = {}
        for row in rows:
            by_source.setdefault(row.source, []).append(row)
        return cls(
            sources=[LabelAgreement.of(name, members) for name, members in sorted(by_source.items())],
            total=LabelAgreement.of("all", rows),
            disagreements=[row.id for row in rows if row.agrees is False],
            **facts,
        )

    def records(self) -> list[dict[str, Any]]:
        """Return one row per source and the total."""
        return [
            {"source": row.source, "pairs": row.pairs, "checked": row.checked, "agree": row.agree, "share": row.share}
            | {"low": row.low, "high": row.high, "chosen_fails": row.chosen_fails}
            | {"rejected_passes": row.rejected_passes, "rejected_fails": row.rejected_fails}
            for row in [*self.sources, self.total]
        ]

    def summary(self) -> str:
        """Return the counts of all pairs."""
        share = "" if self.total.share is None else f" ({self.total.share:.1%})"
        return (
            f"{self.benchmark}, {self.total.pairs:,} pairs, {self.total.checked:,} executed, "
            f"{self.total.agree:,} agree{share}"
        )

    def to_markdown(self) -> str:
        """Return the agreement by source as a Markdown table."""
        titles = ("source", "pairs", "checked", "agree", "share", "95 % interval", "chosen fails", "rejected passes")
        lines = [
            " | ".join((*titles, "rejected fails", "rejected does not compile", "not run")),
            " | ".join(["---"] * (len(titles) + 3)),
            *(_markdown_row(row) for row in [*self.sources, self.total]),
        ]
        return "\n".join(f"| {line} |" for line in lines) + "\n"

    def write(self, directory: Path) -> None:
        """Write ``report.json`` and ``report.md``."""
        self.save(directory / "report.json")
        write_text(directory / "report.md", self.to_markdown())


def _markdown_row(row: LabelAgreement) -> str:
    share = interval = "-"
    if row.share is not None and row.low is not None and row.high is not None:
        share, interval = f"{row.share:.1%}", f"{row.low:.1%} to {row.high:.1%}"
    reasons = ", ".join(f"{reason} {count}" for reason, count in row.not_run.items()) or "-"
    counts = (row.chosen_fails, row.rejected_passes, row.rejected_fails, row.rejected_uncompiled)
    return " | ".join(map(str, (row.source, row.pairs, row.checked, row.agree, share, interval, *counts, reasons)))
