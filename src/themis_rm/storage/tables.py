"""Tables of any kind that users bring: Parquet, JSON Lines, JSON arrays, CSV and Arrow files, streamed as rows.

A row that cannot be read is a :class:`~themis_rm.storage.json_lines.BadLine` and does not end the file.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import ijson
import pyarrow as pa

from themis_rm.errors import InputError
from themis_rm.storage.class_labels import decode_labels, label_names
from themis_rm.storage.input_files import open_input
from themis_rm.storage.json_lines import BadLine, parse_line, parse_lines
from themis_rm.storage.parquet import read_rows

_COMPRESSION: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_JSON_LINES = (".jsonl", ".ndjson")
CSV_TYPES = {".csv": ",", ".tsv": "\t"}
ARROW_TYPES = (".arrow", ".feather")
TABLE_TYPES = (".parquet", *_JSON_LINES, ".json", *CSV_TYPES, *ARROW_TYPES)
"""File types that are read, in the order in which a directory is searched; all but the first and the last two also
compressed (``.jsonl.gz``)."""

_MAX_FIELD = 64 << 20  # bytes of a field of a CSV file
_PEEK = 1 << 16


_DESCRIPTIONS = frozenset({"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"})
"""Files that the ``datasets`` library writes next to tables."""


def table_type(path: str | Path) -> str:
    """Return the file type of a path among :data:`TABLE_TYPES`, empty for another one."""
    if Path(path).name in _DESCRIPTIONS:
        return ""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes[-2:]]
    if suffixes and suffixes[-1] in _COMPRESSION:
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in TABLE_TYPES else ""


def table_files(path: str | Path) -> list[Path]:
    """Return a file, or the files below a directory that have the first type of :data:`TABLE_TYPES` found there.

    Raises:
        InputError: ``path`` does not exist, has another type, or contains no such file.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and table_type(file))
        found = {table_type(file) for file in files}
        first = next((kind for kind in TABLE_TYPES if kind in found), None)
        if first is None:
            raise InputError(f"{path} contains no table.", f"File types that are read: {', '.join(TABLE_TYPES)}.")
        return [file for file in files if table_type(file) == first]
    if not path.exists():
        raise InputError(f"There is no file or directory {path}.", "Check the path.")
    if not table_type(path):
        raise InputError(f"{path} is not a table.", f"File types that are read: {', '.join(TABLE_TYPES)}.")
    return [path]


def read_table(path: str | Path) -> Iterator[tuple[str, Any]]:
    """Yield where each row of a file is (``data.jsonl:3``), and the row: a dict, another value, or a ``BadLine``.

    Raises:
        InputError: The file cannot be read, or is damaged; rows before the damage are yielded.
    """
    path = Path(path)
    kind = table_type(path)
    rows = {
        ".parquet": read_rows,
        ".json": _json,
        **dict.fromkeys(_JSON_LINES, _json_lines),
        **dict.fromkeys(CSV_TYPES, _csv),
        **dict.fromkeys(ARROW_TYPES, _arrow),
    }[kind](path)
    try:
        for number, row in enumerate(rows, 1):
            yield f"{path.name}:{number}", row
    except (
        OSError,
        EOFError,
        pa.ArrowException,
        lzma.LZMAError,
        ijson.JSONError,
        csv.Error,
        UnicodeDecodeError,
    ) as error:
        message = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path} is damaged or not a {kind} file ({message}).", "Check how it was written.") from error


def _open(path: Path) -> BinaryIO:
    handle = open_input(path)
    decompress = _COMPRESSION.get(path.suffix.lower())
    return handle if decompress is None else cast("BinaryIO", decompress(handle, "rb"))


def _json_lines(path: Path) -> Iterator[Any]:
    with _open(path) as handle:
        yield from (row for _, row in parse_lines(handle))


def _json(path: Path) -> Iterator[Any]:
    """Yield the items of an array, of the only array in an object, or the objects of JSON Lines."""
    with _open(path) as handle:
        buffered = handle if isinstance(handle, io.BufferedReader) else io.BufferedReader(cast("Any", handle), _PEEK)
        head = buffered.peek(_PEEK)[:_PEEK].removeprefix(b"\xef\xbb\xbf").lstrip()
        if head[:1] == b"[":
            yield from ijson.items(_without_mark(buffered), "item", use_float=True)
        elif isinstance(parse_line(head.split(b"\n", 1)[0]), BadLine):
            yield from _array_in_object(path, buffered)
        else:
            yield from (row for _, row in parse_lines(buffered))


def _without_mark(handle: io.BufferedReader) -> io.BufferedReader:
    if handle.peek(3)[:3] == b"\xef\xbb\xbf":
        handle.read(3)
    return handle


def _array_in_object(path: Path, handle: io.BufferedReader) -> Iterator[Any]:
    prefix = ""
    for where, event, _ in ijson.parse(_without_mark(handle)):
        if event == "start_array" and "." not in where:
            prefix = where
            break
        if event == "start_map" and where:
            break
    if not prefix:
        raise InputError(f"{path} is not a list of rows.", "Write a JSON array of objects, or one object per line.")
    with _open(path) as again:
        yield from ijson.items(
            _without_mark(io.BufferedReader(cast("Any", again), _PEEK)), f"{prefix}.item", use_float=True
        )


def _csv(path: Path) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(_MAX_FIELD)
    with _open(path) as handle, io.TextIOWrapper(handle, encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text, delimiter=CSV_TYPES[table_type(path)]):
            # Surplus fields have the key None; an empty field is a missing value.
            yield {str(name): value or None for name, value in row.items() if name is not None}


def arrow_schema(path: str | Path) -> pa.Schema:
    """Return the schema of an Arrow file.

    Raises:
        InputError: It is damaged.
    """
    try:
        with pa.memory_map(str(path)) as source:
            return _open_arrow(source)[0]
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path} is damaged or not an Arrow file.", "Check how it was written.") from error


def _open_arrow(source: pa.NativeFile) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return the schema and the batches of an Arrow stream or file."""
    try:
        reader = pa.ipc.open_stream(source)
    except pa.ArrowInvalid:
        source.seek(0)
        file = pa.ipc.open_file(source)
        return file.schema, (file.get_batch(number) for number in range(file.num_record_batches))
    return reader.schema, iter(reader)


def _arrow(path: Path) -> Iterator[dict[str, Any]]:
    with pa.memory_map(str(path)) as source:
        schema, batches = _open_arrow(source)
        names = label_names(schema)
        for batch in batches:
            yield from (decode_labels(row, names) for row in batch.to_pylist())
