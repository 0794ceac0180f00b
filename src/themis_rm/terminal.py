"""Text on the terminal: control, bidirectional and invisible characters of any text are shown as escapes.

Paths, model names, server messages and results come from outside and can contain markup and escape sequences. All
tables and lines go through :class:`TerminalConsole`, everything else (logs of libraries, warnings, tracebacks) through
:class:`VisibleStream`, which replaces standard output and standard error while a verb runs.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from themis_rm.system_errors import name_path

_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
_LINE_BREAKS = str.maketrans({"\n": "\\n", "\t": "\\t"})
_CURSOR_UP = re.compile(r"\n*(?:\x1b\[A)*")
"""What progress bars of libraries write, in a call of its own, to return to an earlier line."""


def visible(text: str, keep: str = "\n\t") -> str:
    r"""Return a text with its control, bidirectional and invisible characters as escapes (``\x1b``, ``\u202e``).

    Args:
        text: Any text, lone surrogates included.
        keep: Characters that stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in keep or not _is_unsafe(char) else _escape(char) for char in text)


def one_line(text: object) -> str:
    """Return :func:`visible` text in one line: line breaks and tabs are shown as escapes too."""
    return visible(str(text)).translate(_LINE_BREAKS)


def visible_json(text: str) -> str:
    """Return a JSON text in which the characters that :func:`visible` replaces are escapes of JSON."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char == "\n" or not _is_unsafe(char) else json.dumps(char)[1:-1] for char in text)


def _is_unsafe(char: str) -> bool:
    return char in _BLANK_LETTERS or (not char.isprintable() and unicodedata.category(char) in _UNSAFE_CATEGORIES)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


class TerminalConsole(Console):
    """A console that reads no markup and no emoji codes, and shows control characters as escapes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return the text of a cell or a title."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of anything; those of texts that did not pass :meth:`render_str` are cleaned here."""
        for segment in super().render(renderable, options):
            if segment.control is None and not segment.text.isprintable():
                yield Segment(visible(segment.text), segment.style)
            else:
                yield segment


class VisibleStream:
    """A text stream that shows control characters as escapes.

    Consoles write to the stream below it (:attr:`rich_proxied_file`), as they produce colors themselves.

    Args:
        stream: The stream to write to.
        name: What it is called in error messages.
    """

    def __init__(self, stream: TextIO, name: str) -> None:
        self.rich_proxied_file = _NamedStream(stream, name)

    def write(self, text: str) -> int:
        """Write a text; returns its length."""
        safe = text if _CURSOR_UP.fullmatch(text) else visible(text, keep="\n\t\r")
        self.rich_proxied_file.write(safe)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)


class _NamedStream:
    """A text stream whose errors name it."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name

    def write(self, text: str) -> int:
        with self._named_errors():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._named_errors():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            name_path(error, self._name)
            raise


def protect_streams() -> None:
    """Replace standard output and standard error by streams that show control characters as escapes."""
    sys.stdout = _protected(sys.stdout, "standard output")
    sys.stderr = _protected(sys.stderr, "standard error")


@contextmanager
def protected_streams() -> Iterator[None]:
    """Call :func:`protect_streams` for the body."""
    before = sys.stdout, sys.stderr
    protect_streams()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _protected(stream: Any, name: str) -> Any:
    if stream is None or isinstance(stream, VisibleStream):
        return stream
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")  # a terminal whose encoding lacks a character
    return VisibleStream(stream, name)
