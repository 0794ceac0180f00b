"""Steps that turn pairs into the rows of a dataset and write them in their final order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.criteria import criterion, is_criterion
from themis_rm.dataset.row_index import ASPECTS, CRITERION_NAMES, row_id, row_rank, source_of, task_of
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.dataset.split_plan import KEEP, REASONS
from themis_rm.dataset.splits import SPLITS
from themis_rm.pipeline import KEPT, FilterResult, RowFilter, RowWriter, to_document
from themis_rm.prompts import PromptSet
from themis_rm.records import Preference, file_texts
from themis_rm.storage.parquet import parquet_files, read_rows, write_rows


def preference_of(pair: dict[str, Any], short: str, prompts: PromptSet, settings: AssembleSettings) -> Preference:
    """Return the row of a pair under one of its criteria."""
    own = criterion(short) if is_criterion(short) else None
    idx = row_id(pair, short)
    mode, system = prompts.draw(settings.mix, own, f"{settings.seed}:{idx}")
    return Preference(
        system=system,
        input=pair["instruction"],
        chosen=pair["chosen"],
        rejected=pair["rejected"],
        language=pair["language"],
        aspect=ASPECTS[short],
        source=source_of(pair),
        idx=idx,
        prompt_mode=mode,
        instruction_source=pair["instruction_source"],
        operator=pair.get("operator") or "",
        repos=pair["repos"],
        unix_time=pair.get("unix_time"),
        license=pair["license"],
        messages=pair.get("messages"),
        chosen_messages=pair.get("chosen_messages"),
        rejected_messages=pair.get("rejected_messages"),
        margin=pair.get("margin"),
        weight=pair.get("weight"),
        window=pair.get("window") or "",
        task=task_of(pair),
        tests=file_texts(pair.get("tests")),
        commit=pair.get("commit") or "",
        file_path=pair.get("file_path") or "",
    )


class ExpandCriteria(PipelineStep):
    """Turns pairs into their rows in the plan, one per criterion (``_criterion``).

    Pairs that the plan lacks were counted and written out when the index was built.

    Args:
        prompts: Prompt set to draw from.
        settings: Settings of the assembly.
        decisions: Directory of the plan.
    """

    type = "🔁 - MAP"
    name = "expand criteria"

    def __init__(self, prompts: PromptSet, settings: AssembleSettings, decisions: Path) -> None:
        super().__init__()
        self.prompts, self.settings, self.decisions = prompts, settings, decisions

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield the rows of every numbered pair, in the order of the criteria."""
        planned = load_decisions(self.decisions, rank)
        of_pair: dict[int, list[int]] = {}
        for number, short in planned:
            of_pair.setdefault(number, []).append(short)
        for doc in data:
            number = doc.metadata["_row"]
            for short in of_pair.get(number, ()):
                row = preference_of(doc.metadata, CRITERION_NAMES[short], self.prompts, self.settings).to_dict()
                yield to_document(row | {"_row": number, "_criterion": short})


def load_decisions(folder: Path, shard: int) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Return (pair, criterion) -> (reason, split, file) for the rows of a shard, sorted."""
    values = np.load(folder / f"{shard:05d}.npy").tolist()
    return {(number, short): (reason, split, file) for number, short, reason, split, file in values}


class ApplySplitPlan(RowFilter):
    """Drops rows by the split plan and adds the split and file of the others (``_split``, ``_file``)."""

    name = "split plan"

    def __init__(self, decisions: Path, writer: RowWriter) -> None:
        super().__init__(writer)
        self.decisions = decisions
        self._of_row: dict[tuple[int, int], tuple[int, int, int]] = {}

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Load the decisions for shard ``rank``, then filter."""
        self._of_row = load_decisions(self.decisions, rank)
        yield from super().run(data, rank, world_size)

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Look up the decision for a row."""
        reason, split, file = self._of_row[row["_row"], row["_criterion"]]
        row["_split"], row["_file"] = SPLITS[split], f"{file:05d}"
        return reason == KEEP or (False, list(REASONS)[reason])


class WriteShard(PipelineStep):
    """Writes output file ``rank`` from the rows of all shards, in the order of their ranks.

    Args:
        parts: Directory with ``<split>-<file>/<shard>.parquet``.
        out: Output directory.
        files: Split -> number of files.
        seed: Seed of the ranks.
    """

    type = "💽 - WRITER"
    name = "write shard"

    def __init__(self, parts: Path, out: Path, files: dict[str, int], seed: int) -> None:
        super().__init__()
        self.parts, self.out, self.seed = parts, out, seed
        self.files = [(split, number, count) for split, count in files.items() for number in range(count)]

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Sort the rows of a file and write it; yields nothing."""
        if data:
            yield from data
        split, number, count = self.files[rank]
        with self.track_time():
            part = self.parts / f"{split}-{number:05d}"
            rows = [Preference.from_dict(row) for file in parquet_files(part) for row in read_rows(file)]
            rows.sort(key=lambda row: (row_rank(self.seed, row.idx), row.idx))
            name = f"{split}-{number:05d}-of-{count:05d}.parquet"
            self.stat_update(KEPT, value=write_rows(self.out / name, rows, Preference.schema()))
