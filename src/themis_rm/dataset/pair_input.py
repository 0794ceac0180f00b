"""Inputs of ``assemble``: labeled pairs as ``curate`` writes them, or preference data in any known format."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from themis_rm.criteria import PRINCIPLES, criterion, is_criterion
from themis_rm.dataset.adapters import PreferencePair
from themis_rm.dataset.preferences import (
    DataSettings,
    PreferenceReader,
    RejectedRow,
    to_preference,
    training_aspect,
)
from themis_rm.errors import InputError
from themis_rm.pipeline import DETAIL, DROPPED, READ, RowReader, to_document
from themis_rm.records import CodePair
from themis_rm.storage.digests import stable_id
from themis_rm.storage.parquet import open_parquet, parquet_files, validate_parquet_files

ORIGIN = "preferences"
"""Origin of pairs that are read from preference data."""

_PUBLISHED = "themis"
"""Format whose system messages are criteria prompts of training; they are drawn again."""

_SAMPLE = 64  # rows among which a criterion is looked for


@dataclass(frozen=True)
class PairInput:
    """Files of pairs, and the format of their rows.

    Attributes:
        path: Where they were found.
        files: The files; a task reads one.
        format: Name of the format of preference data; empty for pairs as ``curate`` writes them.
        settings: How preference data is read.
    """

    path: Path
    files: Sequence[Path]
    format: str
    settings: DataSettings

    def reader(self) -> PipelineStep:
        """Return a step that reads the pairs."""
        if not self.format:
            return RowReader(self.path, CodePair.required())
        return PreferencePairs(self.files, self.settings.model_copy(update={"format": self.format}))


def find_pairs(pairs: str | Path, settings: DataSettings) -> PairInput:
    """Find the pairs to assemble, and check what all of them need.

    Args:
        pairs: File or directory of :class:`~themis_rm.records.CodePair` rows in Parquet, or preference data in any
            known format: a file, a directory, of which the training rows are used, or a hub name.
        settings: How preference data is read.

    Raises:
        InputError: There are no pairs, no format fits, or the rows name no criterion and there is no default.
        SettingError: The default criterion is unknown.
    """
    training_aspect(settings.default_aspect, known=bool(settings.default_aspect))
    if not settings.format and _holds_code_pairs(Path(pairs)):
        return PairInput(Path(pairs), validate_parquet_files(pairs, CodePair), "", settings)
    reader = PreferenceReader(settings.find_files(pairs).train_or_all, settings)
    if not settings.default_aspect and _lacks_criteria(reader):
        raise InputError(
            f"{pairs} (format {reader.format.name}) names no criterion, and rows of a dataset need one.",
            "Name the column (--set columns.aspect=NAME), or the criterion of all rows (--set default_aspect=FC).",
        )
    return PairInput(Path(pairs), reader.files, reader.format.name, settings)


def _holds_code_pairs(path: Path) -> bool:
    if not (path.suffix == ".parquet" or any(path.rglob("*.parquet"))):
        return False
    with open_parquet(parquet_files(path)[0]) as handle:
        return set(CodePair.required()) <= set(handle.schema_arrow.names)


def _lacks_criteria(reader: PreferenceReader) -> bool:
    """Return whether the first usable rows name no criterion."""
    sample = itertools.islice(reader.pairs(), _SAMPLE)
    pairs = [pair for pair, _, _ in sample if isinstance(pair, PreferencePair)]
    return bool(pairs) and not any(pair.aspect for pair in pairs)


class PreferencePairs(PipelineStep):
    """Reads file ``rank`` of preference data as pairs in the columns of ``CodePair``, with their turns and weights."""

    type = "📖 - READER"
    name = "preference pairs"

    def __init__(self, files: Sequence[Path], settings: DataSettings) -> None:
        super().__init__()
        self.files, self.settings = list(files), settings

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Yield the documents of earlier steps, then one per pair; rows without one are counted by reason."""
        if data:
            yield from data
        for index in range(rank, len(self.files), world_size):
            yield from self._read(index)

    def _read(self, index: int) -> Iterator[Document]:
        reader = PreferenceReader([self.files[index]], self.settings)
        for result, _, row in reader.pairs():
            self.stat_update(READ)
            if isinstance(result, RejectedRow):
                self.stat_update(DROPPED + result.reason, DETAIL + "pairs_without_rows")
            else:
                yield to_document(pair_of(result, row, reader.format.name), f"{index:05d}/{reader.read:08d}")


def criteria_named(aspect: str) -> list[str]:
    """Return the short name of a criterion, or the name of a general principle, in a list; empty for other names."""
    if is_criterion(aspect):
        return [criterion(aspect).short]
    return [principle.name for principle in PRINCIPLES if principle.name == aspect]


def pair_of(pair: PreferencePair, row: Mapping[str, Any], form: str) -> dict[str, Any]:
    """Return a pair in the columns of ``CodePair``, with ``source``, turns, margin and weight.

    Args:
        pair: The pair.
        row: The row that it was read from.
        form: Name of the format. System messages are turns of the request, except in published preference data, where
            they are criteria prompts.
    """
    values = to_preference(pair, row).to_dict()
    if form != _PUBLISHED and values["system"]:
        values["messages"] = pair.prompt
    turns = pair.prompt[1:] if form == _PUBLISHED and values["system"] else pair.prompt
    return values | {
        "id": stable_id(*(repr(part) for part in (turns, pair.chosen, pair.rejected))),
        "instruction": values["input"],
        "criteria": criteria_named(pair.aspect),
        "origin": ORIGIN,
        "source": values["source"] or form,
        "instruction_source": values["instruction_source"] or "dataset",
    }
