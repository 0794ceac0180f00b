"""Operators that take one name for another: variables, arguments, methods."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from themis_rm.curation.inject.edits import Edit, replace, swap
from themis_rm.curation.inject.tree import CodeTree, Node, Variable

_NOT_A_USE = frozenset(
    {
        "attribute",
        "field",
        "property",
        "method",
        "function",
        "type",
        "label",
        "key",
        "declarator",
        "alias",
        "constructor",
    }
)
_MOST_PER_USE = 2


def wrong_variable(view: CodeTree) -> Iterator[Edit]:
    """A variable is read where another one of its kind is meant."""
    forms = view.forms
    declared = {variable.declared for variable in view.variables}
    known: dict[str, Variable] = {}
    for variable in view.variables:
        known.setdefault(variable.name, variable)
    uses = _uses(view)
    for node in view.of(forms.identifiers):
        mine = known.get(view.text(node))
        if mine is None or node.start in declared or not _is_read(view, node):
            continue
        others = [
            other
            for other in known.values()
            if other.name != mine.name
            and other.name not in forms.never_variables
            and other.ready <= node.start
            and other.start <= node.start < other.end
            and _same_kind(view, mine, other, uses)
        ]
        beside = _beside(view, node)
        others = [other for other in others if other.name not in beside]
        others.sort(key=lambda other: (abs(other.declared - mine.declared), other.declared))
        yield from (replace(node, other.name) for other in others[:_MOST_PER_USE])


def _is_read(view: CodeTree, node: Node) -> bool:
    forms, parent = view.forms, node.parent
    if parent is None or view.text(node) in forms.never_variables or node.field in _NOT_A_USE:
        return False
    if node.field == "name" and parent.type not in forms.argument:
        return False
    if node.field == "left" and parent.type in forms.assignments | frozenset(forms.declares):
        return False
    if parent.type in forms.patterns and parent.field == "left" and parent.parent is not None:
        return not (parent.parent.type in forms.assignments or parent.parent.type in forms.declares)
    return parent.type not in forms.functions and parent.type not in ("formal_parameters", "parameters")


def _same_kind(view: CodeTree, mine: Variable, other: Variable, uses: dict[str, set[str]]) -> bool:
    if view.forms.typed:
        known = mine.type not in ("", "?") and mine.type.split("?")[0] not in ("var", "auto", "final var")
        if known or other.type not in ("", "?", "var", "auto"):
            return known and mine.type == other.type and not mine.type.endswith("?")
    shared = uses.get(mine.name, set()) & uses.get(other.name, set())
    return bool(shared)


def _uses(view: CodeTree) -> dict[str, set[str]]:
    """Return how each name is used: as a number, a sequence, an object; two with a use in common are of one kind."""
    uses: dict[str, set[str]] = {name: {"number"} for name in view.numeric_names}
    for node in view.of(view.forms.identifiers):
        parent = node.parent
        if parent is None:
            continue
        found = ""
        if (parent.type in view.forms.subscripts and parent.parts[:1] == [node]) or (
            parent.type in view.forms.iterating and node.field == "right"
        ):
            found = "sequence"
        elif node.field in ("object", "receiver", "operand", "expression") and parent.type not in view.forms.unary:
            found = "object"
        elif parent.type in view.forms.arguments and parent.parent is not None:
            found = "argument of " + view.callee(parent.parent)
        if found:
            uses.setdefault(view.text(node), set()).add(found)
    return uses


def _beside(view: CodeTree, node: Node) -> set[str]:
    """Return the names that stand beside a use: putting one of them there would give ``x - x`` or ``f(x, x)``."""
    parent = node.parent
    if parent is not None and parent.type in view.forms.argument | view.forms.parens:
        parent = parent.parent
    names = {view.text(p) for p in parent.parts} if parent is not None else set()
    statement = view.statement(node)
    inner = view.expression(statement) if statement is not None else None
    if inner is not None and inner.type in view.forms.assignments and inner.parts:
        names.add(view.text(inner.parts[0]))
    return names


def swapped_arguments(view: CodeTree) -> Iterator[Edit]:
    """Two arguments of one kind change places."""
    forms = view.forms
    types = {variable.name: variable.type for variable in view.variables}
    for call in view.of(forms.calls):
        if view.callee(call) in forms.commutative:
            continue
        arguments = view.arguments(call)
        for first, second in pairwise(arguments):
            if view.raw(first) == view.raw(second) or first.type in _NAMED or second.type in _NAMED:
                continue
            alike = first.type == second.type or (view.is_number(first) and view.is_number(second))
            if forms.typed:
                one, two = types.get(view.text(first), ""), types.get(view.text(second), "")
                called = first.type in forms.calls and second.type in forms.calls
                known = bool(one) and one == two
                alike = (
                    known
                    or (first.type in forms.numbers and alike)
                    or (called and view.callee(first) == view.callee(second))
                )
            if alike and first.type not in forms.functions:
                yield swap(view, first, second)


_NAMED = frozenset(
    {"keyword_argument", "list_splat", "dictionary_splat", "spread_element", "pair", "splat_argument", "block_argument"}
    | {"hash_splat_argument", "lambda", "block", "parenthesized_list_splat", "keyword_separator"}
)


def wrong_method(view: CodeTree) -> Iterator[Edit]:
    """A method is taken for its neighbor."""
    methods = view.forms.methods
    for call in view.of(view.forms.calls):
        name = view.callee(call)
        named = call.child("method", "name", "function")
        if name in methods and named is not None and view.text(named).endswith(name):
            yield Edit(named.end - len(name.encode()), named.end, methods[name].encode())
