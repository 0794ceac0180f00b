"""The row index: what the plan of a dataset needs to know of each row, in about 90 bytes instead of the row.

A *row* of the dataset is a pair under one of its criteria. Its index entry has hashes of its texts, its categories as
numbers, its time and its lengths. Everything that selects rows works on the index.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.criteria import CRITERIA, PRINCIPLES, is_criterion
from themis_rm.dataset.adapters.code_pairs import SOURCES as CODE_PAIR_SOURCES
from themis_rm.dataset.pair_input import ORIGIN
from themis_rm.dataset.preferences import PairFilter
from themis_rm.pipeline import DETAIL, DROPPED, RowWriter
from themis_rm.records import CHANGE, REPAIR
from themis_rm.storage.arrays import save_array
from themis_rm.storage.atomic import write_json
from themis_rm.storage.digests import digest_bytes, stable_id
from themis_rm.storage.json_text import read_json_object

NO_TIME = np.iinfo(np.int64).min
CATEGORIES = ("language", "source", "instruction_source", "license", "repos", "extent", "task")
INDEX_DTYPE = np.dtype(
    [
        ("rank", "<u8"),  # seeded hash of idx; the order of all draws
        ("tie", "<u8"),  # hash of the texts; orders rows of equal rank
        ("shard", "<u4"),
        ("row", "<u4"),
        ("criterion", "u1"),
        *[(name, "<u4") for name in CATEGORIES],
        ("time", "<i8"),
        ("input", "<u8"),
        ("chosen", "<u8"),
        ("rejected", "<u8"),
        ("tests", "?"),  # whether tests came with the change
        ("chosen_length", "<u4"),
        ("rejected_length", "<u4"),
    ]
)
SOURCES: Mapping[str, str] = {**CODE_PAIR_SOURCES, ORIGIN: ORIGIN}
"""Origin of a pair -> value of the ``source`` column, unless the pair names its source."""
WINDOWS = "windows"
"""Extent of pairs whose responses are cut from longer files."""
PROMPT_GROUP = "prompt:"
"""Prefix of the groups that take the place of repositories for pairs that name none: rows of equal prompts."""
GROUPED_REQUEST = "_request"
"""Key of a repair form with the request of its pair, with which it must be in one split."""
REASON = "_reason"
"""Key of a pair with the reason for which it cannot become rows."""
IndexArray = npt.NDArray[np.void]
ASPECTS: Mapping[str, str] = {c.short: c.training_aspect for c in CRITERIA} | {p.name: p.name for p in PRINCIPLES}
"""Short name of a criterion, or name of a general principle -> value of the ``aspect`` column."""
CRITERION_NAMES = list(ASPECTS)
ALL_PAIRS = PairFilter()
"""A filter that keeps all languages and criteria."""


def hash64(*parts: str) -> int:
    """Return a 64-bit hash of the parts in their order."""
    return int.from_bytes(digest_bytes(parts, 8), "big")


def task_of(pair: Mapping[str, Any]) -> str:
    """Return the task of a pair."""
    return pair.get("task") or CHANGE


def row_id(pair: Mapping[str, Any], short: str) -> str:
    """Return the ``idx`` of the row of a pair under a criterion; that of its repair form is another one."""
    form = [REPAIR] if GROUPED_REQUEST in pair else []
    return stable_id("preference", pair["id"], short, *form)


def row_rank(seed: int, idx: str) -> int:
    """Return the rank of a row in all seeded draws and in the final order; low ranks come first."""
    return hash64("rank", str(seed), idx)


def fold_prompt(text: str) -> str:
    """Normalize the case and white space of a prompt, for comparisons across splits."""
    return " ".join(text.casefold().split())


def criteria_of(pair: Mapping[str, Any], wanted: PairFilter = ALL_PAIRS) -> list[str]:
    """Return the short names of a pair's distinct criteria and principles that are wanted, in table order."""
    return [
        short
        for short, aspect in ASPECTS.items()
        if short in (pair.get("criteria") or ()) and (not wanted.aspects or aspect in wanted.aspects)
    ]


def exclusion_reason(pair: Mapping[str, Any], wanted: PairFilter = ALL_PAIRS) -> str | None:
    """Return why a pair cannot become rows, as a slug, or ``None``.

    Args:
        pair: A row of :class:`~themis_rm.records.CodePair`.
        wanted: Languages and criteria that are used.
    """
    if pair.get(REASON):
        return str(pair[REASON])
    texts = ("id", "instruction", "chosen", "rejected", "language", "origin", "instruction_source", "repos", "license")
    if not all(isinstance(pair.get(name), str) for name in texts):
        return "malformed-pair"
    chosen, rejected = (_texts_of_side(pair, side) for side in ("chosen", "rejected"))
    if not chosen.strip() or not rejected.strip() or not pair["instruction"].strip():
        return "empty-text"
    if chosen == rejected:
        return "equal-responses"
    if pair["origin"] not in SOURCES:
        return "unknown-origin"
    if wanted.languages and pair["language"] not in wanted.languages:
        return "other-language"
    criteria = pair.get("criteria") or []
    if not criteria or not all(name in ASPECTS or is_criterion(name) for name in criteria):
        return "unknown-criterion"
    return None if criteria_of(pair, wanted) else "other-aspect"


def _texts_of_side(pair: Mapping[str, Any], side: str) -> str:
    turns = pair.get(f"{side}_messages")
    return json.dumps(turns, sort_keys=True) if turns else str(pair[side])


def source_of(pair: Mapping[str, Any]) -> str:
    """Return the value of the ``source`` column of a pair's rows."""
    return pair.get("source") or SOURCES[pair["origin"]]


def extent_of(pair: Mapping[str, Any]) -> str:
    """Return whether the responses of a pair are windows of a file."""
    return WINDOWS if pair.get("window") else "whole"


def _request_of(pair: Mapping[str, Any]) -> str:
    """Return the texts of all turns before the responses, normalized."""
    turns = [turn["content"] for turn in pair.get("messages") or ()]
    return fold_prompt("\n".join(turns) if turns else pair["instruction"])


def repository_of(pair: Mapping[str, Any]) -> str:
    """Return what may not be divided between splits: the repository, or the prompt of a pair that names none."""
    request = fold_prompt(pair[GROUPED_REQUEST]) if GROUPED_REQUEST in pair else _request_of(pair)
    return pair["repos"] or f"{PROMPT_GROUP}{stable_id(request)}"


class Vocabulary(dict[str, int]):
    """Numbers strings in the order of their first lookup."""

    def __missing__(self, text: str) -> int:
        self[text] = len(self)
        return self[text]


class NumberPairs(PipelineStep):
    """Numbers the pairs of a shard (``_row``), so that the row index and the plan can refer to them."""

    type = "🔢 - MAP"
    name = "number pairs"

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Add the number to every pair."""
        for number, doc in enumerate(data):
            doc.metadata["_row"] = number
            yield doc


class IndexRows(PipelineStep):
    """Writes the index of the rows of shard ``rank``, and writes out pairs that cannot become rows.

    Its input has passed :class:`NumberPairs`.

    Args:
        folder: Directory of the index (``<shard>.npy``, and the shard's categories in ``<shard>.json``).
        seed: Seed of the ranks.
        exclusion_writer: Writer of the excluded pairs.
        wanted: Languages and criteria that are used.
    """

    type = "📇 - INDEX"
    name = "index rows"

    def __init__(self, folder: Path, seed: int, exclusion_writer: RowWriter, wanted: PairFilter = ALL_PAIRS) -> None:
        super().__init__()
        self.folder, self.seed, self.exclusion_writer, self.wanted = folder, seed, exclusion_writer, wanted

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Consume the pairs; yields nothing."""
        vocabularies = {name: Vocabulary() for name in CATEGORIES}
        batches: list[IndexArray] = []
        batch: list[tuple[int, ...]] = []
        with self.exclusion_writer as exclusions:
            for doc in data:
                with self.track_time():
                    reason = exclusion_reason(doc.metadata, self.wanted)
                    if reason:
                        self.stat_update(DROPPED + reason, DETAIL + "pairs_without_rows")
                        doc.metadata["filter_reason"] = reason
                        exclusions.write(doc, rank)
                        continue
                    number = doc.metadata["_row"]
                    batch += index_pair(doc.metadata, self.seed, rank, number, vocabularies, self.wanted)
                    if len(batch) >= 4096:
                        batches.append(np.array(batch, INDEX_DTYPE))
                        batch = []
        save_array(self.folder / f"{rank:05d}.npy", np.concatenate([*batches, np.array(batch, INDEX_DTYPE)]))
        write_json(self.folder / f"{rank:05d}.json", {name: list(values) for name, values in vocabularies.items()})
        yield from ()


def index_pair(
    pair: Mapping[str, Any],
    seed: int,
    shard: int,
    number: int,
    vocabularies: Mapping[str, Vocabulary],
    wanted: PairFilter = ALL_PAIRS,
) -> list[tuple[int, ...]]:
    """Return the index entries of a pair, one per criterion, as rows of :data:`INDEX_DTYPE`.

    Args:
        pair: A row of :class:`~themis_rm.records.CodePair`.
        seed: Seed of the ranks.
        shard: Number of its shard.
        number: Number of the pair within the shard.
        vocabularies: Category -> numbers of its values; extended by new values.
        wanted: Languages and criteria that are used.
    """
    derived = {"source": source_of, "repos": repository_of, "extent": extent_of, "task": task_of}
    values = {**pair, **{name: of(pair) for name, of in derived.items()}}
    categories = [vocabularies[name][values[name]] for name in CATEGORIES]
    texts = (_request_of(pair), *(_texts_of_side(pair, side) for side in ("chosen", "rejected")))
    time = pair.get("unix_time")
    return [
        (
            row_rank(seed, row_id(pair, short)),
            hash64(*texts),
            shard,
            number,
            CRITERION_NAMES.index(short),
            *categories,
            NO_TIME if time is None else int(time),
            *(hash64(text) for text in texts),
            bool(pair.get("tests")),
            len(pair["chosen"]),
            len(pair["rejected"]),
        )
        for short in criteria_of(pair, wanted)
    ]


@dataclass(frozen=True)
class RowIndex:
    """The index of all rows, with the same numbers of categories in all shards.

    Attributes:
        entries: Array of :data:`INDEX_DTYPE` by rank, an order that does not depend on the files of the pairs.
        names: Category -> its values, sorted; entries have indices into these.
    """

    entries: IndexArray
    names: Mapping[str, list[str]]

    @classmethod
    def load(cls, folder: Path, shards: int) -> RowIndex:
        """Read the files that :class:`IndexRows` has written."""
        hint = f"Delete {folder.parents[1]} and run the same command again."
        local = [read_json_object(folder / f"{shard:05d}.json", CATEGORIES, hint) for shard in range(shards)]
        names = {name: sorted({value for words in local for value in words[name]}) for name in CATEGORIES}
        pieces = [np.empty(0, INDEX_DTYPE)]
        for shard in range(shards):
            entries = np.load(folder / f"{shard:05d}.npy")
            for name in CATEGORIES:
                index_of = {value: index for index, value in enumerate(names[name])}
                table = np.array([index_of[value] for value in local[shard][name]], "<u4")
                if len(entries):
                    entries[name] = table[entries[name]]
            pieces.append(entries)
        entries = np.concatenate(pieces)
        order = np.lexsort((entries["row"], entries["shard"], entries["tie"], entries["rank"]))
        return cls(entries[order], names)
