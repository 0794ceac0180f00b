"""Formats of preference data, one module each, and how the format of a file is found.

A format reads rows of a public layout into :class:`~themis_rm.dataset.adapters.pair.PreferencePair`. The format of a
file is the one whose required columns it has; of several, the one that requires most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from themis_rm.dataset.adapters.columns import ColumnKind, describe_columns
from themis_rm.dataset.adapters.pair import PreferencePair, UnusableRowError
from themis_rm.errors import InputError
from themis_rm.registry import Registry


class PreferenceFormat:
    """A format of preference data.

    Subclasses set the attributes, implement :meth:`read`, and register one instance in :data:`FORMATS`.

    Attributes:
        name: Name in commands and results.
        required: Columns of the format, each with the kinds of values that it may hold.
        excluded: Columns with texts that a file of the format does not have.
        about: What a row is, in one line.
    """

    name: str
    required: ClassVar[Mapping[str, frozenset[ColumnKind]]]
    excluded: ClassVar[frozenset[str]] = frozenset()
    about: str

    def matches(self, columns: Mapping[str, ColumnKind]) -> bool:
        """Return whether a file with these columns may be of the format."""
        if any(columns.get(name) is ColumnKind.TEXT for name in self.excluded):
            return False
        return all(columns.get(name) in kinds for name, kinds in self.required.items())

    def read(self, row: Mapping[str, Any]) -> Iterable[PreferencePair]:
        """Return the pairs of a row.

        Raises:
            UnusableRowError: The row cannot be used; the exception has the reason.
        """
        raise NotImplementedError


FORMATS: Registry[PreferenceFormat] = Registry("preference format", "themis_rm.preference_formats", __name__)
"""All formats by name."""


def detect_format(rows: Sequence[Mapping[str, Any]], where: str) -> PreferenceFormat:
    """Return the format of a file.

    Args:
        rows: Its first rows.
        where: The file, for error messages.

    Raises:
        InputError: No format fits, several fit equally well, or no row can be used in the one that fits.
    """
    columns = describe_columns(rows)
    fitting = [one for one in FORMATS if one.matches(columns)]
    # Of the formats that require most, the one that most rows have: a file may hold rows of two formats.
    ranks = {
        one.name: (len(one.required), sum(one.matches(describe_columns([row])) for row in rows)) for one in fitting
    }
    found = [one for one in fitting if ranks[one.name] == max(ranks.values())]
    shown = ", ".join(f"{name} ({kind.value})" for name, kind in columns.items())
    if not found:
        raise InputError(f"{where} is in no known preference format; it has the columns {shown}.", _NAME_COLUMNS)
    if len(found) == 1 or all(_read_all(one, rows) == _read_all(found[0], rows) for one in found):
        if reasons := faults_of_all(found[0], rows):
            raise InputError(
                f"{where} has the columns of the format {found[0].name}, but none of its first {len(rows)} rows can be "
                f"used ({', '.join(reasons)}); it has the columns {shown}.",
                f"Correct the rows. If other columns hold the texts: {_NAME_COLUMNS}",
            )
        return found[0]
    names = " and ".join(one.name for one in found)
    raise InputError(
        f"{where} fits the formats {names} equally well; it has the columns {shown}.",
        f"Choose one, such as --set format={found[0].name}.",
    )


_NAME_COLUMNS = "Name your columns: --set columns.prompt=NAME --set columns.chosen=NAME --set columns.rejected=NAME."


def _read_all(form: PreferenceFormat, rows: Sequence[Mapping[str, Any]]) -> list[list[PreferencePair] | str]:
    """Return the pairs of each row, or the reason why it cannot be used."""
    read: list[list[PreferencePair] | str] = []
    for row in rows:
        try:
            read.append(list(form.read(row)))
        except UnusableRowError as error:
            read.append(error.reason)
    return read


def faults_of_all(form: PreferenceFormat, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the reasons why no row can be used, the most frequent first; empty if a row can be."""
    read = _read_all(form, rows)
    reasons = Counter(result for result in read if isinstance(result, str))
    return [reason for reason, _ in reasons.most_common()] if reasons.total() == len(read) else []


__all__ = ["FORMATS", "PreferenceFormat", "PreferencePair", "UnusableRowError", "detect_format", "faults_of_all"]
