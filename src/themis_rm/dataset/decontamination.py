"""Decontamination: drops training pairs whose request shares 13 words in a row with a prompt of a benchmark.

Words and n-grams are those of :mod:`themis_rm.curation.ngram_overlap`. A shorter prompt is shared only if the request
is equal to it. N-grams in more than 10 prompts of the benchmarks are common phrases, such as the sentences of a
template; they do not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document

import themis_rm
from themis_rm.curation.ngram_overlap import COMMON, ORDER, Hashes, WordHashes, grams, words
from themis_rm.dataset.adapters import PreferencePair
from themis_rm.dataset.adapters.sources import find_dataset
from themis_rm.dataset.preferences import PreferenceReader
from themis_rm.errors import InputError
from themis_rm.pipeline import DETAIL, FilterResult, RowFilter, RowWriter
from themis_rm.storage.digests import file_sha256
from themis_rm.storage.parquet import iter_rows, open_parquet

AUTHORED = "authored"
"""Name of the authored benchmark, which is part of the package."""
REASON = "contaminated"
_AUTHORED_FILE = Path(themis_rm.__file__).parent / "benchmark" / "authored.parquet"


@dataclass(frozen=True, slots=True)
class BenchmarkPrompts:
    """The prompts of a benchmark.

    Attributes:
        name: How the settings name it.
        files: Its files.
        prompts: Number of distinct prompts.
        ngrams: Their distinct n-grams, sorted, without common phrases.
    """

    name: str
    files: tuple[Path, ...]
    prompts: int
    ngrams: Hashes

    def facts(self) -> dict[str, Any]:
        """Return what the report and the card say about it, which proves what was compared."""
        files = [{"file": file.name, "sha256": file_sha256(file)} for file in self.files]
        return {"benchmark": self.name, "files": files, "prompts": self.prompts, "ngrams": len(self.ngrams)}


def read_benchmarks(names: Sequence[str]) -> list[BenchmarkPrompts]:
    """Read the prompts of benchmarks.

    Args:
        names: ``authored``, or files, directories and hub names of preference data in any known format, of which all
            splits are read.

    Raises:
        InputError: A benchmark cannot be read, has an unknown format, or has no prompt.
    """
    read = [(name, *_prompts(name)) for name in dict.fromkeys(names)]
    hashes = WordHashes()
    sets = {text: grams(hashes(words(text)), ORDER) for _, _, texts in read for text in texts}
    values, times = np.unique(np.concatenate([np.empty(0, np.uint64), *sets.values()]), return_counts=True)
    common = values[times > COMMON]
    return [
        BenchmarkPrompts(name, files, len(texts), np.setdiff1d(_union(sets[text] for text in texts), common))
        for name, files, texts in read
    ]


def _union(sets: Iterable[Hashes]) -> Hashes:
    return np.unique(np.concatenate([np.empty(0, np.uint64), *sets]))


def _prompts(name: str) -> tuple[tuple[Path, ...], list[str]]:
    if name == AUTHORED:
        with open_parquet(_AUTHORED_FILE, ["prompt"]) as handle:
            return (_AUTHORED_FILE,), list(dict.fromkeys(row["prompt"] for row in iter_rows(handle)))
    found = find_dataset(name)
    files = tuple(dict.fromkeys((*found.train, *found.validation, *found.test)))
    reader = PreferenceReader(files, keep_ties=True)
    texts: dict[str, None] = {}
    for pair, _, _ in reader.pairs():
        if isinstance(pair, PreferencePair):
            texts |= dict.fromkeys(turn["content"] for turn in pair.prompt if turn["role"] == "user")
    if not texts:
        raise InputError(f"{name} has no prompts to compare with.", "Name a benchmark, or set decontaminate=[].")
    return files, list(texts)


def requests_of(pair: Mapping[str, Any]) -> list[str]:
    """Return the texts of the user's turns of a pair, or its instruction."""
    turns = [turn.get("content") for turn in pair.get("messages") or () if turn.get("role") == "user"]
    return [text for text in (turns or [pair.get("instruction")]) if isinstance(text, str)]


class ContaminationFilter(RowFilter):
    """Drops pairs whose request is in a benchmark, and counts them by benchmark.

    Args:
        benchmarks: The prompts of the benchmarks.
        writer: Writer of the dropped pairs; ``None`` where they have been counted and written already.
    """

    name = "contamination"

    def __init__(self, benchmarks: Sequence[BenchmarkPrompts], writer: RowWriter | None) -> None:
        super().__init__(writer)
        self.benchmarks = list(benchmarks)
        self._hashes = WordHashes()

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Filter the pairs; without benchmarks all of them are kept."""
        yield from super().run(data, rank, world_size) if self.benchmarks else data

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Look up the n-grams of the request."""
        own = _union(grams(self._hashes(words(text)), ORDER) for text in requests_of(row))
        shared = [item.name for item in self.benchmarks if len(np.intersect1d(own, item.ngrams, assume_unique=True))]
        if not shared:
            return True
        self.stat_update(DETAIL + "pairs_without_rows", *(f"{DETAIL}{REASON}:{name}" for name in shared))
        return False, REASON


def decontamination_facts(benchmarks: Sequence[BenchmarkPrompts], details: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return for each benchmark what was compared and how many pairs were dropped."""
    return [item.facts() | {"pairs_dropped": details.get(f"{REASON}:{item.name}", 0)} for item in benchmarks]
