"""External benchmarks, one module each, and their registry.

A benchmark reads its published rows into candidate sets and defines its figures from their scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from themis_rm.evaluation.external.candidates import CandidateSet, ScoredSet
from themis_rm.evaluation.external.figures import FigureTerms
from themis_rm.registry import Registry


class ExternalBenchmark(Protocol):
    """An external benchmark.

    Attributes:
        name: Name in commands and results.
        title: Name that its authors use.
        hub: Hub name of the dataset that holds it.
        split: Splits of that dataset to read, in this order.
        citation: Where the scoring is defined.
    """

    name: str
    title: str
    hub: str
    split: tuple[str, ...]
    citation: str

    def read(self, row: Mapping[str, Any]) -> CandidateSet | str:
        """Return the candidate set of a published row, or the reason why the row cannot be used."""

    def figures(self, scored: Sequence[ScoredSet]) -> list[FigureTerms]:
        """Return the authors' figures of complete and incomplete sets; the overall figure comes first."""


EXTERNAL_BENCHMARKS: Registry[ExternalBenchmark] = Registry(
    "external benchmark", "themis_rm.external_benchmarks", __name__
)
"""All external benchmarks by name."""


def read_texts(row: Mapping[str, Any], *columns: str) -> list[str] | str:
    """Return the texts of columns, or the reason why one of them is unusable."""
    values = [row.get(column) for column in columns]
    for column, value in zip(columns, values, strict=True):
        if not isinstance(value, str):
            return f"{column}-is-{type(value).__name__}"
        if not value.strip():
            return f"empty-{column}"
    return [value for value in values if isinstance(value, str)]


def read_lists(row: Mapping[str, Any], *columns: str) -> list[list[str]] | str:
    """Return the lists of texts of columns, or the reason why one of them is unusable."""
    values = [row.get(column) for column in columns]
    for column, value in zip(columns, values, strict=True):
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            return f"{column}-is-not-a-list-of-texts"
        if not value:
            return f"empty-{column}"
    return [value for value in values if isinstance(value, list)]
