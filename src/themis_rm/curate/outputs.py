"""The output folder of a stage: whose it is, and where its dropped rows lie."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from themis_rm.errors import InputError
from themis_rm.pipeline import RowWriter, write_text


def keep_aside(folder: Path, schema: pa.Schema, name: str) -> RowWriter:
    """Return the writer of dropped rows: ``folder/<reason>/<name>-<rank>.parquet``.

    Several inputs share a folder, so the name keeps them apart; small row groups keep a writer that has many reasons
    open at once within a few MB each.
    """
    columns = schema.append(pa.field("filter_reason", pa.string()))
    return RowWriter(folder, columns, f"${{filter_reason}}/{name}-${{rank}}.parquet", group_bytes=2 << 20, count=False)


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
