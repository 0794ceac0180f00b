"""Distinguish code from prose: parse a text without fences in the languages that have a grammar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tree_sitter import Node

from themis_rm.languages import LANGUAGES, Language
from themis_rm.languages.syntax import (
    Fragment,
    error_count,
    has_errors,
    parse,
    parse_fragment,
    strip_comments,
    walk,
)

SyntaxState = Literal["ok", "error", "unknown"]

_PUNCTUATION = re.compile(
    r"[(){}\[\]=;+*<>@$&|]|:[ \t]*$|^[ \t]*(?:import|package|using|require|end|pass)\b", re.MULTILINE
)
_TYPE_DEFINITION = re.compile(r"(?:class|struct|interface|trait|enum)\w*_(?:definition|declaration|specifier|item)")
_PROSE_WORD = re.compile(r"[('\"]*[^\W\d_]+(?:['’-][^\W\d_]+)*[),.:!?'\"]*")
_MIN_WORDS = 4  # of a line of prose
_PROSE_SHARE = 0.75
_MAX_ERROR_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Recognition:
    """The language in which a text is code.

    Attributes:
        language: Name of the language.
        syntax: Whether the text parses without errors.
    """

    language: str
    syntax: SyntaxState


def recognize_code(text: str, language: Language | None = None) -> Recognition | None:
    """Return the language of a text without fences, or ``None`` for prose and for mixtures of prose and code.

    Args:
        text: The text.
        language: The language that the answer must have; by default any with a grammar.
    """
    candidates = [language] if language is not None else [one for one in LANGUAGES if one.grammar]
    for one in candidates:
        tree = parse(text, one.name)
        if not has_errors(tree) and _is_code(text, one, tree.root_node):
            return Recognition(one.name, "ok")
    # Only now as a part of a file, such as a method without its class: this parses several times per language.
    parsed = [(one, parse_fragment(text, one.name)) for one in candidates]
    one, fragment = min(parsed, key=lambda item: error_count(item[1].tree))
    if not has_errors(fragment.tree) and _is_code(text, one, fragment.tree.root_node):
        return Recognition(one.name, "ok")
    if (
        _error_share(fragment) <= _MAX_ERROR_SHARE
        and _is_code(text, one, fragment.tree.root_node)
        and not _framed_by_prose(text, one)
    ):
        return Recognition(one.name, "error")
    return None


def check_syntax(code: str, language: Language | None) -> SyntaxState:
    """Return whether code parses in a language; ``unknown`` without a language or grammar."""
    if language is None or not language.grammar:
        return "unknown"
    return "error" if error_count(parse_fragment(code, language.name).tree) else "ok"


def _is_code(text: str, language: Language, root: Node) -> bool:
    functions = language.syntax.functions if language.syntax is not None else frozenset()
    if any(node.type in functions or _TYPE_DEFINITION.search(node.type) for node in walk(root) if node.is_named):
        return True
    lines = _content_lines(text, language)
    return bool(lines) and bool(_PUNCTUATION.search(text)) and sum(map(is_prose, lines)) <= len(lines) / 2


def _content_lines(text: str, language: Language) -> list[str]:
    """Return the lines that are neither blank nor comments."""
    code = strip_comments(text, language.name) if language.syntax is not None else text
    return [line for line in code.split("\n") if line.strip()]


def _framed_by_prose(text: str, language: Language) -> bool:
    lines = _content_lines(text, language)
    return bool(lines) and (is_prose(lines[0]) or is_prose(lines[-1]))


def is_prose(line: str) -> bool:
    """Return whether a line consists of words, as a sentence does; ``public static int count;`` does not."""
    words = line.split()
    if len(words) < _MIN_WORDS or line.rstrip().endswith((";", "{", "}", ",")):
        return False
    return sum(_PROSE_WORD.fullmatch(word) is not None for word in words) >= _PROSE_SHARE * len(words)


def _error_share(fragment: Fragment) -> float:
    size = max(1, fragment.end - fragment.start)
    stack, errors = [fragment.tree.root_node], 0
    while stack:
        node = stack.pop()
        if node.is_error:
            errors += node.end_byte - node.start_byte
        elif node.has_error:
            stack.extend(node.children)
    return errors / size
