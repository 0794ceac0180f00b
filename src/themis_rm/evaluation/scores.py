"""``scores.parquet``: written so that pandas reads it as published, with ``id`` for the index, and read back."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from themis_rm.errors import InputError
from themis_rm.records import PairScore
from themis_rm.storage.parquet import read_rows, write_rows

PUBLISHED = ("chosen_score", "rejected_score", "correct", "score_diff", "language", "aspect", "subset")
STATED = ("chosen_stated", "rejected_stated")
_PANDAS = {"string": ("object", "object"), "double": ("float64", "float64"), "bool": ("bool", "bool")}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPairScore(PairScore):
    """A row of a generative model's ``scores.parquet``, which has the published flags of failed parses as well.

    Attributes:
        parse_failed: One of the two answers got no score.
    """

    parse_failed: bool
    chosen_parse_failed: bool
    rejected_parse_failed: bool

    @classmethod
    def of(cls, row: PairScore) -> Self:
        """Return the row with its flags."""
        values = {field.name: getattr(row, field.name) for field in dataclasses.fields(PairScore)}
        chosen, rejected = row.chosen_score is None, row.rejected_score is None
        return cls(
            **values, parse_failed=chosen or rejected, chosen_parse_failed=chosen, rejected_parse_failed=rejected
        )


def schema(judged: bool = False) -> pa.Schema:
    """Return the schema of ``scores.parquet``: published columns, ours, then the index ``id``, and pandas' notes.

    Args:
        judged: With the columns that only models have which write their scores.
    """
    known = JudgedPairScore.schema() if judged else PairScore.schema()
    left_out = {"id"} if judged else {"id", *STATED}
    ours = [name for name in known.names if name not in PUBLISHED and name not in left_out]
    fields = [known.field(name) for name in (*PUBLISHED, *ours, "id")]
    return pa.schema(fields, {b"pandas": json.dumps(_pandas_notes(fields)).encode()})


def _pandas_notes(fields: list[pa.Field]) -> dict[str, Any]:
    columns = []
    for field in fields:
        kind, stored = _PANDAS.get(str(field.type), (str(field.type), str(field.type)))
        column = {"name": field.name, "field_name": field.name, "pandas_type": kind, "numpy_type": stored}
        columns.append({**column, "metadata": None})
    index = {"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object"}
    return {
        "index_columns": ["id"],
        "column_indexes": [{**index, "metadata": {"encoding": "UTF-8"}}],
        "columns": columns,
        "pandas_version": "2.0.0",
    }


def write_scores(path: Path, rows: Iterable[PairScore], judged: bool = False) -> int:
    """Write rows; the file appears under its name only when whole. Return how many there were.

    Args:
        path: The file.
        rows: In the order in which they should stand.
        judged: The model writes its scores.
    """
    return write_rows(path, map(JudgedPairScore.of, rows) if judged else rows, schema(judged))


def as_stated(rows: Sequence[PairScore]) -> list[PairScore] | None:
    """Return the rows with the scores that a judge wrote for rewards, ``None`` where none was written."""
    if all(row.chosen_stated is None for row in rows):
        return None
    return [_stated(row) for row in rows]


def _stated(row: PairScore) -> PairScore:
    if row.chosen_stated is None or row.rejected_stated is None:
        return row
    difference = row.chosen_stated - row.rejected_stated
    return dataclasses.replace(
        row,
        chosen_score=row.chosen_stated,
        rejected_score=row.rejected_stated,
        score_diff=difference,
        correct=difference > 0,
    )


def read_scores(path: Path) -> list[PairScore]:
    """Read our own or a published ``scores.parquet``.

    A published row whose scores could not be parsed (``parse_failed``, or a score that is no number) is a failed row.

    Raises:
        InputError: The file is damaged, lacks a published column, or names an id twice.
    """
    rows = [_row(values) for values in read_rows(path, ["id", *PUBLISHED])]
    if len({row.id for row in rows}) < len(rows):
        raise InputError(f"{path} has an id twice.")
    return rows


def _row(values: dict[str, Any]) -> PairScore:
    chosen, rejected = _number(values["chosen_score"]), _number(values["rejected_score"])
    if chosen is None or rejected is None or values.get("parse_failed"):
        note = values.get("note") or "parse-failed"
        values = {**values, "score_diff": None, "correct": False, "status": "failed", "note": note}
        # A failed parse has a number in some published files; without flags of its own each side counts as failed.
        if values.get("parse_failed"):
            chosen = None if values.get("chosen_parse_failed", True) else chosen
            rejected = None if values.get("rejected_parse_failed", True) else rejected
    return PairScore.from_dict({**values, "chosen_score": chosen, "rejected_score": rejected})


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
