"""A board as a CSV file and as a table in a terminal."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from themis_rm.criteria import CRITERIA
from themis_rm.evaluation.leaderboard.build import Leaderboard, LeaderboardEntry
from themis_rm.storage.atomic import write_text

if TYPE_CHECKING:
    from rich.table import Table

COLUMNS = (
    *("model", "kind", "cut", "criterion", "language", "subset", "n", "wins", "ties", "failed", "missing"),
    *("accuracy", "low", "high", "strict", "tie_rate", "rank_best", "rank_worst", "groups"),
)


def to_csv(board: Leaderboard) -> str:
    """Return all figures as tidy CSV: one line for each entry and cut, empty where there is no figure.

    Columns:

    - ``model``; ``kind``: ``model``, ``baseline`` or ``reference`` (which has ``strict`` alone).
    - ``cut``: ``all``, ``criterion``, ``language``, ``subset``, ``cell``, ``length-matched``, or an average over
      strata: ``balanced-criterion``, ``balanced-language``, ``balanced-length``.
    - ``criterion, language, subset``: which one.
    - ``n, wins, ties, failed, missing``: pairs.
    - ``accuracy`` (ties half) with its interval ``low, high``; ``strict``; ``tie_rate``: shares.
    - ``rank_best, rank_worst, groups``: in tested cuts. Models that share a letter do not differ significantly.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for index, entry in enumerate(board.entries):
        writer.writerows(_scored_lines(board, index, entry) if index < board.scored else _reference_lines(board, index))
    return out.getvalue()


def write_csv(board: Leaderboard, path: Path) -> None:
    """Write :func:`to_csv` to a file."""
    write_text(path, to_csv(board))


def _scored_lines(board: Leaderboard, index: int, entry: LeaderboardEntry) -> Iterator[dict[str, Any]]:
    figures = board.accuracies
    for column, cut in enumerate(board.cuts):
        line: dict[str, Any] = {"model": entry.name, "kind": entry.kind, "cut": cut.kind, **_which(board, column)}
        line |= {
            name: int(getattr(figures, name)[index, column]) for name in ("n", "wins", "ties", "failed", "missing")
        }
        line |= {name: _share(getattr(figures, name)[index, column]) for name in ("low", "high", "strict", "tie_rate")}
        line["accuracy"] = _share(figures.value[index, column])
        tests = board.comparison(cut.key)
        if tests is not None:
            best, worst = tests.ranks[index].tolist()
            line |= {"rank_best": best, "rank_worst": worst, "groups": tests.letters[index]}
        yield line
    for item in board.balanced:
        ends = {name: _share(getattr(item, name)[index]) for name in ("low", "high")}
        value = _share(item.value[index])
        yield {"model": entry.name, "kind": entry.kind, "cut": f"balanced-{item.strata}", "accuracy": value, **ends}


def _reference_lines(board: Leaderboard, index: int) -> Iterator[dict[str, Any]]:
    entry = board.entries[index]
    for column, cut in enumerate(board.cuts):
        strict = board.reference_strict[index - board.scored, column]
        if not math.isnan(strict):
            which = _which(board, column)
            yield {"model": entry.name, "kind": entry.kind, "cut": cut.kind, **which, "strict": _share(strict)}


def _which(board: Leaderboard, column: int) -> dict[str, str]:
    cut = board.cuts[column]
    return {"criterion": cut.criterion, "language": cut.language, "subset": cut.subset}


def _share(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"


def terminal_table(board: Leaderboard, width: int = 100) -> Table:
    """Return the headline table.

    Rank is the interval of ranks that the tests leave open; letters name groups that do not differ. Reference entries
    stand where their strict accuracy puts them, marked: it is not the figure that the others are ranked by.

    Args:
        board: The board.
        width: Columns to fit into; below 100 the interval is left out and names are cut shorter, down to 80.
    """
    from rich import box
    from rich.table import Table

    wide = width >= 100
    table = Table(box=box.SIMPLE_HEAD, padding=0, caption=_caption(board), caption_justify="left")
    table.add_column("rank", justify="right", no_wrap=True)
    table.add_column("model", no_wrap=True, overflow="ellipsis", max_width=31 if wide else 22)
    shown = [row for row in CRITERIA if board.cut(row.benchmark_aspect) is not None]
    for name in ("all", *(["interval"] if wide else []), *(row.short for row in shown), "strict", "ties"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("same", no_wrap=True, overflow="ellipsis", max_width=7)
    columns = [column for row in shown if (column := board.cut(row.benchmark_aspect)) is not None]
    for index in _display_order(board):
        cells = _cells(board, index, columns)
        if not wide:
            del cells[3]
        table.add_row(*cells, style=None if board.entries[index].kind == "model" else "dim")
    return table


def _display_order(board: Leaderboard) -> list[int]:
    headline = [*board.accuracies.value[:, 0].tolist(), *board.reference_strict[:, 0].tolist()]
    return sorted(range(len(headline)), key=lambda index: (-headline[index], index))


def _cells(board: Leaderboard, index: int, columns: list[int]) -> list[str]:
    name = board.entries[index].name.replace("[", r"\[")
    if index >= board.scored:
        strict = board.reference_strict[index - board.scored]
        by_criterion = [_percent(strict[column]) for column in columns]
        return ["*", name, "", "", *by_criterion, _percent(strict[0]), "", ""]
    figures, tests = board.accuracies, board.comparison("all")
    best, worst = tests.ranks[index].tolist() if tests else (1, 1)
    return [
        f"{best}" if best == worst else f"{best}–{worst}",
        name,
        _percent(figures.value[index, 0]),
        f"{_percent(figures.low[index, 0])}–{_percent(figures.high[index, 0])}",
        *(_percent(figures.value[index, column]) for column in columns),
        _percent(figures.strict[index, 0]),
        _percent(figures.tie_rate[index, 0]),
        tests.letters[index] if tests else "",
    ]


def _caption(board: Leaderboard) -> str:
    told = (
        f"Accuracy in per cent on {len(board.runs.ids):,} pairs, ties half, {board.settings.level:.0%} intervals. "
        "Models that share a letter do not differ significantly (paired randomization test, Holm over all pairs)."
    )
    if len(board.entries) > board.scored:
        told += " *: published figures without pair scores, all strict."
    return told


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.1f}"
