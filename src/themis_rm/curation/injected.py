"""Bug injection as a step of curation: solutions that take no bug are kept aside, like all that is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datatrove.data import Document

from themis_rm.curation.inject.step import NO_SITE, InjectBugs, InjectSettings, pair
from themis_rm.pipeline import DROPPED, RowWriter, to_document
from themis_rm.records import Solution


class InjectOrKeepAside(InjectBugs):
    """Turns solutions into pairs with an injected bug, and counts both.

    Args:
        settings: How bugs are put in.
        writer: Of the solutions that take none.
    """

    def __init__(self, settings: InjectSettings, writer: RowWriter) -> None:
        super().__init__(settings)
        self.writer = writer

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield a document per pair."""
        with self.writer as aside:
            for doc in data:
                with self.track_time():
                    solution = Solution.from_dict(doc.metadata)
                    found = self.bugs(solution)
                if not found:
                    self.stat_update(DROPPED + NO_SITE)
                    doc.metadata["filter_reason"] = NO_SITE
                    aside.write(doc, rank)
                    continue
                self.stat_update("note_solutions_injected")
                for injection in found:
                    self.stat_update("note_pairs_injected")
                    yield to_document(pair(solution, injection).to_dict())
