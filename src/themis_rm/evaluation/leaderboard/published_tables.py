"""Check a published table of accuracies against the scores: which cells differ, and by how much.

A table does not say how its accuracies are defined (ties, failures, missing pairs), so every convention is tried on
every cell, and the one with the fewest differing cells is taken as the table's. In the published CodeRewardBench tables
this is the strict accuracy over the pairs that a run has, and their average is over pairs, not over the columns.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from themis_rm.criteria import criterion, is_criterion
from themis_rm.errors import InputError, SettingError, did_you_mean
from themis_rm.evaluation.leaderboard.result import Leaderboard
from themis_rm.evaluation.reference import runs as reference
from themis_rm.languages import get_benchmark_language
from themis_rm.results import TableView
from themis_rm.storage.input_files import read_text

MODEL_COLUMNS = ("model", "run")
OTHER_COLUMNS = ("size", "rows")
AVERAGE_COLUMNS = ("average", "overall")
_COLUMN_KINDS = ("criterion", "language", "subset")

Convention = Callable[[Leaderboard, int, int], float]
"""Computes the accuracy of a run (index) in a slice (index)."""


def _strict(board: Leaderboard, run: int, column: int) -> float:
    return float(board.accuracies.strict[run, column])


def _ties_half(board: Leaderboard, run: int, column: int) -> float:
    return float(board.accuracies.value[run, column])


def _strict_of_scored(board: Leaderboard, run: int, column: int) -> float:
    table = board.accuracies
    scored = table.n[run, column] - table.failed[run, column]
    return float(table.wins[run, column] / scored) if scored else np.nan


def _strict_missing_wrong(board: Leaderboard, run: int, column: int) -> float:
    table = board.accuracies
    return float(table.wins[run, column] / (table.n[run, column] + table.missing[run, column]))


CONVENTIONS: Mapping[str, Convention] = {
    "strict": _strict,
    "ties-half": _ties_half,
    "strict-of-scored": _strict_of_scored,
    "strict-missing-wrong": _strict_missing_wrong,
}
"""Possible definitions of a cell: strict over the pairs of the run (ties and failures are wrong); ties count half;
strict over the pairs with two scores; strict over all pairs of the benchmark (missing pairs are wrong)."""

AVERAGES = ("pairs", "columns")
"""Possible definitions of an average: over all pairs (micro), or the mean of the row's other columns (macro)."""


@dataclass(frozen=True, slots=True)
class CellDifference:
    """A cell of a published table that differs from the scores.

    Attributes:
        model: Name of the model in the table.
        run: Name of the leaderboard entry.
        column: Column of the table.
        printed: Figure in the table, in percent.
        computed: Figure computed from the scores under the table's convention, in percent.
        note: Likely cause of the difference, if there is one; else empty.
    """

    model: str
    run: str
    column: str
    printed: float
    computed: float
    note: str = ""

    @property
    def difference(self) -> float:
        """Return printed minus computed, in points."""
        return self.printed - self.computed

    def __str__(self) -> str:
        text = f"{self.model}, {self.column}: printed {self.printed:.2f}, computed {self.computed:.2f}"
        return f"{text} ({self.difference:+.2f})" + (f"; {self.note}" if self.note else "")


@dataclass(frozen=True, repr=False)
class TableCheck(TableView):
    """Result of checking a table against a leaderboard.

    Attributes:
        path: The table.
        decimals: Number of decimals of its figures.
        rows: Rows of runs with pair scores.
        cells: Cells checked.
        differing: Cells that differ after rounding, in the table's order.
        convention: Key of :data:`CONVENTIONS` with the fewest differing cells.
        average: Element of :data:`AVERAGES` with the fewest differing cells; empty if the table has no average.
        mismatches: Convention -> number of cells that differ under it, averages excluded.
        average_mismatches: Average -> number of cells that differ under it.
        unscored: Names of rows of published runs without pair scores on the leaderboard.
        unmatched: Names of rows that match no known run.
        absent: Criteria or languages without a column, if the table is about criteria or languages.
        empty: Number of empty cells.
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

    def records(self) -> list[dict[str, Any]]:
        """Return one row per differing cell."""
        return [
            {
                "model": cell.model,
                "column": cell.column,
                "printed": cell.printed,
                "computed": cell.computed,
                "difference": cell.difference,
                "note": cell.note,
            }
            for cell in self.differing
        ]

    def summary(self) -> str:
        """Return the number of differing cells, the conventions, and what could not be checked, in one line."""
        text = (
            f"{self.path.name}: {len(self.differing)} of {self.cells:,} cells of {self.rows} models differ; figures "
            f"are '{self.convention}'" + (f", the average is over {self.average}" if self.average else "") + "."
        )
        for count, words in (
            (len(self.unscored), "rows have no pair scores here"),
            (len(self.unmatched), "rows match no known run"),
            (len(self.absent), "columns are absent"),
            (self.empty, "cells are empty"),
        ):
            text += f" {count} {words}." if count else ""
        return text

    def __str__(self) -> str:
        return self.summary()


@dataclass(frozen=True)
class _PublishedRow:
    model: str
    run: int
    printed: dict[str, float]


@dataclass(frozen=True)
class _PublishedTable:
    slices: dict[str, int]  # column -> slice of the leaderboard
    average: str  # column, or empty
    rows: list[_PublishedRow]
    unused: list[str]  # names of rows without a run
    decimals: int
    empty: int

    @property
    def tolerance(self) -> float:
        """Return the largest rounding error of a figure in percent."""
        return 0.5 * 10**-self.decimals + 1e-9

    def differs(self, printed: float, share: float) -> bool:
        """Return whether a figure differs from a computed share by more than rounding."""
        return not abs(printed - 100 * share) <= self.tolerance

    def cells(self) -> Iterator[tuple[_PublishedRow, str]]:
        """Yield row and column of every printed figure except averages."""
        for row in self.rows:
            yield from ((row, column) for column in self.slices if column in row.printed)


def check_against(board: Leaderboard, path: str | Path) -> TableCheck:
    """Find every cell of a published table that differs from the scores by more than rounding.

    Args:
        board: Its entries with pair scores are checked.
        path: CSV file with a column ``model`` (or ``run``) and columns named after criteria, languages or subsets, or
            ``average``, in percent. Models are matched by the names of entries and of published runs.

    Raises:
        InputError: The file does not exist, is not CSV, has an unknown column, no column to check, or a cell that is
            not a number.
    """
    table = _read_table(board, Path(path))
    mismatches = {
        name: sum(
            table.differs(row.printed[column], convention(board, row.run, table.slices[column]))
            for row, column in table.cells()
        )
        for name, convention in CONVENTIONS.items()
    }
    convention = min(mismatches, key=lambda name: mismatches[name])
    averages = {row.run: _compute_averages(board, row, table, CONVENTIONS[convention]) for row in table.rows}
    with_average = [row for row in table.rows if table.average in row.printed]
    average_mismatches = {
        name: sum(table.differs(row.printed[table.average], averages[row.run][name]) for row in with_average)
        for name in (AVERAGES if with_average else ())
    }
    average = min(average_mismatches, key=lambda name: average_mismatches[name], default="")
    known = reference.load()
    return TableCheck(
        path=Path(path),
        decimals=table.decimals,
        rows=len(table.rows),
        cells=sum(len(row.printed) for row in table.rows),
        differing=tuple(
            cell
            for row in table.rows
            for cell in _find_differences(board, row, table, CONVENTIONS[convention], averages[row.run].get(average))
        ),
        convention=convention,
        average=average,
        mismatches=mismatches,
        average_mismatches=average_mismatches,
        unscored=tuple(name for name in table.unused if known.find(name)),
        unmatched=tuple(name for name in table.unused if not known.find(name)),
        absent=_find_absent_columns(board, table),
        empty=table.empty,
    )


def _compute_averages(
    board: Leaderboard, row: _PublishedRow, table: _PublishedTable, convention: Convention
) -> dict[str, float]:
    shares = [convention(board, row.run, column) for column in table.slices.values()]
    return {"pairs": convention(board, row.run, 0), "columns": float(np.mean(shares)) if shares else np.nan}


def _find_differences(
    board: Leaderboard, row: _PublishedRow, table: _PublishedTable, convention: Convention, average: float | None
) -> list[CellDifference]:
    shares = {name: convention(board, row.run, part) for name, part in table.slices.items() if name in row.printed}
    if table.average in row.printed and average is not None:
        shares = {table.average: average, **shares}
    computed = {name: 100 * share for name, share in shares.items()}
    differing = [name for name, share in shares.items() if table.differs(row.printed[name], share)]
    return [
        CellDifference(
            model=row.model,
            run=board.entries[row.run].name,
            column=name,
            printed=row.printed[name],
            computed=computed[name],
            note=_likely_cause(name, row.printed, computed, differing, table.tolerance),
        )
        for name in differing
    ]


def _likely_cause(
    column: str,
    printed: Mapping[str, float],
    computed: Mapping[str, float],
    differing: Sequence[str],
    tolerance: float,
) -> str:
    """Return the likely cause of a difference: a guess from the digits, not a proof."""
    if len(differing) > 2 and 2 * len(differing) > len(computed):
        return f"{len(differing)} of the row's {len(computed)} cells differ: the row is of other scores"
    for other in computed:
        if other != column and abs(printed[column] - computed[other]) <= tolerance:
            swapped = abs(printed[other] - computed[column]) <= tolerance
            return f"swapped with {other}" if swapped else f"equals the figure of {other}"
    one, two = f"{printed[column]:.2f}", f"{computed[column]:.2f}"
    if Counter(one) == Counter(two):
        return "the same digits in another order"
    if len(one) == len(two) and sum(a != b for a, b in zip(one, two, strict=True)) == 1:
        return "one digit differs"
    return ""


def _read_table(board: Leaderboard, path: Path) -> _PublishedTable:
    names, lines = _read_csv(path)
    key = next((name for name in MODEL_COLUMNS if name in names), None)
    if key is None:
        raise InputError(f"{path} has no column 'model'.", did_you_mean("model", names) if names else "")
    average = next((name for name in AVERAGE_COLUMNS if name in names), "")
    columns = [name for name in names if name not in {key, average, *OTHER_COLUMNS}]
    slices = {name: _find_slice(board, path, name) for name in columns}
    if not slices and not average:
        hint = "Name columns after criteria, languages or subsets."
        raise InputError(f"{path} has no column to check.", hint)
    rows, unused, decimals, empty = [], [], 0, 0
    index = {entry.name: place for place, entry in enumerate(board.entries[: board.scored])}
    for number, line in enumerate(lines, 2):
        if None in line or any(value is None for value in line.values()):
            raise InputError(f"{path}:{number} has another number of cells than the header.")
        run = _find_run(index, line[key])
        if run is None:
            unused.append(line[key])
            continue
        texts = {name: line[name].strip() for name in ([average] if average else []) + list(slices)}
        printed = {name: _parse_number(path, number, name, text) for name, text in texts.items() if text}
        empty += len(texts) - len(printed)
        decimals = max([decimals, *(len(text.partition(".")[2]) for text in texts.values())])
        rows.append(_PublishedRow(line[key], run, printed))
    return _PublishedTable(slices, average, rows, unused, decimals, empty)


def _read_csv(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
        lines = list(reader)
        return list(reader.fieldnames or ()), lines
    except csv.Error as error:
        raise InputError(f"Cannot read {path}: {error}.", "Give a CSV file with a header line.") from error


def _find_run(index: Mapping[str, int], name: str) -> int | None:
    if name in index:
        return index[name]
    known = reference.load().find(name)
    return index.get(known.run) if known else None


def _find_slice(board: Leaderboard, path: Path, name: str) -> int:
    """Return the slice that a column is about."""
    key = name
    if is_criterion(name):
        key = criterion(name).benchmark_aspect
    else:
        with contextlib.suppress(SettingError):
            key = get_benchmark_language(name).benchmark_name
    column = board.find_slice(key)
    if column is None or board.slices[column].kind not in _COLUMN_KINDS:
        known = {part.key for part in board.slices if part.kind in _COLUMN_KINDS}
        raise InputError(
            f"{path}: column '{name}' is not a criterion, language or subset of the runs.",
            did_you_mean(name, {*known, *MODEL_COLUMNS, *OTHER_COLUMNS, *AVERAGE_COLUMNS}),
        )
    return column


def _parse_number(path: Path, number: int, name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{path}:{number}: '{text}' in column {name} is not a number.", "Give figures in percent.")
    return value


def _find_absent_columns(board: Leaderboard, table: _PublishedTable) -> tuple[str, ...]:
    kinds = {board.slices[column].kind for column in table.slices.values()} & {"criterion", "language"}
    present = set(table.slices.values())
    return tuple(part.key for place, part in enumerate(board.slices) if part.kind in kinds and place not in present)
