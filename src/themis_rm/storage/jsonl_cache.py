"""Append-only JSONL cache of expensive calls; lets an interrupted job resume."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from themis_rm.errors import InputError
from themis_rm.storage.json_text import parse_json


class JsonlCache:
    """An append-only JSONL file of rows by key; of several rows with the same key the last one is valid.

    A process that is killed can leave an incomplete last line. It is removed when the file is opened next, so that the
    next row starts on a new line. Only one process may write at a time.

    Args:
        path: The file; it and its directory are created if missing.
        names: Fields that every row must have in addition to ``key``.

    Attributes:
        rows: Key -> the other fields of its last row.

    Raises:
        InputError: A complete line is not a JSON object with a key and these fields.
    """

    def __init__(self, path: Path, names: Collection[str] = ()) -> None:
        self.path = path
        self.rows: dict[str, dict[str, Any]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        complete_bytes = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    break
                complete_bytes += len(line)
                key, row = self._read(line, number, names)
                self.rows[key] = row
        with path.open("rb+") as end:
            end.truncate(complete_bytes)
        self._file = path.open("ab")

    def _read(self, line: bytes, number: int, names: Collection[str]) -> tuple[str, dict[str, Any]]:
        try:
            row = parse_json(line)
        except ValueError:
            row = None
        key = row.pop("key", None) if isinstance(row, dict) else None
        if not isinstance(key, str) or not row.keys() >= set(names):
            raise InputError(f"{self.path} is damaged at line {number}.", "Delete that line; its call is repeated.")
        return key, row

    def add(self, key: str, row: dict[str, Any]) -> None:
        """Append a row and flush it to the operating system.

        Args:
            key: Key of the row.
            row: Its other fields, as plain data.
        """
        # ASCII escapes can represent any text, including lone surrogates.
        self._file.write(json.dumps({"key": key, **row}).encode() + b"\n")
        self._file.flush()
        self.rows[key] = row

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
