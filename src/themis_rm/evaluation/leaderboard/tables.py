"""A leaderboard as CSV and as a table in a terminal."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from themis_rm.criteria import CRITERIA
from themis_rm.evaluation.columns import COUNTS, SHARES, format_interval, format_percent
from themis_rm.evaluation.leaderboard.result import Leaderboard, LeaderboardEntry
from themis_rm.storage.atomic import write_text

if TYPE_CHECKING:
    from rich.table import Table

_COUNTS = (*COUNTS, "missing")
CSV_COLUMNS = (
    *("model", "kind", "slice", "criterion", "language", "subset"),
    *_COUNTS,
    *SHARES,
    *("rank_best", "rank_worst", "group"),
)


def to_csv(board: Leaderboard) -> str:
    """Return all figures as tidy CSV: one line per entry and slice; missing figures are empty.

    Columns are described in :data:`themis_rm.evaluation.columns.COLUMNS`. Reference entries have only ``strict``. Macro
    averages have the slices ``macro-criterion``, ``macro-language`` and ``macro-length``. Ranks and groups are given
    for tested slices.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for index, entry in enumerate(board.entries):
        writer.writerows(_scored_rows(board, index, entry) if index < board.scored else _reference_rows(board, index))
    return out.getvalue()


def write_csv(board: Leaderboard, path: str | Path) -> None:
    """Write :func:`to_csv` to a file, atomically."""
    write_text(path, to_csv(board))


def _scored_rows(board: Leaderboard, index: int, entry: LeaderboardEntry) -> Iterator[dict[str, Any]]:
    figures = board.accuracies
    for column, part in enumerate(board.slices):
        row: dict[str, Any] = {"model": entry.name, "kind": entry.kind, **_slice_columns(board, column)}
        row |= {name: int(getattr(figures, name)[index, column]) for name in _COUNTS}
        row |= {name: _share(getattr(figures, _array(name))[index, column]) for name in SHARES}
        tests = board.comparison(part.key)
        if tests is not None:
            best, worst = tests.ranks[index].tolist()
            row |= {"rank_best": best, "rank_worst": worst, "group": tests.letters[index]}
        yield row
    for item in board.macro:
        shares = {name: _share(getattr(item, _array(name))[index]) for name in ("accuracy", "low", "high")}
        yield {"model": entry.name, "kind": entry.kind, "slice": f"macro-{item.over}", **shares}


def _array(column: str) -> str:
    return "value" if column == "accuracy" else column


def _reference_rows(board: Leaderboard, index: int) -> Iterator[dict[str, Any]]:
    entry = board.entries[index]
    for column in range(len(board.slices)):
        strict = board.reference_strict[index - board.scored, column]
        if not math.isnan(strict):
            values = {**_slice_columns(board, column), "strict": _share(strict)}
            yield {"model": entry.name, "kind": entry.kind, **values}


def _slice_columns(board: Leaderboard, column: int) -> dict[str, str]:
    part = board.slices[column]
    return {"slice": part.kind, "criterion": part.criterion, "language": part.language, "subset": part.subset}


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"


def terminal_table(board: Leaderboard, width: int = 100) -> Table:
    """Return the main table for a terminal.

    A rank is the interval of ranks that the tests leave open; models that share a letter in the column ``group`` do not
    differ significantly. The column ``failed`` is there if a run has failed pairs. Reference entries are sorted by
    strict accuracy and marked with ``*``, since the others are ranked by accuracy with a tie counting half.

    Args:
        board: The leaderboard.
        width: Available columns; below 100 the interval is omitted and names are shortened, down to 80.
    """
    from rich import box
    from rich.table import Table

    wide = width >= 100
    table = Table(box=box.SIMPLE_HEAD, padding=0, caption=_caption(board), caption_justify="left")
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("model", no_wrap=True, overflow="ellipsis", max_width=27 if wide else 19)
    shown = [row for row in CRITERIA if board.find_slice(row.benchmark_aspect) is not None]
    # The line break in tie_rate leaves more columns for the names of models.
    failed = ["failed"] if board.accuracies.failed[:, 0].any() else []
    for name in (
        *("accuracy", *(["low–high"] if wide else []), *(row.short for row in shown), "strict", "tie_\nrate"),
        *failed,
    ):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("group", no_wrap=True, overflow="ellipsis", max_width=7 if wide else 5)
    columns = [column for row in shown if (column := board.find_slice(row.benchmark_aspect)) is not None]
    for index in board.display_order():
        cells = _cells(board, index, columns)
        if not failed:
            del cells[-2]
        if not wide:
            del cells[3]
        table.add_row(*cells, style=None if board.entries[index].kind == "model" else "dim")
    return table


def _cells(board: Leaderboard, index: int, columns: list[int]) -> list[str]:
    name = board.entries[index].name
    if index >= board.scored:
        strict = board.reference_strict[index - board.scored]
        by_criterion = [format_percent(strict[column]) for column in columns]
        return ["*", name, "", "", *by_criterion, format_percent(strict[0]), "", "", ""]
    figures, tests = board.accuracies, board.comparison("all")
    return [
        board.rank(index),
        name,
        format_percent(figures.value[index, 0]),
        format_interval(figures.low[index, 0], figures.high[index, 0]),
        *(format_percent(figures.value[index, column]) for column in columns),
        format_percent(figures.strict[index, 0]),
        format_percent(figures.tie_rate[index, 0]),
        f"{figures.failed[index, 0]:,}",
        tests.letters[index] if tests else "",
    ]


def _caption(board: Leaderboard) -> str:
    caption = (
        f"Accuracy in percent on {len(board.runs.ids):,} pairs, a tie counts half; "
        f"{board.settings.confidence_level:.0%} intervals. Models that share a letter do not differ significantly "
        "(paired randomization test, adjusted for all pairs of models after Holm)."
    )
    if len(board.entries) > board.scored:
        caption += " *: published figures without pair scores; all are strict accuracies."
    return caption
