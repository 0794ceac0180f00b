"""JSON Lines files: stream their values; a line that is not JSON does not end the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from themis_rm.errors import InputError
from themis_rm.storage.input_files import open_input
from themis_rm.storage.json_text import parse_json


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not JSON.

    Attributes:
        text: The line, without its end.
    """

    text: str


def read_json_lines(path: str | Path) -> Iterator[tuple[int, Any]]:
    """Yield the number of each line, from 1, and its value, or a :class:`BadLine`; blank lines are skipped.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        with open_input(path) as handle:
            yield from parse_lines(handle)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error


def parse_lines(lines: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
    """Yield the number of each line, from 1, and its value, or a :class:`BadLine`; blank lines are skipped."""
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if text.strip():
            yield number, parse_line(text)


def parse_line(line: bytes) -> Any:
    """Return the value of a line, or a :class:`BadLine` if it is not JSON."""
    try:
        return parse_json(line)
    except ValueError:
        return BadLine(line.decode("utf-8", "replace").rstrip("\r\n"))
