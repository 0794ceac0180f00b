"""Pack token sequences with shared prefixes, so that each prefix is computed once.

Sequences form a radix tree: a segment is a run of tokens that belongs to the same sequences. A pack has the segments of
one or more trees in depth-first order in one row of tokens. Every token has the position that it has in its sequence,
and attends to its segment up to itself and to all ancestor segments: with that mask, a causal decoder computes for each
token the hidden state that it has in its sequence alone.

    for pack in packs(sequences, budget=8192):
        hidden = ...                                # [len(pack.ids), width], from pack.ids and pack.positions
        for index, row in zip(pack.members, pack.last):
            pooled = hidden[row]                    # the last token of sequences[index]

Row i attends to row j if ``j <= i < pack.ends[j]``. ``pack.rows(k)`` are the rows of the k-th member's tokens in order;
``pack.rows(k)[offset]`` is the row of one of them. ``tree_attention`` runs a pack through a transformers decoder.

Hydragen (arXiv 2402.05099) and the radix cache of SGLang (arXiv 2312.07104) share prefixes in decoding; here all
sequences are known in advance and read once, so that no cache is needed.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Ids = NDArray[np.uint32]

MIN_SAVING = 16
"""Fewest tokens that a branch must save; for fewer, gathering its keys costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One row of ``T`` tokens with ``S`` segments and ``M`` sequences.

    Attributes:
        ids: Token ids, shape ``[T]``.
        positions: Position of each token in its sequences, shape ``[T]``.
        ends: For each token, the row at which the subtree of its segment ends, shape ``[T]``.
        starts: First row of each segment, shape ``[S]``; a parent precedes its children, and the child with the longest
            path comes first, so that it directly follows its parent.
        stops: Row after the last row of each segment, shape ``[S]``.
        parents: Parent of each segment, -1 for none, shape ``[S]``.
        members: Indices of the sequences in the pack, ascending, shape ``[M]``.
        leaves: Last segment of each member, shape ``[M]``.
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
        """Return the row of each member's last token, shape ``[M]``."""
        return self.stops[self.leaves] - 1

    def rows(self, member: int) -> Integers:
        """Return the rows of a member's tokens in order, shape ``[length]``.

        Args:
            member: Index in ``members``.
        """
        return self.path(int(self.leaves[member]))

    def path(self, segment: int) -> Integers:
        """Return the rows of a segment and its ancestors, ordered by position."""
        pieces = []
        while segment >= 0:
            pieces.append(np.arange(self.starts[segment], self.stops[segment]))
            segment = int(self.parents[segment])
        return np.concatenate(pieces[::-1]) if pieces else np.arange(0)


def packs(sequences: Sequence[Sequence[int]], budget: int, min_saving: float = MIN_SAVING) -> Iterator[Pack]:
    """Group sequences with shared prefixes into packs.

    Sequences with the longest shared prefixes stay together: a tree that is larger than the budget is divided near its
    root, and each part repeats the tokens above it. Equal sequences always share all tokens.

    Args:
        sequences: Token ids of each sequence, none negative; empty sequences are skipped.
        budget: Most tokens of a pack; a longer sequence is a separate pack, with the sequences that are equal to it or
            a prefix of it.
        min_saving: Fewest tokens that a branch must save; ``math.inf`` shares only equal sequences.

    Yields:
        Packs, the longest first, so that a pack that does not fit into memory fails at once.
    """
    kept = [index for index, sequence in enumerate(sequences) if len(sequence)]
    arrays = {index: np.asarray(sequences[index], dtype=np.uint32) for index in kept}
    order = [kept[i] for i in lexicographic_order([arrays[index] for index in kept])]
    ordered = [arrays[index] for index in order]
    lengths = np.array([len(array) for array in ordered], dtype=np.int64)
    shared = _drop_small_savings(lengths, _shared_with_previous(ordered), min_saving)
    for group in _groups(lengths, shared, budget):
        members = np.array([order[i] for i in group])
        yield _build_pack([ordered[i] for i in group], _shared_within(shared, group), members)


def _shared_with_previous(ordered: Sequence[Ids]) -> Integers:
    """Return the length of the prefix that each sequence shares with the previous one, shape ``[n]``."""
    return np.array([0, *(common_prefix(a, b) for a, b in pairwise(ordered))][: len(ordered)], dtype=np.int64)


def common_prefix(one: NDArray[Any], two: NDArray[Any]) -> int:
    """Return the number of tokens at the start of two sequences that are equal."""
    width = min(len(one), len(two))
    differ = np.flatnonzero(one[:width] != two[:width])
    return int(differ[0]) if len(differ) else width


def lexicographic_order(sequences: Sequence[NDArray[Any]]) -> list[int]:
    """Return the indices of sequences of tokens in lexicographic order, those of equal sequences ascending."""
    # Big-endian bytes sort like the numbers, and are compared by memcmp.
    keys = [sequence.astype(">u4").tobytes() for sequence in sequences]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _shared_within(shared: Integers, group: Sequence[int]) -> Integers:
    """Return the length of the prefix that each sequence of a group shares with the previous one of the group."""
    return np.array([0, *(shared[a + 1 : b + 1].min() for a, b in pairwise(group))], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _RadixTree:
    """A radix tree; node 0 is the empty prefix, every other node is deeper than its parent.

    Attributes:
        depths: Length of the prefix at each node, in tokens.
        parents: Parent of each node.
        nodes: Last node of each sequence.
        forks: Node at which each sequence diverges from the previous one.
    """

    depths: list[int]
    parents: list[int]
    nodes: list[int]
    forks: list[int]

    def upwards(self) -> list[int]:
        """Return all nodes except the root, children before parents."""
        return sorted(range(1, len(self.depths)), key=lambda node: -self.depths[node])


def _tree(lengths: Sequence[int] | Integers, shared: Sequence[int] | Integers) -> _RadixTree:
    """Build the tree of sequences in lexicographic order.

    Args:
        lengths: Length of each sequence.
        shared: Length of the prefix that each shares with the previous one.
    """
    tree = _RadixTree([0], [0], [], [])

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


def _drop_small_savings(lengths: Integers, shared: Integers, min_saving: float) -> Integers:
    """Return ``shared`` with every branch that saves too little moved up to its closest ancestor that saves enough."""
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
        reached[node] = tree.depths[node] if saved >= min_saving else above
    moved = np.array([reached[fork] for fork in tree.forks], dtype=np.int64)
    # A sequence that is a prefix of the next one needs no branch: it ends within it.
    before = np.concatenate([lengths[:1], lengths[:-1]])
    single = np.array([children[fork] <= 1 for fork in tree.forks], dtype=bool)
    return np.where((shared == lengths) | (single & (shared == before)), shared, moved)


@dataclass(slots=True)
class _Bin:
    """Sequences of one pack; ``size`` is the number of their tokens below the current node."""

    size: int
    sequences: list[int]


def _groups(lengths: Integers, shared: Integers, budget: int) -> list[list[int]]:
    """Return the sequences of each pack, as indices in lexicographic order; the longest pack first."""
    tree = _tree(lengths, shared)
    bins: list[list[_Bin]] = [[] for _ in tree.depths]
    ending: list[list[int]] = [[] for _ in tree.depths]
    for sequence, node in enumerate(tree.nodes):
        ending[node].append(sequence)
    for node in [*tree.upwards(), 0]:
        merged = _merge_bins(bins[node], budget - tree.depths[node])
        if ending[node]:
            if not merged:
                merged.append(_Bin(0, []))
            merged[0].sequences += ending[node]
        bins[node] = []
        parent = tree.parents[node]
        for entry in merged:
            entry.size += tree.depths[node] - tree.depths[parent]
        bins[parent] += merged
    complete = [_Bin(entry.size, sorted(entry.sequences)) for entry in bins[0]]
    return [entry.sequences for entry in sorted(complete, key=lambda entry: (-entry.size, entry.sequences[0]))]


def _merge_bins(bins: list[_Bin], capacity: int) -> list[_Bin]:
    """Merge bins up to a capacity by best-fit decreasing: the largest first, each into the fullest that it fits in."""
    if len(bins) < 2:
        return bins
    merged: list[_Bin] = []
    free: list[tuple[int, int]] = []  # remaining capacity and index of each merged bin, sorted
    for entry in sorted(bins, key=lambda entry: (-entry.size, entry.sequences[0])):
        best = bisect_left(free, (entry.size, -1))
        if best < len(free):
            remaining, index = free.pop(best)
            merged[index].size += entry.size
            merged[index].sequences += entry.sequences
        else:
            remaining, index = capacity, len(merged)
            merged.append(entry)
        if remaining > entry.size:
            insort(free, (remaining - entry.size, index))
    return merged


def _build_pack(ordered: Sequence[Ids], shared: Integers, members: Integers) -> Pack:
    """Return the pack of sequences in lexicographic order."""
    tree = _tree([len(array) for array in ordered], shared)
    order = _depth_first(tree)
    segments = {node: segment for segment, node in enumerate(order)}
    example = {node: sequence for sequence, node in enumerate(tree.nodes)}  # a sequence that contains each node
    for node in tree.upwards():
        example[tree.parents[node]] = example[node]
    firsts = [tree.depths[tree.parents[node]] for node in order]
    lasts = [tree.depths[node] for node in order]
    parents = [segments.get(tree.parents[node], -1) for node in order]
    stops = np.cumsum(np.subtract(lasts, firsts))
    subtree = stops.tolist()
    for segment in range(len(order) - 1, -1, -1):
        if (parent := parents[segment]) >= 0:
            subtree[parent] = max(subtree[parent], subtree[segment])
    runs = [ordered[example[node]][a:b] for node, a, b in zip(order, firsts, lasts, strict=True)]
    by_index = np.argsort(members)
    return Pack(
        ids=np.concatenate(runs).astype(np.int64),
        positions=np.concatenate([np.arange(a, b) for a, b in zip(firsts, lasts, strict=True)]),
        ends=np.repeat(np.array(subtree), np.subtract(lasts, firsts)),
        starts=np.concatenate([[0], stops[:-1]]),
        stops=stops,
        parents=np.array(parents),
        members=members[by_index],
        leaves=np.array([segments[node] for node in tree.nodes])[by_index],
    )


def _depth_first(tree: _RadixTree) -> list[int]:
    """Return all nodes except the root: parents before children, of these the one with the longest path first."""
    children: list[list[int]] = [[] for _ in tree.depths]
    deepest = list(tree.depths)
    for node in tree.upwards():
        children[tree.parents[node]].append(node)
        deepest[tree.parents[node]] = max(deepest[tree.parents[node]], deepest[node])
    order, stack = [], [0]
    while stack:
        node = stack.pop()
        order.append(node)
        # The last on the stack is visited first.
        stack += sorted(children[node], key=lambda child: (deepest[child], -child))
    return order[1:]
