"""Exact duplicates: pairs and answers that stand in a benchmark twice, by their tokens without comments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from themis_rm.benchmark.audit.findings import SCOPES, Finding, scope_of
from themis_rm.benchmark.audit.pairs import PairFeatures
from themis_rm.storage.digests import stable_id

_MOST_REPRESENTATIVES = 64


def sides(item: PairFeatures) -> tuple[str, str]:
    """Return what names the two answers: digests of their tokens, or of their texts where the tokens are the same.

    Pairs about layout have equal tokens on both sides, and differ all the same.
    """
    if item.chosen.digest == item.rejected.digest:
        return stable_id(item.pair.chosen), stable_id(item.pair.rejected)
    return item.chosen.digest, item.rejected.digest


def duplicates(items: Sequence[PairFeatures]) -> Iterator[Finding]:
    """Yield what every pair shares with others, once for each kind and scope.

    ``same-pair``: both answers. ``contradicted-pair``: both, the other way round. ``same-chosen``, ``same-rejected``:
    one answer alone. ``chosen-is-rejected``: the better answer is the worse one of the other pair, without a
    contradiction (a third version may lie between them).
    """
    named = [sides(item) for item in items]
    pairs, chosen, rejected = (defaultdict[object, list[int]](list) for _ in range(3))
    for number, (better, worse) in enumerate(named):
        pairs[better, worse].append(number)
        chosen[better].append(number)
        rejected[worse].append(number)
    for number, (better, worse) in enumerate(named):
        same = set(pairs[better, worse])
        turned = set(pairs.get((worse, better), ()))
        looks = (
            ("same-pair", pairs[better, worse], set[int]()),
            ("contradicted-pair", pairs.get((worse, better), []), set[int]()),
            ("same-chosen", chosen[better], same),
            ("same-rejected", rejected[worse], same),
            ("chosen-is-rejected", rejected.get(better, []), turned),
        )
        for kind, others, told in looks:
            yield from _nearest(items, number, kind, (other for other in others if other not in told))


def _nearest(items: Sequence[PairFeatures], number: int, kind: str, others: Iterable[int]) -> Iterator[Finding]:
    """Yield a finding about the first other pair of each scope; in a crowd the first few stand for all."""
    found: set[str] = set()
    looked = 0
    for other in others:
        if other == number:
            continue
        scope = scope_of(items[number].pair, items[other].pair)
        if scope not in found:
            found.add(scope)
            yield Finding(pair=items[number].pair.id, kind=kind, scope=scope, other=items[other].pair.id)
        looked += 1
        if looked == _MOST_REPRESENTATIVES or len(found) == len(SCOPES):
            return
