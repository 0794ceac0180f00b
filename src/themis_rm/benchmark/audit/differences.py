"""Pairs whose responses differ in comments or layout only, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from themis_rm.benchmark.audit.features import PairFeatures
from themis_rm.benchmark.audit.findings import Finding
from themis_rm.languages.syntax import strip_comments


def difference_findings(items: Iterable[PairFeatures]) -> Iterator[Finding]:
    """Yield pairs with equal code tokens: ``same-responses``, ``whitespace-only`` or ``comments-only``.

    ``whitespace-only`` pairs of the readability criterion can be valid, because layout is part of readability.
    """
    for item in items:
        pair = item.pair
        if item.chosen.digest == item.rejected.digest:
            yield Finding(pair=pair.id, kind=_kind(pair.chosen, pair.rejected, pair.language), detail=pair.aspect)


def _kind(chosen: str, rejected: str, language: str) -> str:
    if chosen == rejected:
        return "same-responses"
    if chosen.split() == rejected.split():
        return "whitespace-only"
    chosen_code, rejected_code = (strip_comments(text, language).split() for text in (chosen, rejected))
    # Code tokens are equal. If the texts still differ without comments, the layout of blocks and literals differs.
    return "comments-only" if chosen_code == rejected_code else "whitespace-only"
