"""Insertion of comments and functions at places where they do not change what the code does."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from themis_rm.languages import Language, UnusedFunction
from themis_rm.languages.syntax import (
    Function,
    comment_ranges,
    find_functions,
    parse_fragment,
    to_bytes,
    to_text,
    walk,
)

TextOfPlace = Callable[[int], str]
"""Number of a place, from 0 -> the text to insert there."""

MAX_PLACES = 3


def make_comment(language: Language, text: str) -> str | None:
    """Return a text as comment lines, or ``None`` if the language has no line comments."""
    if not language.line_comment:
        return None
    return "\n".join(f"{language.line_comment} {line}" for line in text.splitlines())


def insert_at_top(code: str, language: Language, text: str) -> str:
    """Insert a comment after the comments at the top, some of which have a meaning (``#!``, magic comments)."""
    data = to_bytes(code)
    position = 0
    fragment = parse_fragment(code, language.name)
    for first, last in comment_ranges(fragment.tree, language.name):
        start, end = first - fragment.start, last - fragment.start
        if data[position:start].strip():
            break
        line_end = data.find(b"\n", end - 1)
        if line_end < 0 or data[end:line_end].strip():
            break
        position = line_end + 1
    return to_text(data[:position] + to_bytes(text) + b"\n" + data[position:])


def append_comment(code: str, text: str) -> str:
    """Insert a comment after the last line."""
    return code.rstrip("\n") + "\n" + text + "\n"


def insert_in_bodies(code: str, language: Language, text_of: TextOfPlace) -> str | None:
    """Insert a comment line above the first statement of the first functions; ``None`` if there is no such place."""
    fragment = parse_fragment(code, language.name)
    places = []
    for function in find_functions(fragment.tree, fragment.source, language.name):
        first = _first_statement(function, language)
        if first is not None and fragment.start <= first.start_byte < fragment.end:
            places.append(first.start_byte - fragment.start)
    return _insert_lines(code, places, text_of)


def insert_above_functions(code: str, language: Language, text_of: TextOfPlace) -> str | None:
    """Insert a comment line above the first functions; ``None`` if there is no such place."""
    fragment = parse_fragment(code, language.name)
    functions = find_functions(fragment.tree, fragment.source, language.name)
    inside = [item.node.start_byte for item in functions if fragment.start <= item.node.start_byte < fragment.end]
    return _insert_lines(code, [start - fragment.start for start in inside], text_of)


def insert_docstrings(code: str, language: Language, text_of: TextOfPlace) -> tuple[str, tuple[str, ...]] | None:
    """Insert a docstring into the first functions without one; return the code and the inserted strings.

    ``None`` if there is no such function, or the language has no docstrings.
    """
    quotes = language.documentation.docstring_quotes
    if not quotes:
        return None
    fragment = parse_fragment(code, language.name)
    data = to_bytes(code)
    lines: list[tuple[int, str]] = []
    for function in find_functions(fragment.tree, fragment.source, language.name):
        if function.doc or function.body is None:
            continue
        start = function.body.start_byte
        indent = _indent_before(data, start)
        if indent is not None and data[data.rfind(b"\n", 0, start) + 1 : start].strip() == b"":
            lines.append((start, f"{indent}{quotes}{text_of(len(lines))}{quotes}\n"))
        if len(lines) == MAX_PLACES:
            break
    if not lines:
        return None
    for start, text in reversed(lines):
        at = data.rfind(b"\n", 0, start) + 1
        data = data[:at] + to_bytes(text) + data[at:]
    return to_text(data), tuple(text for _, text in lines)


def insert_unused_function(code: str, language: Language) -> tuple[str, str] | None:
    """Insert the language's unused function; return the code and the inserted text.

    ``None`` if there is no place for it, or the language defines none.
    """
    unused = language.unused_function
    if unused is None or (unused.end_of_code and unused.end_of_code in code):
        return None
    if unused.container:
        return _insert_into_container(code, language, unused)
    text = "\n" + unused.code
    return code.rstrip("\n") + "\n" + text, text


def _insert_into_container(code: str, language: Language, unused: UnusedFunction) -> tuple[str, str] | None:
    fragment = parse_fragment(code, language.name)
    for node in walk(fragment.tree.root_node):
        body = node.child_by_field_name("body") if node.type == unused.container else None
        if body is None or not fragment.start <= body.start_byte < body.end_byte <= fragment.end:
            continue
        at = body.end_byte - 1 - fragment.start
        data = to_bytes(code)
        return to_text(data[:at] + to_bytes(unused.code) + data[at:]), unused.code
    return None


def _first_statement(function: Function, language: Language) -> Node | None:
    if function.body is None:
        return None
    syntax = language.require_syntax()
    for child in function.body.named_children:
        if child.type in syntax.comments or any(start <= child.start_byte < end for start, end in function.doc):
            continue
        return child.named_children[0] if child.type == "statement_list" and child.named_children else child
    return None


def _indent_before(data: bytes, start: int) -> str | None:
    line = data[data.rfind(b"\n", 0, start) + 1 : start]
    return None if line.strip() else to_text(line)


def _insert_lines(code: str, places: list[int], text_of: TextOfPlace) -> str | None:
    """Insert lines above the lines that begin at the first places; places in the middle of a line are skipped."""
    data = to_bytes(code)
    texts: list[tuple[int, bytes]] = []
    for start in sorted(set(places)):
        indent = _indent_before(data, start)
        at = data.rfind(b"\n", 0, start) + 1
        # A line that continues the one above (a macro in C) must not be separated from it.
        if indent is None or data[:at].rstrip(b"\n").endswith(b"\\"):
            continue
        lines = "".join(f"{indent}{line}\n" for line in text_of(len(texts)).splitlines())
        texts.append((at, to_bytes(lines)))
        if len(texts) == MAX_PLACES:
            break
    for at, text in reversed(texts):
        data = data[:at] + text + data[at:]
    return to_text(data) if texts else None
