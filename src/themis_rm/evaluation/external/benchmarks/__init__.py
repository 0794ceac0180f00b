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

    def read(self, row: Mapping[str, Any]) -> CandidateSet:
        """Return the candidate set of a published row.

        Raises:
            UnusableRowError: The row cannot be used.
        """

    def figures(self, scored: Sequence[ScoredSet]) -> list[FigureTerms]:
        """Return the authors' figures of complete and incomplete sets; the overall figure comes first."""


EXTERNAL_BENCHMARKS: Registry[ExternalBenchmark] = Registry(
    "external benchmark", "themis_rm.external_benchmarks", __name__
)
"""All external benchmarks by name."""

SUITES = {"general": ("rewardbench", "rewardbench2", "rm-bench", "judgebench")}
"""Name of a suite -> its benchmarks."""
