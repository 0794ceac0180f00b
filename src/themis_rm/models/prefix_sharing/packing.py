"""Token sequences that begin alike, packed so that what they share is computed once.

Sequences become a radix tree: a segment is a run of tokens that the same sequences have in common. A pack holds the
segments of one or more trees one after the other, depth first, in a single row. Every token stands at the position
that it has in its sequence, and sees its own segment up to itself and the segments above: a causal decoder under that
mask gives each token the hidden state that it has where its sequence runs alone.

    for pack in packs(sequences, budget=8192):
        hidden = ...                                # [len(pack.ids), width], from pack.ids and pack.positions
        for index, row in zip(pack.members, pack.last):
            pooled = hidden[row]                    # the last token of sequences[index]

Row i sees row j where ``j <= i < pack.ends[j]``. ``pack.rows(k)`` are the rows of the k-th member's tokens in order, so
that ``pack.rows(k)[offset]`` finds an inner one. ``tree_attention`` runs a pack through a decoder of transformers.

The same idea serves decoding in Hydragen (arXiv 2402.05099) and SGLang's radix cache (arXiv 2312.07104); here a batch
is known beforehand and read once, so that nothing needs a cache.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Ids = NDArray[np.uint32]

WORTH = 16
"""Tokens that a branch must save: below, keys are gathered for it and hardly anything is won."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One row of tokens, ``T`` long, with ``S`` segments and ``M`` sequences in it.

    Attributes:
        ids: Token ids, shape ``[T]``.
        positions: Place of each token in its sequences, shape ``[T]``.
        ends: For each token the row at which the subtree of its segment ends, shape ``[T]``.
        starts: First row of each segment, shape ``[S]``; a parent stands before its children, and the child with
            the most tokens on one path comes first, so that it goes on where the parent stops.
        stops: Row behind each segment, shape ``[S]``.
        parents: Segment above each segment, -1 for none, shape ``[S]``.
        members: Which of the given sequences are in the pack, ascending, shape ``[M]``.
        leaves: Segment with which each member ends, shape ``[M]``.
    """

    ids: Integers
    positions: Integers
    ends: Integers
    starts: Integers
    stops: Integers
    parents: Integers
    members: Integers
    leaves: Integers

    @property
    def last(self) -> Integers:
        """Row of each member's last token, shape ``[M]``."""
        return self.stops[self.leaves] - 1

    def rows(self, member: int) -> Integers:
        """Return the rows of a member's tokens in their order, shape ``[length]``.

        Args:
            member: Its place in ``members``.
        """
        return self.path(int(self.leaves[member]))

    def path(self, segment: int) -> Integers:
        """Return the rows of the segments above a segment and of its own, in order of their positions."""
        pieces = []
        while segment >= 0:
            pieces.append(np.arange(self.starts[segment], self.stops[segment]))
            segment = int(self.parents[segment])
        return np.concatenate(pieces[::-1]) if pieces else np.arange(0)


def packs(sequences: Sequence[Sequence[int]], budget: int, worth: float = WORTH) -> Iterator[Pack]:
    """Group sequences that begin alike, and lay out each group as one row.

    What shares most stays together: a tree that is larger than the budget is divided near its root, and each part
    has the tokens above it again. Equal sequences always share everything.

    Args:
        sequences: Token ids of each, none negative; an empty sequence is left out.
        budget: Most tokens of a pack, each counted as often as it stands there; a sequence that is longer is a
            pack by itself (with those that are equal to it or to its beginning).
        worth: Fewest tokens that a branch must save, ``math.inf`` to share nothing but what is equal.

    Yields:
        The longest pack first, so that one that does not fit into memory comes at once.
    """
    kept = [index for index, sequence in enumerate(sequences) if len(sequence)]
    arrays = {index: np.asarray(sequences[index], dtype=np.uint32) for index in kept}
    # Big-endian bytes sort as the numbers do, and are compared by memcmp.
    order = sorted(kept, key=lambda index: arrays[index].astype(">u4").tobytes())
    ordered = [arrays[index] for index in order]
    lengths = np.array([len(array) for array in ordered], dtype=np.int64)
    shared = _worthwhile(lengths, _neighbors(ordered), worth)
    for places in _groups(lengths, shared, budget):
        yield _laid_out([ordered[i] for i in places], _between(shared, places), np.array([order[i] for i in places]))


def _neighbors(ordered: Sequence[Ids]) -> Integers:
    """Return how many tokens each sequence has in common with the one before it, shape ``[n]``."""
    shared = np.zeros(len(ordered), dtype=np.int64)
    for i in range(1, len(ordered)):
        width = min(len(ordered[i - 1]), len(ordered[i]))
        differ = ordered[i - 1][:width] != ordered[i][:width]
        first = int(differ.argmax())
        shared[i] = first if differ[first] else width
    return shared


def _between(shared: Integers, places: Sequence[int]) -> Integers:
    """Return what each of some sequences shares with the one of them before it."""
    return np.array([0, *(shared[a + 1 : b + 1].min() for a, b in pairwise(places))], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Tree:
    """A radix tree; node 0 is the empty beginning, every other is deeper than its parent.

    Attributes:
        depths: Tokens from the beginning to the end of each node.
        parents: Node above each.
        nodes: Node with which each sequence ends.
        forks: Node at which each sequence leaves the one before it.
    """

    depths: list[int]
    parents: list[int]
    nodes: list[int]
    forks: list[int]

    def upwards(self) -> list[int]:
        """Return all nodes but the root, children before parents."""
        return sorted(range(1, len(self.depths)), key=lambda node: -self.depths[node])


def _tree(lengths: Sequence[int] | Integers, shared: Sequence[int] | Integers) -> _Tree:
    """Build the tree of sequences in lexicographic order from what each shares with the one before."""
    tree = _Tree([0], [0], [], [])

    def add(depth: int) -> None:
        tree.depths.append(depth)
        tree.parents.append(stack[-1])
        stack.append(len(tree.depths) - 1)

    stack = [0]
    for length, common in zip(map(int, lengths), map(int, shared), strict=True):
        while tree.depths[stack[-1]] > common:
            node = stack.pop()
            if tree.depths[stack[-1]] < common:
                add(common)
            tree.parents[node] = stack[-1]
        tree.forks.append(stack[-1])
        if length > common:
            add(length)
        tree.nodes.append(stack[-1])
    return tree


def _worthwhile(lengths: Integers, shared: Integers, worth: float) -> Integers:
    """Return ``shared`` with every branch that saves too little moved up to the next that does not."""
    tree = _tree(lengths, shared)
    counts, children = [0] * len(tree.depths), [0] * len(tree.depths)
    for node in tree.nodes:
        counts[node] += 1
    upwards = tree.upwards()
    for node in upwards:
        counts[tree.parents[node]] += counts[node]
        children[tree.parents[node]] += 1
    reached = [0] * len(tree.depths)
    for node in reversed(upwards):
        above = reached[tree.parents[node]]
        saved = (counts[node] - 1) * (tree.depths[node] - above)
        reached[node] = tree.depths[node] if saved >= worth else above
    moved = np.array([reached[fork] for fork in tree.forks], dtype=np.int64)
    # A sequence that is the beginning of the next needs no branch: it ends on the way.
    before = np.concatenate([lengths[:1], lengths[:-1]])
    single = np.array([children[fork] <= 1 for fork in tree.forks], dtype=bool)
    return np.where((shared == lengths) | (single & (shared == before)), shared, moved)


@dataclass(slots=True)
class _Part:
    """Sequences that go into one pack: ``size`` counts their tokens below the node at hand."""

    size: int
    places: list[int]


def _groups(lengths: Integers, shared: Integers, budget: int) -> list[list[int]]:
    """Return the places (in lexicographic order) of each pack's sequences, the longest pack first."""
    tree = _tree(lengths, shared)
    parts: list[list[_Part]] = [[] for _ in tree.depths]
    own: list[list[int]] = [[] for _ in tree.depths]
    for place, node in enumerate(tree.nodes):
        own[node].append(place)
    for node in [*tree.upwards(), 0]:
        together = _fitted(parts[node], budget - tree.depths[node])
        if own[node]:
            if not together:
                together.append(_Part(0, []))
            together[0].places += own[node]
        parts[node] = []
        above = tree.parents[node]
        for part in together:
            part.size += tree.depths[node] - tree.depths[above]
        parts[above] += together
    done = [_Part(part.size, sorted(part.places)) for part in parts[0]]
    return [part.places for part in sorted(done, key=lambda part: (-part.size, part.places[0]))]


def _fitted(parts: list[_Part], room: int) -> list[_Part]:
    """Join parts under a limit: the largest first, each to the fullest that has room for it."""
    if len(parts) < 2:
        return parts
    joined: list[_Part] = []
    rooms: list[tuple[int, int]] = []
    for part in sorted(parts, key=lambda part: (-part.size, part.places[0])):
        found = bisect_left(rooms, (part.size, -1))
        if found < len(rooms):
            left, index = rooms.pop(found)
            joined[index].size += part.size
            joined[index].places += part.places
        else:
            left, index = room, len(joined)
            joined.append(part)
        if left > part.size:
            insort(rooms, (left - part.size, index))
    return joined


def _laid_out(ordered: Sequence[Ids], shared: Integers, members: Integers) -> Pack:
    """Return the pack of sequences in lexicographic order."""
    tree = _tree([len(array) for array in ordered], shared)
    order = _depth_first(tree)
    segments = {node: segment for segment, node in enumerate(order)}
    through = {node: place for place, node in enumerate(tree.nodes)}
    for node in tree.upwards():
        through[tree.parents[node]] = through[node]
    firsts = [tree.depths[tree.parents[node]] for node in order]
    lasts = [tree.depths[node] for node in order]
    parents = [segments.get(tree.parents[node], -1) for node in order]
    stops = np.cumsum(np.subtract(lasts, firsts))
    subtree = stops.tolist()
    for segment in range(len(order) - 1, -1, -1):
        if (above := parents[segment]) >= 0:
            subtree[above] = max(subtree[above], subtree[segment])
    runs = [ordered[through[node]][a:b] for node, a, b in zip(order, firsts, lasts, strict=True)]
    given = np.argsort(members)
    return Pack(
        ids=np.concatenate(runs).astype(np.int64),
        positions=np.concatenate([np.arange(a, b) for a, b in zip(firsts, lasts, strict=True)]),
        ends=np.repeat(np.array(subtree), np.subtract(lasts, firsts)),
        starts=np.concatenate([[0], stops[:-1]]),
        stops=stops,
        parents=np.array(parents),
        members=members[given],
        leaves=np.array([segments[node] for node in tree.nodes])[given],
    )


def _depth_first(tree: _Tree) -> list[int]:
    """Return the nodes but the root: a parent before its children, of these the one with the longest way first."""
    children: list[list[int]] = [[] for _ in tree.depths]
    deepest = list(tree.depths)
    for node in tree.upwards():
        children[tree.parents[node]].append(node)
        deepest[tree.parents[node]] = max(deepest[tree.parents[node]], deepest[node])
    order, waiting = [], [0]
    while waiting:
        node = waiting.pop()
        order.append(node)
        # The last on the stack is the first in the row.
        waiting += sorted(children[node], key=lambda child: (deepest[child], -child))
    return order[1:]
