"""New names for local variables that nothing outside their function can see."""

from __future__ import annotations

import re
from collections import defaultdict

from tree_sitter import Node

from themis_rm.languages import Language
from themis_rm.languages.syntax import find_functions, parse_fragment, to_bytes, to_text, walk

MOST_NAMES = 8

_DECLARED_IN: dict[str, frozenset[tuple[str, str]]] = {
    "C": frozenset({("init_declarator", "declarator")}),
    "C++": frozenset({("init_declarator", "declarator")}),
    "C#": frozenset({("variable_declarator", "name")}),
    "Go": frozenset({("short_var_declaration", "left")}),
    "Java": frozenset({("variable_declarator", "name")}),
    "JavaScript": frozenset({("variable_declarator", "name")}),
    "Python": frozenset({("assignment", "left")}),
    "Ruby": frozenset({("assignment", "left")}),
}
"""Language -> (node type, field) that makes an identifier a new variable."""

_OBJECT_FIRST: dict[str, str] = {
    "attribute": "object",
    "field_access": "object",
    "method_invocation": "object",
    "member_expression": "object",
    "member_access_expression": "expression",
    "selector_expression": "operand",
    "field_expression": "argument",
    "call": "receiver",
}
"""Node type -> the field in which an identifier is a variable; in its other fields it names a member."""

_NEVER = frozenset(
    {
        "global_statement",
        "nonlocal_statement",
        "keyword_argument",
        "name_colon",
        "pair",
        "keyed_element",
        "literal_element",
        "labeled_statement",
        "function_declarator",
        "parameters",
    }
)
"""Node types under which an identifier may be seen from outside or may name no variable."""

_WORD = re.compile(r"[A-Za-z_]\w*")


def renamed_locals(code: str, language: Language) -> tuple[str, dict[str, str]] | None:
    """Give local variables names that sound checked.

    A name is taken only if every place at which the word stands, strings and comments included, is a plain identifier
    inside one and the same function that also declares it.

    Returns:
        The code and new name -> old name, or ``None`` if there is no such variable.
    """
    fragment = parse_fragment(code, language.name)
    words = [match.group() for match in _WORD.finditer(code)]
    nodes: dict[str, list[Node]] = defaultdict(list)
    for node in walk(fragment.tree.root_node):
        if node.type == "identifier" and not node.child_count and fragment.start <= node.start_byte < fragment.end:
            nodes[to_text(node.text or b"")].append(node)
    bodies = [item.definition for item in find_functions(fragment.tree, fragment.source, language.name)]
    names: dict[str, str] = {}
    for old, found in nodes.items():
        new = _new_name(old)
        fits = len(names) < MOST_NAMES and len(old) > 1 and new not in words and words.count(old) == len(found)
        if fits and _local(found, bodies, language):
            names[old] = new
    if not names:
        return None
    data, kept, position = to_bytes(code), [], 0
    for node in sorted((node for old in names for node in nodes[old]), key=lambda node: node.start_byte):
        start, end = node.start_byte - fragment.start, node.end_byte - fragment.start
        kept += [data[position:start], to_bytes(names[to_text(node.text or b"")])]
        position = end
    kept.append(data[position:])
    return to_text(b"".join(kept)), {new: old for old, new in names.items()}


def _new_name(old: str) -> str:
    if "_" in old or old.islower():
        return f"verified_{old}"
    return f"verified{old[0].upper()}{old[1:]}"


def _local(found: list[Node], bodies: list[Node], language: Language) -> bool:
    declared = _DECLARED_IN[language.name]
    around = [body for body in bodies if body.start_byte <= found[0].start_byte and found[0].end_byte <= body.end_byte]
    if not around:
        return False
    inner = min(around, key=lambda body: body.end_byte - body.start_byte)
    if not all(inner.start_byte <= node.start_byte and node.end_byte <= inner.end_byte for node in found):
        return False
    return any(_declares(node, declared) for node in found) and all(map(_plain, found))


def _declares(node: Node, declared: frozenset[tuple[str, str]]) -> bool:
    parent = node.parent
    inner: Node | None = node
    if parent is not None and parent.type == "expression_list":
        parent, inner = parent.parent, parent
    if parent is None:
        return False
    return any(parent.type == kind and parent.child_by_field_name(field) == inner for kind, field in declared)


def _plain(node: Node) -> bool:
    parent = node.parent
    if parent is None or parent.type in _NEVER:
        return False
    if parent.type == "argument" and parent.child_by_field_name("name") == node:
        return False
    return parent.type not in _OBJECT_FIRST or parent.child_by_field_name(_OBJECT_FIRST[parent.type]) == node
