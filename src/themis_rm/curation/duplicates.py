"""Exact duplicates across all shards, in three passes: sign every row, find what recurs, leave it out.

Two things are signed: the pair of versions, whatever their order, and the better version alone. A pair that stands in
the corpus in both directions contradicts itself and goes out altogether; of a pair or a better version that recurs,
the first in (shard, row) order stays. Several bugs injected into one solution share their better version rightly:
rows of one *group* are no duplicates of each other by it.

Signatures are 128-bit BLAKE2b digests in sorted NumPy files, one per shard. The find pass works on ranges of digests,
so its memory is bounded by the size of a range, and its result depends on neither their number nor the workers'.
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

from themis_rm.pipeline import RowFilter, RowWriter, to_document
from themis_rm.records import CodePair
from themis_rm.storage.parquet import open_parquet

SIGNATURE = np.dtype(
    [("high", "<u8"), ("low", "<u8"), ("group", "<u8"), ("shard", "<u4"), ("row", "<u4"), ("kind", "u1"), ("way", "u1")]
)
DROP = np.dtype([("shard", "<u4"), ("row", "<u4"), ("reason", "u1")])
REASONS = ("contradicted", "duplicate-pair", "duplicate-answer")
_PAIR, _ANSWER = 0, 1
Array = npt.NDArray[np.void]


def digest(*parts: str) -> bytes:
    """Return 16 bytes that depend on the parts and their order."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hashed.update(len(data).to_bytes(8, "little") + data)
    return hashed.digest()


def sign(row: dict[str, Any], shard: int, number: int) -> list[tuple[int, ...]]:
    """Return the signatures of a row: of its pair and of its better version, as rows of :data:`SIGNATURE`."""
    chosen, rejected = digest(row["chosen"]), digest(row["rejected"])
    pair = hashlib.blake2b(b"pair" + min(chosen, rejected) + max(chosen, rejected), digest_size=16).digest()
    answer = hashlib.blake2b(b"answer" + chosen, digest_size=16).digest()
    if row["origin"] == "injection":
        group = digest(row["repos"], row["file_path"], row["instruction"])
    else:
        group = digest(row["id"])
    number_of = int.from_bytes
    return [
        (number_of(d[:8], "big"), number_of(d[8:], "big"), number_of(group[:8], "big"), shard, number, kind, way)
        for d, kind, way in ((pair, _PAIR, int(chosen > rejected)), (answer, _ANSWER, 0))
    ]


class Shards:
    """The files of intermediate rows between the passes: one a shard, named by a kind of input and a rank.

    Args:
        folder: Where they lie.
        counts: Kind of input -> how many shards it has; shards are numbered through in this order.
    """

    def __init__(self, folder: Path, counts: dict[str, int]) -> None:
        self.folder = folder
        self.names = [f"{kind}-{rank:05d}" for kind, count in counts.items() for rank in range(count)]
        self._first = {kind: self.names.index(f"{kind}-00000") for kind, count in counts.items() if count}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, kind: str, rank: int) -> int:
        """Return the number of a shard."""
        return self._first[kind] + rank

    def rows(self, number: int) -> Path:
        """Return the Parquet file of a shard; it does not exist for a shard without rows."""
        return self.folder / "rows" / f"{self.names[number]}.parquet"

    def signatures(self, number: int) -> Path:
        """Return the signature file of a shard."""
        return self.folder / "signatures" / f"{number:05d}.npy"

    def drops(self, part: int) -> Path:
        """Return the file of what one part of the find pass found."""
        return self.folder / "drops" / f"{part:05d}.npy"


def _save(path: Path, values: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as handle:
        np.save(handle, values)
    partial.replace(path)


class SignRows(PipelineStep):
    """First pass: lets rows through and writes their signatures, sorted, into the shard's file."""

    type = "🫂 - DEDUP"
    name = "sign rows"

    def __init__(self, shards: Shards, kind: str) -> None:
        super().__init__()
        self.shards, self.kind = shards, kind

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Sign each row on its way; the file is written when all have passed."""
        shard = self.shards.number(self.kind, rank)
        held: list[Array] = []
        batch: list[tuple[int, ...]] = []
        for number, doc in enumerate(data):
            with self.track_time():
                batch += sign(doc.metadata, shard, number)
                if len(batch) >= 4096:
                    held.append(np.array(batch, SIGNATURE))
                    batch = []
            yield doc
        values = np.concatenate([*held, np.array(batch, SIGNATURE)])
        _save(self.shards.signatures(shard), values[np.lexsort((values["row"], values["low"], values["high"]))])


class FindDuplicates(PipelineStep):
    """Second pass: task ``rank`` of ``world_size`` finds what recurs in its range of digests."""

    type = "🫂 - DEDUP"
    name = "find duplicates"

    def __init__(self, shards: Shards) -> None:
        super().__init__()
        self.shards = shards

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Read the range out of every shard's file and write what is to be dropped."""
        if data:
            yield from data
        with self.track_time():
            pieces = [self._range(shard, rank, world_size) for shard in range(len(self.shards))]
            found = find(np.concatenate([np.empty(0, SIGNATURE), *pieces]))
            _save(self.shards.drops(rank), found)

    def _range(self, shard: int, part: int, parts: int) -> Array:
        values = np.load(self.shards.signatures(shard), mmap_mode="r")
        # Digests below bound(p) belong to the parts before p; the last bound is one past the largest digest.
        bounds = [(1 << 64) * p // parts for p in (part, part + 1)]
        first, past = (
            len(values) if bound >> 64 else int(np.searchsorted(values["high"], np.uint64(bound))) for bound in bounds
        )
        return np.array(values[first:past])


def find(signatures: Array) -> Array:
    """Return what is to be dropped, as rows of :data:`DROP` sorted by shard and row, each once.

    Args:
        signatures: All signatures of a range of digests, in any order.
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
    ways = np.minimum.reduceat(rows["way"], begin), np.maximum.reduceat(rows["way"], begin)
    both_ways = (ways[0] != ways[1])[cluster]
    later = np.arange(len(rows)) != first
    is_pair = rows["kind"] == _PAIR
    reason = np.full(len(rows), len(REASONS), "u1")
    reason[~is_pair & later & (rows["group"] != rows["group"][first])] = 2
    reason[is_pair & later] = 1
    reason[is_pair & both_ways] = 0
    out = np.empty(int((reason < len(REASONS)).sum()), DROP)
    chosen = reason < len(REASONS)
    for name, values in (("shard", rows["shard"]), ("row", rows["row"]), ("reason", reason)):
        out[name] = values[chosen]
    return strongest(out)


def strongest(drops: Array) -> Array:
    """Sort drops by shard and row and keep the weightiest reason of each row."""
    drops = drops[np.lexsort((drops["reason"], drops["row"], drops["shard"]))]
    fresh = np.ones(len(drops), bool)
    fresh[1:] = (drops["shard"][1:] != drops["shard"][:-1]) | (drops["row"][1:] != drops["row"][:-1])
    return drops[fresh]


class ReadShard(PipelineStep):
    """Streams the intermediate rows of shard ``rank``, numbered in ``_row``."""

    type = "📖 - READER"
    name = "shard"

    def __init__(self, shards: Shards) -> None:
        super().__init__()
        self.shards = shards

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield a document per row."""
        if data:
            yield from data
        path = self.shards.rows(rank)
        if not path.exists():
            return
        with open_parquet(path, CodePair.required()) as handle:
            rows = (row for batch in handle.iter_batches(batch_size=64) for row in batch.to_pylist())
            for number, row in enumerate(rows):
                yield to_document(row | {"_row": number})


class DropFound(RowFilter):
    """Third pass: drops what the second found in shard ``rank``."""

    name = "exact duplicates"

    def __init__(self, shards: Shards, parts: int, writer: RowWriter) -> None:
        super().__init__(writer)
        self.shards, self.parts = shards, parts
        self._reasons: dict[int, str] = {}

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Load the shard's drops, then filter."""
        self._reasons = self._load(rank)
        yield from super().run(data, rank, world_size)

    def _load(self, shard: int) -> dict[int, str]:
        pieces: list[Array] = []
        for part in range(self.parts):
            values = np.load(self.shards.drops(part), mmap_mode="r")
            bounds: Sequence[int] = np.searchsorted(values["shard"], [shard, shard + 1]).tolist()
            pieces.append(np.array(values[bounds[0] : bounds[1]]))
        return {int(drop["row"]): REASONS[drop["reason"]] for drop in strongest(np.concatenate(pieces))}

    def check(self, row: dict[str, Any]) -> bool | tuple[bool, str]:
        """Look the row up by its number."""
        reason = self._reasons.get(row["_row"])
        return True if reason is None else (False, reason)
