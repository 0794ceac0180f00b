"""MinHash signatures with banding, and the exact Jaccard index of sets of hashes.

MinHash: Broder, 1997, "On the resemblance and containment of documents". Banding: Leskovec, Rajaraman & Ullman, "Mining
of massive datasets", chapter 3. Sets are sorted arrays of distinct 64-bit hashes, as
:func:`themis_rm.curation.ngram_overlap.grams` returns them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from themis_rm.curation.ngram_overlap import Hashes, mixed

ROWS = 4
"""MinHash values per band; with 32 bands, sets with a Jaccard index of 0.67 are candidates with probability 0.999."""


def jaccard(first: NDArray[np.unsignedinteger[Any]], second: NDArray[np.unsignedinteger[Any]]) -> float:
    """Return the Jaccard index of two sets, given as sorted arrays of distinct hashes; 1 for two empty sets."""
    smaller, larger = sorted((len(first), len(second)))
    if not larger:
        return 1.0
    positions = np.searchsorted(second, first)
    positions[positions == len(second)] = 0
    shared = int((second[positions] == first).sum()) if smaller else 0
    return shared / (smaller + larger - shared)


def minhash_signatures(sets: Sequence[Hashes], num_permutations: int) -> Hashes:
    """Return MinHash values, shape ``[sets, num_permutations]``; an empty set counts as a set of one fixed element."""
    placeholder = np.zeros(1, np.uint64)
    filled = [values if len(values) else placeholder for values in sets]
    if not filled:
        return np.empty((0, num_permutations), np.uint64)
    flat = np.concatenate(filled)
    starts = np.cumsum([0, *map(len, filled)])[:-1]
    seeds = mixed(np.arange(1, 2 * num_permutations + 1, dtype=np.uint64))
    out = np.empty((len(filled), num_permutations), np.uint64)
    permuted = np.empty_like(flat)
    for number in range(num_permutations):
        # Multiply-add hashing of values that are hashed already (Dietzfelbinger et al., 1997).
        np.multiply(flat, seeds[2 * number] | np.uint64(1), out=permuted)
        np.add(permuted, seeds[2 * number + 1], out=permuted)
        np.minimum.reduceat(permuted, starts, out=out[:, number])
    return out


def band_hashes(signatures: Hashes, rows: int = ROWS) -> Hashes:
    """Return one hash per band, shape ``[sets, bands]``; sets that are equal in a band have the same hash there.

    Args:
        signatures: MinHash values, shape ``[sets, num_permutations]``.
        rows: MinHash values per band.
    """
    bands = np.zeros((len(signatures), -(-signatures.shape[1] // rows)), np.uint64)
    for column in range(signatures.shape[1]):
        bands[:, column // rows] = mixed(bands[:, column // rows] ^ signatures[:, column])
    return bands
