"""Parquet tables: find, open and validate files, stream rows in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from themis_rm.errors import InputError
from themis_rm.storage.atomic import atomic_path


class TypedRow(Protocol):
    """A row that can be written: see :class:`themis_rm.records.Row`."""

    def to_dict(self) -> dict[str, Any]:
        """Return the row as a plain dict in column order."""
        ...


class RowType(Protocol):
    """A class of rows that can be read."""

    @classmethod
    def required(cls) -> list[str]:
        """Return the columns that a file must have."""
        ...

    @classmethod
    def schema(cls) -> pa.Schema:
        """Return the Arrow schema."""
        ...


def parquet_files(path: Path) -> list[Path]:
    """Return the Parquet files of a file or folder, sorted by path.

    Raises:
        InputError: There is nothing at ``path``, or no Parquet file in it.
    """
    if path.is_file():
        return [path]
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else []
    if not files:
        raise InputError(f"No Parquet file at {path}.", "Give a .parquet file or a folder that holds some.")
    return files


def open_parquet(path: Path, required: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a Parquet file and check that its columns are there.

    Raises:
        InputError: The file is no Parquet, is cut off, or lacks a column.
    """
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names  # of a damaged file they need not be text
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not a readable Parquet file ({str(error).splitlines()[0]}).") from error
    missing = [name for name in required if name not in names]
    if missing:
        raise InputError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            f"It has: {', '.join(names)}.",
        )
    return file


def read_rows(path: Path, required: Sequence[str] = (), batch_size: int = 256) -> Iterator[dict[str, Any]]:
    """Stream the rows of a Parquet file or folder as dicts, in file and row order.

    Args:
        path: A file, or a folder whose Parquet files are read in sorted order.
        required: Columns that must be there.
        batch_size: Rows held at a time.

    Raises:
        InputError: See :func:`parquet_files` and :func:`open_parquet`.
    """
    for file in parquet_files(path):
        with open_parquet(file, required) as handle:
            for batch in handle.iter_batches(batch_size=batch_size):
                yield from batch.to_pylist()


def write_rows(path: Path, rows: Iterable[TypedRow], schema: pa.Schema) -> int:
    """Write rows to one Parquet file atomically.

    Args:
        path: The file.
        rows: Rows of one type; streamed, 1,000 held at a time.
        schema: Their Arrow schema.

    Returns:
        The number of rows.
    """
    count = 0
    with atomic_path(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        pending = iter(rows)
        while batch := [row.to_dict() for row in islice(pending, 1000)]:
            count += len(batch)
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
    return count
