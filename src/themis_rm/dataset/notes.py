"""Notes: what the plan of a dataset needs to know of each row, in some 90 bytes instead of the row.

A *row* of the dataset is a (pair, criterion); its note holds hashes of its texts, its categories as numbers, its time
and its lengths. Everything that chooses rows works on notes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.criteria import CRITERIA, is_criterion
from themis_rm.pipeline import DROPPED, RowWriter
from themis_rm.storage.atomic import write_text
from themis_rm.storage.digests import stable_id

NO_TIME = np.iinfo(np.int64).min
CATEGORIES = ("language", "source", "instruction_source", "license", "repos")
NOTE = np.dtype(
    [
        ("rank", "<u8"),  # seeded hash of idx: the order of every draw
        ("tie", "<u8"),  # hash of the texts: decides between rows of one rank
        ("shard", "<u4"),
        ("row", "<u4"),
        ("criterion", "u1"),
        *[(name, "<u4") for name in CATEGORIES],
        ("time", "<i8"),
        ("input", "<u8"),
        ("chosen", "<u8"),
        ("rejected", "<u8"),
        ("chosen_length", "<u4"),
        ("rejected_length", "<u4"),
    ]
)
SOURCES: Mapping[str, str] = {"commit": "commits", "injection": "injection"}
"""Origin of a pair -> value of the ``source`` column."""
Notes = npt.NDArray[np.void]
SHORTS = [row.short for row in CRITERIA]


def hash64(*parts: str) -> int:
    """Return 64 bits that depend on the parts and their order."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little") + data)
    return int.from_bytes(digest.digest(), "big")


def row_id(pair_id: str, short: str) -> str:
    """Return the ``idx`` of the row that a pair gives for a criterion."""
    return stable_id("preference", pair_id, short)


def row_rank(seed: int, idx: str) -> int:
    """Return the place of a row in every seeded draw and in the final order: the lower, the earlier."""
    return hash64("rank", str(seed), idx)


def fold_prompt(text: str) -> str:
    """Return a prompt as it is compared across splits: case and white space do not matter."""
    return " ".join(text.casefold().split())


def criteria_of(pair: Mapping[str, Any]) -> list[str]:
    """Return the short names of a pair's criteria in table order, each once."""
    return [short for short in SHORTS if short in (pair.get("criteria") or ())]


def fault_of(pair: Mapping[str, Any]) -> str | None:
    """Return the reason why a pair can give no row, or ``None``."""
    texts = ("id", "instruction", "chosen", "rejected", "language", "origin", "instruction_source", "repos", "license")
    if not all(isinstance(pair.get(name), str) for name in texts):
        return "malformed-pair"
    if not pair["chosen"].strip() or not pair["rejected"].strip() or not pair["instruction"].strip():
        return "empty-text"
    if pair["chosen"] == pair["rejected"]:
        return "equal-answers"
    if pair["origin"] not in SOURCES:
        return "unknown-origin"
    criteria = pair.get("criteria") or []
    return None if criteria and all(is_criterion(name) for name in criteria) else "unknown-criterion"


class Vocabulary(dict[str, int]):
    """Numbers for strings, in order of first use."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]


class IndexRows(PipelineStep):
    """Writes the notes of every row that the pairs of shard ``rank`` give; pairs that give none are kept aside.

    Args:
        folder: Where the notes go (``<shard>.npy`` and ``<shard>.json``, the shard's categories).
        seed: Seed of the ranks.
        aside: Writer of pairs without rows.
    """

    type = "📝 - NOTES"
    name = "take notes"

    def __init__(self, folder: Path, seed: int, aside: RowWriter) -> None:
        super().__init__()
        self.folder, self.seed, self.aside = folder, seed, aside

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Consume the pairs."""
        vocabularies = {name: Vocabulary() for name in CATEGORIES}
        held: list[Notes] = []
        batch: list[tuple[int, ...]] = []
        with self.aside as aside:
            for number, doc in enumerate(data):
                with self.track_time():
                    fault = fault_of(doc.metadata)
                    if fault:
                        self.stat_update(DROPPED + fault, "note_pairs_without_rows")
                        doc.metadata["filter_reason"] = fault
                        aside.write(doc, rank)
                        continue
                    batch += notes_of(doc.metadata, self.seed, rank, number, vocabularies)
                    if len(batch) >= 4096:
                        held.append(np.array(batch, NOTE))
                        batch = []
        save_array(self.folder / f"{rank:05d}.npy", np.concatenate([*held, np.array(batch, NOTE)]))
        write_text(self.folder / f"{rank:05d}.json", json.dumps({n: list(v) for n, v in vocabularies.items()}))
        yield from ()


def notes_of(
    pair: Mapping[str, Any], seed: int, shard: int, number: int, vocabularies: Mapping[str, Vocabulary]
) -> list[tuple[int, ...]]:
    """Return the notes of a pair, one a criterion, as rows of :data:`NOTE`."""
    values = {**pair, "source": SOURCES[pair["origin"]]}
    categories = [vocabularies[name][values[name]] for name in CATEGORIES]
    texts = (fold_prompt(pair["instruction"]), pair["chosen"], pair["rejected"])
    time = pair.get("unix_time")
    return [
        (
            row_rank(seed, row_id(pair["id"], short)),
            hash64(*texts),
            shard,
            number,
            SHORTS.index(short),
            *categories,
            NO_TIME if time is None else int(time),
            *(hash64(text) for text in texts),
            len(pair["chosen"]),
            len(pair["rejected"]),
        )
        for short in criteria_of(pair)
    ]


def save_array(path: Path, values: npt.NDArray[Any]) -> None:
    """Write an array as ``.npy``; it appears under its name only when whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as handle:
        np.save(handle, values)
    partial.replace(path)


@dataclass(frozen=True)
class RowIndex:
    """All notes, with categories numbered alike over all shards.

    Attributes:
        notes: Array of :data:`NOTE`, in an order that the files' names and row numbers do not decide.
        names: Category -> its values, sorted; notes hold indices into these.
    """

    notes: Notes
    names: Mapping[str, list[str]]

    @classmethod
    def load(cls, folder: Path, shards: int) -> RowIndex:
        """Read what :class:`IndexRows` wrote."""
        local = [json.loads((folder / f"{shard:05d}.json").read_text(encoding="utf-8")) for shard in range(shards)]
        names = {name: sorted({value for words in local for value in words[name]}) for name in CATEGORIES}
        pieces = [np.empty(0, NOTE)]
        for shard in range(shards):
            notes = np.load(folder / f"{shard:05d}.npy")
            for name in CATEGORIES:
                place = {value: index for index, value in enumerate(names[name])}
                table = np.array([place[value] for value in local[shard][name]], "<u4")
                if len(notes):
                    notes[name] = table[notes[name]]
            pieces.append(notes)
        notes = np.concatenate(pieces)
        return cls(notes[np.lexsort((notes["row"], notes["shard"], notes["tie"], notes["rank"]))], names)
