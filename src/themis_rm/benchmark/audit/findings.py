"""Findings of the audit: one row per property of one pair."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from themis_rm.records import CompiledPair, Row
from themis_rm.storage.parquet import write_rows

SCOPES = ("same-task", "same-source", "cross-source", "cross-criterion")
"""How two pairs are related: same task, same source, different sources, or different criteria."""

FindingCounts = Mapping[str, Mapping[str, int]]
"""Kind -> scope -> number of pairs."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Row):
    """One finding about one pair.

    Attributes:
        pair: Id of the pair.
        kind: A slug, such as ``same-chosen``.
        scope: How the two pairs of a finding are related (see :data:`SCOPES`); empty for findings about one pair.
        other: Id of the other pair, the row of the training set, or empty.
        detail: The word, the share or the count.
    """

    pair: str
    kind: str
    scope: str = ""
    other: str = ""
    detail: str = ""


def scope_of(first: CompiledPair, second: CompiledPair) -> str:
    """Return how two pairs are related, one of :data:`SCOPES`."""
    if first.aspect != second.aspect:
        return "cross-criterion"
    if first.source != second.source:
        return "cross-source"
    same = first.group == second.group if first.group or second.group else first.prompt == second.prompt
    return "same-task" if same else "same-source"


def count_findings(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    """Return kind -> scope -> number of pairs."""
    pairs: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for finding in findings:
        pairs[finding.kind][finding.scope].add(finding.pair)
    return {kind: {scope: len(ids) for scope, ids in sorted(scopes.items())} for kind, scopes in sorted(pairs.items())}


def write_findings(path: Path, findings: Iterable[Finding]) -> int:
    """Write findings sorted by pair and kind, and return their number."""
    ordered: list[Finding] = sorted(
        findings, key=lambda item: (item.pair, item.kind, item.scope, item.other, item.detail)
    )
    return write_rows(path, ordered, Finding.schema())
