"""Near duplicates: pairs that ask nearly the same question twice.

Candidates are found by MinHash with banding (Broder, 1997, "On the resemblance and containment of documents"; Leskovec,
Rajaraman & Ullman, "Mining of massive datasets", chapter 3) over the token shingles of both answers, and verified by
the exact Jaccard index of each side: no pair is called a near duplicate on an estimate. An answer shorter than a
shingle is one shingle as a whole, so short answers are near only where they are equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from themis_rm.benchmark.audit.findings import Finding, scope_of
from themis_rm.benchmark.audit.pairs import PairFeatures
from themis_rm.curation.ngram_overlap import Hashes, grams, mixed

ROWS = 4
"""MinHash values of a band: with 32 bands, pairs at a Jaccard index of 0.67 become candidates with chance 0.999."""
_WINDOW = 200
"""In a bucket of many, each is compared with so many after it; a chain of near duplicates still hangs together."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two pairs that are nearly the same.

    Attributes:
        one: Number of the first pair.
        other: Number of the second, larger.
        jaccard: The smaller Jaccard index of the two sides.
        turned: Chosen of one is like rejected of the other, more so than either side is like its own.
    """

    one: int
    other: int
    jaccard: float
    turned: bool


def links(items: Sequence[PairFeatures], shingle: int, near: float, permutations: int) -> list[Link]:
    """Return all pairs of pairs that are near duplicates and not exact ones, by number.

    Args:
        items: The pairs.
        shingle: Tokens of a shingle.
        near: Least Jaccard index of each side.
        permutations: MinHash values, a multiple of :data:`ROWS`.
    """
    chosen = [grams(item.chosen.tokens, shingle) for item in items]
    rejected = [grams(item.rejected.tokens, shingle) for item in items]
    both = [np.union1d(*sides) for sides in zip(chosen, rejected, strict=True)]
    found = []
    for one, other in candidates(signatures(both, permutations)):
        straight = jaccard(chosen[one], chosen[other]), jaccard(rejected[one], rejected[other])
        crossed = jaccard(chosen[one], rejected[other]), jaccard(rejected[one], chosen[other])
        # Where a pair's answers are nearly the same, either way round fits; only a clear reversal is told as one.
        turned = min(crossed) > max(straight)
        least = min(crossed if turned else straight)
        if least >= near and not _exact(items[one], items[other], turned):
            found.append(Link(one, other, least, turned))
    return found


def _exact(one: PairFeatures, other: PairFeatures, turned: bool) -> bool:
    sides = (other.rejected, other.chosen) if turned else (other.chosen, other.rejected)
    return (one.chosen.digest, one.rejected.digest) == tuple(side.digest for side in sides)


def jaccard(one: Hashes, other: Hashes) -> float:
    """Return the share of the elements of two sorted sets that are in both."""
    smaller, larger = sorted((len(one), len(other)))
    if not larger:
        return 1.0
    places = np.searchsorted(other, one)
    places[places == len(other)] = 0
    shared = int((other[places] == one).sum()) if smaller else 0
    return shared / (smaller + larger - shared)


def signatures(sets: Sequence[Hashes], permutations: int) -> Hashes:
    """Return MinHash values, shape ``[sets, permutations]``; an empty set counts as a set of one fixed element."""
    one = np.zeros(1, np.uint64)
    filled = [values if len(values) else one for values in sets]
    if not filled:
        return np.empty((0, permutations), np.uint64)
    flat = np.concatenate(filled)
    starts = np.cumsum([0, *map(len, filled)])[:-1]
    seeds = mixed(np.arange(1, 2 * permutations + 1, dtype=np.uint64))
    out = np.empty((len(filled), permutations), np.uint64)
    for number in range(permutations):
        # Multiply-add on values that are spread already (Dietzfelbinger et al., 1997); the minimum looks at high bits.
        permuted = flat * (seeds[2 * number] | np.uint64(1)) + seeds[2 * number + 1]
        out[:, number] = np.minimum.reduceat(permuted, starts)
    return out


def candidates(signed: Hashes) -> Iterator[tuple[int, int]]:
    """Yield the numbers of sets that agree in at least one band, smaller number first, in order, each pair once.

    Args:
        signed: Shape ``[sets, permutations]``.
    """
    count = len(signed)
    keys: NDArray[np.int64] = np.empty(0, np.int64)
    for first in range(0, signed.shape[1], ROWS):
        band = np.zeros(count, np.uint64)
        for column in range(first, first + ROWS):
            band = mixed(band ^ signed[:, column])
        order = np.argsort(band, kind="stable")
        ordered = band[order]
        agreed = [keys]
        # Members of a bucket stand together: the one at distance d is in the same bucket if their keys agree.
        for distance in range(1, min(_WINDOW, count - 1) + 1):
            same = np.flatnonzero(ordered[distance:] == ordered[:-distance])
            if not len(same):
                break
            one, other = order[same], order[same + distance]
            agreed.append(np.minimum(one, other) * count + np.maximum(one, other))
        keys = np.unique(np.concatenate(agreed))
    for key in keys.tolist():
        yield divmod(key, count)


def clusters(found: Sequence[Link]) -> list[list[int]]:
    """Return the numbers of pairs that hang together, largest cluster first, then by first member."""
    parent: dict[int, int] = {}

    def root(number: int) -> int:
        while parent.setdefault(number, number) != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for link in found:
        one, other = sorted((root(link.one), root(link.other)))
        parent[other] = one
    members: dict[int, list[int]] = defaultdict(list)
    for number in sorted(parent):
        members[root(number)].append(number)
    return sorted(members.values(), key=lambda cluster: (-len(cluster), cluster[0]))


def near_findings(
    items: Sequence[PairFeatures], found: Sequence[Link], grouped: Sequence[Sequence[int]]
) -> list[Finding]:
    """Return, for each pair and scope, its nearest other pair."""
    size = {number: len(cluster) for cluster in grouped for number in cluster}
    best: dict[tuple[int, str, str], tuple[float, int]] = {}
    for link in found:
        kind = "near-contradiction" if link.turned else "near-duplicate"
        scope = scope_of(items[link.one].pair, items[link.other].pair)
        for number, other in ((link.one, link.other), (link.other, link.one)):
            key = number, kind, scope
            best[key] = max(best.get(key, (0.0, -other)), (link.jaccard, -other))
    return [
        Finding(
            pair=items[number].pair.id,
            kind=kind,
            scope=scope,
            other=items[-minus].pair.id,
            detail=f"Jaccard {index:.3f}, cluster of {size[number]}",
        )
        for (number, kind, scope), (index, minus) in best.items()
    ]
