"""Word n-grams that two collections of texts share: does a request of a benchmark stand in a training set?

Texts are lower-cased and cut into words, punctuation left out; thirteen words in a row that also stand in the other
collection are shared (Brown et al., 2020, "Language models are few-shot learners", appendix C). N-grams that more than
a few texts of the other collection hold are phrases that everybody uses; they are counted apart, as there. Equal texts
count once there: a request with many answers is no phrase. A text of fewer words than an n-gram has none: it is shared
only where the other collection has a text of the very same words.

One collection, the smaller one, is held as sorted 64-bit hashes; the other one is streamed past it. Of the latter
nothing is kept but a hash of each different text that shares something. A false hit needs two hashes to agree by
chance: with a million n-grams held and a hundred million streamed, about 5e-6 of them are expected in all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ORDER = 13
"""Words of an n-gram."""
COMMON = 10
"""An n-gram that stands in more texts than this is a common phrase."""
_WORD = re.compile(r"\w+")
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MOST_WORDS = 1 << 20

Hashes = NDArray[np.uint64]


def words(text: str) -> list[str]:
    """Return the words of a text, lower-cased, without punctuation."""
    return _WORD.findall(text.lower())


def mixed(values: Hashes) -> Hashes:
    """Return the values with their bits spread evenly, one to one (SplitMix64's finalizer; Steele et al., 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def grams(values: Hashes, order: int) -> Hashes:
    """Return a hash of each run of ``order`` values, sorted, each once.

    Fewer values than that give one hash, of all of them and their number, so that short texts are equal only if they
    are the same; no value gives none.

    Args:
        values: Hashes of words or tokens in their order.
        order: Length of a run.
    """
    runs = len(values) - order + 1
    if runs < 1:
        order, runs = len(values), min(len(values), 1)
    total = np.full(runs, order, np.uint64)
    for offset in range(order):
        total = total * _BASE + values[offset : offset + runs]
    return np.unique(mixed(total))


class WordHashes:
    """Hashes words, and remembers a bounded number of them."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __call__(self, found: Iterable[str]) -> Hashes:
        """Return the 64-bit hash of each word, in order."""
        known = self._known
        if len(known) > _MOST_WORDS:
            known.clear()
        out = []
        for word in found:
            value = known.get(word)
            if value is None:
                digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                value = known[word] = int.from_bytes(digest, "little")
            out.append(value)
        return np.array(out, np.uint64)


@dataclass(frozen=True, slots=True)
class Shared:
    """What of one held text stands in the collection that was streamed past it.

    Attributes:
        grams: Its different n-grams; 1 for a text that is shorter than one.
        shared: Those that were seen, common phrases left out.
        common: Those that were seen in too many texts to mean anything.
        first: Number of the first text that holds one of ``shared``, -1 for none.
    """

    grams: int
    shared: int
    common: int
    first: int


class NGramIndex:
    """The n-grams of texts that are held, and what of them was seen elsewhere.

    Args:
        texts: The texts to hold, such as the requests of a benchmark.
        order: Words of an n-gram.
    """

    def __init__(self, texts: Iterable[str], order: int = ORDER) -> None:
        self.order = order
        self._words = WordHashes()
        held = [self._grams(text) for text in texts]
        self._ends = np.cumsum([0, *map(len, held)])
        flat = np.concatenate([np.empty(0, np.uint64), *held])
        self.hashes, self._places = np.unique(flat, return_inverse=True)
        self.texts = np.zeros(len(self.hashes), np.int64)
        self.first = np.full(len(self.hashes), -1, np.int64)
        self._met: set[bytes] = set()

    def _grams(self, text: str) -> Hashes:
        return grams(self._words(words(text)), self.order)

    def _held(self, text: str) -> NDArray[np.int64]:
        """Return the places of those n-grams of a text that are held."""
        wanted = self._grams(text)
        if not len(self.hashes):
            return np.empty(0, np.int64)
        places = np.searchsorted(self.hashes, wanted)
        places[places == len(self.hashes)] = 0
        return places[self.hashes[places] == wanted]

    def shared(self, text: str) -> int:
        """Return how many different n-grams a text has in common with the held ones; nothing is remembered."""
        return len(self._held(text))

    def look(self, text: str, number: int) -> int:
        """Return the same, and remember which they were.

        Args:
            text: A text of the other collection.
            number: Its number there. Texts may come in any order.
        """
        places = self._held(text)
        if not len(places):
            return 0
        digest = hashlib.blake2b(" ".join(words(text)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest not in self._met:
            self._met.add(digest)
            self.texts[places] += 1
        before = self.first[places]
        self.first[places] = np.where((before < 0) | (before > number), number, before)
        return len(places)

    def found(self, held: int, common: int = COMMON) -> Shared:
        """Return what was seen of a held text.

        Args:
            held: Its number among the texts that were given.
            common: N-grams in more texts than this are common phrases.
        """
        places = self._places[self._ends[held] : self._ends[held + 1]]
        times, first = self.texts[places], self.first[places]
        telling = (times > 0) & (times <= common)
        return Shared(
            grams=len(places),
            shared=int(telling.sum()),
            common=int((times > common).sum()),
            first=int(first[telling].min()) if telling.any() else -1,
        )
