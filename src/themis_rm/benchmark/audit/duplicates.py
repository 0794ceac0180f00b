"""Exact duplicates: pairs and responses that occur twice, compared by code tokens without comments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from themis_rm.benchmark.audit.features import PairFeatures
from themis_rm.benchmark.audit.findings import SCOPES, Finding, scope_of
from themis_rm.storage.digests import stable_id

_MAX_COMPARED = 64
"""In a large group of duplicates, each pair is compared with this many others only."""


def response_digests(item: PairFeatures) -> tuple[str, str]:
    """Return digests of the code tokens of chosen and rejected, or of their texts where the tokens are equal.

    Pairs about layout have equal tokens on both sides; their texts still differ.
    """
    if item.chosen.digest == item.rejected.digest:
        return stable_id(item.pair.chosen), stable_id(item.pair.rejected)
    return item.chosen.digest, item.rejected.digest


def duplicate_findings(items: Sequence[PairFeatures]) -> Iterator[Finding]:
    """Yield what each pair shares with others, once per kind and scope.

    ``same-pair``: both responses. ``contradicted-pair``: both responses with the labels exchanged. ``same-chosen``,
    ``same-rejected``: one response only. ``chosen-is-rejected``: the chosen response is the rejected one of another
    pair, without a contradiction (a third version may rank between them).
    """
    digests = [response_digests(item) for item in items]
    by_pair, by_chosen, by_rejected = (defaultdict[object, list[int]](list) for _ in range(3))
    for number, (chosen, rejected) in enumerate(digests):
        by_pair[chosen, rejected].append(number)
        by_chosen[chosen].append(number)
        by_rejected[rejected].append(number)
    for number, (chosen, rejected) in enumerate(digests):
        same = set(by_pair[chosen, rejected])
        reversed_ = set(by_pair.get((rejected, chosen), ()))
        candidates = (
            ("same-pair", by_pair[chosen, rejected], set[int]()),
            ("contradicted-pair", by_pair.get((rejected, chosen), []), set[int]()),
            ("same-chosen", by_chosen[chosen], same),
            ("same-rejected", by_rejected[rejected], same),
            ("chosen-is-rejected", by_rejected.get(chosen, []), reversed_),
        )
        for kind, others, reported in candidates:
            yield from _first_per_scope(items, number, kind, (other for other in others if other not in reported))


def _first_per_scope(items: Sequence[PairFeatures], number: int, kind: str, others: Iterable[int]) -> Iterator[Finding]:
    """Yield a finding about the first other pair of each scope, among the first few others."""
    scopes: set[str] = set()
    compared = 0
    for other in others:
        if other == number:
            continue
        scope = scope_of(items[number].pair, items[other].pair)
        if scope not in scopes:
            scopes.add(scope)
            yield Finding(pair=items[number].pair.id, kind=kind, scope=scope, other=items[other].pair.id)
        compared += 1
        if compared == _MAX_COMPARED or len(scopes) == len(SCOPES):
            return
