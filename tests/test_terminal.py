"""Text on the terminal: no markup is read, no control character gets through."""

import io
import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from themis_rm.terminal import TerminalConsole, VisibleStream, one_line, protected_streams, visible, visible_json

HOSTILE = [
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x7f\x08\x00",
    "\u202egnp.exe",
    "\u2066a\u2069",
    "\u200bzero\u200d\ufeff",
    "\u2028\u2029",
    "\U000e0041",
    "\udcff",
    "\u00ad\u3164",
]


def is_safe(text):
    return all(char in "\n\t" or char.isprintable() for char in text)


@pytest.mark.parametrize("text", HOSTILE)
def test_control_and_invisible_characters_become_escapes(text):
    assert is_safe(visible(text))
    assert "\\" in visible(text)


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "L", "N", "P", "S"])))
def test_no_text_has_a_control_character_after_it_is_made_visible(text):
    assert is_safe(visible(text))
    assert "\n" not in one_line(text)


@given(st.text(st.characters(categories=["Cc", "Cf", "Cs", "L"])))
def test_json_keeps_its_value(text):
    safe = visible_json(json.dumps({"name": text}, ensure_ascii=False))
    assert json.loads(safe) == {"name": text}
    assert is_safe(safe)


@pytest.mark.parametrize("text", ["Größe", "日本語", "naïve — “quoted”", "a\u00a0b", "🙂"])
def test_text_of_any_language_stays_as_it_is(text):
    assert visible(text) == text == visible_json(text)


def printed(*renderables):
    stream = io.StringIO()
    console = TerminalConsole(file=stream, force_terminal=True, width=200, color_system="standard")
    for item in renderables:
        console.print(item)
    return stream.getvalue()


@pytest.mark.parametrize("name", [r"x\[/red]y", "[red]x", "[link=http://x]y[/link]", ":smile:", "[/]"])
def test_markup_in_cells_titles_and_lines_is_text(name):
    table = Table(name, title=name, caption=name)
    table.add_row(name)
    assert printed(table).count(name) == 4
    assert name in printed(name)


def test_an_escape_sequence_in_a_styled_text_is_shown():
    assert "\x1b]0" not in printed(Text("\x1b]0;title\x07", style="bold"))


def test_a_log_record_of_a_library_has_no_escape_sequence():
    stream = io.StringIO()
    handler = logging.StreamHandler(VisibleStream(stream, "standard error"))
    handler.emit(logging.LogRecord("library", logging.WARNING, "", 0, "loaded \x1b[2J\u202e", (), None))
    assert stream.getvalue() == "loaded \\x1b[2J\\u202e\n"


def test_progress_bars_of_libraries_can_return_to_their_line():
    stream = io.StringIO()
    for text in ("\r 50%", "\n\n", "\x1b[A\x1b[A"):
        VisibleStream(stream, "standard error").write(text)
    assert stream.getvalue() == "\r 50%\n\n\x1b[A\x1b[A"


def test_standard_streams_are_restored():
    before = sys.stdout, sys.stderr
    with protected_streams(), protected_streams():
        assert isinstance(sys.stdout, VisibleStream)
    assert (sys.stdout, sys.stderr) == before
