"""JSON of unknown origin: parse texts and files with bounded nesting, and report what is wrong in a few words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from themis_rm.errors import InputError
from themis_rm.storage.input_files import read_text

MAX_DEPTH = 200
"""Largest nesting of lists and objects. Whatever walks a value may recurse, and the stack is limited."""


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text; a byte-order mark is skipped.

    Raises:
        ValueError: The text is not JSON, is not UTF-8, has a number of too many digits, or is nested too deeply.
    """
    if isinstance(text, str):
        text = text.removeprefix("\ufeff")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep") from None
    if isinstance(value, list | dict) and _brackets(text) > MAX_DEPTH and not _is_shallow(value):
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    return value


def read_json(
    path: str | Path, hint: str = "Delete it and run the same command again.", max_bytes: int | None = None
) -> Any:
    """Return the value of a JSON file.

    Args:
        path: The file.
        hint: How to fix a damaged file.
        max_bytes: Largest size of the file.

    Raises:
        InputError: The file cannot be read, or is not JSON.
    """
    text = read_text(path, max_bytes)
    try:
        return parse_json(text)
    except ValueError as error:
        raise InputError(f"{path} is not readable JSON ({error}).", hint) from error


def read_json_object(
    path: str | Path,
    names: Iterable[str] = (),
    hint: str = "Delete it and run the same command again.",
    max_bytes: int | None = None,
) -> dict[str, Any]:
    """Return the object of a JSON file.

    Args:
        path: The file.
        names: Keys that it must have.
        hint: How to fix a damaged file.
        max_bytes: Largest size of the file.

    Raises:
        InputError: The file cannot be read, is not a JSON object, or lacks a key.
    """
    value = read_json(path, hint, max_bytes)
    if not isinstance(value, dict):
        raise InputError(f"{path} is not a JSON object.", hint)
    missing = [name for name in names if name not in value]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)}.", hint)
    return value


def _brackets(text: str | bytes) -> int:
    if isinstance(text, str):
        return text.count("[") + text.count("{")
    return text.count(b"[") + text.count(b"{")


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for item in level for child in _items(item) if isinstance(child, list | dict)]
        if not level:
            return True
    return False


def _items(value: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
