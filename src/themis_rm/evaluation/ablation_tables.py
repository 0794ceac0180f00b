"""An ablation as CSV, as Markdown and as a table in a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from themis_rm.criteria import CRITERIA
from themis_rm.evaluation.ablation import (
    ALL,
    AblationResults,
    VariantComparison,
    format_accuracy,
    format_difference,
    format_p,
)
from themis_rm.evaluation.columns import format_interval, format_percent

if TYPE_CHECKING:
    from rich.table import Table

_SHORT = {row.benchmark_aspect: row.short for row in CRITERIA}


def slice_name(name: str) -> str:
    """Return the short name of a criterion; other names are unchanged."""
    return _SHORT.get(name, name)


def to_csv(results: AblationResults) -> str:
    """Return all figures as tidy CSV: one line per evaluation, slice and variant, shares between 0 and 1."""
    records = results.records()
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in record.items()} for record in records)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else value


def to_markdown(results: AblationResults) -> str:
    """Return the report as Markdown: findings, a table for each evaluation, and what the variants are."""
    lines = [f"# {_text(results.name)}", "", results.method(), ""]
    for name in results.benchmarks:
        lines += [f"## {_text(name)}", "", *_markdown_table(main_rows(results, name)), ""]
        lines += [f"- {_text(line)}" for line in _baseline_lines(results, name)]
        lines += [""] if _baseline_lines(results, name) else []
    lines += ["## Findings", "", *(f"- {_text(line)}" for line in results.findings()), ""]
    lines += [f"> {_text(line)}\n" for line in results.warnings()]
    lines += ["## Variants", "", *_markdown_table(variant_rows(results)), ""]
    return "\n".join(lines)


def main_rows(results: AblationResults, evaluation: str) -> list[dict[str, str]]:
    """Return the main table of an evaluation as texts by column: a row per variant, criteria as columns."""
    criteria = [name for name in results.slices(evaluation) if name != ALL]
    by_slice = {part: {row.variant: row for row in results.rows(evaluation, part)} for part in criteria}
    rows = []
    for row in results.rows(evaluation):
        cells = {
            "variant": row.variant,
            "n": str(row.accuracy.n),
            "seeds": str(row.accuracy.seeds),
            "accuracy": format_accuracy(row.accuracy),
            "seed std": format_percent(row.accuracy.seed_std),
            "difference": format_difference(row),
            "p (pairs)": format_p(row.p_pairs_holm),
            "p": format_p(row.p_holm),
            "shown": _shown(results, row),
            "ties": format_percent(row.accuracy.tie_rate),
            "failed": str(row.accuracy.failed),
        }
        for part in criteria:
            cells[slice_name(part)] = _criterion_cell(results, by_slice[part][row.variant])
        rows.append(cells)
    return rows


def _shown(results: AblationResults, row: VariantComparison) -> str:
    if row.difference is None:
        return ""
    return "yes" if row.is_shown(results.confidence_level) else "no"


def _criterion_cell(results: AblationResults, row: VariantComparison) -> str:
    """Return accuracy and difference on a criterion; a star marks a difference that both tests find."""
    value = format_percent(row.accuracy.value)
    if row.difference is None:
        return f"{value} (n={row.accuracy.n})"
    return f"{value} ({100 * row.difference.difference:+.1f}{'*' if row.is_shown(results.confidence_level) else ''})"


def variant_rows(results: AblationResults) -> list[dict[str, str]]:
    """Return what the variants are, as texts by column."""
    return [
        {
            "variant": record.name,
            "differs": "; ".join(record.differs) or "the base",
            "about": record.about,
            "steps": f"{record.steps:,}",
            "pairs seen": f"{record.pairs_seen:,}",
            "distinct pairs": f"{record.pairs:,}",
            "usable": f"{record.kept:,}",
            "weights": f"{record.parameters:,}",
            "not matched": record.unmatched,
        }
        for record in results.variants
    ]


def _baseline_lines(results: AblationResults, evaluation: str) -> list[str]:
    return [
        f"baseline {row.name}: {format_percent(row.accuracy)} ({format_interval(row.low, row.high)}), n = {row.n}"
        for row in results.baselines
        if row.evaluation == evaluation
    ]


def _markdown_table(rows: list[dict[str, str]]) -> Iterator[str]:
    yield f"| {' | '.join(rows[0])} |"
    yield f"|{'---|' * len(rows[0])}"
    for row in rows:
        yield f"| {' | '.join(_text(value) for value in row.values())} |"


def _text(value: str) -> str:
    return value.replace("|", "\\|").replace("\n", " ")


def terminal_table(results: AblationResults, evaluation: str) -> Table:
    """Return the main table of an evaluation for a terminal."""
    from rich import box
    from rich.table import Table

    caption = "\n".join([results.method(), "*: shown by criterion.", *_baseline_lines(results, evaluation)])
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title=evaluation, title_justify="left")
    table.caption, table.caption_justify = caption, "left"
    rows = main_rows(results, evaluation)
    hidden = {"seeds", "ties"} | ({"failed"} if all(row["failed"] == "0" for row in rows) else set())
    for column in rows[0]:
        if column not in hidden:
            table.add_column(column, justify="left" if column == "variant" else "right", no_wrap=column == "variant")
    for row in rows:
        table.add_row(*(value for column, value in row.items() if column not in hidden))
    return table
