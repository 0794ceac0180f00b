"""A published table held against the scores: which of its cells do not follow, and by how much.

What a published accuracy means is not written in the table, so it is found out: every convention is tried on every
cell, and the one that explains most cells is the table's. Of the published CodeRewardBench tables that is the strict
accuracy over the pairs that a run has, and their average is over pairs, not over the columns.
"""

from __future__ import annotations

import contextlib
import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from themis_rm.criteria import criterion, is_criterion
from themis_rm.errors import InputError, SettingError, did_you_mean
from themis_rm.evaluation.leaderboard.build import Leaderboard
from themis_rm.evaluation.reference import runs as reference
from themis_rm.languages import get_language

MODEL_COLUMNS = ("model", "run")
OTHER_COLUMNS = ("size", "rows")
AVERAGE_COLUMNS = ("average", "overall")
_COLUMN_KINDS = ("criterion", "language", "subset")


def _strict(board: Leaderboard, run: int, cut: int) -> float:
    return float(board.accuracies.strict[run, cut])


def _ties_half(board: Leaderboard, run: int, cut: int) -> float:
    return float(board.accuracies.value[run, cut])


def _of_scored(board: Leaderboard, run: int, cut: int) -> float:
    of = board.accuracies
    scored = of.n[run, cut] - of.failed[run, cut]
    return float(of.wins[run, cut] / scored) if scored else np.nan


def _missing_wrong(board: Leaderboard, run: int, cut: int) -> float:
    of = board.accuracies
    return float(of.wins[run, cut] / (of.n[run, cut] + of.missing[run, cut]))


CONVENTIONS: Mapping[str, Callable[[Leaderboard, int, int], float]] = {
    "strict": _strict,
    "ties-half": _ties_half,
    "strict-of-scored": _of_scored,
    "strict-missing-wrong": _missing_wrong,
}
"""What a cell may mean: ties and failures wrong, over the pairs that the run has; ties half; over the pairs with two
scores; over all pairs of the benchmark, missing ones wrong."""

AVERAGES = ("pairs", "columns")
"""What an average may mean: over all pairs (micro), or the mean of the row's other columns (macro)."""


@dataclass(frozen=True, slots=True)
class CellDifference:
    """A cell that the scores do not give.

    Attributes:
        model: As the table names it.
        run: The board's entry.
        column: The table's column.
        printed: Per cent, as printed.
        found: Per cent, from the scores, under the table's convention.
        note: What the cell looks like, where one can tell; else empty.
    """

    model: str
    run: str
    column: str
    printed: float
    found: float
    note: str = ""

    @property
    def by(self) -> float:
        """Return by how much it is off, in points."""
        return self.printed - self.found

    def __str__(self) -> str:
        told = f"{self.model}, {self.column}: printed {self.printed:.2f}, scores give {self.found:.2f} ({self.by:+.2f})"
        return f"{told}; {self.note}" if self.note else told


@dataclass(frozen=True, slots=True)
class TableCheck:
    """A table held against a board.

    Attributes:
        path: The table.
        decimals: Decimals that it prints.
        rows: Rows that have a run with pair scores.
        cells: Cells checked.
        differing: Cells that differ after rounding, in the table's order.
        convention: The one of :data:`CONVENTIONS` under which fewest cells differ.
        average: The one of :data:`AVERAGES` likewise; empty if the table has no average.
        mismatches: Convention -> cells that differ under it, averages left out.
        average_mismatches: Average -> cells that differ under it.
        unscored: Rows of published runs that have no pair scores on the board, as the table names them.
        unmatched: Rows that name no run that we know.
        absent: Criteria or languages, of those that the table is about, that it has no column for.
        empty: Cells without a figure.
    """

    path: Path
    decimals: int
    rows: int
    cells: int
    differing: tuple[CellDifference, ...]
    convention: str
    average: str
    mismatches: Mapping[str, int]
    average_mismatches: Mapping[str, int]
    unscored: tuple[str, ...]
    unmatched: tuple[str, ...]
    absent: tuple[str, ...]
    empty: int

    def __str__(self) -> str:
        told = (
            f"{self.path.name}: {len(self.differing)} of {self.cells:,} cells of {self.rows} models differ; figures "
            f"are '{self.convention}'" + (f", the average is over {self.average}" if self.average else "") + "."
        )
        for count, what in (
            (len(self.unscored), "rows have no pair scores here"),
            (len(self.unmatched), "rows name no known run"),
            (len(self.absent), "columns are absent"),
            (self.empty, "cells are empty"),
        ):
            told += f" {count} {what}." if count else ""
        return told


@dataclass(frozen=True)
class _PublishedRow:
    model: str
    run: int
    printed: dict[str, float]


@dataclass(frozen=True)
class _PublishedTable:
    cuts: dict[str, int]  # column -> cut of the board
    average: str  # column, or empty
    rows: list[_PublishedRow]
    left_out: list[str]
    decimals: int
    empty: int


def check_against(board: Leaderboard, path: Path) -> TableCheck:
    """Name every cell of a published table that differs from the scores by more than its own rounding.

    Args:
        board: Its entries with pair scores are checked; reference entries are figures themselves.
        path: CSV with a column ``model`` (or ``run``) and columns named by criteria, languages or subsets, or
            ``average``, in per cent. Models are matched by the board's names and by those of the shipped reference
            runs, exactly; rows that match nothing are listed.

    Raises:
        InputError: No such file, no CSV, a column that is neither, no column to check, or a cell that is no number.
    """
    table = _read(board, path)
    slack = 0.5 * 10**-table.decimals + 1e-9

    def off(printed: float, share: float) -> bool:
        return not abs(printed - 100 * share) <= slack

    mismatches = {
        name: sum(off(row.printed[column], of(board, row.run, table.cuts[column])) for row, column in _cells(table))
        for name, of in CONVENTIONS.items()
    }
    convention = min(mismatches, key=lambda name: mismatches[name])
    of = CONVENTIONS[convention]
    averages = {row.run: _averages(board, row, table, of) for row in table.rows}
    with_average = [row for row in table.rows if table.average in row.printed]
    average_mismatches = {
        name: sum(off(row.printed[table.average], averages[row.run][name]) for row in with_average)
        for name in (AVERAGES if with_average else ())
    }
    average = min(average_mismatches, key=lambda name: average_mismatches[name], default="")
    differing = []
    for row in table.rows:
        found = {column: of(board, row.run, table.cuts[column]) for column in table.cuts if column in row.printed}
        if table.average in row.printed:
            found = {table.average: averages[row.run][average], **found}
        differing += _differing(board, row, {name: 100 * share for name, share in found.items()}, slack)
    return TableCheck(
        path=path,
        decimals=table.decimals,
        rows=len(table.rows),
        cells=sum(len(row.printed) for row in table.rows),
        differing=tuple(differing),
        convention=convention,
        average=average,
        mismatches=mismatches,
        average_mismatches=average_mismatches,
        unscored=tuple(name for name in table.left_out if reference.load().find(name)),
        unmatched=tuple(name for name in table.left_out if not reference.load().find(name)),
        absent=_absent(board, table),
        empty=table.empty,
    )


def _cells(table: _PublishedTable) -> list[tuple[_PublishedRow, str]]:
    return [(row, column) for row in table.rows for column in table.cuts if column in row.printed]


def _averages(
    board: Leaderboard, row: _PublishedRow, table: _PublishedTable, of: Callable[[Leaderboard, int, int], float]
) -> dict[str, float]:
    shares = [of(board, row.run, cut) for cut in table.cuts.values()]
    return {"pairs": of(board, row.run, 0), "columns": float(np.mean(shares)) if shares else np.nan}


def _differing(
    board: Leaderboard, row: _PublishedRow, found: Mapping[str, float], slack: float
) -> list[CellDifference]:
    off = [column for column, value in found.items() if not abs(row.printed[column] - value) <= slack]
    return [
        CellDifference(
            model=row.model,
            run=board.entries[row.run].name,
            column=column,
            printed=row.printed[column],
            found=found[column],
            note=_note(column, row.printed, found, off, slack),
        )
        for column in off
    ]


def _note(
    column: str, printed: Mapping[str, float], found: Mapping[str, float], off: Sequence[str], slack: float
) -> str:
    """Say what a differing cell looks like; these are likenesses, not proofs."""
    if len(off) > 2 and 2 * len(off) > len(found):
        return f"{len(off)} of the row's {len(found)} cells differ: the row is of other scores"
    for other in found:
        if other != column and abs(printed[column] - found[other]) <= slack:
            exchanged = abs(printed[other] - found[column]) <= slack
            return f"exchanged with {other}" if exchanged else f"it is the figure of {other}"
    one, two = f"{printed[column]:.2f}", f"{found[column]:.2f}"
    if Counter(one) == Counter(two):
        return "the same digits in another order"
    if len(one) == len(two) and sum(a != b for a, b in zip(one, two, strict=True)) == 1:
        return "one digit differs"
    return ""


def _read(board: Leaderboard, path: Path) -> _PublishedTable:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle, strict=True)
            lines = list(reader)
            names = list(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"Cannot read {path}: {error}.", "Give a CSV file with a header line.") from error
    key = next((name for name in MODEL_COLUMNS if name in names), None)
    if key is None:
        raise InputError(f"{path} has no column 'model'.", did_you_mean("model", names) if names else "")
    average = next((name for name in AVERAGE_COLUMNS if name in names), "")
    cuts = {name: _cut(board, path, name) for name in names if name not in {key, average, *OTHER_COLUMNS}}
    if not cuts and not average:
        raise InputError(f"{path} has no column to check.", "Columns are named by criteria, languages or subsets.")
    rows, left_out, decimals, empty = [], [], 0, 0
    index = {entry.name: place for place, entry in enumerate(board.entries[: board.scored])}
    for number, line in enumerate(lines, 2):
        if None in line or any(value is None for value in line.values()):
            raise InputError(f"{path}:{number} has another number of cells than the header.")
        run = _run(index, line[key])
        if run is None:
            left_out.append(line[key])
            continue
        texts = {name: line[name].strip() for name in ([average] if average else []) + list(cuts)}
        printed = {name: _number(path, number, name, text) for name, text in texts.items() if text}
        empty += len(texts) - len(printed)
        decimals = max([decimals, *(len(text.partition(".")[2]) for text in texts.values())])
        rows.append(_PublishedRow(line[key], run, printed))
    return _PublishedTable(cuts, average, rows, left_out, decimals, empty)


def _run(index: Mapping[str, int], name: str) -> int | None:
    if name in index:
        return index[name]
    known = reference.load().find(name)
    return index.get(known.run) if known else None


def _cut(board: Leaderboard, path: Path, name: str) -> int:
    """Return the cut that a column is about."""
    key = name
    if is_criterion(name):
        key = criterion(name).benchmark_aspect
    else:
        with contextlib.suppress(SettingError):
            key = get_language(name).benchmark_name
    cut = board.cut(key)
    if cut is None or board.cuts[cut].kind not in _COLUMN_KINDS:
        known = {cut.key for cut in board.cuts if cut.kind in _COLUMN_KINDS}
        raise InputError(
            f"{path}: column '{name}' is no criterion, language or subset of the runs.",
            did_you_mean(name, {*known, *MODEL_COLUMNS, *OTHER_COLUMNS, *AVERAGE_COLUMNS}),
        )
    return cut


def _number(path: Path, number: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{path}:{number}: '{text}' in column {name} is no number.")
    return value


def _absent(board: Leaderboard, table: _PublishedTable) -> tuple[str, ...]:
    kinds = {board.cuts[cut].kind for cut in table.cuts.values()} & {"criterion", "language"}
    there = set(table.cuts.values())
    return tuple(cut.key for place, cut in enumerate(board.cuts) if cut.kind in kinds and place not in there)
