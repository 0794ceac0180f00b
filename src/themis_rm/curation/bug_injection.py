"""Bug injection as a step of curation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datatrove.data import Document

from themis_rm.curation.inject.step import InjectBugs, InjectSettings, make_pair
from themis_rm.pipeline import DETAIL, DROPPED, RowWriter, to_document
from themis_rm.records import Solution


class InjectBugsOrExclude(InjectBugs):
    """Turns solutions into pairs with an injected bug, counts both, and writes out solutions without a bug.

    Args:
        settings: Settings of bug injection.
        exclusion_writer: Writer of the solutions into which no bug can be injected.
    """

    def __init__(self, settings: InjectSettings, exclusion_writer: RowWriter) -> None:
        super().__init__(settings)
        self.exclusion_writer = exclusion_writer

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield one document per pair."""
        with self.exclusion_writer as exclusions:
            for doc in data:
                with self.track_time():
                    solution = Solution.from_dict(doc.metadata)
                    injections = self.inject_bugs(solution)
                if isinstance(injections, str):
                    self.stat_update(DROPPED + injections)
                    doc.metadata["filter_reason"] = injections
                    exclusions.write(doc, rank)
                    continue
                self.stat_update(DETAIL + "solutions_injected")
                for injection in injections:
                    self.stat_update(DETAIL + "pairs_injected")
                    yield to_document(make_pair(solution, injection).to_dict())
