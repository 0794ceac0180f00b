"""Reader of CSV tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from themis_rm.benchmark.sources.source import DOWNLOAD_HINT, read_text
from themis_rm.errors import InputError


def read_table(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file with a header; missing cells of short rows are empty.

    Raises:
        InputError: The file cannot be read or lacks one of the columns.
    """
    rows = csv.DictReader(io.StringIO(read_text(path), newline=""))
    missing = [name for name in columns if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(f"{path} lacks the column {', '.join(missing)}.", DOWNLOAD_HINT)
    for row in rows:
        yield {name: row[name] or "" for name in columns}
