"""Inputs of ``curate``: commits in any known format, from tables of any type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.curation.commits import COMMIT_FORMATS, detect_commit_format
from themis_rm.errors import InputError
from themis_rm.pipeline import DROPPED, READ, RowReader, to_document
from themis_rm.records import Commit
from themis_rm.storage.json_lines import BadLine
from themis_rm.storage.parquet import open_parquet, validate_parquet_files
from themis_rm.storage.tables import read_table, table_files, table_type

PUBLISHED = "published"


@dataclass(frozen=True)
class CommitInput:
    """Files of commits and their format.

    Attributes:
        path: Where they were found.
        files: The files; a task reads one.
        format: Name of the format.
        columns: Column of the format -> column of the files.
        mined: Whether the files are those that ``mine`` writes, with all columns and their types.
    """

    path: Path
    files: Sequence[Path]
    format: str
    columns: Mapping[str, str]
    mined: bool

    def reader(self) -> PipelineStep:
        """Return a step that reads the commits."""
        return RowReader(self.path, Commit.required()) if self.mined else CommitReader(self)


def find_commits(path: str | Path, columns: Mapping[str, str]) -> CommitInput:
    """Find commits and their format.

    Args:
        path: File or directory of tables.
        columns: Column of the format -> column of the files.

    Raises:
        InputError: There are no tables, a file cannot be read or has no row, or no format fits.
    """
    path = Path(path)
    files = table_files(path)
    parquet = all(table_type(file) == ".parquet" for file in files)
    if parquet and not columns and set(Commit.required()) <= set(_columns(files[0])):
        return CommitInput(path, validate_parquet_files(path, Commit), PUBLISHED, {}, mined=True)
    found = [detect_commit_format(_renamed_columns(_columns(file), columns), str(file)) for file in files]
    for file, other in zip(files, found, strict=True):
        if other is not found[0]:
            raise InputError(
                f"{file} is in the format {other.name}, and {files[0]} in {found[0].name}.",
                "Curate files of each format on their own.",
            )
    return CommitInput(path, files, found[0].name, dict(columns), mined=False)


def _columns(file: Path) -> list[str]:
    if table_type(file) == ".parquet":
        with open_parquet(file) as handle:
            return list(handle.schema_arrow.names)
    for _, row in read_table(file):
        if isinstance(row, dict):
            return list(row)
    raise InputError(f"{file} has no row that can be read.", "Check that it is the right file.")


def _renamed_columns(names: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """Return the names of columns after the mapping; one that the file lacks gives none."""
    return [*names, *(name for name, source in columns.items() if source in names)]


class CommitReader(PipelineStep):
    """Reads file ``rank`` of commits in another layout than that of ``mine``; bad rows are counted by reason."""

    type = "📖 - READER"
    name = "commits"

    def __init__(self, found: CommitInput) -> None:
        super().__init__()
        self.found = found

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield the documents of earlier steps, then one per commit."""
        if data:
            yield from data
        form = COMMIT_FORMATS.get(self.found.format)
        for index in range(rank, len(self.found.files), world_size):
            for number, (_, row) in enumerate(read_table(self.found.files[index])):
                self.stat_update(READ)
                if not isinstance(row, dict):
                    self.stat_update(DROPPED + ("not-json" if isinstance(row, BadLine) else "not-a-row"))
                    continue
                given = row | {name: row.get(source) for name, source in self.found.columns.items()}
                values = form.read(dict.fromkeys(form.required) | given)
                if _fits(values):
                    yield to_document(values, f"{index:05d}/{number:08d}")
                else:
                    self.stat_update(DROPPED + "malformed-row")


def _fits(values: Mapping[str, Any]) -> bool:
    """Return whether the values can be written in the columns of ``Commit``; missing texts are found by a filter."""
    return all(_has_type(values.get(field.name), field.type) for field in Commit.schema())


def _has_type(value: Any, kind: pa.DataType) -> bool:
    if value is None:
        return True
    if pa.types.is_list(kind):
        return _is_list_of(value, kind)
    if pa.types.is_boolean(kind) or isinstance(value, bool):
        return pa.types.is_boolean(kind) and isinstance(value, bool)
    return isinstance(value, int if pa.types.is_integer(kind) else str)


def _is_list_of(value: Any, kind: pa.DataType) -> bool:
    try:
        return isinstance(value, list) and len(pa.array([value], kind)) == 1
    except (pa.ArrowException, ValueError, OverflowError):
        return False
