"""Tables of an audit for a terminal of 100 columns; in narrower ones the text wraps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from themis_rm.benchmark.audit.findings import SCOPES
from themis_rm.benchmark.audit.lengths import LengthBias
from themis_rm.criteria import CRITERIA
from themis_rm.languages import benchmark_languages

if TYPE_CHECKING:
    from themis_rm.benchmark.audit.run import Audit

_COLORS = {"error": "bold red", "warning": "yellow", "ok": "green"}
_MAX_WORDS = 12


def audit_tables(audit: Audit) -> Group:
    """Return the checks, the length bias by cell, the findings by kind, and the strongest one-sided words."""
    parts = [_checks(audit), _lengths(audit)]
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


def _checks(audit: Audit) -> Table:
    table = Table(
        title=Text(f"Audit of {audit.benchmark}: {audit.pairs:,} pairs"),
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        title_justify="left",
    )
    table.add_column("level", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("result", ratio=1)
    for check in audit.checks:
        hint = (f"\n→ {check.hint}", "dim") if check.hint else ""
        table.add_row(Text(check.level, style=_COLORS[check.level]), check.name, Text.assemble(check.message, hint))
    return table


def _lengths(audit: Audit) -> Table:
    present = {name for cells in audit.lengths.cells.values() for name in cells}
    languages = [row for row in benchmark_languages() if row.benchmark_name in present]
    table = _table(
        "Chosen response is longer, in percent of pairs of unequal length (! the interval excludes 50)",
        "",
        *(row.extensions[0] for row in languages),
        "all",
        "explained",
        "n-grams",
    )
    for item in CRITERIA:
        bias = audit.lengths.by_aspect.get(item.benchmark_aspect)
        if bias is None:
            continue
        cells = audit.lengths.cells[item.benchmark_aspect]
        shares = [_share(cells.get(row.benchmark_name)) for row in languages]
        surface = audit.surface.get(item.benchmark_aspect)
        table.add_row(
            item.short,
            *shares,
            _share(bias),
            f"{bias.explained:.1%}",
            f"{surface.accuracy:.1%}" if surface else "·",
        )
    return table


def _share(bias: LengthBias | None) -> str:
    if bias is None or bias.share is None:
        return "·"
    return f"{100 * bias.share:.0f}{'!' if bias.biased else ' '}"


def _findings(audit: Audit) -> Table:
    table = _table(
        "Pairs with findings, by relation of the two pairs",
        "kind",
        "one pair",
        "same task",
        "same source",
        "two sources",
        "two criteria",
    )
    for kind, scopes in audit.findings.items():
        cells = [scopes.get(scope, 0) for scope in ("", *SCOPES)]
        table.add_row(kind, *(f"{count:,}" if count else "·" for count in cells))
    return table


def _words(audit: Audit) -> Table:
    words = sorted(audit.words, key=lambda word: (not word.is_artifact, -abs(word.z)))
    table = _table(
        f"Words whose side is associated with the label ({min(_MAX_WORDS, len(words))} of {len(words)}; * artifacts)",
        "source",
        "word",
        "chosen only",
        "rejected only",
        "tasks",
        "z",
        left=2,
    )
    for word in words[:_MAX_WORDS]:
        mark = "*" if word.is_artifact else " "
        name = word.word if len(word.word) < 32 else word.word[:31] + "…"
        table.add_row(
            word.source,
            Text(f"{mark} {name}"),
            str(word.chosen),
            str(word.rejected),
            str(word.tasks),
            f"{word.z:+.1f}",
        )
    return table
