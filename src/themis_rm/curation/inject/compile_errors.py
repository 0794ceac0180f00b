"""Errors of compilers that an edit can cause and a parse does not show.

They are found in the syntax tree, so that no compiler is needed: a local variable that is no longer used, a function
that may end without its ``return``, a statement that is never reached, a variable that may have no value. Each rule
counts what it forbids, and an edit is refused if it raises a count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping

from tree_sitter import Node as SyntaxNode

from themis_rm.curation.inject.tree import CodeTree, Node, Variable
from themis_rm.languages.syntax import to_text, walk


def count_errors(tree: CodeTree) -> Counter[str]:
    """Return what the rules of a language count in a piece of code; an edit that raises a count does not compile."""
    counts: Counter[str] = Counter()
    for name in sorted(tree.grammar.compile_errors):
        counts.update({f"{name}: {what}": count for what, count in RULES[name](tree).items()})
    return counts


def _unused(tree: CodeTree) -> Counter[str]:
    """Count unused local variables by name, and below zero, the names of packages and labels that are used."""
    scopes, used, names = _Scopes(tree), set(), set()
    visible = {node.start: node for node in tree.find(tree.grammar.identifiers)}
    # What is never changed, such as types and logging, uses names too, so that all of the tree is walked.
    for node in walk(tree.fragment.tree.root_node):
        if node.type in _OTHER_NAMES and (node.parent is None or node.parent.type != "labeled_statement"):
            names.add(to_text(node.text or b""))
        if node.type not in tree.grammar.identifiers or node.start_byte in scopes.places:
            continue
        seen, name = visible.get(node.start_byte), to_text(node.text or b"")
        variable = scopes.find(name, node.start_byte)
        if variable is None:
            if node.parent is not None and node.parent.type == "selector_expression":
                names.add(name)
        elif seen is None or not _is_assigned(tree, seen):
            used.add(scopes.first(variable))
    counts = Counter(name for name, place in scopes.locals if place not in used)
    counts.update({f"{name} of the file": -1 for name in names})
    return counts


_OTHER_NAMES = frozenset({"package_identifier", "label_name"})


def _is_assigned(tree: CodeTree, node: Node) -> bool:
    """Return whether a name only gets a value (``x`` in ``x, y = 1, 2``)."""
    inner = node
    if node.parent is not None and node.parent.type in tree.grammar.patterns:
        inner = node.parent
    parent = inner.parent
    if inner.field != "left" or parent is None:
        return False
    operator = tree.operator(parent) if parent.type in tree.grammar.assignments else None
    return parent.type in tree.grammar.declares or (operator is not None and tree.raw(operator) == b"=")


class _Scopes:
    """The local variables of a tree by name and position.

    Attributes:
        places: Where variables are declared.
        locals: Names and places of the variables that are not parameters.
    """

    def __init__(self, tree: CodeTree) -> None:
        functions = {(node.start, node.end) for node in tree.find(tree.grammar.functions)}
        self.places = {variable.declared for variable in tree.variables}
        self._by_name: dict[str, list[Variable]] = {}
        for variable in tree.variables:
            self._by_name.setdefault(variable.name, []).append(variable)
        self.locals = {
            (variable.name, self.first(variable))
            for variable in tree.variables
            if (variable.start, variable.end) not in functions and variable.name not in tree.grammar.never_variables
        }

    def find(self, name: str, position: int) -> Variable | None:
        """Return the variable that a name means at a position."""
        known = [v for v in self._by_name.get(name, ()) if v.start <= position < v.end and v.declared < position]
        return max(known, key=lambda variable: variable.start, default=None)

    def first(self, variable: Variable) -> int:
        """Return the place of the first declaration: a second one in the same scope only gives the variable a value."""
        return min(
            v.declared for v in self._by_name[variable.name] if (v.start, v.end) == (variable.start, variable.end)
        )


def _missing_returns(tree: CodeTree) -> Counter[str]:
    """Count the functions whose end is reached."""
    left = _leaving(tree)
    bodies = [function.child("body") for function in tree.find(tree.grammar.functions)]
    return Counter(functions=sum(not left.get(body, True) for body in bodies if body is not None))


def _unreachable(tree: CodeTree) -> Counter[str]:
    """Count the statements after which others are never reached."""
    left = _leaving(tree)
    blocks = tree.find(tree.grammar.blocks)
    return Counter(statements=sum(left[part] for block in blocks for part in block.named_children[:-1]))


def _unassigned(tree: CodeTree) -> Counter[str]:
    """Count, below zero, what gives a value to variables that have none at first, or leaves where they have none."""
    names = {variable.name for variable in tree.variables if variable.ready == variable.end}
    if not names:
        return Counter()
    grammar = tree.grammar
    targets = [tree.text(node.named_children[0]) for node in tree.find(grammar.assignments) if node.named_children]
    counts = Counter(target for target in targets if target in names)
    counts["exits"] = len(tree.find(grammar.exits | grammar.throws))
    counts["branches"] = sum(node.child("alternative") is not None for node in tree.find(grammar.conditionals))
    return Counter({name: -count for name, count in counts.items()})


def _unbound(tree: CodeTree) -> Counter[str]:
    """Count, below zero, the conditions that give a value to a variable (``x is T y``, ``f(out y)``)."""
    counts: Counter[str] = Counter()
    for node in walk(tree.fragment.tree.root_node):
        if _binds(node):
            top = node
            while top.parent is not None and top.parent.type in _IN_CONDITION:
                top = top.parent
            counts[to_text(top.text or b"")] -= 1
    return counts


def _binds(node: SyntaxNode) -> bool:
    if node.type == "instanceof_expression":
        return node.child_by_field_name("name") is not None
    if node.type == "argument":
        return node.child_count > 1 and node.children[0].type == "out"
    return node.type in ("declaration_pattern", "recursive_pattern")


_IN_CONDITION = frozenset(
    {
        "argument",
        "argument_list",
        "binary_expression",
        "invocation_expression",
        "is_pattern_expression",
        "parenthesized_expression",
        "prefix_unary_expression",
        "unary_expression",
    }
)


RULES: Mapping[str, Callable[[CodeTree], Counter[str]]] = {
    "unused": _unused,
    "missing-return": _missing_returns,
    "unreachable": _unreachable,
    "unassigned": _unassigned,
    "unbound": _unbound,
}
"""Name of an error -> function that counts what must not become more."""


def _leaving(tree: CodeTree) -> dict[Node, bool]:
    """Return for each node whether the statements after it are never reached; without recursion, children first."""
    left: dict[Node, bool] = {}
    for node in reversed(tree.all_nodes):
        left[node] = _leaves(tree, node, left)
    return left


def _leaves(tree: CodeTree, node: Node, left: dict[Node, bool]) -> bool:
    grammar, parts = tree.grammar, node.named_children
    if node.type in grammar.exits or node.type in grammar.throws:
        return not tree.raw(node).startswith(b"yield")
    if node.type in grammar.blocks | grammar.braces:
        return any(left.get(part, False) for part in parts)
    if node.type in grammar.conditionals:
        branches = [node.child("consequence"), node.child("alternative")]
        return all(branch is not None and left.get(branch, False) for branch in branches)
    if node.type in grammar.loops:
        return _is_endless(tree, node) and not _has_break(tree, node)
    if node.type in grammar.switches:
        cases = [part for part in node.descendants() if part.type in grammar.cases]
        default = any(re.match(rb"default\b", tree.raw(case)) for case in cases)
        return default and not _has_break(tree, node) and all(_case_leaves(case, left) for case in cases)
    if node.type in ("try_statement", "try_with_resources_statement"):
        body, last = node.child("body", "block"), node.child_of_type(frozenset({"finally_clause"}))
        handlers = [part for part in parts if part.type in grammar.handlers]
        ends = last is not None and left.get(last, False)
        return ends or (body is not None and all(left.get(part, False) for part in (body, *handlers)))
    if node.type in grammar.expression_statements:
        return len(parts) == 1 and parts[0].type in grammar.calls and tree.callee(parts[0]) in grammar.throwing_calls
    wraps = (
        node.type.endswith(("_statement", "_clause", "switch_body", "switch_block"))
        and node.type not in grammar.functions
    )
    return wraps and bool(parts) and left.get(parts[-1], False)


def _case_leaves(case: Node, left: dict[Node, bool]) -> bool:
    statements = case.named_children
    return (
        not statements
        or left.get(statements[-1], False)
        or statements[-1].type in ("switch_label", "case_switch_label")
    )


def _is_endless(tree: CodeTree, loop: Node) -> bool:
    condition = loop.child("condition")
    if condition is not None:
        return tree.text(tree.strip_parens(condition)) == "true"
    plain = not any(part.type in tree.grammar.counted | tree.grammar.iterating for part in loop.named_children)
    counted = next((part for part in loop.named_children if part.type in tree.grammar.counted), None)
    if counted is not None:
        return counted.child("condition") is None
    is_for = loop.type == "for_statement"
    return is_for and plain and loop.child("right", "left") is None and len(loop.named_children) <= 1


def _has_break(tree: CodeTree, owner: Node) -> bool:
    """Return whether a ``break`` may leave a loop or switch; one with a label may leave any."""
    grammar = tree.grammar
    around = grammar.loops | grammar.switches | grammar.functions
    breaks = [node for node in owner.descendants() if node.type in grammar.breaks]
    return any(
        node.named_children or next((up for up in node.ancestors() if up.type in around), None) is owner
        for node in breaks
    )
