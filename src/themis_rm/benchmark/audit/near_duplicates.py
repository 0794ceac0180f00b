"""Near duplicates: pairs whose responses are nearly equal to those of another pair.

Candidates are found by MinHash (:mod:`themis_rm.curation.minhash`) over the token shingles of both responses, and
verified by the exact Jaccard index of each side. A response shorter than a shingle is a single shingle, so short
responses are near duplicates only if they are equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from themis_rm.benchmark.audit.features import PairFeatures
from themis_rm.benchmark.audit.findings import Finding, scope_of
from themis_rm.curation.minhash import band_hashes, jaccard, minhash_signatures
from themis_rm.curation.ngram_overlap import Hashes, grams

_WINDOW = 200
"""In a large bucket each set is compared with this many after it; chains of near duplicates still form one cluster."""


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two pairs that are near duplicates.

    Attributes:
        first: Index of the first pair.
        second: Index of the second pair, larger than ``first``.
        jaccard: The smaller Jaccard index of the two sides.
        reversed: Whether the labels are exchanged: the chosen response of each pair is closer to the rejected one of
            the other pair.
    """

    first: int
    second: int
    jaccard: float
    reversed: bool


def find_near_duplicates(
    items: Sequence[PairFeatures], shingle_size: int, min_jaccard: float, num_permutations: int
) -> list[NearDuplicate]:
    """Return all near duplicates that are not exact duplicates, in the order of their indices.

    Args:
        items: The pairs.
        shingle_size: Tokens per shingle.
        min_jaccard: Minimum Jaccard index of each side.
        num_permutations: MinHash permutations, a multiple of :data:`~themis_rm.curation.minhash.ROWS`.
    """
    chosen = [grams(item.chosen.tokens, shingle_size) for item in items]
    rejected = [grams(item.rejected.tokens, shingle_size) for item in items]
    both = [np.union1d(*sides) for sides in zip(chosen, rejected, strict=True)]
    duplicates = []
    for first, second in candidate_pairs(minhash_signatures(both, num_permutations)):
        same_side = jaccard(chosen[first], chosen[second]), jaccard(rejected[first], rejected[second])
        cross_side = jaccard(chosen[first], rejected[second]), jaccard(rejected[first], chosen[second])
        # If the two responses of a pair are nearly equal, both orders match; report only a clear reversal as one.
        is_reversed = min(cross_side) > max(same_side)
        smaller = min(cross_side if is_reversed else same_side)
        if smaller >= min_jaccard and not _is_exact(items[first], items[second], is_reversed):
            duplicates.append(NearDuplicate(first, second, smaller, is_reversed))
    return duplicates


def _is_exact(first: PairFeatures, second: PairFeatures, is_reversed: bool) -> bool:
    sides = (second.rejected, second.chosen) if is_reversed else (second.chosen, second.rejected)
    return (first.chosen.digest, first.rejected.digest) == tuple(side.digest for side in sides)


def candidate_pairs(signatures: Hashes) -> Iterator[tuple[int, int]]:
    """Yield the index pairs of sets that are equal in at least one band, sorted, each pair once.

    Args:
        signatures: MinHash values, shape ``[sets, num_permutations]``.
    """
    count = len(signatures)
    keys: NDArray[np.int64] = np.empty(0, np.int64)
    for band in band_hashes(signatures).T:
        order = np.argsort(band, kind="stable")
        ordered = band[order]
        found = [keys]
        # Members of a bucket are adjacent after sorting.
        for distance in range(1, min(_WINDOW, count - 1) + 1):
            same = np.flatnonzero(ordered[distance:] == ordered[:-distance])
            if not len(same):
                break
            first, second = order[same], order[same + distance]
            found.append(np.minimum(first, second) * count + np.maximum(first, second))
        keys = np.unique(np.concatenate(found))
    for key in keys.tolist():
        yield divmod(key, count)


def cluster_duplicates(duplicates: Sequence[NearDuplicate]) -> list[list[int]]:
    """Return the connected components of near duplicates as pair indices, the largest first, then by first member."""
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while parent.setdefault(number, number) != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for duplicate in duplicates:
        first, second = sorted((root(duplicate.first), root(duplicate.second)))
        parent[second] = first
    members: dict[int, list[int]] = defaultdict(list)
    for number in sorted(parent):
        members[root(number)].append(number)
    return sorted(members.values(), key=lambda cluster: (-len(cluster), cluster[0]))


def near_duplicate_findings(
    items: Sequence[PairFeatures], duplicates: Sequence[NearDuplicate], clusters: Sequence[Sequence[int]]
) -> list[Finding]:
    """Return the nearest other pair of each pair, per kind and scope."""
    size = {number: len(cluster) for cluster in clusters for number in cluster}
    best: dict[tuple[int, str, str], tuple[float, int]] = {}
    for duplicate in duplicates:
        kind = "near-contradiction" if duplicate.reversed else "near-duplicate"
        scope = scope_of(items[duplicate.first].pair, items[duplicate.second].pair)
        for number, other in ((duplicate.first, duplicate.second), (duplicate.second, duplicate.first)):
            key = number, kind, scope
            best[key] = max(best.get(key, (0.0, -other)), (duplicate.jaccard, -other))
    return [
        Finding(
            pair=items[number].pair.id,
            kind=kind,
            scope=scope,
            other=items[-negated].pair.id,
            detail=f"Jaccard {similarity:.3f}, cluster of {size[number]}",
        )
        for (number, kind, scope), (similarity, negated) in best.items()
    ]
