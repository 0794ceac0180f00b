"""Decontamination: drops training pairs that share text with a benchmark.

A pair is dropped if its request shares 13 words in a row with a prompt of a benchmark (the published rule, arXiv
2605.00754). Words and n-grams are those of :mod:`themis_rm.curation.ngram_overlap`. A shorter prompt is shared only if
the request is equal to it. N-grams in more than 10 prompts of the benchmarks are common phrases, such as the sentences
of a template; they do not count.

A pair is also dropped if a response, or code in its request, is a copy of a response of a benchmark, or a response is a
copy of a prompt, as :mod:`themis_rm.dataset.copied_code` defines copies. This rule is not published.
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
from themis_rm.dataset.copied_code import BenchmarkText, CopyIndex, TokenRuns
from themis_rm.dataset.preferences import PreferenceReader
from themis_rm.errors import InputError
from themis_rm.pipeline import DETAIL, FilterResult, RowFilter, RowWriter
from themis_rm.storage.digests import file_sha256

AUTHORED = "authored"
"""Name of the authored benchmark, which is part of the package."""
REASON = "contaminated"
"""Reason of pairs whose request is in a benchmark."""
COPIED = "contaminated-response"
"""Reason of pairs with a response, or code, that is in a benchmark."""
MEANINGS: Mapping[str, str] = {
    REASON: "the request shares 13 words in a row with a prompt of a benchmark",
    COPIED: "a response, or code in the request, is a copy of a text of a benchmark",
}
"""Reason -> meaning."""
_PARTS = ("responses", "requests")
_AUTHORED_FILE = Path(themis_rm.__file__).parent / "benchmark" / "authored.parquet"


PromptText = tuple[str, str]
"""A prompt, and a text that belongs to it."""


@dataclass(frozen=True, slots=True)
class BenchmarkTexts:
    """The texts of a benchmark.

    Attributes:
        name: How the settings name it.
        files: Its files.
        prompts: Number of distinct prompts.
        ngrams: The distinct word n-grams of the prompts, sorted, without common phrases.
        requests: Distinct turns of the user, each with the prompt that it belongs to.
        responses: Distinct turns of the assistant, each with its prompt.
    """

    name: str
    files: tuple[Path, ...]
    prompts: int
    ngrams: Hashes
    requests: tuple[PromptText, ...]
    responses: tuple[PromptText, ...]

    def facts(self) -> dict[str, Any]:
        """Return what the report and the card say about it, which proves what was compared."""
        files = [{"file": file.name, "sha256": file_sha256(file)} for file in self.files]
        return {
            "benchmark": self.name,
            "files": files,
            "prompts": self.prompts,
            "responses": len({text for _, text in self.responses}),
            "ngrams": len(self.ngrams),
        }


def read_benchmarks(names: Sequence[str]) -> list[BenchmarkTexts]:
    """Read the texts of benchmarks.

    Args:
        names: ``authored``, or files, directories and hub names of preference data in any known format, of which all
            splits are read.

    Raises:
        InputError: A benchmark cannot be read, has an unknown format, or has no prompt.
    """
    read = [(name, *_texts(name)) for name in dict.fromkeys(names)]
    hashes = WordHashes()
    sets = {text: grams(hashes(words(text)), ORDER) for _, _, prompts, _ in read for text in prompts}
    values, times = np.unique(np.concatenate([np.empty(0, np.uint64), *sets.values()]), return_counts=True)
    common = values[times > COMMON]
    return [
        BenchmarkTexts(name, files, len(prompts), np.setdiff1d(_union(sets[text] for text in prompts), common), *texts)
        for name, files, prompts, texts in read
    ]


def _union(sets: Iterable[Hashes]) -> Hashes:
    return np.unique(np.concatenate([np.empty(0, np.uint64), *sets]))


def _texts(name: str) -> tuple[tuple[Path, ...], list[str], tuple[tuple[PromptText, ...], tuple[PromptText, ...]]]:
    """Return the files, the distinct prompts, and the distinct turns of the user and of the assistant."""
    requests: dict[PromptText, None] = {}
    responses: dict[PromptText, None] = {}
    files, pairs = _read(name)
    for pair in pairs:
        own = [turn["content"] for turn in pair.prompt if turn["role"] == "user"]
        prompt = "\n".join(own)
        requests |= dict.fromkeys((prompt, text) for text in own)
        turns = (*pair.chosen, *pair.rejected)
        responses |= dict.fromkeys((prompt, turn["content"]) for turn in turns if turn["role"] == "assistant")
    if not requests:
        raise InputError(f"{name} has no prompts to compare with.", "Name a benchmark, or set decontaminate=[].")
    return files, list(dict.fromkeys(text for _, text in requests)), (tuple(requests), tuple(responses))


def _read(name: str) -> tuple[tuple[Path, ...], Iterator[PreferencePair]]:
    found = None if name == AUTHORED else find_dataset(name)
    files = tuple(dict.fromkeys((*found.train, *found.validation, *found.test))) if found else (_AUTHORED_FILE,)
    reader = PreferenceReader(files, keep_ties=True)
    return files, (pair for pair, _, _ in reader.pairs() if isinstance(pair, PreferencePair))


def requests_of(pair: Mapping[str, Any]) -> list[str]:
    """Return the texts of the user's turns of a pair, or its instruction."""
    turns = [turn.get("content") for turn in pair.get("messages") or () if turn.get("role") == "user"]
    return [text for text in (turns or [pair.get("instruction")]) if isinstance(text, str)]


def responses_of(pair: Mapping[str, Any]) -> list[str]:
    """Return the texts of the assistant's turns in both responses of a pair."""
    texts: list[Any] = []
    for side in ("chosen", "rejected"):
        turns = pair.get(f"{side}_messages") or ()
        texts += [turn.get("content") for turn in turns if turn.get("role") == "assistant"] or [pair.get(side)]
    return [text for text in texts if isinstance(text, str)]


def write_copy_indices(benchmarks: Sequence[BenchmarkTexts], folder: Path) -> None:
    """Index the texts of benchmarks in files, which worker processes share."""
    for part in _PARTS:
        CopyIndex.build(
            BenchmarkText(number, *item) for number, one in enumerate(benchmarks) for item in getattr(one, part)
        ).save(folder / part)


class ContaminationFilter(RowFilter):
    """Drops pairs that share text with a benchmark, and counts them by benchmark.

    Args:
        benchmarks: The texts of the benchmarks.
        response_overlap: Share of the runs of tokens from which on a response is a copy; ``None`` to compare requests
            with prompts only.
        folder: Directory that :func:`write_copy_indices` has filled, unless ``response_overlap`` is ``None``.
        writer: Writer of the dropped pairs.
    """

    name = "contamination"

    def __init__(
        self,
        benchmarks: Sequence[BenchmarkTexts],
        response_overlap: float | None,
        folder: Path,
        writer: RowWriter | None,
    ) -> None:
        super().__init__(writer)
        self.ngrams = {item.name: item.ngrams for item in benchmarks}
        self.response_overlap, self.folder = response_overlap, folder
        self._hashes, self._runs = WordHashes(), TokenRuns()
        self._responses: CopyIndex | None = None
        self._prompts: CopyIndex | None = None

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Filter the pairs; without benchmarks all of them are kept."""
        if self.ngrams and self.response_overlap is not None:
            self._responses, self._prompts = (CopyIndex.load(self.folder / part) for part in _PARTS)
        yield from super().run(data, rank, world_size) if self.ngrams else data

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Look up the n-grams of the request, then those of the responses."""
        for reason, shared in ((REASON, self._requests), (COPIED, self._copies)):
            if names := shared(row):
                self.stat_update(DETAIL + "pairs_without_rows", *(f"{DETAIL}{reason}:{name}" for name in names))
                return False, reason
        return True

    def _requests(self, row: Mapping[str, Any]) -> list[str]:
        own = _union(grams(self._hashes(words(text)), ORDER) for text in requests_of(row))
        return [name for name, ngrams in self.ngrams.items() if len(np.intersect1d(own, ngrams, assume_unique=True))]

    def _copies(self, row: Mapping[str, Any]) -> list[str]:
        if self._responses is None or self._prompts is None or self.response_overlap is None:
            return []
        found: set[int] = set()
        for texts, indices in (
            (requests_of(row), (self._responses,)),
            (responses_of(row), (self._responses, self._prompts)),
        ):
            for runs in map(self._runs, texts):
                found = found.union(*(index.copied(runs, self.response_overlap) for index in indices))
        names = list(self.ngrams)
        return [names[number] for number in sorted(found)]


def decontamination_facts(benchmarks: Sequence[BenchmarkTexts], details: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return for each benchmark what was compared and how many pairs were dropped."""
    return [
        item.facts()
        | {
            "pairs_dropped": details.get(f"{REASON}:{item.name}", 0),
            "copies_dropped": details.get(f"{COPIED}:{item.name}", 0),
        }
        for item in benchmarks
    ]
