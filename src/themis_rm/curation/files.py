"""The files of a stage: what it may read, and whose its output folder is."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from themis_rm.errors import InputError
from themis_rm.records import Row
from themis_rm.storage.atomic import write_text
from themis_rm.storage.parquet import open_parquet, parquet_files

_TEXT = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_LISTS = (pa.types.is_list, pa.types.is_large_list)


def _is_text(kind: pa.DataType) -> bool:
    return any(test(kind.value_type if pa.types.is_dictionary(kind) else kind) for test in _TEXT)


def _is_texts(kind: pa.DataType) -> bool:
    return any(test(kind) for test in _LISTS) and (_is_text(kind.value_type) or pa.types.is_null(kind.value_type))


_KINDS = (_is_text, _is_texts, pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)


def sound_files(path: Path, rows: type[Row]) -> list[Path]:
    """Return the Parquet files of rows of a type, having looked at all their schemas.

    Raises:
        InputError: There is none, one cannot be read, or a column is missing or holds another type.
    """
    files = parquet_files(path)
    for file in files:
        with open_parquet(file, rows.required()) as handle:
            for column in rows.schema():
                index = handle.schema_arrow.get_field_index(column.name)
                found = handle.schema_arrow.field(index).type if index >= 0 else pa.null()
                if not any(fits(found) and fits(column.type) for fits in _KINDS) and not pa.types.is_null(found):
                    raise InputError(f"{file}: column {column.name} holds {found}, not {column.type}.")
    return files


def claim(out: Path, settings: str, files: Sequence[Path]) -> None:
    """Make a folder ready for a stage: leave what the same inputs and settings began, clear what others left.

    Args:
        out: The stage's folder.
        settings: Its settings, in canonical form.
        files: Its input files; each counts by name, size and time of change.

    Raises:
        InputError: The folder holds something that is not a stage's output.
    """
    digest = hashlib.sha256(settings.encode())
    for file in files:
        stat = file.stat()
        digest.update(f"{file.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
    mark = out / "inputs.sha256"
    wanted = digest.hexdigest()
    if mark.is_file() and mark.read_text(encoding="utf-8").strip() == wanted:
        return
    parts = ("logs", "work", "pairs", "data", "dropped", "report.json", "README.md")
    if not mark.is_file() and any((out / part).exists() for part in parts):
        raise InputError(f"{out} holds files that no earlier run of this stage left.", "Give an empty folder.")
    for part in parts:
        target = out / part
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    write_text(mark, wanted + "\n")
