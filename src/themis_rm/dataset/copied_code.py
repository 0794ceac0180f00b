"""Search for responses that are copies of benchmark texts, by runs of 13 tokens that both share.

Two pieces of code often share one run by chance: a loop header or an import list has thirteen tokens. A text counts as
a copy of another one if it shares at least half of the runs of the shorter of the two, and runs of at least
:data:`LEAST_TOKENS` tokens in total; if the shorter one has fewer tokens, all of its runs. Shares of n-grams are how
PaLM and Llama 2 measure contamination (Chowdhery et al., 2022; Touvron et al., 2023, appendix A.6), and 50 tokens are
the shortest copy that Lee et al. (2022) remove; the combination, and the values, are this project's.

Tokens are words and single punctuation characters, so neither white space nor the language matters. Texts with fewer
than :data:`SHORTEST` tokens are not compared: of short code, equal pieces are written independently. Runs in the texts
of more than 10 prompts are common phrases (license headers, frames of tests) and do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from themis_rm.curation.ngram_overlap import COMMON, ORDER, Hashes, WordHashes, grams
from themis_rm.storage.arrays import save_array

LEAST_TOKENS = 50
"""Tokens that a copy shares at least, unless the shorter text has fewer."""
SHORTEST = 25
"""Tokens of the shortest texts that are compared."""
_LEAST = LEAST_TOKENS - ORDER + 1
_SHORTEST = SHORTEST - ORDER + 1
_TOKEN = re.compile(r"\w+|[^\w\s]")
_FILES = ("hashes", "starts", "owners", "sizes", "sources")

Numbers = NDArray[np.int64]


def code_tokens(text: str) -> list[str]:
    """Return the words and punctuation characters of a text."""
    return _TOKEN.findall(text)


class TokenRuns:
    """Computes the distinct hashes of the runs of tokens of a text; keeps a cache of token hashes."""

    def __init__(self) -> None:
        self._hashes = WordHashes()

    def __call__(self, text: str) -> Hashes:
        """Return the runs, sorted; none for a text that is too short to be compared."""
        tokens = code_tokens(text)
        return grams(self._hashes(tokens), ORDER) if len(tokens) >= SHORTEST else np.empty(0, np.uint64)


@dataclass(frozen=True, slots=True)
class BenchmarkText:
    """A text of a benchmark.

    Attributes:
        source: Number of the benchmark.
        prompt: The prompt that it belongs to.
        text: The text.
    """

    source: int
    prompt: str
    text: str


@dataclass(frozen=True)
class CopyIndex:
    """Runs of tokens of benchmark texts.

    Attributes:
        hashes: Distinct runs, sorted.
        starts: Shape ``[runs + 1]``; the texts with run ``i`` are ``owners[starts[i]:starts[i + 1]]``.
        owners: Numbers of texts.
        sizes: Shape ``[texts]``, number of distinct runs of a text, without common phrases.
        sources: Shape ``[texts]``, number of the benchmark of a text.
    """

    hashes: Hashes
    starts: Numbers
    owners: NDArray[np.uint32]
    sizes: Numbers
    sources: Numbers

    @classmethod
    def build(cls, texts: Iterable[BenchmarkText]) -> Self:
        """Index texts; equal texts of a benchmark are indexed once."""
        runs, found, sources, prompts = TokenRuns(), [], [], []
        numbers: dict[str, int] = {}
        for item in dict.fromkeys(texts):
            values = runs(item.text)
            if len(values):
                found.append(values)
                sources.append(item.source)
                prompts.append(numbers.setdefault(item.prompt, len(numbers)))
        flat = np.concatenate([np.empty(0, np.uint64), *found])
        owners = np.repeat(np.arange(len(found), dtype=np.uint32), [len(values) for values in found])
        del found
        order = np.argsort(flat, kind="stable")
        flat, owners = flat[order], owners[order]
        rare = ~_is_common(flat, np.array(prompts, np.int64)[owners])
        flat, owners = flat[rare], owners[rare]
        first = np.flatnonzero(np.append(True, flat[1:] != flat[:-1])) if len(flat) else np.empty(0, np.int64)
        sizes = np.bincount(owners, minlength=len(sources)).astype(np.int64)
        return cls(flat[first], np.append(first, len(flat)), owners, sizes, np.array(sources, np.int64))

    def save(self, folder: Path) -> None:
        """Write the arrays, so that worker processes share them."""
        for name in _FILES:
            save_array(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Map the arrays that :meth:`save` has written into memory."""
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in _FILES))

    def copied(self, runs: Hashes, least_share: float) -> set[int]:
        """Return the numbers of the benchmarks with a text that a text copies, or that copies it.

        Args:
            runs: Output of :class:`TokenRuns` for the text.
            least_share: Share of the runs of the shorter text that both have.
        """
        if not len(runs) or not len(self.hashes):
            return set()
        positions = np.searchsorted(self.hashes, runs)
        positions[positions == len(self.hashes)] = 0
        positions = positions[self.hashes[positions] == runs]
        if len(positions) < _SHORTEST:
            return set()
        counts = self.starts[positions + 1] - self.starts[positions]
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        texts, shared = np.unique(self.owners[np.repeat(self.starts[positions], counts) + offsets], return_counts=True)
        shorter = np.minimum(self.sizes[texts], len(runs))
        wanted = np.maximum(np.ceil(least_share * shorter), np.minimum(shorter, _LEAST))
        return set(self.sources[texts[(shared >= wanted) & (shorter >= _SHORTEST)]].tolist())


def _is_common(runs: Hashes, prompts: Numbers) -> NDArray[np.bool_]:
    """Return which runs occur under more than :data:`~themis_rm.curation.ngram_overlap.COMMON` prompts.

    Args:
        runs: Sorted runs, with repetitions.
        prompts: Number of the prompt of each.
    """
    if not len(runs):
        return np.empty(0, bool)
    order = np.lexsort((prompts, runs))
    fresh = np.ones(len(runs), bool)
    fresh[1:] = (runs[order][1:] != runs[order][:-1]) | (prompts[order][1:] != prompts[order][:-1])
    number = np.cumsum(np.append(True, runs[1:] != runs[:-1])) - 1
    times = np.bincount(number, weights=fresh)
    return np.asarray(times[number] > COMMON)
