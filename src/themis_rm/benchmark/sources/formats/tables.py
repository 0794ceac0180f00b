"""Tables of comma-separated values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from themis_rm.benchmark.sources.source import read_text
from themis_rm.errors import InputError


def read_table(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file with a header; a cell that a short row lacks is empty.

    Raises:
        InputError: The file cannot be read, or lacks one of the columns.
    """
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
    missing = [name for name in columns if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(f"{path} lacks the column {', '.join(missing)}.", "Fetch the source's files again.")
    for row in rows:
        yield {name: row[name] or "" for name in columns}
