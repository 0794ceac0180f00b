"""Read preference data in any known format as rows of :class:`~themis_rm.records.Preference`."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from themis_rm.criteria import PRINCIPLES, criterion, is_criterion
from themis_rm.dataset.adapters import FORMATS, PreferenceFormat, PreferencePair, UnusableRowError, detect_format
from themis_rm.errors import InputError, SettingError, did_you_mean
from themis_rm.languages import get_language
from themis_rm.messages import Conversation, Message, texts_of
from themis_rm.records import Preference
from themis_rm.settings import Settings
from themis_rm.storage.digests import stable_id
from themis_rm.storage.json_lines import BadLine
from themis_rm.storage.tables import read_table

_SAMPLE = 64  # rows by which the format is found


class PreferenceSettings(Settings):
    """How preference data is read."""

    format: str = ""
    """Format of the rows; by default found by their columns."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Column of the format -> column of the file that holds it, such as ``{prompt: question}``."""
    language: tuple[str, ...] = ()
    """Keep only rows in these programming languages."""
    aspect: tuple[str, ...] = ()
    """Keep only rows of these criteria."""
    ties: Literal["drop", "keep"] = "drop"
    """Whether rows whose responses are equally good are kept; training and accuracy use only the others."""
    default_language: str = ""
    """Language of rows that name none."""
    default_aspect: str = ""
    """Criterion of rows that name none."""


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
        format: The format, found by the first rows of the first file.
        rejected: Reason -> number of rows that were not used so far.
        read: Number of rows that were read so far.
    """

    files: Sequence[Path]
    settings: PreferenceSettings = field(default_factory=PreferenceSettings)
    format: PreferenceFormat = field(init=False)
    rejected: Counter[str] = field(init=False, default_factory=Counter)
    read: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Find the format.

        Raises:
            InputError: The files hold no row, or no format fits.
            SettingError: The format, a language or a criterion of the settings is unknown.
        """
        for name in self.settings.language:
            get_language(name)
        for name in self.settings.aspect:
            training_aspect(name, known=True)
        self._languages = {language_name(name) for name in self.settings.language}
        self._aspects = {training_aspect(name) for name in self.settings.aspect}
        self.format = self._find_format()

    def _find_format(self) -> PreferenceFormat:
        if self.settings.format:
            return FORMATS.get(self.settings.format)
        sample = itertools.islice((row for _, row in self._rows(self.files[:1]) if isinstance(row, dict)), _SAMPLE)
        rows = list(sample)
        if not rows:
            raise InputError(f"{self.files[0]} has no rows.", "Check that it is the right file.")
        return detect_format(rows, str(self.files[0]))

    def _rows(self, files: Sequence[Path]) -> Iterator[tuple[str, Any]]:
        names = self.settings.columns
        for file in files:
            for where, row in read_table(file):
                yield where, _renamed(row, names) if isinstance(row, dict) and names else row

    def rows(self) -> Iterator[Preference | RejectedRow]:
        """Yield the preference rows of each row, or why it is not used."""
        for where, row in self._rows(self.files):
            self.read += 1
            for result in self._read(where, row):
                if isinstance(result, RejectedRow):
                    self.rejected[result.reason] += 1
                yield result

    def preferences(self) -> Iterator[Preference]:
        """Yield the usable rows."""
        return (row for row in self.rows() if isinstance(row, Preference))

    def _read(self, where: str, row: Any) -> Iterator[Preference | RejectedRow]:
        if not isinstance(row, dict):
            bad = isinstance(row, BadLine)
            yield RejectedRow("not-json" if bad else "not-a-row", where, row.text if bad else row)
            return
        try:
            for pair in self.format.read(row):
                preference = to_preference(pair, row, self.settings)
                reason = self._reason_to_skip(preference, pair)
                yield RejectedRow(reason, where, row) if reason else preference
        except UnusableRowError as error:
            yield RejectedRow(error.reason, where, row)

    def _reason_to_skip(self, row: Preference, pair: PreferencePair) -> str:
        if pair.tie and self.settings.ties == "drop":
            return "tie"
        if self._languages and row.language not in self._languages:
            return "other-language"
        if self._aspects and row.aspect not in self._aspects:
            return "other-aspect"
        return ""


def _renamed(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a row with the columns that the settings name; a column that took another's name hides it."""
    taken = set(names.values())
    kept = {name: value for name, value in row.items() if name not in taken and name not in names}
    return kept | {name: row.get(source) for name, source in names.items()}


def to_preference(pair: PreferencePair, row: Mapping[str, Any], settings: PreferenceSettings) -> Preference:
    """Return a pair as a row.

    Raises:
        UnusableRowError: A text has lone surrogates, which no file or tokenizer accepts.
    """
    conversations = (pair.prompt, pair.chosen, pair.rejected)
    try:
        "".join(texts_of(conversations)).encode()
    except UnicodeEncodeError:
        raise UnusableRowError("not-unicode") from None
    system = pair.prompt[0]["content"] if pair.prompt[0]["role"] == "system" else None
    turns = pair.prompt[1:] if system is not None else pair.prompt
    idx = pair.id or stable_id(*(repr(part) for part in conversations))
    return Preference(
        system=system or None,
        input=turns[-1]["content"],
        chosen=pair.chosen[-1]["content"],
        rejected=pair.rejected[-1]["content"],
        language=language_name(pair.language or settings.default_language),
        aspect=training_aspect(pair.aspect or settings.default_aspect),
        source=pair.subset or str(row.get("source") or ""),
        idx=idx,
        repos=str(row.get("repos") or ""),
        license=str(row.get("license") or ""),
        messages=None if _is_plain(turns, "user") else turns,
        chosen_messages=None if _is_plain(pair.chosen, "assistant") else pair.chosen,
        rejected_messages=None if _is_plain(pair.rejected, "assistant") else pair.rejected,
        margin=pair.margin,
        weight=pair.weight,
        tie=pair.tie,
    )


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
