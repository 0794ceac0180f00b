"""Removal of duplicated and contradicting pairs across sources."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from themis_rm.storage.digests import stable_id
from themis_rm.storage.parquet import read_rows

_COLUMNS = ("id", "aspect", "chosen_digest", "rejected_digest", "chosen", "rejected")


@dataclass
class Deduplication:
    """Outcome of a deduplication.

    Attributes:
        ids: Source -> ids of the pairs to keep.
        dropped: Source -> reason -> dropped pairs.
        nested: Source -> source that keeps the duplicate -> pairs.
    """

    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    dropped: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    nested: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


@dataclass(frozen=True, slots=True)
class _PairDigests:
    """Digests of a pair's criterion and responses: ``forward`` as labeled, ``backward`` with exchanged labels."""

    id: str
    forward: str
    backward: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> _PairDigests:
        sides = [row["chosen_digest"], row["rejected_digest"]]
        if sides[0] == sides[1]:
            # Pairs about layout have equal tokens on both sides; their texts differ.
            sides = [stable_id(row["chosen"]), stable_id(row["rejected"])]
        return cls(row["id"], *(stable_id(row["aspect"], *order) for order in (sides, sides[::-1])))


def deduplicate(mapped: Mapping[str, Sequence[Path]], max_pairs: int | None) -> Deduplication:
    """Select the pairs to keep: of equal pairs the first of the largest source, of contradicting pairs none.

    Two pairs are equal if they have the same criterion and their responses have the same tokens without comments.
    Sources are processed from the largest to the smallest, so that a source that is contained in another one is the
    one that loses its pairs.

    Args:
        mapped: Source -> Parquet files of its valid pairs, with the columns ``chosen_digest`` and ``rejected_digest``.
        max_pairs: Maximum number of pairs per source; the selection depends on ids only.
    """
    digests = {
        name: [_PairDigests.of(row) for path in paths for row in read_rows(path, _COLUMNS)]
        for name, paths in mapped.items()
    }
    known = {pair.forward for pairs in digests.values() for pair in pairs}
    owners: dict[str, str] = {}
    result = Deduplication()
    for name in sorted(digests, key=lambda name: (-len(digests[name]), name)):
        for pair in digests[name]:
            if pair.backward in known:
                result.dropped[name]["contradicted"] += 1
            elif pair.forward not in owners:
                owners[pair.forward] = name
                result.ids[name].add(pair.id)
            elif owners[pair.forward] == name:
                result.dropped[name]["duplicate"] += 1
            else:
                result.dropped[name]["in-another-source"] += 1
                result.nested[name][owners[pair.forward]] += 1
        ids = result.ids[name]
        if max_pairs is not None and len(ids) > max_pairs:
            result.dropped[name]["max-pairs-per-source"] += len(ids) - max_pairs
            result.ids[name] = set(sorted(ids, key=stable_id)[:max_pairs])
    return result
