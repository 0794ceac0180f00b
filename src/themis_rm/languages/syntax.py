"""Syntax trees: parsing, depth, tokens, comments and functions. A grammar is loaded when it is first needed.

Offsets are bytes of the UTF-8 text, as tree-sitter counts them; :func:`to_bytes` and :func:`to_text` convert. Trees are
walked with a cursor, not by recursion, so that deep nesting in a hostile file cannot overflow the stack.
"""

from __future__ import annotations

import importlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser, Query, QueryCursor, Tree

from themis_rm.languages import Documentation, Syntax, get_language

INDENT, DEDENT = "<indent>", "<dedent>"
"""Tokens that mark the beginning and the end of a block where indentation is syntax."""


def get_syntax(language: str) -> Syntax:
    """Return the node types of a language under any of its names.

    Raises:
        SettingError: No language has that name.
        MissingPartError: The language defines none.
    """
    return get_language(language).require_syntax()


def to_bytes(code: str) -> bytes:
    """Encode code for the parser; lone surrogates survive a round trip through :func:`to_text`."""
    return code.encode("utf-8", "surrogatepass")


def to_text(data: bytes) -> str:
    """Decode bytes from :func:`to_bytes`."""
    return data.decode("utf-8", "surrogatepass")


@cache
def load_grammar(grammar: str) -> Grammar:
    """Load a grammar.

    Args:
        grammar: See :attr:`themis_rm.languages.Language.grammar`.
    """
    module, _, function = grammar.partition(":")
    return Grammar(getattr(importlib.import_module(module), function or "language")())


def parse(code: str | bytes, language: str) -> Tree:
    """Parse code; code with syntax errors gives a tree with error nodes.

    Args:
        code: The text, or its bytes from :func:`to_bytes`.
        language: Any name of a language.

    Raises:
        SettingError: No language has that name.
    """
    grammar = get_language(language).grammar
    return _parse(_as_bytes(code), grammar) if len(code) > _LONGEST_CACHED else _parse_cached(code, grammar)


_LONGEST_CACHED = 1 << 20  # characters or bytes of a text whose tree is kept in memory


def _as_bytes(code: str | bytes) -> bytes:
    return to_bytes(code) if isinstance(code, str) else code


def _parse(data: bytes, grammar: str, old_tree: Tree | None = None) -> Tree:
    # A parser keeps state, so threads must not share one; creating one takes microseconds.
    parser = Parser(load_grammar(grammar))
    return parser.parse(data) if old_tree is None else parser.parse(data, old_tree)


@lru_cache(maxsize=4)
def _parse_cached(code: str | bytes, grammar: str) -> Tree:
    """Parse code, or return the tree of one of the last texts: filters look at the same two versions one by one.

    If a text shares most of its code with one of the last ones, such as the other version of a file or its window, only
    the difference is parsed. This gives the same tree; a tree with errors is nevertheless not the base of a chain of
    such steps.
    """
    data = _as_bytes(code)
    bases = _bases.setdefault(grammar, deque(maxlen=_MOST_BASES))
    for base in bases:
        if (edited := _edited(*base, data)) is not None:
            tree = _parse(data, grammar, edited)
            bases.remove(base)
            bases.appendleft(base if tree.root_node.has_error else (data, tree))
            return tree
    tree = _parse(data, grammar)
    bases.appendleft((data, tree))
    return tree


_MOST_BASES = 4  # whole files, and what is cut from them and parsed inside of a wrapper
_bases: dict[str, deque[tuple[bytes, Tree]]] = {}
"""Grammar -> texts of which others may be parsed by their difference, the last one first."""


def _edited(old: bytes, tree: Tree, new: bytes) -> Tree | None:
    """Return a copy of a tree with the edit that makes a text of another one, ``None`` if they share less than half."""
    head, tail = shared_ends(old, new)
    if 2 * (head + tail) < len(new):
        return None
    copy, ends = tree.copy(), (len(old) - tail, len(new) - tail)
    start, *past = (_point(text, offset) for text, offset in ((old, head), (old, ends[0]), (new, ends[1])))
    copy.edit(head, *ends, start, *past)
    return copy


def shared_ends(one: Sequence[Any], two: Sequence[Any]) -> tuple[int, int]:
    """Return how many items two sequences or texts share at their start, and at the end of the rest."""
    shorter = min(len(one), len(two))
    head = _shared_length(shorter, lambda i, j: one[i:j] == two[i:j])
    ends = len(one), len(two)
    tail = _shared_length(shorter - head, lambda i, j: one[ends[0] - j : ends[0] - i] == two[ends[1] - j : ends[1] - i])
    return head, tail


def _shared_length(most: int, equal: Callable[[int, int], bool]) -> int:
    """Return the most items, up to a limit, that are equal, by bisection; ``equal`` compares a part of them."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        if equal(least, middle):
            least = middle
        else:
            most = middle - 1
    return least


def _point(data: bytes, offset: int) -> tuple[int, int]:
    """Return the row and the column of a byte."""
    return data.count(b"\n", 0, offset), offset - data.rfind(b"\n", 0, offset) - 1


@dataclass(frozen=True, slots=True)
class Fragment:
    """A parsed piece of code, inside the wrapper with which it parses best.

    Attributes:
        tree: Tree of ``source``.
        source: Bytes that were parsed: wrapper and code.
        start: First byte of the code.
        end: Byte after its last one.
    """

    tree: Tree
    source: bytes
    start: int
    end: int


def parse_fragment(code: str, language: str) -> Fragment:
    """Parse code that may be a part of a file, such as a method without its class.

    It is parsed as it is and, if that gives errors, inside each wrapper of its language; the result with the fewest
    errors is returned, and the earlier one of two with as many.

    Raises:
        SettingError: No language has that name.
    """
    data = to_bytes(code)
    best = Fragment(parse(code, language), data, 0, len(data))
    errors = error_count(best.tree)
    syntax = get_language(language).syntax
    for before, after in syntax.wrappers if syntax is not None and errors else ():
        source = before.encode() + data + after.encode()
        tree = parse(source, language)
        count = error_count(tree)
        if count < errors:
            best, errors = Fragment(tree, source, len(before), len(before) + len(data)), count
    return best


def walk(node: Node, skip: frozenset[str] = frozenset()) -> Iterator[Node]:
    """Yield a node and its descendants, parents first, without nodes whose type is in ``skip`` and their subtrees."""
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
    """Return whether any part of the text could not be parsed."""
    return tree.root_node.has_error


def error_count(tree: Tree) -> int:
    """Return how many nodes are errors or were added by the parser because they are missing."""
    if not tree.root_node.has_error:
        return 0
    count, stack = 0, [tree.root_node]
    while stack:
        node = stack.pop()
        count += node.is_error or node.is_missing
        stack.extend(child for child in node.children if child.has_error or child.is_missing)
    return count


def parses_worse(chosen: str, rejected: str, language: str) -> bool:
    """Return whether the better version has syntax errors that the worse one does not have.

    Code that the grammar does not support (an ellipsis, a macro) is on both sides; additional errors mean damage. Where
    code passes a preprocessor, they may also come from a macro or a conditional that the change adds. There, only one
    branch of each conditional counts, and errors mean damage if the worse version has none, or its brackets match.

    Raises:
        SettingError: No language has that name.
    """
    tree = parse(chosen, language)
    if not has_errors(tree) or error_count(tree) <= error_count(parse(rejected, language)):
        return False
    if not get_language(language).preprocessor:
        return True
    better, worse = (_first_branches(text) for text in (chosen, rejected))
    errors = [error_count(parse(text, language)) for text in (better, worse)]
    return errors[0] > errors[1] == 0 or (_brackets_match(worse, language) and not _brackets_match(better, language))


def _first_branches(code: str) -> str:
    """Return code with the first branch of each preprocessor conditional, without directives."""
    kept: list[str] = []
    skipped = [False]  # whether lines are skipped, for each open conditional
    for line in code.split("\n"):
        directive = line.lstrip()
        name = directive[1:].lstrip()
        if not directive.startswith("#"):
            kept.append("" if skipped[-1] else line)
        elif name.startswith("if"):
            skipped.append(skipped[-1])
        elif name.startswith("el"):
            skipped[-1] = True
        elif name.startswith("endif") and len(skipped) > 1:
            skipped.pop()
    return "\n".join(kept)


def _brackets_match(code: str, language: str) -> bool:
    tokens = [token for token in code_tokens(code, language) if token[:1] not in {'"', "'", "@", "$"}]
    text = "".join(tokens)
    return all(text.count(left) == text.count(right) for left, right in ("()", "[]", "{}"))


def tree_depth(code: str, language: str) -> int:
    """Return how many named nodes the longest path from the root to a leaf has, including the root.

    An empty file has depth 1; a single name has 2 or 3 (root, statement, name).

    Raises:
        SettingError: No language has that name.
    """
    cursor = parse(code, language).walk()
    deepest = 0
    depth = 1  # counted here, because cursor.depth walks up to the root each time
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

    Two texts with equal tokens differ in comments and layout only. A text literal is one token; where indentation is
    syntax, :data:`INDENT` and :data:`DEDENT` mark the blocks. Text that no leaf of the tree covers is included, so that
    only comments and white space are ever lost.

    Raises:
        SettingError: No language has that name.
        MissingPartError: The language defines no syntax.
    """
    data, syntax = to_bytes(code), get_syntax(language)
    return list(_tokens(data, parse(code, language), syntax, 0, len(data)))


def changed_tokens(old: str, new: str, language: str) -> tuple[list[str], list[str]]:
    """Return the tokens of both versions of a text, see :func:`code_tokens`, from the first changed line to the last.

    The code before and after is the same in both, so the tokens of the whole texts are equal where these are.

    Raises:
        SettingError: No language has that name.
        MissingPartError: The language defines no syntax.
    """
    syntax, one, two = get_syntax(language), to_bytes(old), to_bytes(new)
    head, tail = shared_ends(one, two)
    head = one.rfind(b"\n", 0, head) + 1
    line_end = one.find(b"\n", len(one) - tail)
    tail = len(one) - line_end if line_end >= 0 else 0
    sides = ((one, parse(old, language)), (two, parse(new, language)))
    before, after = (list(_tokens(data, tree, syntax, head, len(data) - tail)) for data, tree in sides)
    return before, after


def _tokens(data: bytes, tree: Tree, syntax: Syntax, first: int, past: int) -> Iterator[str]:
    """Yield the tokens that overlap a range of bytes."""
    cursor = tree.walk()
    position = first  # end of what has been yielded
    down = True
    while (node := cursor.node) is not None:
        if down and first < node.end_byte and node.start_byte < past:
            kind = node.type
            if position < node.start_byte:
                yield from _split(data[position : node.start_byte])
                position = node.start_byte
            if kind in syntax.blocks:
                yield INDENT
            is_token = kind in syntax.comments or kind in syntax.literals
            if not is_token and (cursor.goto_first_child_for_byte(first) is not None or cursor.goto_first_child()):
                continue
            if kind not in syntax.comments:
                start = node.start_byte if position == first else position
                yield from _split(data[start : node.end_byte], literal=kind in syntax.literals)
            position = max(position, node.end_byte)
        elif not down:
            end = min(node.end_byte, past)
            if position < end:
                yield from _split(data[position:end])
                position = end
            if node.type in syntax.blocks:
                yield DEDENT
        down = node.start_byte < past and cursor.goto_next_sibling()
        if not down and not cursor.goto_parent():
            yield from _split(data[position:past])
            return


def _split(text: bytes, literal: bool = False) -> Iterator[str]:
    if literal:
        yield to_text(text)
    else:
        yield from to_text(text).split()


def comment_ranges(tree: Tree, language: str) -> list[tuple[int, int]]:
    """Return the byte ranges of the comments, in order.

    Raises:
        MissingPartError: The language defines no syntax.
    """
    syntax = get_syntax(language)
    nodes = walk(tree.root_node, skip=syntax.literals)
    return [(node.start_byte, node.end_byte) for node in nodes if node.type in syntax.comments]


def strip_comments(code: str, language: str) -> str:
    """Remove the comments, and lines that contain nothing else.

    A ``#!`` line at the top is not removed; neither are docstrings, which are string literals.

    Raises:
        SettingError: No language has that name.
        MissingPartError: The language defines no syntax.
    """
    data = to_bytes(code)
    kept: list[bytes] = []
    position = 0
    for start, past in comment_ranges(parse(code, language), language):
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
            # A comment separates two words as a space does.
            kept.append(b"" if not before.strip() or before[-1:].isspace() or after[:1].isspace() else b" ")
            position = end
    kept.append(data[position:])
    return to_text(b"".join(kept))


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method in a tree.

    Attributes:
        name: Its name, qualified by the classes around it (``Stack.pop``).
        node: Its outermost node: with decorators, ``template`` or the assignment that names it.
        definition: The node of the definition itself.
        body: Its body, where the grammar marks one.
        doc: Byte ranges of its documentation: the docstring's statement, or the comments directly above, in order.
    """

    name: str
    node: Node
    definition: Node
    body: Node | None
    doc: tuple[tuple[int, int], ...]


@cache
def _type_query(grammar: str, types: frozenset[str]) -> Query | None:
    loaded = load_grammar(grammar)
    known = [kind for kind in sorted(types) if loaded.id_for_node_kind(kind, True) is not None]
    return Query(loaded, "".join(f"({kind}) @node\n" for kind in known)) if known else None


def named_types(language: str) -> frozenset[str]:
    """Return the types of named nodes of a language's grammar."""
    grammar = load_grammar(get_language(language).grammar)
    ids = range(grammar.node_kind_count)
    return frozenset(name for i in ids if grammar.node_kind_is_named(i) and (name := grammar.node_kind_for_id(i)))


def nodes_of_types(node: Node, language: str, types: frozenset[str]) -> list[Node]:
    """Return the node and its descendants of some named types, in order, parents first.

    The tree is searched by tree-sitter, many times faster than with :func:`walk`.

    Args:
        node: Root of the search.
        language: Any name of the language of its tree.
        types: Types of named nodes; those that the grammar does not have are ignored.
    """
    query = _type_query(get_language(language).grammar, types)
    if query is None:
        return []
    found = QueryCursor(query).captures(node).get("node", [])
    first, last = node.start_byte, node.end_byte
    # A search also returns nodes outside of its root that share a position with it.
    inside = [child for child in found if first <= child.start_byte and child.end_byte <= last]
    return sorted(inside, key=lambda child: (child.start_byte, -child.end_byte))


def has_ancestor(node: Node, types: frozenset[str]) -> bool:
    """Return whether a node is inside of a node of one of some types."""
    above = node.parent
    while above is not None and above.type not in types:
        above = above.parent
    return above is not None


def find_functions(tree: Tree, data: bytes, language: str) -> list[Function]:
    """Return the named functions and methods of a file in order of position; nested ones follow their parent.

    Args:
        tree: The file's tree.
        data: The bytes that it was parsed from.
        language: Any name of a language.

    Raises:
        MissingPartError: The language defines no syntax.
    """
    row = get_language(language)
    syntax = row.require_syntax()
    kinds = syntax.functions | syntax.function_values
    nodes = nodes_of_types(tree.root_node, row.name, kinds | syntax.comments)
    comments = _comments_by_last_line([node for node in nodes if node.type in syntax.comments], data)
    functions = []
    for definition in (node for node in nodes if node.type in kinds):
        node, named = _enclosing(definition, syntax)
        name = _name_node(named)
        if name is None or (definition.type in syntax.function_values and named is definition):
            continue
        body = definition.child_by_field_name("body")
        doc = _documentation(node, body, data, comments, syntax, row.documentation)
        functions.append(Function(_qualified_name(name, node, syntax), node, definition, body, doc))
    return functions


def _enclosing(definition: Node, syntax: Syntax) -> tuple[Node, Node]:
    """Return the outermost node that belongs to a definition, and the node that has its name."""
    node, named = definition, definition
    while node.parent is not None and node.parent.type in syntax.enclosing:
        node = node.parent
        if definition.type in syntax.function_values and _name_node(node) is not None:
            named = node
    return node, named


def _documentation(
    node: Node, body: Node | None, data: bytes, comments: dict[int, Node], syntax: Syntax, style: Documentation
) -> tuple[tuple[int, int], ...]:
    if style.docstring_quotes:
        return _docstring(body, data, syntax)
    first = node
    while first.prev_sibling is not None and first.prev_sibling.type in syntax.preceding:
        first = first.prev_sibling
    return _comments_above(first.start_point.row, comments)


def _name_node(node: Node) -> Node | None:
    name = node.child_by_field_name("name") or node.child_by_field_name("left")
    if name is not None:
        return name
    # In C the name is at the end of a chain of declarators.
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


def _qualified_name(name: Node, node: Node, syntax: Syntax) -> str:
    parts = ["".join(to_text(name.text or b"").split())]
    outer = node.parent
    while outer is not None:
        if outer.type in syntax.containers:
            container = outer.child_by_field_name("name") or outer.child_by_field_name("type")
            if container is not None:
                parts.append(to_text(container.text or b""))
        outer = outer.parent
    return ".".join(reversed(parts))


def _comments_by_last_line(comments: list[Node], data: bytes) -> dict[int, Node]:
    by_line = {}
    for node in comments:
        line_start = data.rfind(b"\n", 0, node.start_byte) + 1
        if not data[line_start : node.start_byte].strip():
            ends_line = data[node.end_byte - 1 : node.end_byte] == b"\n"
            by_line[node.end_point.row - ends_line] = node
    return by_line


def _comments_above(line: int, by_line: dict[int, Node]) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    while (comment := by_line.get(line - 1)) is not None:
        ranges.append((comment.start_byte, comment.end_byte))
        line = comment.start_point.row
    return tuple(reversed(ranges))


def _docstring(body: Node | None, data: bytes, syntax: Syntax) -> tuple[tuple[int, int], ...]:
    first = next((n for n in body.named_children if n.type not in syntax.comments), None) if body is not None else None
    if first is None or first.named_child_count != 1 or first.named_children[0].type not in syntax.literals:
        return ()
    quoted = data[first.start_byte : first.start_byte + 2].lower()
    return () if b"f" in quoted or b"b" in quoted[:1] else ((first.start_byte, first.end_byte),)
