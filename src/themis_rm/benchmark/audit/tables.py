"""The audit for a terminal, best in 100 columns; text wraps in fewer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from themis_rm.benchmark.audit.lengths import LengthBias
from themis_rm.criteria import CRITERIA
from themis_rm.languages import benchmark_languages

if TYPE_CHECKING:
    from themis_rm.benchmark.audit.run import Audit

_COLORS = {"bad": "bold red", "look": "yellow", "fine": "green"}
_MOST = 12


def audit_tables(audit: Audit) -> Group:
    """Return the verdicts, then length by cell, duplicates by kind, and the most telling words."""
    parts = [_verdicts(audit), _lengths(audit)]
    if audit.findings:
        parts.append(_findings(audit))
    if audit.words:
        parts.append(_words(audit))
    return Group(*parts)


def _table(title: str, *columns: str, left: int = 1) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), title_justify="left")
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number < left else "right", no_wrap=number == 0, overflow="fold")
    return table


def _verdicts(audit: Audit) -> Table:
    table = Table(
        title=f"Audit of {escape(audit.benchmark)}: {audit.pairs:,} pairs",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        title_justify="left",
    )
    table.add_column("", no_wrap=True)
    table.add_column("problem", no_wrap=True)
    table.add_column("found", ratio=1)
    for verdict in audit.verdicts:
        line = escape(verdict.line) + (f"\n[dim]→ {escape(verdict.hint)}[/dim]" if verdict.hint else "")
        table.add_row(f"[{_COLORS[verdict.level]}]{verdict.level}[/]", verdict.problem, line)
    return table


def _lengths(audit: Audit) -> Table:
    cells = audit.lengths.cells.values()
    there = [row for row in benchmark_languages() if any(row.benchmark_name in cell for cell in cells)]
    table = _table(
        "The longer answer is the better one, in percent of pairs of unequal length (! interval leaves out 50)",
        "",
        *(row.extensions[0] for row in there),
        "all",
        "explained",
        "n-grams",
    )
    for asked in CRITERIA:
        whole = audit.lengths.by_aspect.get(asked.benchmark_aspect)
        if whole is None:
            continue
        cells = audit.lengths.cells[asked.benchmark_aspect]
        figures = [_share(cells.get(row.benchmark_name)) for row in there]
        fitted = audit.surface.get(asked.benchmark_aspect)
        told = [_share(whole), f"{whole.explained:.1%}", f"{fitted.accuracy:.1%}" if fitted else "·"]
        table.add_row(asked.short, *figures, *told)
    return table


def _share(bias: LengthBias | None) -> str:
    if bias is None or bias.share is None:
        return "·"
    return f"{100 * bias.share:.0f}{'!' if bias.biased else ' '}"


def _findings(audit: Audit) -> Table:
    table = _table(
        "Findings by how far apart two pairs are",
        "kind",
        "alone",
        "same task",
        "same source",
        "two sources",
        "two criteria",
    )
    for kind, scopes in audit.findings.items():
        cells = [scopes.get(scope, 0) for scope in ("", "task", "source", "sources", "criteria")]
        table.add_row(kind, *(f"{count:,}" if count else "·" for count in cells))
    return table


def _words(audit: Audit) -> Table:
    words = sorted(audit.words, key=lambda word: (not word.artifact, -abs(word.z)))
    table = _table(
        f"Words whose side goes with the label ({min(_MOST, len(words))} of {len(words)}; * nearly always and widely)",
        "source",
        "word",
        "chosen only",
        "rejected only",
        "tasks",
        "z",
        left=2,
    )
    for word in words[:_MOST]:
        mark = "*" if word.artifact else " "
        shown = word.word if len(word.word) < 32 else word.word[:31] + "…"
        table.add_row(
            word.source,
            f"{mark} {escape(shown)}",
            str(word.chosen),
            str(word.rejected),
            str(word.tasks),
            f"{word.z:+.1f}",
        )
    return table
