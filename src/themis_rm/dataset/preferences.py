"""Read preference data in any known format as rows of :class:`~themis_rm.records.Preference`."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from themis_rm.criteria import PRINCIPLES, criterion, is_criterion
from themis_rm.dataset.adapters import (
    FORMATS,
    PreferenceFormat,
    PreferencePair,
    UnusableRowError,
    detect_format,
    faults_of_all,
)
from themis_rm.dataset.adapters.columns import ColumnKind, kind_of
from themis_rm.dataset.adapters.sources import find_dataset
from themis_rm.dataset.selection import contradiction, small_gap
from themis_rm.errors import InputError, SettingError, did_you_mean
from themis_rm.languages import get_language
from themis_rm.messages import Conversation, Message, is_unicode, texts_of
from themis_rm.records import CHANGE, TASKS, Preference, file_texts
from themis_rm.settings import Settings
from themis_rm.storage.digests import stable_id
from themis_rm.storage.json_lines import BadLine
from themis_rm.storage.json_text import parse_json
from themis_rm.storage.parquet import open_parquet, require_text
from themis_rm.storage.splits import SplitFiles
from themis_rm.storage.tables import ARROW_TYPES, CSV_TYPES, arrow_schema, read_table, table_type

_SAMPLE = 64  # rows by which the format is found


class DataSettings(Settings):
    """How preference data is read."""

    dataset_config: str = ""
    """Configuration of a hub dataset, or directory of that name in a local one."""
    dataset_split: str = ""
    """The only split to read, such as ``train_prefs``; by default those that are named as training data (``evaluate``:
    test data)."""
    format: str = ""
    """Format of the rows; by default found by their columns."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Column of the format -> column of the file that holds it, such as ``{prompt: question}``."""
    language: tuple[str, ...] = ()
    """Keep only rows in these programming languages."""
    aspect: tuple[str, ...] = ()
    """Keep only rows of these criteria."""
    default_language: str = ""
    """Language of rows that name none."""
    default_aspect: str = ""
    """Criterion of rows that name none."""

    @field_validator("language", "aspect", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    def find_files(self, data: str | Path, default_config: str = "") -> SplitFiles:
        """Return the files of a dataset by split, see :func:`~themis_rm.dataset.adapters.sources.find_dataset`."""
        return find_dataset(data, self.dataset_config, self.dataset_split, default_config)

    def reader_settings(self) -> DataSettings:
        """Return the settings of this class alone, of an object that has others too."""
        return DataSettings(**{name: getattr(self, name) for name in DataSettings.model_fields})


class SelectionSettings(DataSettings):
    """Settings of commands that write data: which measured pairs they use, and the name of the source."""

    min_efficiency_ratio: float = Field(5.0, ge=1)
    """Measured run time or memory of the rejected response over that of the chosen one from which on a pair is used
    (``chosen_runtime``, ``rejected_memory``, ...)."""
    check_results: bool = True
    """Whether pairs whose test results (``chosen_passed``, ``rejected_passed``) or final answers (``chosen_answer``,
    ``rejected_answer``) contradict their criterion are dropped."""
    source_name: str = ""
    """Value of the column ``source`` of all rows of preference data; by default what the rows say."""


class PreferenceSettings(SelectionSettings):
    """Settings of ``themis-rm convert``."""

    ties: Literal["drop", "keep"] = "drop"
    """Whether rows whose responses are equally good are kept; training and accuracy use only the others."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is not used.

    Attributes:
        reason: Slug under which it is counted.
        where: File and number of the row.
        row: Its content.
    """

    reason: str
    where: str
    row: Any


@dataclass
class PreferenceReader:
    """Streams the rows of preference files.

    Attributes:
        files: Files of one format.
        settings: How they are read.
        keep_ties: Whether rows whose responses are equally good are used.
        format: The format, found by the first rows.
        rejected: Reason -> number of rows that were not used so far.
        read: Number of rows that were read so far.
    """

    files: Sequence[Path]
    settings: DataSettings = field(default_factory=DataSettings)
    keep_ties: bool = False
    format: PreferenceFormat = field(init=False)
    rejected: Counter[str] = field(init=False, default_factory=Counter)
    read: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Find the format.

        Raises:
            InputError: The files hold no row, no format fits, or criteria or languages are numbers without names.
            SettingError: The format, a language or a criterion of the settings is unknown.
        """
        self.filter = PairFilter.of(self.settings, self.keep_ties)
        for file in self.files:
            _require_label_names(file, self.settings)
        self.format = self._find_format()

    def _find_format(self) -> PreferenceFormat:
        if self.settings.format:
            return FORMATS.get(self.settings.format)
        for number, file in enumerate(self.files):
            if rows := self._sample(file):
                found = detect_format(rows, str(file))
                for other in self.files[number + 1 :]:
                    self._require_same_format(other, found, file)
                return found
        raise InputError(f"{self.files[0]} has no row that can be read.", "Check that it is the right file.")

    def _require_same_format(self, file: Path, found: PreferenceFormat, first: Path) -> None:
        rows = self._sample(file)
        if not rows or not faults_of_all(found, rows):
            return
        try:
            other = detect_format(rows, str(file))
        except InputError:
            return  # its rows are counted under their reasons
        raise InputError(
            f"{file} is in the format {other.name}, and {first} in {found.name}.",
            "Give files of one format; themis-rm convert writes files of any format in the same columns.",
        )

    def _sample(self, file: Path) -> list[dict[str, Any]]:
        rows = (row for _, row in self._rows([file]) if isinstance(row, dict))
        return list(itertools.islice(rows, _SAMPLE))

    def _rows(self, files: Iterable[Path]) -> Iterator[tuple[str, Any]]:
        names = self.settings.columns
        for file in files:
            for where, row in read_table(file):
                if table_type(file) in CSV_TYPES and isinstance(row, dict):
                    row = {name: _parse_cell(value) for name, value in row.items()}  # noqa: PLW2901
                yield where, _renamed(row, names) if isinstance(row, dict) and names else row

    def pairs(self) -> Iterator[tuple[PreferencePair | RejectedRow, str, Any]]:
        """Yield each pair, or why a row is not used, with the place and the content of the row."""
        for where, row in self._rows(self.files):
            self.read += 1
            for result in read_pairs(self.format, where, row, self.filter):
                if isinstance(result, RejectedRow):
                    self.rejected[result.reason] += 1
                yield result, where, row

    def rows(self) -> Iterator[Preference | RejectedRow]:
        """Yield the preference rows of each row, or why it is not used."""
        for result, _, row in self.pairs():
            yield result if isinstance(result, RejectedRow) else to_preference(result, row)

    def preferences(self) -> Iterator[Preference]:
        """Yield the usable rows."""
        return (row for row in self.rows() if isinstance(row, Preference))


@dataclass(frozen=True)
class PairFilter:
    """Which pairs of a file are used.

    Attributes:
        languages: Names of programming languages; empty for all.
        aspects: Training names of criteria; empty for all.
        default_language: Language of pairs that name none.
        default_aspect: Criterion of pairs that name none.
        keep_ties: Whether pairs of equally good responses are used.
        min_efficiency_ratio: Least ratio of the measurements of an efficiency pair.
        check_results: Whether results that contradict the criterion exclude a pair.
        source_name: Name of the part of the dataset that all pairs get; empty for none.
    """

    languages: frozenset[str] = frozenset()
    aspects: frozenset[str] = frozenset()
    default_language: str = ""
    default_aspect: str = ""
    keep_ties: bool = False
    min_efficiency_ratio: float = 1.0
    check_results: bool = False
    source_name: str = ""

    @classmethod
    def of(cls, settings: DataSettings, keep_ties: bool = False) -> PairFilter:
        """Return the filter of the settings.

        Raises:
            SettingError: A language or a criterion is unknown.
        """
        own = {}
        if isinstance(settings, SelectionSettings):
            own = {name: getattr(settings, name) for name in ("min_efficiency_ratio", "check_results", "source_name")}
        return cls(
            frozenset(get_language(name).name for name in settings.language),
            frozenset(training_aspect(name, known=True) for name in settings.aspect),
            language_name(settings.default_language),
            training_aspect(settings.default_aspect),
            keep_ties,
            **own,
        )

    def named(self, pair: PreferencePair) -> PreferencePair:
        """Return a pair with the names of its language and criterion in training data, or the default ones."""
        return replace(
            pair,
            language=language_name(pair.language) or self.default_language,
            aspect=training_aspect(pair.aspect) or self.default_aspect,
            subset=self.source_name or pair.subset,
        )

    def reason(self, pair: PreferencePair) -> str:
        """Return why a pair is not used, empty if it is."""
        if pair.tie and not self.keep_ties:
            return "tie"
        if self.languages and pair.language not in self.languages:
            return "other-language"
        if self.aspects and pair.aspect not in self.aspects:
            return "other-aspect"
        if small_gap(pair, self.min_efficiency_ratio):
            return "small-efficiency-gap"
        return contradiction(pair) if self.check_results else ""


def read_pairs(
    form: PreferenceFormat, where: str, row: Any, pair_filter: PairFilter
) -> Iterator[PreferencePair | RejectedRow]:
    """Yield the pairs of a row, or why it is not used."""
    if not isinstance(row, dict):
        bad = isinstance(row, BadLine)
        yield RejectedRow("not-json" if bad else "not-a-row", where, row.text if bad else row)
        return
    try:
        for pair in form.read(row):
            named = pair_filter.named(_require_unicode(pair))
            reason = pair_filter.reason(named)
            yield RejectedRow(reason, where, row) if reason else named
    except UnusableRowError as error:
        yield RejectedRow(error.reason, where, row)


def _require_unicode(pair: PreferencePair) -> PreferencePair:
    """Return a pair unless a text has lone surrogates, which no file or tokenizer accepts."""
    names = [pair.id, pair.language, pair.aspect, pair.subset, pair.group]
    if not is_unicode("".join([*texts_of((pair.prompt, pair.chosen, pair.rejected)), *names])):
        raise UnusableRowError("not-unicode")
    return pair


_LABELS = ("aspect", "language")
"""Columns that datasets store as class labels."""


def _require_label_names(file: Path, settings: DataSettings) -> None:
    columns = [settings.columns.get(name, name) for name in _LABELS]
    if table_type(file) == ".parquet":
        with open_parquet(file) as handle:
            require_text(handle.schema_arrow, file, columns)
    elif table_type(file) in ARROW_TYPES:
        require_text(arrow_schema(file), file, columns)


def _parse_cell(value: Any) -> Any:
    """Return the messages in a cell of a CSV file that holds a JSON list of them; another value as it is."""
    if not isinstance(value, str) or not value.startswith("[{"):
        return value
    try:
        parsed = parse_json(value)
    except ValueError:
        return value
    return parsed if kind_of(parsed) is ColumnKind.MESSAGES else value


def _renamed(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a row with the columns that the settings name; a column that took another's name hides it."""
    taken = set(names.values())
    kept = {name: value for name, value in row.items() if name not in taken and name not in names}
    return kept | {name: row.get(source) for name, source in names.items()}


def to_preference(pair: PreferencePair, row: Mapping[str, Any]) -> Preference:
    """Return a pair as a row, with what else the row of the file says about its origin."""
    conversations = (pair.prompt, pair.chosen, pair.rejected)
    system = pair.prompt[0]["content"] if pair.prompt[0]["role"] == "system" else None
    turns = pair.prompt[1:] if system is not None else pair.prompt
    time = row.get("unix_time")
    return Preference(
        system=system or None,
        input=turns[-1]["content"],
        chosen=pair.chosen[-1]["content"],
        rejected=pair.rejected[-1]["content"],
        language=pair.language,
        aspect=pair.aspect,
        source=pair.subset or _name(row, "source"),
        idx=pair.id or stable_id(*(repr(part) for part in conversations)),
        prompt_mode=_name(row, "prompt_mode"),
        instruction_source=_name(row, "instruction_source"),
        operator=_name(row, "operator"),
        repos=_name(row, "repos"),
        unix_time=time if isinstance(time, int) and not isinstance(time, bool) else None,
        license=_name(row, "license"),
        messages=None if _is_plain(turns, "user") else turns,
        chosen_messages=None if _is_plain(pair.chosen, "assistant") else pair.chosen,
        rejected_messages=None if _is_plain(pair.rejected, "assistant") else pair.rejected,
        margin=pair.margin,
        weight=pair.weight,
        tie=pair.tie,
        task=task if (task := _name(row, "task")) in TASKS else CHANGE,
        tests=file_texts(row.get("tests")),
        window=_name(row, "window"),
        commit=_name(row, "commit"),
        file_path=_name(row, "file_path"),
    )


def _name(row: Mapping[str, Any], column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) and is_unicode(value) else ""


def _is_plain(messages: Conversation, role: str) -> bool:
    return len(messages) == 1 and _has_text_only(messages[0]) and messages[0]["role"] == role


def _has_text_only(message: Message) -> bool:
    return message.keys() == {"role", "content"}


def language_name(name: str) -> str:
    """Return the name of a language in training data; an unknown name is returned as it is."""
    try:
        return get_language(name).name if name else ""
    except SettingError:
        return name


def training_aspect(name: str, known: bool = False) -> str:
    """Return the name of a criterion or principle in training data; an unknown name is returned as it is.

    Args:
        name: Any of its names.
        known: Refuse unknown names.

    Raises:
        SettingError: The name is unknown and ``known`` is set.
    """
    if is_criterion(name):
        return criterion(name).training_aspect
    if known and name not in {principle.name for principle in PRINCIPLES}:
        raise SettingError(f"Unknown criterion '{name}'.", did_you_mean(name, [p.name for p in PRINCIPLES]))
    return name
