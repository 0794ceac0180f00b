"""``scores.parquet``: written so that pandas reads it as published, with ``id`` for the index, and read back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa

from themis_rm.errors import InputError
from themis_rm.records import PairScore, read_rows, write_rows

PUBLISHED = ("chosen_score", "rejected_score", "correct", "score_diff", "language", "aspect", "subset")
_PANDAS = {"string": ("object", "object"), "double": ("float64", "float64"), "bool": ("bool", "bool")}


def schema() -> pa.Schema:
    """Return the schema of ``scores.parquet``: published columns, ours, then the index ``id``, and pandas' notes."""
    known = PairScore.schema()
    ours = [name for name in known.names if name not in PUBLISHED and name != "id"]
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


def write_scores(path: Path, rows: Iterable[PairScore]) -> int:
    """Write rows; the file appears under its name only when whole. Return how many there were."""
    return write_rows(path, rows, schema())


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
        # One good side does not make a pair: neither score may enter a comparison.
        chosen, rejected = (None, None) if values.get("parse_failed") else (chosen, rejected)
    return PairScore.from_dict({**values, "chosen_score": chosen, "rejected_score": rejected})


def _number(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
