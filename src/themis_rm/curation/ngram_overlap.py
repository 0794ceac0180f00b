"""Word n-grams that two collections of texts share, for decontamination of training data.

Texts are lower-cased and split into words without punctuation. A sequence of 13 words that also occurs in the other
collection is shared (Brown et al., 2020, "Language models are few-shot learners", appendix C). N-grams that occur in
more than a few texts of the other collection are common phrases and are counted separately, as in that paper. Equal
texts of the other collection count once, so that a prompt with many responses does not become a common phrase. A text
with fewer words than an n-gram has none: it is shared only if the other collection has a text of exactly these words.

The smaller collection is indexed as sorted 64-bit hashes and the other one is streamed; of the latter only a hash of
each distinct text with a shared n-gram is kept. False positives need a collision of two hashes: with a million n-grams
indexed and a hundred million streamed, about 5e-6 are expected in total.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDER = 13
"""Number of words of an n-gram."""
COMMON = 10
"""An n-gram in more texts than this is a common phrase."""
_WORD = re.compile(r"\w+")
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MOST_WORDS = 1 << 18  # about 50 MB

Hashes = NDArray[np.uint64]


def words(text: str) -> list[str]:
    """Return the words of a text, lower-cased, without punctuation."""
    return _WORD.findall(text.lower())


def mixed(values: Hashes) -> Hashes:
    """Return a bijective mix of the values' bits (the finalizer of SplitMix64; Steele et al., 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def grams(values: Hashes, order: int) -> Hashes:
    """Return the distinct hashes of all runs of ``order`` values, sorted.

    Of fewer values there is one hash, of all of them and their number, so that short texts match only equal texts.
    Without values there is none.

    Args:
        values: Hashes of words or tokens, in order.
        order: Length of a run.
    """
    runs = len(values) - order + 1
    if runs < 1:
        order, runs = len(values), min(len(values), 1)
    total = np.full(runs, order, np.uint64)
    for offset in range(order):
        total = total * _BASE + values[offset : offset + runs]
    return distinct(mixed(total))


def distinct(values: Hashes) -> Hashes:
    """Return the distinct values, sorted; faster than :func:`numpy.unique` on the few thousand hashes of a text."""
    values = np.sort(values)
    first = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]


class _Cache(dict[str, int]):
    def __missing__(self, word: str) -> int:
        digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        value = self[word] = int.from_bytes(digest, "little")
        return value


class WordHashes:
    """Hashes words, with a cache of bounded size."""

    def __init__(self) -> None:
        self._known = _Cache()

    def __call__(self, text_words: Iterable[str]) -> Hashes:
        """Return the 64-bit hash of each word, in order."""
        if len(self._known) > _MOST_WORDS:
            self._known.clear()
        return np.fromiter(map(self._known.__getitem__, text_words), np.uint64)


@dataclass(frozen=True, slots=True)
class NGramOverlap:
    """Overlap of one indexed text with the streamed collection.

    Attributes:
        grams: Number of its distinct n-grams; 1 for a text that is shorter than one.
        shared: Number of them that occur in the streamed collection, without common phrases.
        common: Number of them that are common phrases.
        first: Number of the first streamed text that has one of ``shared``; -1 if there is none.
    """

    grams: int
    shared: int
    common: int
    first: int


class NGramIndex:
    """Index of the n-grams of some texts, with counts of their occurrences in a streamed collection.

    Args:
        texts: The texts to index, such as the prompts of a benchmark.
        order: Number of words of an n-gram.
    """

    def __init__(self, texts: Iterable[str], order: int = ORDER) -> None:
        self.order = order
        self._words = WordHashes()
        indexed = [self._grams(text) for text in texts]
        self._ends = np.cumsum([0, *map(len, indexed)])
        flat = np.concatenate([np.empty(0, np.uint64), *indexed])
        self.hashes, self._positions = np.unique(flat, return_inverse=True)
        self.texts = np.zeros(len(self.hashes), np.int64)
        self.first = np.full(len(self.hashes), -1, np.int64)
        self._counted: set[bytes] = set()

    def _grams(self, text: str) -> Hashes:
        return grams(self._words(words(text)), self.order)

    def _lookup(self, text: str) -> NDArray[np.int64]:
        """Return the positions in the index of those n-grams of a text that are indexed."""
        wanted = self._grams(text)
        if not len(self.hashes):
            return np.empty(0, np.int64)
        positions = np.searchsorted(self.hashes, wanted)
        positions[positions == len(self.hashes)] = 0
        return positions[self.hashes[positions] == wanted]

    def shared(self, text: str) -> int:
        """Return how many distinct n-grams of a text are indexed, without counting them as occurrences."""
        return len(self._lookup(text))

    def add(self, text: str, number: int) -> int:
        """Count the indexed n-grams of a streamed text as occurrences and return how many distinct ones it has.

        Args:
            text: A text of the streamed collection.
            number: Its number in the collection; texts may come in any order.
        """
        positions = self._lookup(text)
        if not len(positions):
            return 0
        digest = hashlib.blake2b(" ".join(words(text)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest not in self._counted:
            self._counted.add(digest)
            self.texts[positions] += 1
        before = self.first[positions]
        self.first[positions] = np.where((before < 0) | (before > number), number, before)
        return len(positions)

    def overlap(self, number: int, common: int = COMMON) -> NGramOverlap:
        """Return the overlap of an indexed text with the texts streamed so far.

        Args:
            number: Number of the text in the index.
            common: N-grams in more texts than this are common phrases.
        """
        positions = self._positions[self._ends[number] : self._ends[number + 1]]
        times, first = self.texts[positions], self.first[positions]
        shared = (times > 0) & (times <= common)
        return NGramOverlap(
            grams=len(positions),
            shared=int(shared.sum()),
            common=int((times > common).sum()),
            first=int(first[shared].min()) if shared.any() else -1,
        )
