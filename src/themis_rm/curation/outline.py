"""Outline of a source file: its items by line, such as imports, functions, classes and the members of classes.

An item is a run of lines that can be removed as a whole without changing how the rest parses. A container (a class, a
namespace, an include guard) is an item whose members are items; its other lines, header and end, stay as long as one of
its members does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from tree_sitter import Node

from themis_rm.languages.syntax import (
    Fragment,
    error_count,
    get_syntax,
    has_ancestor,
    named_types,
    nodes_of_types,
    parse_fragment,
    walk,
)

_IMPORT = re.compile(
    r"import|^include|preproc_include|preproc_call|using_directive|^use_declaration|package_clause|package_declaration|"
    r"extern_crate|^future_import"
)
_GROUP = re.compile(
    r"namespace|^module$|^mod_item$|preproc_if|preproc_el|linkage_spec|^internal_module$|^export_statement$"
)
_BODY = re.compile(r"block|body|declaration_list|field_declaration_list|enum_body|program")
# Nodes in a body that say something about its members: ``public:``, Ruby's ``private``.
_OF_CONTAINER = frozenset({"identifier", "constant", "access_specifier"})
_REQUIRE = re.compile(rb"\s*(?:(?:const|let|var)\s[^=]*=\s*require\(|require(?:_relative)?[\s(]|load\s)")


@dataclass(eq=False, slots=True)
class Item:
    """A run of lines.

    Attributes:
        first: Its first line, from 0; comments and annotations directly above belong to it.
        last: Its last line.
        is_import: Whether it imports names.
        is_function: Whether it is a function or contains one.
        is_comment: Whether it is a comment that belongs to no other item.
        members: Items of a container, empty for every other item.
        parent: The container around it, ``None`` at the top level.
    """

    first: int
    last: int
    is_import: bool = False
    is_function: bool = False
    is_comment: bool = False
    members: list[Item] = field(default_factory=list)
    parent: Item | None = None

    @property
    def size(self) -> int:
        """Return the number of lines."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Outline:
    """The items of a file.

    Attributes:
        items: Items at the top level, in order.
        owner: Line -> the innermost item that contains it; ``None`` for lines between items.
        errors: Number of syntax errors.
    """

    items: list[Item]
    owner: list[Item | None]
    errors: int


def find_outline(code: str, language: str) -> Outline:
    """Return the outline of a file.

    Raises:
        MissingPartError: The language defines no syntax.
    """
    fragment = parse_fragment(code, language)
    lines = code.count("\n") + 1
    owner: list[Item | None] = [None] * lines
    roots = _Finder(fragment, language, lines).items(_top_nodes(fragment))
    pending = list(roots)
    while pending:
        item = pending.pop()
        owner[item.first : item.last + 1] = [item] * item.size
        pending += item.members  # members after their container, so that they overwrite its lines
    return Outline(roots, owner, error_count(fragment.tree))


def _top_nodes(fragment: Fragment) -> list[Node]:
    """Return the nodes at the top level of the code: in a wrapper, the nodes of the wrapper's body."""
    node = fragment.tree.root_node
    while fragment.start and len(node.named_children) == 1 and node.named_children[0].start_byte < fragment.start:
        node = node.named_children[0]
    inside = [child for child in node.children if child.start_byte >= fragment.start and child.end_byte <= fragment.end]
    if fragment.start and not inside:
        body = next((child for child in walk(node) if child.start_byte >= fragment.start), None)
        return [] if body is None or body.parent is None else list(body.parent.children)
    return inside


class _Finder:
    """Finds the items of a file.

    Args:
        fragment: The parsed file.
        language: Any name of its language.
        lines: Number of its lines.
    """

    def __init__(self, fragment: Fragment, language: str, lines: int) -> None:
        self.language, self.syntax = language, get_syntax(language)
        self.source = fragment.source
        self.offset = fragment.source[: fragment.start].count(b"\n")
        self.last_line = lines - 1
        kinds = self.syntax.functions | self.syntax.function_values
        functions = nodes_of_types(fragment.tree.root_node, language, kinds)
        self.functions = [node.start_byte for node in functions if not has_ancestor(node, self.syntax.literals)]

    def items(self, nodes: list[Node]) -> list[Item]:
        """Return the items of sibling nodes; nodes that share a line are one item."""
        items: list[Item] = []
        leading: int | None = None  # first line of comments that belong to the next node
        leading_end = -1
        for node in nodes:
            first, last = self._line_range(node)
            if node.type in self.syntax.comments or node.type in self.syntax.preceding:
                if items and first <= items[-1].last:
                    items[-1].last = max(items[-1].last, last)
                elif leading is None or first > leading_end + 1:
                    items += [] if leading is None else [Item(leading, leading_end, is_comment=True)]
                    leading, leading_end = first, last
                else:
                    leading_end = last
                continue
            start = first
            if leading is not None:
                if first <= leading_end + 1:
                    start = leading
                else:
                    items.append(Item(leading, leading_end, is_comment=True))
                leading = None
            if items and start <= items[-1].last:
                items[-1].last = max(items[-1].last, last)
                items[-1].members.clear()
                items[-1].is_import = items[-1].is_import and _is_import(node, self.source)
                items[-1].is_function = items[-1].is_function or self._function_count(node) > 0
                continue
            item = Item(start, last, _is_import(node, self.source), self._function_count(node) > 0)
            item.members = self._members(node, item)
            items.append(item)
        if leading is not None:
            items.append(Item(leading, leading_end, is_comment=True))
        return items

    def _line_range(self, node: Node) -> tuple[int, int]:
        (first, _), (last, column) = node.start_point, node.end_point
        last -= column == 0 and last > first
        return (
            min(max(first - self.offset, 0), self.last_line),
            min(max(last - self.offset, 0), self.last_line),
        )

    def _function_count(self, node: Node) -> int:
        """Return how many functions a node contains, itself included."""
        return bisect_left(self.functions, node.end_byte) - bisect_left(self.functions, node.start_byte)

    def _members(self, node: Node, item: Item) -> list[Item]:
        """Return the members of a container that do not share a line with its header or end."""
        inner = self._container(node)
        if inner is None:
            return []
        header = node.start_point.row - self.offset
        members = [m for m in self.items(inner) if header < m.first and m.last <= item.last]
        ends_with_bracket = bool(inner) and inner[-1].end_byte < node.end_byte
        if ends_with_bracket:
            members = [member for member in members if member.last < item.last]
        for member in members:
            member.parent = item
        return members

    def _container(self, node: Node) -> list[Node] | None:
        """Return the nodes inside a container, ``None`` for every other node."""
        syntax = self.syntax
        inner: Node | None = node
        while inner is not None and (inner.type in syntax.enclosing or inner.type == "export_statement"):
            inner = next((c for c in reversed(inner.named_children) if c.type not in syntax.comments), None)
        if inner is None or inner.end_point.row == inner.start_point.row:
            return None
        if inner.type.startswith("preproc_"):
            return _without_brackets(inner.named_children[1:]) if _GROUP.search(inner.type) else None
        if inner.type in syntax.functions:
            return None
        if inner.type in syntax.containers or _GROUP.search(inner.type):
            body = inner.child_by_field_name("body") or self._body(inner)
        else:
            body = self._module_body(inner)
        return None if body is None else _without_brackets(body.children)

    def _module_body(self, node: Node) -> Node | None:
        """Return the body of a statement that wraps a module: it holds several named functions."""
        if self._function_count(node) < 2:
            return None
        body, functions = self._body(node), self.syntax.functions | self.syntax.enclosing
        if body is None or sum(child.type in functions for child in body.named_children) < 2:
            return None
        return node.child_by_field_name("body") or body

    def _body(self, node: Node) -> Node | None:
        """Return the largest descendant that looks like a body, such as that of a function in a call."""
        bodies = (child for child in nodes_of_types(node, self.language, _body_types(self.language)) if child != node)
        return max(bodies, key=lambda child: child.end_byte - child.start_byte, default=None)


@cache
def _body_types(language: str) -> frozenset[str]:
    return frozenset(kind for kind in named_types(language) if _BODY.search(kind))


def _is_import(node: Node, source: bytes) -> bool:
    if _IMPORT.search(node.type):
        return True
    return node.end_byte - node.start_byte < 400 and _REQUIRE.match(source, node.start_byte) is not None


def _without_brackets(children: list[Node]) -> list[Node]:
    """Return the children of a body that are items: not its brackets, keywords and access specifiers."""
    return [child for child in children if child.is_named and child.type not in _OF_CONTAINER]


def all_items(items: list[Item]) -> Iterator[Item]:
    """Yield items and all their members, containers first."""
    for item in items:
        yield item
        yield from all_items(item.members)
