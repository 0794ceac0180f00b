"""Convert preference data of any known format to the columns of the published Themis data."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from themis_rm.dataset.adapters.sources import download, is_hub_name
from themis_rm.dataset.preferences import PreferenceReader, PreferenceSettings, RejectedRow
from themis_rm.errors import InputError
from themis_rm.pipeline import StageReport
from themis_rm.progress import track
from themis_rm.records import Preference
from themis_rm.storage.atomic import atomic_path
from themis_rm.storage.output_dir import prepare_output_dir
from themis_rm.storage.parquet import write_rows
from themis_rm.storage.tables import table_files

OUTPUTS = ("data", "rejected.jsonl", "report.json")
"""Files and directories that the conversion writes into its output directory."""


def convert(data: str | Path, out: str | Path, settings: PreferenceSettings | None = None) -> StageReport:
    """Convert preference data to one Parquet file of :class:`~themis_rm.records.Preference` rows.

    Writes ``out/data/train.parquet``, ``out/rejected.jsonl`` (rows that are not used, with reason and place) and
    ``out/report.json``.

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
    files = download(str(data), ("train",)) if is_hub_name(data) else table_files(data)
    reader = PreferenceReader(files, settings)
    prepare_output_dir(out, "convert", settings.canonical(), files, OUTPUTS, replace=True)
    with atomic_path(out / "rejected.jsonl") as partial, partial.open("w", encoding="utf-8") as rejected:

        def usable() -> Iterator[Preference]:
            for row in track(reader.rows(), "convert"):
                if isinstance(row, Preference):
                    yield row
                else:
                    rejected.write(_line(row))

        kept = write_rows(out / "data" / "train.parquet", usable(), Preference.schema())
    details = {"format": reader.format.name, "files": len(files)}
    report = StageReport("convert", reader.read, kept, dict(sorted(reader.rejected.items())), 0.0, details)
    report.seconds = time.monotonic() - started
    report.save(out)
    if not kept:
        raise InputError(f"{data} has no usable row.", f"{out / 'rejected.jsonl'} has the reasons.")
    return report


def _line(row: RejectedRow) -> str:
    values = {"reason": row.reason, "where": row.where, "row": row.row}
    return json.dumps(values, ensure_ascii=True, default=str) + "\n"
