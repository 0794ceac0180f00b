"""Have a chat model write the instructions of commits, in place of templates."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.curation.leaks import leaking_words
from themis_rm.endpoints.chat import ChatEndpoint
from themis_rm.endpoints.settings import ChatSettings
from themis_rm.judge.instructions import CodeVersions, Instruction, write_instructions
from themis_rm.languages import get_language
from themis_rm.pipeline import DETAIL
from themis_rm.storage.digests import stable_id


class InstructionWriter(PipelineStep):
    """Replaces the instruction of each commit by one that a chat model writes.

    The instruction from the template is kept where the model fails or its text reveals the better version; the details
    of the report count both.

    Args:
        settings: The chat model.
        cache: Directory of responses, one file for each task, from which an interrupted job resumes.

    Raises:
        InputError: The URL is malformed, or the server lists no models and ``served_model_name`` is not set.
        MissingExtraError: The extra for chat models is not installed.
    """

    type = "✍️ - MAP"
    name = "instruction writer"

    def __init__(self, settings: ChatSettings, cache: Path) -> None:
        super().__init__()
        ChatEndpoint(settings, "instruction_writer.")  # reports what cannot work before the job starts
        self.settings = settings
        self.cache = cache

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield the commits in order.

        Raises:
            InputError: The endpoint cannot be used at all.
        """
        waiting: deque[Document] = deque()

        def versions() -> Iterator[CodeVersions]:
            for doc in data:
                waiting.append(doc)
                yield _versions(doc.metadata)

        for item in write_instructions(versions(), self.settings, self.cache / f"{rank:05d}.jsonl"):
            doc = waiting.popleft()
            self.stat_update(f"{DETAIL}instructions-{self._replace(doc.metadata, item)}")
            yield doc

    @staticmethod
    def _replace(row: dict[str, Any], item: Instruction) -> str:
        """Write the instruction into the row unless it cannot be used; return ``llm``, or why it cannot."""
        if item.failure:
            return item.failure
        if leaking_words(item.text, row["new_contents"], row["old_contents"]):
            return "leaks"
        row["instruction"], row["instruction_source"] = item.text, "llm"
        return "llm"


def _versions(row: dict[str, Any]) -> CodeVersions:
    identity = stable_id("request", row["repos"], row["commit"], row["file_path"])
    name = get_language(row["language"]).name
    return CodeVersions(
        identity, row["new_contents"], row["old_contents"], name, f"It is in the file {row['file_path']}."
    )
