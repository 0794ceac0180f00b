"""Journals: what dear calls gave, by key, in an append-only file from which a job that was killed goes on."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from themis_rm.errors import InputError


class JsonlCache:
    """An append-only JSONL file; each line is a mapping with a ``key``, and the last line of a key counts.

    A kill can cut the last line off. Such a line is neither read nor left standing: it is taken out when the file is
    opened, so that the next line does not join it. One process writes at a time.

    Args:
        path: The file; it and its folder are made where they are not there.
        names: What every row must hold beside its key.

    Attributes:
        rows: Key -> the rest of its last line.

    Raises:
        InputError: A whole line is no mapping with a key and these names.
    """

    def __init__(self, path: Path, names: Collection[str] = ()) -> None:
        self.path = path
        self.rows: dict[str, dict[str, Any]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        whole = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                key, row = self._read(line, number, names)
                self.rows[key] = row
        with path.open("rb+") as end:
            end.truncate(whole)
        self._file = path.open("ab")

    def _read(self, line: bytes, number: int, names: Collection[str]) -> tuple[str, dict[str, Any]]:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        key = row.pop("key", None) if isinstance(row, dict) else None
        if not isinstance(key, str) or not row.keys() >= set(names):
            raise InputError(f"{self.path} is damaged (line {number}).", "Remove that line: its part is done again.")
        return key, row

    def add(self, key: str, row: dict[str, Any]) -> None:
        """Write a row, plain data without a ``key`` of its own, and hand it to the system at once."""
        # ASCII, so that any text can be written, lone surrogates too.
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
