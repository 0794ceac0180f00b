"""Findings: one row for each thing that one pair shows."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from themis_rm.records import CompiledPair, Row
from themis_rm.storage.parquet import write_rows

SCOPES = ("task", "source", "sources", "criteria")
"""How far apart two pairs are: of one task; of one source; of two sources; of two criteria. In this order of weight."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Row):
    """One thing that one pair shows.

    Attributes:
        pair: Its id.
        kind: A slug, such as ``same-chosen``.
        scope: For findings about two pairs, how far apart they are (see :data:`SCOPES`), else empty.
        other: The other pair's id, the row of the training set, or empty.
        detail: The word, the share, the count.
    """

    pair: str
    kind: str
    scope: str = ""
    other: str = ""
    detail: str = ""


def scope_of(one: CompiledPair, other: CompiledPair) -> str:
    """Return how far apart two pairs are."""
    if one.aspect != other.aspect:
        return "criteria"
    if one.source != other.source:
        return "sources"
    same = one.group == other.group if one.group or other.group else one.prompt == other.prompt
    return "task" if same else "source"


def counts(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    """Return kind -> scope -> number of pairs."""
    pairs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for finding in findings:
        pairs[finding.kind][finding.scope].add(finding.pair)
    return {kind: {scope: len(ids) for scope, ids in sorted(by.items())} for kind, by in sorted(pairs.items())}


def write_findings(path: Path, findings: Iterable[Finding]) -> int:
    """Write findings, by pair and kind; return how many there are."""
    ordered: list[Finding] = sorted(
        findings, key=lambda item: (item.pair, item.kind, item.scope, item.other, item.detail)
    )
    return write_rows(path, ordered, Finding.schema())
