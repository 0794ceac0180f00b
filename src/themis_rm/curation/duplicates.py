"""Removal of duplicates over all shards, in three passes: sign the rows, find duplicates, drop them.

Near duplicates are found by :mod:`themis_rm.curation.near_duplicates` between the last two passes.

Each row has two signatures: of its pair of versions in either order, and of its better version alone. Pairs that
occur in both directions contradict each other and are all dropped. Of pairs or better versions that occur several
times the first in (shard, row) order is kept. Several bugs injected into one solution legitimately share their better
version: rows of one *group* are not duplicates of each other because of it.

Signatures are 128-bit BLAKE2b digests in sorted NumPy files, one file per shard. The second pass works on ranges of
digests, so the size of a range bounds its memory, and its result depends neither on the number of ranges nor on the
number of workers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.pipeline import FilterResult, RowFilter, RowWriter, to_document
from themis_rm.records import CodePair
from themis_rm.storage.arrays import save_array
from themis_rm.storage.digests import digest_bytes
from themis_rm.storage.parquet import open_parquet

SIGNATURE = np.dtype(
    [
        *(("high", "<u8"), ("low", "<u8"), ("group", "<u8"), ("shard", "<u4"), ("row", "<u4")),
        *(("kind", "u1"), ("direction", "u1")),
    ]
)
DROP = np.dtype([("shard", "<u4"), ("row", "<u4"), ("reason", "u1")])
REASONS = ("contradicted", "duplicate-pair", "duplicate-answer", "near-duplicate")
NEAR_DUPLICATE = 3
_PAIR, _ANSWER = 0, 1
Array = npt.NDArray[np.void]


def sign(row: dict[str, Any], shard: int, number: int) -> list[tuple[int, ...]]:
    """Return the signatures of a row's pair and of its better version, as rows of :data:`SIGNATURE`.

    Args:
        row: A row of :class:`~themis_rm.records.CodePair`.
        shard: Number of its shard.
        number: Number of the row within the shard.
    """
    chosen, rejected = digest_bytes([row["chosen"]]), digest_bytes([row["rejected"]])
    pair = hashlib.blake2b(b"pair" + min(chosen, rejected) + max(chosen, rejected), digest_size=16).digest()
    answer = hashlib.blake2b(b"answer" + chosen, digest_size=16).digest()
    if row["origin"] == "injection":
        group = digest_bytes([row["repos"], row["file_path"], row["instruction"]])
    else:
        group = digest_bytes([row["id"]])
    to_int = int.from_bytes
    return [
        (to_int(d[:8], "big"), to_int(d[8:], "big"), to_int(group[:8], "big"), shard, number, kind, direction)
        for d, kind, direction in ((pair, _PAIR, int(chosen > rejected)), (answer, _ANSWER, 0))
    ]


class Shards:
    """Paths of the intermediate files between the passes, one per shard.

    Args:
        folder: Their directory.
        counts: Kind of input -> number of shards. Shards are numbered consecutively in this order.
    """

    def __init__(self, folder: Path, counts: dict[str, int]) -> None:
        self.folder = folder
        self.names = [f"{kind}-{rank:05d}" for kind, count in counts.items() for rank in range(count)]
        self._first = {kind: self.names.index(f"{kind}-00000") for kind, count in counts.items() if count}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, kind: str, rank: int) -> int:
        """Return the number of the shard that task ``rank`` of a kind of input writes."""
        return self._first[kind] + rank

    def rows(self, number: int) -> Path:
        """Return the Parquet file of a shard, which does not exist if the shard has no rows."""
        return self.folder / "rows" / f"{self.names[number]}.parquet"

    def signatures(self, number: int) -> Path:
        """Return the signature file of a shard."""
        return self.folder / "signatures" / f"{number:05d}.npy"

    def drops(self, part: int) -> Path:
        """Return the file of rows to drop of one range of digests; the last one is of the near duplicates."""
        return self.folder / "drops" / f"{part:05d}.npy"

    def bands(self, number: int) -> Path:
        """Return the file with the MinHash bands of a shard's rows."""
        return self.folder / "near" / f"bands-{number:05d}.npy"

    def shingles(self, number: int) -> Path:
        """Return the file with the shingles of a shard's rows."""
        return self.folder / "near" / f"shingles-{number:05d}.bin"

    def sketches(self, number: int) -> Path:
        """Return the file with the origins, changes and shingle positions of a shard's rows."""
        return self.folder / "near" / f"sketches-{number:05d}.npy"

    def candidates(self, band: int) -> Path:
        """Return the file with the candidates that one band yields."""
        return self.folder / "near" / f"candidates-{band:03d}.npy"


class SignRows(PipelineStep):
    """First pass: writes the sorted signatures of a shard's rows."""

    type = "🫂 - DEDUP"
    name = "sign rows"

    def __init__(self, shards: Shards, kind: str) -> None:
        super().__init__()
        self.shards, self.kind = shards, kind

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Sign each row and pass it on; the file is written after the last row."""
        shard = self.shards.number(self.kind, rank)
        batches: list[Array] = []
        batch: list[tuple[int, ...]] = []
        for number, doc in enumerate(data):
            with self.track_time():
                batch += sign(doc.metadata, shard, number)
                if len(batch) >= 4096:
                    batches.append(np.array(batch, SIGNATURE))
                    batch = []
            yield doc
        values = np.concatenate([*batches, np.array(batch, SIGNATURE)])
        save_array(self.shards.signatures(shard), values[np.lexsort((values["row"], values["low"], values["high"]))])


class FindDuplicates(PipelineStep):
    """Second pass: task ``rank`` finds the duplicates in its range of digests."""

    type = "🫂 - DEDUP"
    name = "find duplicates"

    def __init__(self, shards: Shards) -> None:
        super().__init__()
        self.shards = shards

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Read the range from the file of every shard and write the rows to drop."""
        if data:
            yield from data
        with self.track_time():
            pieces = [self._range(shard, rank, world_size) for shard in range(len(self.shards))]
            drops = find_duplicates(np.concatenate([np.empty(0, SIGNATURE), *pieces]))
            save_array(self.shards.drops(rank), drops)

    def _range(self, shard: int, part: int, parts: int) -> Array:
        values = np.load(self.shards.signatures(shard), mmap_mode="r")
        # A range ends before its upper bound; the last bound is one past the largest digest.
        bounds = [(1 << 64) * p // parts for p in (part, part + 1)]
        first, past = (
            len(values) if bound >> 64 else int(np.searchsorted(values["high"], np.uint64(bound))) for bound in bounds
        )
        return np.array(values[first:past])


def find_duplicates(signatures: Array) -> Array:
    """Return the rows to drop, as rows of :data:`DROP` sorted by shard and row, each row once.

    Args:
        signatures: All signatures in a range of digests, in any order.
    """
    if not len(signatures):
        return np.empty(0, DROP)
    order = np.lexsort(tuple(signatures[name] for name in ("row", "shard", "low", "high")))
    rows = signatures[order]
    starts = np.ones(len(rows), bool)
    starts[1:] = (rows["high"][1:] != rows["high"][:-1]) | (rows["low"][1:] != rows["low"][:-1])
    begin = np.flatnonzero(starts)
    cluster = np.cumsum(starts) - 1
    first = begin[cluster]
    extremes = (reduce.reduceat(rows["direction"], begin) for reduce in (np.minimum, np.maximum))
    both_directions = np.not_equal(*extremes)[cluster]
    later = np.arange(len(rows)) != first
    is_pair = rows["kind"] == _PAIR
    reason = np.full(len(rows), NEAR_DUPLICATE, "u1")
    reason[~is_pair & later & (rows["group"] != rows["group"][first])] = 2
    reason[is_pair & later] = 1
    reason[is_pair & both_directions] = 0
    drop = reason < NEAR_DUPLICATE
    out = np.empty(int(drop.sum()), DROP)
    for name, values in (("shard", rows["shard"]), ("row", rows["row"]), ("reason", reason)):
        out[name] = values[drop]
    return first_reasons(out)


def first_reasons(drops: Array) -> Array:
    """Sort drops by shard and row, and keep the first reason of each row in the order of :data:`REASONS`."""
    drops = drops[np.lexsort((drops["reason"], drops["row"], drops["shard"]))]
    fresh = np.ones(len(drops), bool)
    fresh[1:] = (drops["shard"][1:] != drops["shard"][:-1]) | (drops["row"][1:] != drops["row"][:-1])
    return drops[fresh]


class ReadShard(PipelineStep):
    """Reads the intermediate rows of shard ``rank`` and numbers them in the column ``_row``."""

    type = "📖 - READER"
    name = "shard"

    def __init__(self, shards: Shards) -> None:
        super().__init__()
        self.shards = shards

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield one document per row."""
        if data:
            yield from data
        path = self.shards.rows(rank)
        if not path.exists():
            return
        with open_parquet(path, CodePair.required()) as handle:
            rows = (row for batch in handle.iter_batches(batch_size=64) for row in batch.to_pylist())
            for number, row in enumerate(rows):
                yield to_document(row | {"_row": number})


class DuplicateFilter(RowFilter):
    """Third pass: drops the duplicates in shard ``rank``."""

    name = "duplicates"

    def __init__(self, shards: Shards, parts: int, writer: RowWriter) -> None:
        super().__init__(writer)
        self.shards, self.parts = shards, parts
        self._reasons: dict[int, str] = {}

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Load the rows to drop, then filter."""
        self._reasons = self._load(rank)
        yield from super().run(data, rank, world_size)

    def _load(self, shard: int) -> dict[int, str]:
        pieces: list[Array] = []
        for part in range(self.parts):
            values = np.load(self.shards.drops(part), mmap_mode="r")
            bounds: Sequence[int] = np.searchsorted(values["shard"], [shard, shard + 1]).tolist()
            pieces.append(np.array(values[bounds[0] : bounds[1]]))
        return {int(drop["row"]): REASONS[drop["reason"]] for drop in first_reasons(np.concatenate(pieces))}

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Look up the row by its number."""
        reason = self._reasons.get(row["_row"])
        return True if reason is None else (False, reason)
