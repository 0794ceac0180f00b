"""Outline of a source file: its items by line, such as imports, functions, classes and the members of classes.

An item is a run of lines that can be removed as a whole without changing how the rest parses. A container (a class, a
namespace, an include guard) is an item whose members are items; its other lines, header and end, stay as long as one of
its members does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache, cached_property

from tree_sitter import Node

from themis_rm.languages.syntax import (
    error_count,
    get_syntax,
    has_ancestor,
    named_types,
    nodes_of_types,
    parse,
    to_bytes,
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


@dataclass(eq=False)
class Item:
    """A run of lines.

    Attributes:
        first: Its first line, from 0; comments and annotations directly above belong to it.
        last: Its last line.
        finder: Finds its members when they are first needed, since most items of a file never need theirs.
        nodes: Its nodes without comments; nodes that share a line are one item.
        is_import: Whether it imports names.
        is_comment: Whether it is a comment that belongs to no other item.
        parent: The container around it, ``None`` at the top level.
    """

    first: int
    last: int
    finder: _Finder
    nodes: list[Node] = field(default_factory=list)
    is_import: bool = False
    is_comment: bool = False
    parent: Item | None = None

    @property
    def size(self) -> int:
        """Return the number of lines."""
        return self.last - self.first + 1

    @cached_property
    def members(self) -> list[Item]:
        """Items of a container, empty for every other item."""
        return self.finder.members(self.nodes[0], self) if len(self.nodes) == 1 else []

    @cached_property
    def member_lines(self) -> list[int]:
        """The first lines of the members."""
        return [member.first for member in self.members]

    @cached_property
    def is_function(self) -> bool:
        """Whether it is a function or contains one."""
        return any(self.finder.function_count(node) for node in self.nodes)

    @property
    def is_group(self) -> bool:
        """Whether it is a container that may hold imports, such as a namespace or a preprocessor conditional."""
        return any(_GROUP.search(node.type) for node in self.nodes)


@dataclass(frozen=True)
class Outline:
    """The items of a file.

    Attributes:
        items: Items at the top level, in order.
        errors: Number of syntax errors.
    """

    items: list[Item]
    errors: int

    @cached_property
    def item_lines(self) -> list[int]:
        """The first lines of the items."""
        return [item.first for item in self.items]

    def owner(self, line: int) -> Item | None:
        """Return the innermost item that contains a line, ``None`` between items."""
        found, items, lines = None, self.items, self.item_lines
        while items:
            index = bisect_right(lines, line) - 1
            if index < 0 or items[index].last < line:
                break
            found = items[index]
            items, lines = found.members, found.member_lines
        return found


def find_outline(code: str, language: str) -> Outline:
    """Return the outline of a whole file.

    Raises:
        MissingPartError: The language defines no syntax.
    """
    tree = parse(code, language)
    finder = _Finder(to_bytes(code), language, code.count("\n") + 1)
    return Outline(finder.items(tree.root_node.children), error_count(tree))


class _Finder:
    """Finds the items of a file.

    Args:
        source: The bytes of the file.
        language: Any name of its language.
        lines: Number of its lines.
    """

    def __init__(self, source: bytes, language: str, lines: int) -> None:
        self.language, self.syntax = language, get_syntax(language)
        self.source = source
        self.last_line = lines - 1

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
                    items += [] if leading is None else [Item(leading, leading_end, self, is_comment=True)]
                    leading, leading_end = first, last
                else:
                    leading_end = last
                continue
            start = first
            if leading is not None:
                if first <= leading_end + 1:
                    start = leading
                else:
                    items.append(Item(leading, leading_end, self, is_comment=True))
                leading = None
            if items and start <= items[-1].last:
                items[-1].last = max(items[-1].last, last)
                items[-1].nodes.append(node)
                items[-1].is_import = items[-1].is_import and _is_import(node, self.source)
                continue
            items.append(Item(start, last, self, [node], _is_import(node, self.source)))
        if leading is not None:
            items.append(Item(leading, leading_end, self, is_comment=True))
        return items

    def _line_range(self, node: Node) -> tuple[int, int]:
        (first, _), (last, column) = node.start_point, node.end_point
        last -= column == 0 and last > first
        return min(first, self.last_line), min(last, self.last_line)

    def function_count(self, node: Node) -> int:
        """Return how many functions a node contains, itself included."""
        functions = nodes_of_types(node, self.language, self.syntax.functions | self.syntax.function_values)
        return sum(not has_ancestor(function, self.syntax.literals) for function in functions)

    def members(self, node: Node, item: Item) -> list[Item]:
        """Return the members of a container that do not share a line with its header or end."""
        inner = self._container(node)
        if inner is None:
            return []
        header, last = node.start_point.row, self._line_range(node)[1]
        ends_with_bracket = bool(inner) and inner[-1].end_byte < node.end_byte
        members = [m for m in self.items(inner) if header < m.first and m.last <= last - ends_with_bracket]
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
        if self.function_count(node) < 2:
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
