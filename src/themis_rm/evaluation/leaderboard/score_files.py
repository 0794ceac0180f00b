"""Read and validate the ``scores.parquet`` of a run as columns, without an object per row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from themis_rm.criteria import CRITERIA, criterion, is_criterion
from themis_rm.errors import InputError, SettingError, did_you_mean
from themis_rm.languages import benchmark_languages, get_benchmark_language
from themis_rm.storage.parquet import open_parquet

LOST, TIED, WON, FAILED, MISSING = range(5)
"""Outcome of a pair: rejected above chosen, equal scores, chosen above rejected, not scored, not in the run."""

NEEDED = ("id", "chosen_score", "rejected_score", "language", "aspect", "subset")
OPTIONAL = ("correct", "parse_failed", "chosen_length", "rejected_length")

CRITERION_NAMES = tuple(row.benchmark_aspect for row in CRITERIA)
LANGUAGE_NAMES = tuple(row.benchmark_name for row in benchmark_languages())
OTHER = "other"
"""Label of pairs whose criterion or language is none of these; they are in no slice of a criterion or language."""


@dataclass(frozen=True)
class ScoreFile:
    """The rows of a score file, in its order.

    Attributes:
        path: The file.
        ids: Shape ``[rows]``, without duplicates.
        scores: Shape ``[2, rows]``, chosen and rejected; NaN if not a finite number.
        outcomes: Shape ``[rows]``, :data:`LOST` to :data:`FAILED`.
        criteria: Shape ``[rows]``, index into :data:`CRITERION_NAMES`, or their number for :data:`OTHER`.
        languages: Shape ``[rows]``, index into :data:`LANGUAGE_NAMES`, or their number for :data:`OTHER`.
        subsets: Shape ``[rows]``.
        lengths: Shape ``[2, rows]``, characters of chosen and rejected; ``None`` if unknown.
        failures: Reason -> failed rows: ``parse-failed``, ``no-score`` (null) or ``not-finite`` (NaN, infinite).
        marks_failures: Whether the file has a column for responses that could not be parsed, or rows without a score.
        inconsistent: Number of rows whose ``correct`` contradicts their scores.
        other_labels: Column (``aspect``, ``language``) -> label that is none of the benchmark's -> rows.
    """

    path: Path
    ids: pa.StringArray
    scores: NDArray[np.float64]
    outcomes: NDArray[np.uint8]
    criteria: NDArray[np.uint8]
    languages: NDArray[np.uint8]
    subsets: pa.StringArray
    lengths: NDArray[np.int64] | None
    failures: dict[str, int]
    marks_failures: bool
    inconsistent: int
    other_labels: dict[str, dict[str, int]]


def read_score_file(path: Path) -> ScoreFile:
    """Read a ``scores.parquet``, written by this package or published.

    Raises:
        InputError: The file is not Parquet, is truncated or damaged, lacks a column, has a column of another type, has
            no rows, rows without id, or a duplicate id.
    """
    table = _read_table(path)
    ids = _strings(path, table, "id")
    distinct = pc.value_counts(ids)
    if len(distinct) < len(ids):
        duplicates = distinct.filter(pc.greater(distinct.field("counts"), 1))
        first = duplicates[0]["values"]
        raise InputError(f"{path} has {len(duplicates):,} duplicate ids (first: {first}).", "Keep one row per pair.")
    chosen, rejected = (_numbers(path, table, name) for name in ("chosen_score", "rejected_score"))
    parsed = ~_flags(path, table, "parse_failed") if "parse_failed" in table.column_names else None
    outcomes, failures = _classify(table, chosen, rejected, parsed)
    inconsistent = 0
    if "correct" in table.column_names:
        inconsistent = int((_flags(path, table, "correct") != (outcomes == WON)).sum())
    criteria, other_criteria = _encode(path, table, "aspect", _criterion_code)
    languages, other_languages = _encode(path, table, "language", _language_code)
    others = {"aspect": other_criteria, "language": other_languages}
    return ScoreFile(
        path=path,
        ids=ids,
        scores=np.where(outcomes == FAILED, np.nan, np.stack([chosen, rejected])),
        outcomes=outcomes,
        criteria=criteria,
        languages=languages,
        subsets=_strings(path, table, "subset"),
        lengths=_read_lengths(path, table),
        failures=failures,
        marks_failures=parsed is not None or bool(failures),
        inconsistent=inconsistent,
        other_labels={name: counts for name, counts in others.items() if counts},
    )


def _read_table(path: Path) -> pa.Table:
    with open_parquet(path) as file:
        names = file.schema_arrow.names
        missing = [name for name in NEEDED if name not in names]
        if missing:
            raise InputError(
                f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
                did_you_mean(missing[0], [name for name in names if name not in NEEDED] or names),
            )
        try:
            table = file.read(columns=[*NEEDED, *(name for name in OPTIONAL if name in names)])
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"{path} is damaged ({str(error).splitlines()[0]}).", "Download or write it again."
            ) from error
    if not table.num_rows:
        raise InputError(f"{path} has no rows.", "Give the scores of a complete run.")
    return table


def _cast(path: Path, table: pa.Table, name: str, kind: pa.DataType) -> pa.Array:
    column = table.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        return column.cast(kind).combine_chunks()
    except pa.ArrowException as error:
        raise InputError(f"{path}: column {name} has type {column.type}, not {kind} ({error}).") from error


def _strings(path: Path, table: pa.Table, name: str) -> pa.StringArray:
    values = _cast(path, table, name, pa.string())
    try:
        values.validate(full=True)
    except pa.ArrowException as error:
        raise InputError(f"{path} is damaged ({name}: {error}).", "Download or write it again.") from error
    if values.null_count:
        raise InputError(f"{path} has {values.null_count:,} rows without {name}.")
    return values


def _numbers(path: Path, table: pa.Table, name: str) -> NDArray[np.float64]:
    kind = table.column(name).type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind):
        raise InputError(f"{path}: column {name} has type {kind}, not numbers.")
    values: NDArray[np.float64] = _cast(path, table, name, pa.float64()).to_numpy(zero_copy_only=False)
    return values


def _flags(path: Path, table: pa.Table, name: str) -> NDArray[np.bool_]:
    values: NDArray[np.bool_] = pc.fill_null(_cast(path, table, name, pa.bool_()), False).to_numpy(zero_copy_only=False)
    return values


def _classify(
    table: pa.Table,
    chosen: NDArray[np.float64],
    rejected: NDArray[np.float64],
    parsed: NDArray[np.bool_] | None,
) -> tuple[NDArray[np.uint8], dict[str, int]]:
    outcomes = np.where(chosen > rejected, WON, np.where(chosen == rejected, TIED, LOST)).astype(np.uint8)
    null = np.zeros(len(chosen), dtype=bool)
    for name in ("chosen_score", "rejected_score"):
        null |= pc.is_null(table.column(name)).to_numpy()
    reasons = {
        "parse-failed": ~parsed if parsed is not None else np.zeros(len(chosen), dtype=bool),
        "no-score": null,
        "not-finite": ~(np.isfinite(chosen) & np.isfinite(rejected)),
    }
    failures = {}
    for reason, rows in reasons.items():
        new = rows & (outcomes != FAILED)
        if new.any():
            failures[reason] = int(new.sum())
            outcomes[new] = FAILED
    return outcomes, failures


def _read_lengths(path: Path, table: pa.Table) -> NDArray[np.int64] | None:
    names = ("chosen_length", "rejected_length")
    if not set(names) <= set(table.column_names):
        return None
    columns = [pc.fill_null(_cast(path, table, name, pa.int64()), 0) for name in names]
    lengths: NDArray[np.int64] = np.stack([column.to_numpy(zero_copy_only=False) for column in columns])
    return lengths if (lengths > 0).any() else None


def _encode(
    path: Path, table: pa.Table, name: str, code_of: Callable[[str], int | None]
) -> tuple[NDArray[np.uint8], dict[str, int]]:
    """Return the codes of a column of labels, and label -> rows of those that have none."""
    encoded = _strings(path, table, name).dictionary_encode()
    labels = encoded.dictionary.to_pylist()
    codes = [code_of(label) for label in labels]
    beyond = len(CRITERION_NAMES if name == "aspect" else LANGUAGE_NAMES)
    column = np.array([beyond if code is None else code for code in codes], dtype=np.uint8)
    rows = np.bincount(encoded.indices.to_numpy(), minlength=len(labels)).tolist()
    others = {label: count for label, code, count in zip(labels, codes, rows, strict=True) if code is None}
    return column[encoded.indices.to_numpy()], others


def _criterion_code(name: str) -> int | None:
    return CRITERION_NAMES.index(criterion(name).benchmark_aspect) if is_criterion(name) else None


def _language_code(name: str) -> int | None:
    try:
        return LANGUAGE_NAMES.index(get_benchmark_language(name).benchmark_name)
    except SettingError:
        return None
