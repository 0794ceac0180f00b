"""Read and write ``scores.parquet``: the scores of a run by pair, with ``id`` as pandas index, as published."""

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
    """A row of a generative judge's ``scores.parquet``, with the published flags of failed parses.

    Attributes:
        parse_failed: At least one response has no score.
        chosen_parse_failed: The chosen response has no score.
        rejected_parse_failed: The rejected response has no score.
    """

    parse_failed: bool
    chosen_parse_failed: bool
    rejected_parse_failed: bool

    @classmethod
    def from_score(cls, row: PairScore) -> Self:
        """Return the row with its flags."""
        values = {field.name: getattr(row, field.name) for field in dataclasses.fields(PairScore)}
        chosen, rejected = row.chosen_score is None, row.rejected_score is None
        return cls(
            **values, parse_failed=chosen or rejected, chosen_parse_failed=chosen, rejected_parse_failed=rejected
        )


def schema(judged: bool = False) -> pa.Schema:
    """Return the schema of ``scores.parquet``: published columns, further ones, the index ``id``, pandas metadata.

    Args:
        judged: Include the columns of generative judges.
    """
    known = JudgedPairScore.schema() if judged else PairScore.schema()
    excluded = {"id"} if judged else {"id", *STATED}
    further = [name for name in known.names if name not in PUBLISHED and name not in excluded]
    fields = [known.field(name) for name in (*PUBLISHED, *further, "id")]
    return pa.schema(fields, {b"pandas": json.dumps(_pandas_metadata(fields)).encode()})


def _pandas_metadata(fields: list[pa.Field]) -> dict[str, Any]:
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


def write_scores(path: str | Path, rows: Iterable[PairScore], judged: bool = False) -> int:
    """Write scores atomically.

    Args:
        path: The file.
        rows: One row per pair.
        judged: The model is a generative judge.

    Returns:
        The number of rows.
    """
    return write_rows(Path(path), map(JudgedPairScore.from_score, rows) if judged else rows, schema(judged))


def with_stated_scores(rows: Sequence[PairScore]) -> list[PairScore] | None:
    """Return the rows with the scores that a judge stated in place of expected scores, ``None`` if it stated none."""
    if all(row.chosen_stated is None for row in rows):
        return None
    return [_with_stated_score(row) for row in rows]


def _with_stated_score(row: PairScore) -> PairScore:
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


def read_scores(path: str | Path) -> list[PairScore]:
    """Read a ``scores.parquet``, written by this package or published.

    A row whose scores could not be parsed (``parse_failed``, or a score that is not a number) is a failed row.

    Raises:
        InputError: The file is damaged, lacks a published column, or contains an id twice.
    """
    rows = [_parse_row(values) for values in read_rows(Path(path), ["id", *PUBLISHED])]
    if len({row.id for row in rows}) < len(rows):
        raise InputError(f"{path} contains an id twice.", "Keep one row per pair.")
    return rows


def _parse_row(values: dict[str, Any]) -> PairScore:
    chosen, rejected = _finite(values["chosen_score"]), _finite(values["rejected_score"])
    if chosen is None or rejected is None or values.get("parse_failed"):
        note = values.get("note") or "parse-failed"
        values = {**values, "score_diff": None, "correct": False, "status": "failed", "note": note}
        # Some published files have a number for a failed parse; without flags by side, both sides count as failed.
        if values.get("parse_failed"):
            chosen = None if values.get("chosen_parse_failed", True) else chosen
            rejected = None if values.get("rejected_parse_failed", True) else rejected
    return PairScore.from_dict({**values, "chosen_score": chosen, "rejected_score": rejected})


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
