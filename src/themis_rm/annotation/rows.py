"""Rows that people read: pairs of any known format, commits, and rows that a data stage has dropped."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from themis_rm.benchmark.authored import load_authored_pairs
from themis_rm.benchmark.pairs import AUTHORED, FULL_CONFIGURATION
from themis_rm.criteria import CRITERIA
from themis_rm.dataset.adapters import FORMATS, PreferencePair
from themis_rm.dataset.adapters.code_pairs import SOURCES
from themis_rm.dataset.adapters.sources import is_hub_name
from themis_rm.dataset.preferences import DataSettings, PairFilter, PreferenceReader, RejectedRow, read_pairs
from themis_rm.messages import Conversation, conversation, text_of
from themis_rm.records import commit_pair_id, file_texts
from themis_rm.storage.digests import stable_id
from themis_rm.storage.tables import read_table, table_files

_PUBLISHED = "themis"
"""Format whose system messages are criteria prompts and are left out."""
_BENCHMARK = "themis-benchmark"

_REQUEST = ("instruction", "input", "prompt", "message", "subject")
_CHOSEN = ("chosen", "new_contents", "solution")
_REJECTED = ("rejected", "old_contents")
_COMMIT = frozenset({"new_contents", "old_contents"})
_REJECTED_ROW = frozenset({"reason", "where", "row"})
_TURNS = frozenset({"chosen", "rejected", "messages", "chosen_messages", "rejected_messages"})
_LONGEST_VALUE = 2000  # characters of a column that are shown


@dataclass(frozen=True)
class AnnotationRow:
    """A row to judge.

    Attributes:
        pair: The two versions, with the names of criterion and language in training data. A dropped row may lack texts.
        reason: Why a data stage dropped the row; empty for a row that was kept.
        columns: Other columns as texts.
    """

    pair: PreferencePair
    reason: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def request(self) -> str:
        """The request; of several turns all, with their roles."""
        return _text(self.pair.prompt)

    @cached_property
    def chosen(self) -> str:
        """The version that the label calls better."""
        return _text(self.pair.chosen)

    @cached_property
    def rejected(self) -> str:
        """The other version."""
        return _text(self.pair.rejected)

    @cached_property
    def digest(self) -> str:
        """A hash of what is judged: the texts and the criterion."""
        return stable_id(self.request, self.chosen, self.rejected, self.pair.aspect)

    @property
    def id(self) -> str:
        """The id in the file; of a row without one, the digest."""
        return self.pair.id or self.digest

    @property
    def source(self) -> str:
        """Part of the dataset, or origin of the row."""
        return self.pair.subset


def name_data(data: str | Path) -> str:
    """Return a short name of data for titles: the last two parts of its path."""
    return "/".join(part for part in Path(data).parts[-2:] if part != Path(data).anchor)


def criterion_order(name: str) -> tuple[int, str]:
    """Return the place of a criterion, by its name in training data, in the order of the table of criteria."""
    order = [row.training_aspect for row in CRITERIA]
    return order.index(name) if name in order else len(order), name


def _text(messages: Conversation) -> str:
    if len(messages) == 1:
        return text_of(messages[0])
    return "\n\n".join(f"[{message['role']}]\n{text_of(message)}" for message in messages)


@dataclass
class AnnotationReader:
    """Streams the rows of data, and of what was dropped.

    Attributes:
        data: Preference data in any known format, pairs of ``curate`` (or its output directory), commits, a directory
            of dropped rows, or ``authored``.
        settings: Format, columns and filters.
        dropped: Directory or file of dropped rows that are read too.
        rejected: Reason -> number of rows that cannot be shown, or are filtered out, so far.
    """

    data: str | Path
    settings: DataSettings
    dropped: str | Path | None = None
    rejected: Counter[str] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        """Find the files and their format.

        Raises:
            InputError: The data cannot be found or read, or no format fits.
            SettingError: A name in the settings is unknown.
        """
        self._filter = PairFilter.of(self.settings)
        files = [] if str(self.data) == AUTHORED else _find_files(self.data, self.settings)
        other = {file for file in files if _is_other(file)}
        pairs = [file for file in files if file not in other]
        self._pairs = PreferenceReader(pairs, self.settings.reader_settings()) if pairs else None
        self._other = [file for file in files if file in other]
        self._other += table_files(self.dropped) if self.dropped is not None else []

    def rows(self) -> Iterator[AnnotationRow]:
        """Yield the rows; a row with several criteria is one row for each."""
        if str(self.data) == AUTHORED:
            yield from self._authored()
        if self._pairs is not None:
            form = self._pairs.format.name
            for result, _, row in self._pairs.pairs():
                yield from self._of_pair(result, row, form)
        for file in self._other:
            for _, row in read_table(file):
                yield from self._of_other(row)

    def _authored(self) -> Iterator[AnnotationRow]:
        for pair in load_authored_pairs():
            row = pair.to_benchmark_pair().to_dict()
            for result in read_pairs(FORMATS.get(_BENCHMARK), pair.id, row, self._filter):
                yield from self._of_pair(result, row, _BENCHMARK)

    def _of_pair(self, result: PreferencePair | RejectedRow, row: Any, form: str) -> Iterator[AnnotationRow]:
        if isinstance(result, RejectedRow):
            self.rejected[result.reason] += 1
            return
        turns = result.prompt
        if form == _PUBLISHED and turns[0]["role"] == "system":
            turns = turns[1:]
        pair = PreferencePair(
            prompt=turns,
            chosen=result.chosen,
            rejected=result.rejected,
            id=result.id,
            language=result.language,
            aspect=result.aspect,
            subset=result.subset or _name(row, "source", "origin"),
        )
        yield AnnotationRow(pair, "", _columns(row, pair))

    def _of_other(self, row: Any) -> Iterator[AnnotationRow]:
        if not isinstance(row, dict):
            self.rejected["not-a-row"] += 1
            return
        reason = _name(row, "filter_reason")
        if row.keys() >= _REJECTED_ROW:
            reason, inner = str(row["reason"]), row["row"]
            row = inner if isinstance(inner, dict) else {"row": inner}
        criteria = row.get("criteria")
        several = isinstance(criteria, list) and criteria
        for aspect in map(str, criteria) if several else [_name(row, "aspect", "criterion")]:
            pair = self._filter.named(_dropped_pair(row, aspect, bool(several)))
            if why := self._filter.reason(pair):
                self.rejected[why] += 1
            else:
                yield AnnotationRow(pair, reason, _columns(row, pair))


def _find_files(data: str | Path, settings: DataSettings) -> Sequence[Path]:
    path = Path(data)
    if not is_hub_name(data) and (path / "pairs").is_dir() and (path / "report.json").is_file():
        path = path / "pairs"  # the output directory of curate
    found = settings.find_files(data if is_hub_name(data) else path, FULL_CONFIGURATION)
    return [*found.train, *found.validation, *found.test]


def _is_other(file: Path) -> bool:
    """Return whether a file holds commits or dropped rows, by its first row."""
    _, row = next(read_table(file), ("", None))
    if not isinstance(row, dict):
        return False
    return "filter_reason" in row or row.keys() >= _COMMIT or row.keys() >= _REJECTED_ROW


def _dropped_pair(row: Mapping[str, Any], aspect: str, several: bool) -> PreferencePair:
    """Return a row as a pair; a text that it lacks is empty."""
    name, origin = _name(row, "id", "idx"), _name(row, "origin") or ("commit" if row.keys() >= _COMMIT else "")
    if not name and row.get("commit"):  # the id that the pair of the commit has
        name = commit_pair_id(_name(row, "repos"), _name(row, "commit"), _name(row, "file_path"))
    return PreferencePair(
        prompt=conversation(None, _name(row, *_REQUEST)),
        chosen=[{"role": "assistant", "content": _name(row, *_CHOSEN)}],
        rejected=[{"role": "assistant", "content": _name(row, *_REJECTED)}],
        id=f"{name}:{aspect}" if name and several else name,
        language=_name(row, "language", "lang"),
        aspect=aspect,
        subset=SOURCES.get(origin, origin) or _name(row, "source", "subset"),
    )


def _name(row: Mapping[str, Any], *columns: str) -> str:
    """Return the first of these columns that holds a text, empty for none."""
    return next((row[name] for name in columns if isinstance(row.get(name), str) and row[name]), "")


def _columns(row: Mapping[str, Any], pair: PreferencePair) -> dict[str, str]:
    """Return the columns that are not shown elsewhere, as texts; of tests the paths."""
    shown = {_text(pair.prompt), _text(pair.chosen), _text(pair.rejected)}
    found = {}
    for name, value in row.items():
        if name in _TURNS or value in (None, "", []) or (isinstance(value, str) and value in shown):
            continue
        if name == "tests" and (files := file_texts(value)):
            value = "\n".join(file["path"] for file in files)  # noqa: PLW2901
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        rest = len(text) - _LONGEST_VALUE
        found[str(name)] = text if rest <= 0 else f"{text[:_LONGEST_VALUE]} … ({rest:,} more characters)"
    return found
