"""Removal of near duplicates: pairs whose code is nearly that of an earlier pair, such as the same fix in a fork.

The code of a pair is the set of runs of 20 tokens (shingles) of both versions, without comments and white space. A pair
is a near duplicate of another one if the Jaccard index of their sets is at least 0.75. Within one repository, where the
same file is changed many times, the two must also add and remove the same lines. A version with fewer tokens than a
shingle is one shingle, so short versions match only if they are equal; a pair without tokens matches none.

The stages are those of datatrove's MinHash deduplication (signatures, buckets, clusters, filter), on its executors, but
with tokens of code instead of English words, computed on arrays, and with an exact check of every match:

1. :class:`SketchRows` writes the band hashes and shingles of each row of a shard.
2. :class:`FindCandidates`, whose tasks divide the bands, links each row to the first ones that are equal in the band.
3. :class:`SelectNearDuplicates` goes through the rows in (shard, row) order and drops each one that is a near duplicate
   of a kept one. So the first of a cluster is kept, and each dropped row is close to a kept one, not only to a chain.

A row has at most :data:`LINKS` + 1 links per band, so that the time for many copies is linear in their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from pydantic import Field

from themis_rm.curation.duplicates import DROP, NEAR_DUPLICATE, Array, Shards
from themis_rm.curation.lexer import lex
from themis_rm.curation.minhash import band_hashes, jaccard, minhash_signatures
from themis_rm.curation.ngram_overlap import Hashes, WordHashes, distinct, grams
from themis_rm.settings import Settings
from themis_rm.storage.arrays import save_array
from themis_rm.storage.atomic import atomic_path
from themis_rm.storage.digests import digest_bytes

LINKS = 8
"""Rows at the start of a bucket that each later row of the bucket is compared with."""
RECALL = 0.998
"""Least probability that two sets with a Jaccard index of ``min_jaccard`` are equal in a band."""
SKETCH = np.dtype([("origin", "<u8"), ("change", "<u8"), ("end", "<u8")])
_BATCH = 16
_CHUNK = 1 << 16


class NearDuplicateSettings(Settings):
    """Removal of pairs whose code is nearly equal to that of an earlier pair."""

    enabled: bool = True
    """Whether near duplicates are removed; exact duplicates always are."""
    min_jaccard: float = Field(0.75, ge=0.3, le=1)
    """Jaccard index of the token shingles from which on two pairs are near duplicates."""
    shingle_size: int = Field(20, ge=1)
    """Tokens per shingle; a version with fewer tokens is one shingle."""
    num_permutations: int = Field(125, ge=32, le=1024)
    """MinHash permutations; fewer are faster and miss more pairs close to ``min_jaccard``."""

    @property
    def rows(self) -> int:
        """Return the MinHash values per band: the most with which :data:`RECALL` is reached."""
        return max((rows for rows in range(1, 17) if self._recall(rows) >= RECALL), default=1)

    @property
    def bands(self) -> int:
        """Return the number of bands."""
        return self.num_permutations // self.rows

    def _recall(self, rows: int) -> float:
        return 1 - (1 - self.min_jaccard**rows) ** (self.num_permutations // rows)


class PairSketcher:
    """Computes the shingles of pairs.

    Args:
        shingle_size: Tokens per shingle.
    """

    def __init__(self, shingle_size: int) -> None:
        self._size = shingle_size
        self._hashes = WordHashes()

    def shingles(self, row: dict[str, Any]) -> Hashes:
        """Return the distinct shingles of both versions of a pair, sorted."""
        sides = (grams(self._hashes(lex(row[side], row["language"])), self._size) for side in ("chosen", "rejected"))
        return distinct(np.concatenate([*sides]))


def origin_of(row: dict[str, Any]) -> int:
    """Return the hash of what pairs of one origin share: the repository, else the solution that has no repository."""
    return _hash([row["repos"]] if row["repos"] else ["", row["file_path"], row["instruction"]])


def change_of(row: dict[str, Any]) -> int:
    """Return the hash of the lines that a pair removes and adds, without surrounding white space."""
    new, old = ({line.strip() for line in row[side].splitlines()} for side in ("chosen", "rejected"))
    return _hash([*sorted(new - old - {""}), "\0", *sorted(old - new - {""})])


def _hash(parts: Iterable[str]) -> int:
    return int.from_bytes(digest_bytes(parts, 8), "little")


class SketchRows(PipelineStep):
    """First stage: writes band hashes, shingles, origin and change of a shard's rows."""

    type = "🫂 - DEDUP"
    name = "sketch rows"

    def __init__(self, shards: Shards, kind: str, settings: NearDuplicateSettings) -> None:
        super().__init__()
        self.shards, self.kind, self.settings = shards, kind, settings

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Sketch each row and pass it on; the files are complete after the last row."""
        shard = self.shards.number(self.kind, rank)
        with atomic_path(self.shards.shingles(shard)) as partial, partial.open("wb") as file:
            writer = _SketchWriter(file, self.settings)
            for doc in data:
                with self.track_time():
                    writer.add(doc.metadata)
                yield doc
            bands, rows = writer.finish()
        save_array(self.shards.bands(shard), bands)
        save_array(self.shards.sketches(shard), rows)


class _SketchWriter:
    def __init__(self, file: IO[bytes], settings: NearDuplicateSettings) -> None:
        self._file, self._settings = file, settings
        self._sketcher = PairSketcher(settings.shingle_size)
        self._rows: list[tuple[int, int, int]] = []
        self._bands: list[Hashes] = []
        self._pending: list[Hashes] = []
        self._end = 0

    def add(self, row: dict[str, Any]) -> None:
        """Write the shingles of a row. Their upper halves suffice for the exact check and keep them sorted."""
        shingles = self._sketcher.shingles(row)
        self._file.write((shingles >> np.uint64(32)).astype("<u4").tobytes())
        self._end += len(shingles)
        self._rows.append((origin_of(row), change_of(row), self._end))
        self._pending.append(shingles)
        if len(self._pending) == _BATCH:
            self._flush()

    def _flush(self) -> None:
        settings = self._settings
        signatures = minhash_signatures(self._pending, settings.bands * settings.rows)
        self._bands.append(band_hashes(signatures, settings.rows))
        self._pending = []

    def finish(self) -> tuple[Hashes, Array]:
        """Return the band hashes, shape ``[bands, rows]``, and the rows of :data:`SKETCH`."""
        self._flush()
        return np.ascontiguousarray(np.concatenate(self._bands).T), np.array(self._rows, SKETCH)


class AllRows:
    """The sketches of all shards; rows are numbered over all of them in (shard, row) order.

    Args:
        shards: Paths of the files.
        parts: Number of files of exact duplicates, which are left out of the search.
    """

    def __init__(self, shards: Shards, parts: int) -> None:
        self.shards = shards
        pieces = [np.load(shards.sketches(shard)) for shard in range(len(shards))]
        self.starts = np.cumsum([0, *map(len, pieces)])
        self.rows = np.concatenate([np.empty(0, SKETCH), *pieces])
        sizes = [np.diff(piece["end"], prepend=np.uint64(0)) for piece in pieces]
        self.active = np.concatenate([np.empty(0, bool), *(size > 0 for size in sizes)])
        for part in range(parts):
            drops = np.load(shards.drops(part))
            self.active[self.starts[drops["shard"]] + drops["row"]] = False
        self._maps: dict[int, npt.NDArray[np.uint32]] = {}

    def locate(self, row: int) -> tuple[int, int]:
        """Return the shard and the number within it of a row."""
        shard = int(np.searchsorted(self.starts, row, side="right")) - 1
        return shard, row - int(self.starts[shard])

    def shingles(self, row: int) -> npt.NDArray[np.uint32]:
        """Return the shingles of a row from disk."""
        shard, number = self.locate(row)
        if shard not in self._maps:
            self._maps[shard] = np.memmap(self.shards.shingles(shard), "<u4", "r")
        first = int(self.rows["end"][row - 1]) if number else 0
        return self._maps[shard][first : int(self.rows["end"][row])]


class FindCandidates(PipelineStep):
    """Second stage: task ``rank`` links the rows that are equal in every ``world_size``-th band."""

    type = "🫂 - DEDUP"
    name = "find candidates"

    def __init__(self, shards: Shards, parts: int, bands: int) -> None:
        super().__init__()
        self.shards, self.parts, self.bands = shards, parts, bands

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Read these bands of every shard and write the links."""
        if data:
            yield from data
        with self.track_time():
            every = AllRows(self.shards, self.parts)
            for band in range(rank, self.bands, world_size):
                save_array(self.shards.candidates(band), find_links(self._load(band), every.rows, every.active))

    def _load(self, band: int) -> Hashes:
        pieces = [np.load(self.shards.bands(shard), mmap_mode="r")[band] for shard in range(len(self.shards))]
        return np.concatenate([np.empty(0, np.uint64), *pieces])


def find_links(band: Hashes, rows: Array, active: npt.NDArray[np.bool_]) -> Hashes:
    """Return links between rows that are equal in a band, as ``later * len(band) + earlier``, sorted.

    Each row is linked to the first :data:`LINKS` rows of its bucket, and to the first one with the same change; rows of
    one origin only if they have the same change.

    Args:
        band: Hash of each row in the band.
        rows: Sketches of the rows.
        active: Which rows take part.
    """
    count, index = len(band), np.flatnonzero(active)
    found = [np.empty(0, np.uint64)]
    for keys, links in (((band,), LINKS), ((band, rows["change"]), 1)):
        order = index[np.lexsort((index, *(key[index] for key in reversed(keys))))]
        start = np.ones(len(order), bool)
        start[1:] = np.logical_or.reduce([key[order[1:]] != key[order[:-1]] for key in keys])
        begin = np.flatnonzero(start)[np.cumsum(start) - 1] if len(order) else order
        for offset in range(links):
            later = np.flatnonzero(begin + offset < np.arange(len(order)))
            if not len(later):
                break
            first, second = order[begin[later] + offset], order[later]
            wanted = (rows["origin"][first] != rows["origin"][second]) | (
                rows["change"][first] == rows["change"][second]
            )
            found.append((second[wanted] * count + first[wanted]).astype(np.uint64))
    return np.unique(np.concatenate(found))


class SelectNearDuplicates(PipelineStep):
    """Third stage: checks the links by the exact Jaccard index and writes the rows to drop."""

    type = "🫂 - DEDUP"
    name = "select near duplicates"

    def __init__(self, shards: Shards, parts: int, settings: NearDuplicateSettings) -> None:
        super().__init__()
        self.shards, self.parts, self.settings = shards, parts, settings

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Read the links of all bands and write the drops of all shards."""
        if data:
            yield from data
        with self.track_time():
            every = AllRows(self.shards, self.parts)
            links = np.empty(0, np.uint64)
            for band in range(self.settings.bands):
                links = np.union1d(links, np.load(self.shards.candidates(band)))
            dropped = select_duplicates(links, every, self.settings.min_jaccard)
            drops = [(*every.locate(row), NEAR_DUPLICATE) for row in dropped]
            save_array(self.shards.drops(self.parts), np.array(drops, DROP))


def select_duplicates(links: Hashes, every: AllRows, min_jaccard: float) -> list[int]:
    """Return the rows that are near duplicates of an earlier row that is kept, in order.

    Args:
        links: Output of :func:`find_links` for all bands, sorted.
        every: The rows.
        min_jaccard: Least Jaccard index of near duplicates.
    """
    dropped: dict[int, None] = {}
    count = max(len(every.rows), 1)
    for start in range(0, len(links), _CHUNK):
        for link in links[start : start + _CHUNK].tolist():
            later, earlier = divmod(link, count)
            if later in dropped or earlier in dropped:
                continue
            if jaccard(every.shingles(earlier), every.shingles(later)) >= min_jaccard:
                dropped[later] = None
    return list(dropped)
