"""Convert preference data of any known format to the columns of the published Themis data."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from themis_rm.dataset.preferences import PreferenceReader, PreferenceSettings, RejectedRow
from themis_rm.errors import InputError
from themis_rm.pipeline import StageReport
from themis_rm.progress import track
from themis_rm.records import Preference
from themis_rm.storage.atomic import atomic_path
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.storage.parquet import write_rows

OUTPUTS = ("data", "rejected.jsonl", "report.json")
"""Files and directories that the conversion writes into its output directory."""


def convert(data: str | Path, out: str | Path, settings: PreferenceSettings | None = None) -> StageReport:
    """Convert preference data to :class:`~themis_rm.records.Preference` rows in Parquet.

    Writes ``out/data/<split>.parquet`` for each split of the data (``train`` for data without splits),
    ``out/rejected.jsonl`` (rows that are not used, with reason and place) and ``out/report.json``. Rows are streamed.

    Args:
        data: A file or directory of tables, or a hub name.
        out: Output directory.
        settings: Format, columns and filters.

    Raises:
        InputError: The data cannot be found or read, no format fits, or no row is usable.
        SettingError: A name in the settings is unknown.
    """
    out, settings = Path(out), settings or PreferenceSettings()
    started = time.monotonic()
    found = settings.find_files(data)
    splits = {name: getattr(found, name) for name in ("train", "validation", "test") if getattr(found, name)}
    readers = _open(splits, settings)
    files = [file for group in splits.values() for file in group]
    prepare_output_dir(out, "convert", settings.canonical(), files, OUTPUTS, replace=True)
    with atomic_path(out / "rejected.jsonl") as partial, partial.open("w", encoding="utf-8") as rejected:
        kept = {
            name: write_rows(out / "data" / f"{name}.parquet", _usable(reader, rejected), Preference.schema())
            for name, reader in readers.items()
        }
    report = StageReport("convert", sum(reader.read for reader in readers.values()), sum(kept.values()))
    report.dropped = dict(sorted(sum((reader.rejected for reader in readers.values()), Counter()).items()))
    report.details = {"format": next(iter(readers.values())).format.name, "files": len(files), "splits": kept}
    report.seconds = time.monotonic() - started
    report.save(out)
    if not report.kept:
        raise InputError(f"{data} has no usable row ({report.dropped}).", f"See {out / 'rejected.jsonl'}.")
    return report


def _open(splits: dict[str, Sequence[Path]], settings: PreferenceSettings) -> dict[str, PreferenceReader]:
    """Return a reader for each split; all have the format of the first one."""
    readers: dict[str, PreferenceReader] = {}
    chosen = settings
    for name, files in splits.items():
        readers[name] = PreferenceReader(files, chosen, settings.ties == "keep")
        chosen = chosen.model_copy(update={"format": readers[name].format.name})
    return readers


def _usable(reader: PreferenceReader, rejected: TextIO) -> Iterator[Preference]:
    for row in track(reader.rows(), "convert"):
        if isinstance(row, Preference):
            yield row
        else:
            rejected.write(_line(row))


def _line(row: RejectedRow) -> str:
    values = {"reason": row.reason, "where": row.where, "row": row.row}
    return json.dumps(values, ensure_ascii=True, default=str) + "\n"
