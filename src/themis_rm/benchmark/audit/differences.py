"""Pairs whose answers differ in less than code: in comments, in layout, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from themis_rm.benchmark.audit.findings import Finding
from themis_rm.benchmark.audit.pairs import PairFeatures
from themis_rm.languages.syntax import strip_comments


def differences(items: Iterable[PairFeatures]) -> Iterator[Finding]:
    """Yield the pairs whose answers have the same tokens: ``same-answers``, ``whitespace-only`` or ``comments-only``.

    Layout is a matter of readability, so ``whitespace-only`` pairs of that criterion can be right.
    """
    for item in items:
        pair = item.pair
        if item.chosen.digest == item.rejected.digest:
            yield Finding(pair=pair.id, kind=_kind(pair.chosen, pair.rejected, pair.language), detail=pair.aspect)


def _kind(chosen: str, rejected: str, language: str) -> str:
    if chosen == rejected:
        return "same-answers"
    if chosen.split() == rejected.split():
        return "whitespace-only"
    bare = [strip_comments(text, language).split() for text in (chosen, rejected)]
    # With comments taken out, tokens are equal; what is left between the texts is in the comments, or in how blocks
    # and literals are laid out.
    return "comments-only" if bare[0] == bare[1] else "whitespace-only"
