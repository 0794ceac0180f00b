"""Output of the verbs: JSON, tables and lines on standard output."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from themis_rm.terminal import TerminalConsole, one_line, visible_json

if TYPE_CHECKING:
    from rich.table import Table

    from themis_rm.pipeline import StageReport


def print_json(result: Any) -> None:
    """Print a result of any verb as JSON: models, dataclasses and plain data."""
    text = result.to_json() if hasattr(result, "to_json") else json.dumps(to_plain(result), ensure_ascii=False)
    typer.echo(visible_json(text))


def to_plain(value: Any) -> Any:
    """Return a value as plain data: objects become mappings, paths text."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def print_lines(*renderables: Any, stderr: bool = False) -> None:
    """Print tables and texts; a ``str`` is one line, not wrapped; its line breaks are shown as escapes."""
    console = TerminalConsole(stderr=stderr)
    for item in renderables:
        if isinstance(item, str):
            console.print(one_line(item), soft_wrap=True)
        else:
            console.print(item)


_MOST_REPOSITORIES = 20


def new_table(*columns: str, title: str | None = None, left: Sequence[str] = ()) -> Table:
    """Return an empty table in the style of all verbs: the first column and those of ``left`` are left-aligned."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1))
    for number, name in enumerate(columns):
        first = number == 0
        table.add_column(name, justify="left" if first or name in left else "right", no_wrap=first)
    return table


def written(path: Path) -> str:
    """Return the line that names an output file or directory."""
    return f"-> {path}"


def license_lines(report: StageReport) -> Iterator[str]:
    """Yield the repositories of which commits were dropped for their license, with the licenses, most commits first."""
    repositories = report.details.get("repositories", [])
    rows = [row for row in repositories if isinstance(row, dict) and row.get("other_licenses")]
    rows.sort(key=lambda row: (-sum(row["other_licenses"].values()), row["name"]))
    for row in rows[:_MOST_REPOSITORIES]:
        counts = ", ".join(f"{count:,} under {name}" for name, count in row["other_licenses"].items())
        reason = row["reason"] or (f"it changed: {row['license_changes']}" if row.get("license_changes") else "")
        yield f"  license {row['name']}: {counts}" + (f" ({reason})" if reason else "")
    if len(rows) > _MOST_REPOSITORIES:
        yield f"  license of {len(rows) - _MOST_REPOSITORIES:,} more repositories: see report.json"


def stage_lines(report: StageReport, out: Path) -> Iterator[str]:
    """Yield how many rows a stage read, kept and dropped, and what failed."""
    yield f"{report.stage}: {report.kept:,} kept of {report.read:,} in {report.seconds:.1f} s {written(out)}"
    for reason, rows in sorted(report.dropped.items(), key=lambda item: (-item[1], item[0])):
        yield f"  dropped {rows:>9,}  {reason}"
    yield from license_lines(report)
    failed = report.details.get("failed", [])
    for item in failed if isinstance(failed, list) else []:
        yield f"  failed  {item}"
