"""The ``verified`` column of a benchmark: what execution showed about each label."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from themis_rm.benchmark.files import BenchmarkFiles
from themis_rm.benchmark.manifest import Manifest
from themis_rm.benchmark.pairs import AGREES, DISAGREES, UNCHECKED
from themis_rm.benchmark.verification_report import VerifiedPair
from themis_rm.errors import InputError
from themis_rm.records import BenchmarkPair
from themis_rm.storage.atomic import atomic_path
from themis_rm.storage.digests import file_sha256
from themis_rm.storage.parquet import open_parquet, read_rows

_VALUES: dict[bool | None, str] = {True: AGREES, False: DISAGREES, None: UNCHECKED}
_COLUMN = pa.field("verified", pa.string(), nullable=False)


def add_verified_column(benchmark: str | Path, verified_pairs: str | Path, out: str | Path) -> dict[str, int]:
    """Write a copy of a compiled benchmark with the ``verified`` column, and a copy of its manifest.

    Args:
        benchmark: The benchmark.
        verified_pairs: ``verified_pairs.parquet`` of its verification.
        out: The copy.

    Returns:
        Value of ``verified`` -> pairs.

    Raises:
        InputError: A file cannot be read, or ``out`` is the benchmark itself.
    """
    benchmark, out = Path(benchmark), Path(out)
    if out.resolve() == benchmark.resolve():
        raise InputError(f"{out} is the benchmark itself.", "Set another path for the copy.")
    agrees = {row["id"]: row["agrees"] for row in read_rows(Path(verified_pairs), VerifiedPair.required())}
    counts: Counter[str] = Counter()
    with open_parquet(benchmark, BenchmarkPair.required()) as source:
        schema = _with_verified(source.schema_arrow)
        with atomic_path(out) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for batch in source.iter_batches(batch_size=1000):
                values = [_VALUES[agrees.get(key)] for key in batch.column("id").to_pylist()]
                counts.update(values)
                columns: dict[str, Any] = {name: batch.column(name) for name in batch.schema.names}
                columns["verified"] = pa.array(values, pa.string())
                writer.write_batch(pa.RecordBatch.from_arrays([columns[f.name] for f in schema], schema=schema))
    manifest = BenchmarkFiles(benchmark).manifest
    if manifest.is_file():
        copy = Manifest.load(manifest).model_copy(update={"sha256": file_sha256(out)})
        copy.save(BenchmarkFiles(out).manifest)
    return dict(sorted(counts.items()))


def _with_verified(schema: pa.Schema) -> pa.Schema:
    columns = [_COLUMN if column.name == "verified" else column for column in schema]
    return pa.schema(columns if "verified" in schema.names else [*columns, _COLUMN])
