"""Kinds of column values, as far as formats of preference data differ in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any


class ColumnKind(Enum):
    """What the values of a column are."""

    TEXT = "text"
    MESSAGES = "messages"
    TEXTS = "list of texts"
    NUMBER = "number"
    BOOLEAN = "true or false"
    OTHER = "other"
    EMPTY = "empty"


TEXT = frozenset({ColumnKind.TEXT})
MESSAGES = frozenset({ColumnKind.MESSAGES})
TEXTS = frozenset({ColumnKind.TEXTS})
NUMBER = frozenset({ColumnKind.NUMBER})
TEXT_OR_MESSAGES = TEXT | MESSAGES
ANY = frozenset(ColumnKind)


def kind_of(value: Any) -> ColumnKind:
    """Return the kind of a value."""
    if value is None:
        return ColumnKind.EMPTY
    if isinstance(value, str):
        return ColumnKind.TEXT
    if isinstance(value, bool):
        return ColumnKind.BOOLEAN
    if isinstance(value, (int, float)):
        return ColumnKind.NUMBER
    if isinstance(value, list):
        return _kind_of_list(value)
    return ColumnKind.MESSAGES if is_message(value) else ColumnKind.OTHER


def is_message(value: Any) -> bool:
    """Return whether a value has the keys of a message."""
    return isinstance(value, dict) and ({"role", "content"} <= value.keys() or {"from", "value"} <= value.keys())


def _kind_of_list(values: list[Any]) -> ColumnKind:
    if not values:
        return ColumnKind.EMPTY
    if all(isinstance(value, str) for value in values):
        return ColumnKind.TEXTS
    if all(map(is_message, values)):
        return ColumnKind.MESSAGES
    return ColumnKind.OTHER


def describe_columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, ColumnKind]:
    """Return the most frequent kind of each column's values that are not empty."""
    counts: dict[str, Counter[ColumnKind]] = {}
    for row in rows:
        for name, value in row.items():
            counts.setdefault(name, Counter())[kind_of(value)] += 1
    kinds = {}
    for name, counter in counts.items():
        filled: dict[ColumnKind, int] = {kind: n for kind, n in counter.items() if kind is not ColumnKind.EMPTY}
        kinds[name] = max(filled, key=lambda kind: filled[kind]) if filled else ColumnKind.EMPTY
    return kinds
