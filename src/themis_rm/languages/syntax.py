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
from tree_sitter import Node, Parser, Query, QueryCursor, Tree

from themis_rm.languages import get_language


@dataclass(frozen=True, slots=True)
class Syntax:
    """What the grammar of a language calls the things that every language has.

    Attributes:
        comments: Node types of comments.
        literals: Node types of text literals: one token each, whatever is inside.
        blocks: Node types whose indentation carries meaning; a token marks where they begin and end.
        functions: Node types of functions and methods that have a name of their own.
        function_values: Node types of functions that get their name from what they are assigned to.
        around: Node types that enclose a definition as a part of it (decorators, ``template``, ``export``, the
            assignment of a function value).
        holders: Node types whose name qualifies the names of what is in them.
        docstrings: Documentation is the first string of the body, not the comment above.
        wrappers: Text before and after a fragment that cannot stand at the top of a file (a method without its
            class), tried in order by :func:`parse_fragment`.
    """

    comments: frozenset[str]
    literals: frozenset[str]
    functions: frozenset[str]
    function_values: frozenset[str] = frozenset()
    around: frozenset[str] = frozenset()
    holders: frozenset[str] = frozenset()
    docstrings: bool = False
    blocks: frozenset[str] = frozenset()
    wrappers: tuple[tuple[str, str], ...] = ()


_C_LITERALS = frozenset({"string_literal", "char_literal", "raw_string_literal", "system_lib_string"})
_CLASS_WRAPPER = ("class Wrapper {\n", "\n}")

SYNTAX: dict[str, Syntax] = {
    "C": Syntax(frozenset({"comment"}), _C_LITERALS, functions=frozenset({"function_definition"})),
    "C#": Syntax(
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
        functions=frozenset({"method_declaration", "constructor_declaration"}),
        holders=frozenset({"class_declaration", "struct_declaration", "interface_declaration", "record_declaration"}),
        wrappers=(_CLASS_WRAPPER,),
    ),
    "C++": Syntax(
        frozenset({"comment"}),
        _C_LITERALS,
        functions=frozenset({"function_definition"}),
        around=frozenset({"template_declaration"}),
        holders=frozenset({"class_specifier", "struct_specifier", "union_specifier"}),
        wrappers=(("class Wrapper {\n", "\n};"),),
    ),
    "Go": Syntax(
        frozenset({"comment"}),
        frozenset({"interpreted_string_literal", "raw_string_literal", "rune_literal"}),
        functions=frozenset({"function_declaration", "method_declaration"}),
    ),
    "Java": Syntax(
        frozenset({"line_comment", "block_comment"}),
        frozenset({"string_literal", "character_literal"}),
        functions=frozenset({"method_declaration", "constructor_declaration"}),
        holders=frozenset({"class_declaration", "interface_declaration", "enum_declaration", "record_declaration"}),
        wrappers=(_CLASS_WRAPPER,),
    ),
    "JavaScript": Syntax(
        frozenset({"comment", "html_comment"}),
        frozenset({"string", "template_string", "regex", "jsx_text"}),
        functions=frozenset({"function_declaration", "generator_function_declaration", "method_definition"}),
        function_values=frozenset({"arrow_function", "function_expression", "generator_function"}),
        around=frozenset(
            {
                "variable_declarator",
                "lexical_declaration",
                "variable_declaration",
                "assignment_expression",
                "expression_statement",
                "export_statement",
            }
        ),
        holders=frozenset({"class_declaration", "class"}),
        wrappers=(_CLASS_WRAPPER, ("const wrapper = {\n", "\n}")),
    ),
    "Python": Syntax(
        frozenset({"comment"}),
        frozenset({"string"}),
        functions=frozenset({"function_definition"}),
        around=frozenset({"decorated_definition"}),
        holders=frozenset({"class_definition"}),
        docstrings=True,
        blocks=frozenset({"block"}),
    ),
    "Ruby": Syntax(
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
        functions=frozenset({"method", "singleton_method"}),
        holders=frozenset({"class", "module"}),
    ),
}
"""One row per language of :data:`themis_rm.languages.LANGUAGES`, by its name."""

INDENT, DEDENT = "<indent>", "<dedent>"
"""Tokens that stand for the beginning and the end of a block where indentation is syntax."""


def get_syntax(language: str) -> Syntax:
    """Return the row of a language under any of its names.

    Raises:
        SettingError: No language has that name.
    """
    return SYNTAX[get_language(language).name]


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
    return Parser(_grammar(get_language(language).grammar)).parse(to_bytes(code) if isinstance(code, str) else code)


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
    for before, after in get_syntax(language).wrappers if errors else ():
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
    depth = 1  # kept here because cursor.depth walks up to the root each time
    while True:
        # Anonymous nodes (keywords, punctuation) are leaves, so the depth of a named node counts named nodes only.
        if depth > deepest and cursor.node is not None and cursor.node.is_named:
            deepest = depth
        if cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return deepest
            depth -= 1


def code_tokens(code: str, language: str) -> list[str]:
    """Return the tokens of the code without its comments and white space.

    Two texts with equal tokens differ in comments and layout only. Text literals are one token each; where indentation
    is syntax, :data:`INDENT` and :data:`DEDENT` mark the blocks. Text that no leaf of the tree covers is kept as well,
    so that nothing but comments and white space is ever lost.

    Raises:
        SettingError: No language has that name.
    """
    data, row = to_bytes(code), get_syntax(language)
    return list(_tokens(data, parse(data, language), row))


def _tokens(data: bytes, tree: Tree, row: Syntax) -> Iterator[str]:
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
    row = get_syntax(language)
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


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method in a tree.

    Attributes:
        name: Its name, qualified by the classes around it (``Stack.pop``).
        node: All of it, with decorators, ``template`` or the assignment that names it.
        definition: The definition proper.
        body: Its body, where the grammar marks one.
        doc: Byte ranges of its documentation: the docstring's statement, or the comments right above, in order.
    """

    name: str
    node: Node
    definition: Node
    body: Node | None
    doc: tuple[tuple[int, int], ...]


@cache
def _function_query(name: str) -> Query:
    row = SYNTAX[name]
    patterns = [f"({kind}) @function" for kind in sorted(row.functions | row.function_values)]
    patterns += [f"({kind}) @comment" for kind in sorted(row.comments)]
    return Query(_grammar(get_language(name).grammar), "\n".join(patterns))


def find_functions(tree: Tree, data: bytes, language: str) -> list[Function]:
    """Return the named functions and methods of a file, by where they begin; nested ones stand behind their parent.

    Args:
        tree: The file's tree.
        data: The bytes that it was parsed from.
        language: Any name of a language.
    """
    name = get_language(language).name
    row = SYNTAX[name]
    captures = QueryCursor(_function_query(name)).captures(tree.root_node)
    above = _comments_by_last_line(captures.get("comment", []), data)
    found = []
    for definition in sorted(captures.get("function", []), key=lambda node: (node.start_byte, -node.end_byte)):
        node, namer = definition, definition
        while node.parent is not None and node.parent.type in row.around:
            node = node.parent
            namer = node if definition.type in row.function_values and _name_node(node) is not None else namer
        named = _name_node(namer)
        if named is None or (definition.type in row.function_values and namer is definition):
            continue
        body = definition.child_by_field_name("body")
        doc = _docstring(body, data, row) if row.docstrings else _comments_above(node.start_point.row, above)
        found.append(Function(_qualified(named, node, row), node, definition, body, doc))
    return found


def _name_node(node: Node) -> Node | None:
    named = node.child_by_field_name("name") or node.child_by_field_name("left")
    if named is not None:
        return named
    # In C the name is at the bottom of a chain of declarators.
    declarator = node.child_by_field_name("declarator")
    while declarator is not None:
        below = declarator.child_by_field_name("declarator")
        if below is None and declarator.type in _WRAPPED_DECLARATORS:
            below = next(iter(declarator.named_children), None)
        if below is None:
            return declarator
        declarator = below
    return None


_WRAPPED_DECLARATORS = frozenset({"reference_declarator", "parenthesized_declarator", "attributed_declarator"})


def _qualified(named: Node, node: Node, row: Syntax) -> str:
    parts = ["".join(to_text(named.text or b"").split())]
    outer = node.parent
    while outer is not None:
        if outer.type in row.holders:
            holder = outer.child_by_field_name("name")
            if holder is not None:
                parts.append(to_text(holder.text or b""))
        outer = outer.parent
    return ".".join(reversed(parts))


def _comments_by_last_line(comments: list[Node], data: bytes) -> dict[int, Node]:
    alone = {}
    for node in comments:
        line_start = data.rfind(b"\n", 0, node.start_byte) + 1
        if not data[line_start : node.start_byte].strip():
            ends_line = data[node.end_byte - 1 : node.end_byte] == b"\n"
            alone[node.end_point.row - ends_line] = node
    return alone


def _comments_above(row: int, alone: dict[int, Node]) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    while (comment := alone.get(row - 1)) is not None:
        ranges.append((comment.start_byte, comment.end_byte))
        row = comment.start_point.row
    return tuple(reversed(ranges))


def _docstring(body: Node | None, data: bytes, row: Syntax) -> tuple[tuple[int, int], ...]:
    first = next((n for n in body.named_children if n.type not in row.comments), None) if body is not None else None
    if first is None or first.named_child_count != 1 or first.named_children[0].type not in row.literals:
        return ()
    quoted = data[first.start_byte : first.start_byte + 2].lower()
    return () if b"f" in quoted or b"b" in quoted[:1] else ((first.start_byte, first.end_byte),)
