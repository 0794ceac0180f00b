"""Syntax trees of the eight languages: parsing, depth, tokens, comments. Grammars load when first asked for.

Offsets are bytes of the UTF-8 text throughout, as tree-sitter counts them; :func:`to_bytes` and :func:`to_text` go
between. Every walk uses a cursor, never recursion: nesting that a hostile file makes deep costs memory, not the stack.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tree_sitter import Language as _Grammar
from tree_sitter import Node, Parser, Tree

from themis_rm.languages import language as language_row


@dataclass(frozen=True, slots=True)
class SyntaxRow:
    """What the grammar of a language calls the things that every language has.

    Attributes:
        comments: Node types of comments.
        literals: Node types of text literals: one token each, whatever is inside.
        blocks: Node types whose indentation carries meaning; a token marks where they begin and end.
        wrappers: Text before and after a fragment that cannot stand at the top of a file (a method without its
            class), tried in order by :func:`parse_fragment`.
    """

    comments: frozenset[str]
    literals: frozenset[str]
    blocks: frozenset[str] = frozenset()
    wrappers: tuple[tuple[str, str], ...] = ()


_C_LITERALS = frozenset({"string_literal", "char_literal", "raw_string_literal", "system_lib_string"})
_CLASS_WRAPPER = ("class Wrapper {\n", "\n}")

SYNTAX: dict[str, SyntaxRow] = {
    "C": SyntaxRow(frozenset({"comment"}), _C_LITERALS),
    "C#": SyntaxRow(
        frozenset({"comment"}),
        frozenset(
            {
                "string_literal",
                "verbatim_string_literal",
                "raw_string_literal",
                "interpolated_string_expression",
                "character_literal",
            }
        ),
        wrappers=(_CLASS_WRAPPER,),
    ),
    "C++": SyntaxRow(frozenset({"comment"}), _C_LITERALS, wrappers=(("class Wrapper {\n", "\n};"),)),
    "Go": SyntaxRow(
        frozenset({"comment"}), frozenset({"interpreted_string_literal", "raw_string_literal", "rune_literal"})
    ),
    "Java": SyntaxRow(
        frozenset({"line_comment", "block_comment"}),
        frozenset({"string_literal", "character_literal"}),
        wrappers=(_CLASS_WRAPPER,),
    ),
    "JavaScript": SyntaxRow(
        frozenset({"comment", "html_comment"}),
        frozenset({"string", "template_string", "regex", "jsx_text"}),
        wrappers=(_CLASS_WRAPPER, ("const wrapper = {\n", "\n}")),
    ),
    "Python": SyntaxRow(frozenset({"comment"}), frozenset({"string"}), frozenset({"block"})),
    "Ruby": SyntaxRow(
        frozenset({"comment"}),
        frozenset(
            {
                "string",
                "heredoc_body",
                "regex",
                "subshell",
                "string_array",
                "symbol_array",
                "character",
                "uninterpreted",
            }
        ),
    ),
}
"""One row per language of :data:`themis_rm.languages.LANGUAGES`, by its name."""

INDENT, DEDENT = "<indent>", "<dedent>"
"""Tokens that stand for the beginning and the end of a block where indentation is syntax."""


def syntax_of(language: str) -> SyntaxRow:
    """Return the row of a language under any of its names.

    Raises:
        SettingError: No language has that name.
    """
    return SYNTAX[language_row(language).name]


def to_bytes(code: str) -> bytes:
    """Encode code as the parser reads it (lone surrogates survive the way there and back)."""
    return code.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """Decode what :func:`to_bytes` encoded."""
    return data.decode("utf-8", "surrogatepass")


@cache
def _grammar(module: str) -> _Grammar:
    return _Grammar(importlib.import_module(module).language())


def parse(code: str | bytes, language: str) -> Tree:
    """Parse code, broken code included.

    Args:
        code: The text, or its bytes from :func:`to_bytes`.
        language: Any name of a language.

    Raises:
        SettingError: No language has that name.
    """
    # A parser keeps state, so threads must not share one; making one costs microseconds.
    return Parser(_grammar(language_row(language).grammar)).parse(to_bytes(code) if isinstance(code, str) else code)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A parsed piece of code, inside whatever wrapper lets it parse best.

    Attributes:
        tree: Tree of ``source``.
        source: Bytes that were parsed: wrapper and code.
        start: Byte at which the code begins.
        end: Byte after its last one.
    """

    tree: Tree
    source: bytes
    start: int
    end: int


def parse_fragment(code: str, language: str) -> Fragment:
    """Parse code that may be a part of a file, such as a method without its class.

    It is parsed as it is; if that gives errors, inside each wrapper of its language, and the way with the fewest errors
    wins (the earlier one of two that are as good).

    Raises:
        SettingError: No language has that name.
    """
    data = to_bytes(code)
    best = Fragment(parse(data, language), data, 0, len(data))
    errors = error_count(best.tree)
    for before, after in syntax_of(language).wrappers if errors else ():
        source = before.encode() + data + after.encode()
        tree = parse(source, language)
        count = error_count(tree)
        if count < errors:
            best, errors = Fragment(tree, source, len(before), len(before) + len(data)), count
    return best


def walk(node: Node, skip: frozenset[str] = frozenset()) -> Iterator[Node]:
    """Yield a node and all below it, parents first; nodes whose type is in ``skip`` are left out with their subtree."""
    cursor = node.walk()
    depth = 0
    while True:
        current = cursor.node
        inside = current is not None and current.type not in skip
        if inside and current is not None:
            yield current
        if inside and cursor.goto_first_child():
            depth += 1
            continue
        while not (depth and cursor.goto_next_sibling()):
            if not depth or not cursor.goto_parent():
                return
            depth -= 1


def has_errors(tree: Tree) -> bool:
    """Tell whether any part of the text could not be parsed."""
    return tree.root_node.has_error


def error_count(tree: Tree) -> int:
    """Return how many nodes are errors or were put in by the parser because they are missing."""
    if not tree.root_node.has_error:
        return 0
    count, stack = 0, [tree.root_node]
    while stack:
        node = stack.pop()
        count += node.is_error or node.is_missing
        stack.extend(child for child in node.children if child.has_error or child.is_missing)
    return count


def tree_depth(code: str, language: str) -> int:
    """Return how many named nodes lie on the longest way from the root to a leaf, the root included.

    An empty file has depth 1; a lone name has 2 or 3 (root, statement, name).

    Raises:
        SettingError: No language has that name.
    """
    cursor = parse(code, language).walk()
    deepest = 0
    while True:
        # Anonymous nodes (keywords, punctuation) are leaves, so the depth of a named node counts named nodes only.
        if cursor.depth >= deepest and cursor.node is not None and cursor.node.is_named:
            deepest = cursor.depth + 1
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return deepest


def code_tokens(code: str, language: str) -> list[str]:
    """Return the tokens of the code without its comments and white space.

    Two texts with equal tokens differ in comments and layout only. Text literals are one token each; where indentation
    is syntax, :data:`INDENT` and :data:`DEDENT` mark the blocks. Text that no leaf of the tree covers is kept as well,
    so that nothing but comments and white space is ever lost.

    Raises:
        SettingError: No language has that name.
    """
    data, row = to_bytes(code), syntax_of(language)
    return list(_tokens(data, parse(data, language), row))


def _tokens(data: bytes, tree: Tree, row: SyntaxRow) -> Iterator[str]:
    cursor = tree.walk()
    position = 0  # everything before it has been told
    down = True
    while True:
        node = cursor.node
        if node is None:
            return
        if down:
            kind = node.type
            if position < node.start_byte:
                yield from _pieces(data[position : node.start_byte])
                position = node.start_byte
            if kind in row.blocks:
                yield INDENT
            whole = kind in row.comments or kind in row.literals
            if not whole and cursor.goto_first_child():
                continue
            if kind not in row.comments:
                yield from _pieces(data[position : node.end_byte], whole=kind in row.literals)
            position = max(position, node.end_byte)
        else:
            if position < node.end_byte:
                yield from _pieces(data[position : node.end_byte])
                position = node.end_byte
            if node.type in row.blocks:
                yield DEDENT
        down = cursor.goto_next_sibling()
        if not down and not cursor.goto_parent():
            yield from _pieces(data[position:])
            return


def _pieces(text: bytes, whole: bool = False) -> Iterator[str]:
    if whole:
        yield to_text(text)
    else:
        yield from to_text(text).split()


def comment_ranges(tree: Tree, language: str) -> list[tuple[int, int]]:
    """Return the byte ranges of the comments, in order."""
    row = syntax_of(language)
    nodes = walk(tree.root_node, skip=row.literals)
    return [(node.start_byte, node.end_byte) for node in nodes if node.type in row.comments]


def strip_comments(code: str, language: str) -> str:
    """Return the code without its comments; lines that held nothing else go with them.

    A ``#!`` line at the top stays. Docstrings are strings to the language and stay too.

    Raises:
        SettingError: No language has that name.
    """
    data = to_bytes(code)
    kept: list[bytes] = []
    position = 0
    for start, past in comment_ranges(parse(data, language), language):
        if start < position or (start == 0 and data.startswith(b"#!")):
            continue
        end = past - (data[past - 1 : past] == b"\n")
        line_start = data.rfind(b"\n", 0, start) + 1
        line_end = data.find(b"\n", end)
        line_end = len(data) if line_end < 0 else line_end
        before, after = data[max(line_start, position) : start], data[end:line_end]
        if not before.strip() and not after.strip():
            kept.append(data[position : max(line_start, position)])
            position = min(line_end + 1, len(data))
        elif not after.strip():
            kept.append(data[position:start].rstrip(b" \t"))
            position = line_end
        else:
            kept.append(data[position:start])
            # a comment parts two words just as a space does
            kept.append(b"" if not before.strip() or before[-1:].isspace() or after[:1].isspace() else b" ")
            position = end
    kept.append(data[position:])
    return to_text(b"".join(kept))
