"""Bug operators that confuse names: variables, arguments, methods."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from themis_rm.curation.inject.edits import SourceEdit, replace, swap
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


def wrong_variable(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace a variable that is read by another one of the same kind."""
    grammar = tree.grammar
    declared = {variable.declared for variable in tree.variables}
    known: dict[str, Variable] = {}
    for variable in tree.variables:
        known.setdefault(variable.name, variable)
    uses = _uses(tree)
    for node in tree.find(grammar.identifiers):
        mine = known.get(tree.text(node))
        if mine is None or node.start in declared or not _is_read(tree, node):
            continue
        others = [
            other
            for other in known.values()
            if other.name != mine.name
            and other.name not in grammar.never_variables
            and other.ready <= node.start
            and other.start <= node.start < other.end
            and _same_kind(tree, mine, other, uses)
        ]
        neighbors = _neighbors(tree, node)
        others = [other for other in others if other.name not in neighbors]
        others.sort(key=lambda other: (abs(other.declared - mine.declared), other.declared))
        yield from (replace(node, other.name) for other in others[:_MOST_PER_USE])


def _is_read(tree: CodeTree, node: Node) -> bool:
    grammar, parent = tree.grammar, node.parent
    if parent is None or tree.text(node) in grammar.never_variables or node.field in _NOT_A_USE:
        return False
    if node.field == "name" and parent.type not in grammar.argument:
        return False
    if node.field == "left" and parent.type in grammar.assignments | frozenset(grammar.declares):
        return False
    if parent.type == "literal_element" and parent.parent is not None and parent.parent.children[0] is parent:
        return parent.parent.type != "keyed_element"  # the name of a field of a struct
    if parent.type in grammar.patterns and parent.field == "left" and parent.parent is not None:
        return not (parent.parent.type in grammar.assignments or parent.parent.type in grammar.declares)
    return parent.type not in grammar.functions and parent.type not in ("formal_parameters", "parameters")


def _same_kind(tree: CodeTree, mine: Variable, other: Variable, uses: dict[str, set[str]]) -> bool:
    if tree.grammar.typed:
        return bool(mine.type) and mine.type == other.type
    shared = uses.get(mine.name, set()) & uses.get(other.name, set())
    return bool(shared)


def _uses(tree: CodeTree) -> dict[str, set[str]]:
    """Return how each name is used: as a number, a sequence, an object. Names that share a use are of the same kind."""
    uses: dict[str, set[str]] = {name: {"number"} for name in tree.numeric_names}
    for node in tree.find(tree.grammar.identifiers):
        parent = node.parent
        if parent is None:
            continue
        use = ""
        if (parent.type in tree.grammar.subscripts and parent.named_children[:1] == [node]) or (
            parent.type in tree.grammar.iterating and node.field == "right"
        ):
            use = "sequence"
        elif node.field in ("object", "receiver", "operand", "expression") and parent.type not in tree.grammar.unary:
            use = "object"
        elif parent.type in tree.grammar.arguments and parent.parent is not None:
            use = "argument of " + tree.callee(parent.parent)
        if use:
            uses.setdefault(tree.text(node), set()).add(use)
    return uses


def _neighbors(tree: CodeTree, node: Node) -> set[str]:
    """Return the names next to a use: using one of them instead would give ``x - x`` or ``f(x, x)``."""
    parent = node.parent
    if parent is not None and parent.type in tree.grammar.argument | tree.grammar.parens:
        parent = parent.parent
    names = {tree.text(p) for p in parent.named_children} if parent is not None else set()
    statement = tree.statement(node)
    inner = tree.expression(statement) if statement is not None else None
    if inner is not None and inner.type in tree.grammar.assignments and inner.named_children:
        names.add(tree.text(inner.named_children[0]))
    return names


def swapped_arguments(tree: CodeTree) -> Iterator[SourceEdit]:
    """Swap two neighboring arguments of the same kind."""
    grammar = tree.grammar
    types = {variable.name: variable.type for variable in tree.variables}
    for call in tree.find(grammar.calls):
        if tree.callee(call) in grammar.commutative or tree.callee(call) == "make":
            continue  # the capacity of a slice is not below its length
        arguments = tree.arguments(call)
        for first, second in pairwise(arguments):
            if tree.raw(first) == tree.raw(second) or {first.type, second.type} & grammar.unordered_arguments:
                continue
            alike = first.type == second.type or (tree.is_number(first) and tree.is_number(second))
            if grammar.typed:
                one, two = types.get(tree.text(first), ""), types.get(tree.text(second), "")
                called = first.type in grammar.calls and second.type in grammar.calls
                known = bool(one) and one == two
                alike = (
                    known
                    or (first.type in grammar.numbers and alike)
                    or (called and tree.callee(first) == tree.callee(second))
                )
            if alike and first.type not in grammar.functions:
                yield swap(tree, first, second)


def dropped_argument(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove the last argument of a call, where the number of arguments is not checked before the call."""
    grammar = tree.grammar
    for call in tree.find(grammar.calls if not grammar.typed else ()):
        arguments = tree.arguments(call)
        if len(arguments) > 1 and not {arguments[-1].type, arguments[-2].type} & (grammar.functions | _BLOCKS):
            yield SourceEdit(arguments[-2].end, arguments[-1].end, b"")


_BLOCKS = frozenset({"block", "do_block", "block_argument"})


def wrong_method(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace a called method by one that is easily confused with it."""
    methods = tree.grammar.methods
    for call in tree.find(tree.grammar.calls):
        name = tree.callee(call)
        named = call.child("method", "name", "function")
        if tree.grammar.typed and name in ("Any", "any") and not tree.arguments(call):
            continue  # `All` needs a condition
        if named is None or not tree.text(named).endswith(name):
            continue
        other = methods.get(tree.text(named), methods.get(name))
        if other is not None:
            yield SourceEdit(named.end - len(name.encode()), named.end, other.rpartition(".")[2].encode())
