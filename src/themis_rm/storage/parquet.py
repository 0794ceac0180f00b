"""Parquet tables: find, open and validate files, stream rows in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from themis_rm.errors import InputError
from themis_rm.storage.atomic import atomic_path
from themis_rm.storage.class_labels import decode_labels, label_names
from themis_rm.storage.input_files import require_file


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


def parquet_files(path: str | Path) -> list[Path]:
    """Return a Parquet file, or the Parquet files below a directory sorted by path.

    Raises:
        InputError: ``path`` does not exist or contains no Parquet file.
    """
    path = Path(path)
    if path.is_file():
        return [path]
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else []
    if not files:
        raise InputError(f"No Parquet file at {path}.", "Pass a .parquet file or a directory of them.")
    return files


class _NamedParquetFile(pq.ParquetFile):
    """A Parquet file whose errors name it: a damaged page is found when it is read."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        super().__init__(require_file(path))

    def iter_batches(self, *args: Any, **options: Any) -> Iterator[pa.RecordBatch]:
        with _damage_named(self.path):
            for batch in super().iter_batches(*args, **options):
                batch.validate(full=True)  # also finds texts that are not UTF-8
                yield batch

    def read(self, *args: Any, **options: Any) -> pa.Table:
        with _damage_named(self.path):
            return _validated(super().read(*args, **options))

    def read_row_group(self, *args: Any, **options: Any) -> pa.Table:
        with _damage_named(self.path):
            return _validated(super().read_row_group(*args, **options))


def _validated(table: pa.Table) -> pa.Table:
    table.validate(full=True)
    return table


@contextmanager
def _damage_named(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(f"{path} is damaged ({reason}).", "Write or download it again.") from error


def open_parquet(path: str | Path, required: Sequence[str] = ()) -> pq.ParquetFile:
    """Open a Parquet file and check that it has the required columns.

    Raises:
        InputError: The file is not a complete Parquet file, or lacks a column.
    """
    try:
        file = _NamedParquetFile(path)
        names = file.schema_arrow.names  # fails if a damaged file has names that are not UTF-8
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not a readable Parquet file ({str(error).splitlines()[0]}).",
            "Rows are read from Parquet; preferences, benchmarks and commits also from JSON, CSV and Arrow files.",
        ) from error
    missing = [name for name in required if name not in names]
    if missing:
        raise InputError(
            f"{path} lacks the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            f"It has: {', '.join(names)}.",
        )
    return file


def read_rows(path: str | Path, required: Sequence[str] = (), batch_size: int = 256) -> Iterator[dict[str, Any]]:
    """Stream the rows of a Parquet file or directory as dicts, in file and row order.

    Args:
        path: A file, or a directory whose Parquet files are read in sorted order.
        required: Columns that the files must have.
        batch_size: Number of rows in memory at a time.

    Raises:
        InputError: See :func:`parquet_files` and :func:`open_parquet`.
    """
    for file in parquet_files(path):
        with open_parquet(file, required) as handle:
            yield from iter_rows(handle, batch_size=batch_size)


def iter_rows(
    handle: pq.ParquetFile, columns: Sequence[str] | None = None, batch_size: int = 256
) -> Iterator[dict[str, Any]]:
    """Stream the rows of an open Parquet file as dicts, class labels and dictionary-encoded values as their names.

    Args:
        handle: See :func:`open_parquet`.
        columns: Columns to read; by default all.
        batch_size: Number of rows in memory at a time.
    """
    names = label_names(handle.schema_arrow)
    for batch in handle.iter_batches(batch_size=batch_size, columns=columns):
        rows: list[dict[str, Any]] = batch.to_pylist()
        yield from (decode_labels(row, names) for row in rows) if names else rows


def write_rows(path: str | Path, rows: Iterable[TypedRow], schema: pa.Schema) -> int:
    """Write rows to one Parquet file atomically.

    Args:
        path: The file.
        rows: Rows of one type; streamed in batches of 1,000.
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


_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_LISTS = (pa.types.is_list, pa.types.is_large_list)


def _is_text(kind: pa.DataType) -> bool:
    return any(test(kind) for test in _TEXT)


def _is_texts(kind: pa.DataType) -> bool:
    return any(test(kind) for test in _LISTS) and (_is_text(kind.value_type) or pa.types.is_null(kind.value_type))


def _is_mappings(kind: pa.DataType) -> bool:
    """Return whether a type is a list of mappings of texts."""
    if not any(test(kind) for test in _LISTS):
        return False
    inner = kind.value_type
    return pa.types.is_null(inner) or (pa.types.is_struct(inner) and all(_is_text(field.type) for field in inner))


_KINDS = (_is_text, _is_texts, _is_mappings, pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)


def column_type(schema: pa.Schema, name: str) -> pa.DataType:
    """Return the type of a column as :func:`iter_rows` reads it: text for class labels, null for a missing column."""
    index = schema.get_field_index(name)
    if index < 0:
        return pa.null()
    kind = schema.field(index).type
    if name in label_names(schema):
        return pa.string() if pa.types.is_integer(kind) else pa.list_(pa.string())
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def require_text(schema: pa.Schema, path: str | Path, columns: Sequence[str]) -> None:
    """Check that columns hold text; columns that are missing, or null in every row, are not checked.

    Args:
        schema: Schema of the file.
        path: Name of the file for the message.
        columns: Names of the columns.

    Raises:
        InputError: A column has another type.
    """
    for name in columns:
        kind = column_type(schema, name)
        if not _is_text(kind) and not pa.types.is_null(kind):
            raise InputError(
                f"{path}: column {name} has type {kind}, not string.",
                "Write it as text, or as class labels whose names are in the file's metadata."
                if pa.types.is_integer(kind)
                else "Write it as text.",
            )


def validate_parquet_files(path: str | Path, rows: RowType) -> list[Path]:
    """Return the Parquet files of a path after checking their schemas against a row type.

    Raises:
        InputError: There is no file, a file cannot be read, or a column is missing or has another type.
    """
    files = parquet_files(path)
    for file in files:
        with open_parquet(file, rows.required()) as handle:
            for column in rows.schema():
                actual = column_type(handle.schema_arrow, column.name)
                if not any(fits(actual) and fits(column.type) for fits in _KINDS) and not pa.types.is_null(actual):
                    raise InputError(f"{file}: column {column.name} has type {actual}, not {column.type}.")
    return files
