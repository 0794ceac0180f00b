"""New names for local variables that are not visible outside their function."""

from __future__ import annotations

import re
from collections import defaultdict

from tree_sitter import Node

from themis_rm.evaluation.adversarial.registry import EDITS, AdversarialEdit, EditedCode
from themis_rm.languages import Language, Renaming
from themis_rm.languages.syntax import find_functions, parse_fragment, to_bytes, to_text, walk

MAX_NAMES = 8

_WORD = re.compile(r"[A-Za-z_]\w*")


def rename_variables(code: str, language: Language, _: str) -> EditedCode | None:
    """Rename local variables as if they had been checked."""
    edited = rename_locals(code, language)
    return EditedCode(edited[0], names=edited[1]) if edited else None


def rename_locals(code: str, language: Language) -> tuple[str, dict[str, str]] | None:
    """Give local variables names such as ``verified_total``.

    A variable is renamed only if every occurrence of the word, including those in strings and comments, is a plain
    identifier inside the one function that declares it.

    Returns:
        The code and new name -> old name, or ``None`` if there is no such variable, or the language defines no
        renaming.
    """
    rules = language.renaming
    if rules is None:
        return None
    fragment = parse_fragment(code, language.name)
    words = [match.group() for match in _WORD.finditer(code)]
    nodes: dict[str, list[Node]] = defaultdict(list)
    for node in walk(fragment.tree.root_node):
        is_name = node.type in rules.identifiers and not node.child_count
        if is_name and fragment.start <= node.start_byte < fragment.end:
            nodes[to_text(node.text or b"")].append(node)
    functions = [item.definition for item in find_functions(fragment.tree, fragment.source, language.name)]
    names: dict[str, str] = {}
    for old, occurrences in nodes.items():
        new = _new_name(old)
        fits = len(names) < MAX_NAMES and len(old) > 1 and new not in words and words.count(old) == len(occurrences)
        if fits and _is_local(occurrences, functions, rules):
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


def _is_local(occurrences: list[Node], functions: list[Node], rules: Renaming) -> bool:
    first = occurrences[0]
    around = [node for node in functions if node.start_byte <= first.start_byte and first.end_byte <= node.end_byte]
    if not around:
        return False
    inner = min(around, key=lambda node: node.end_byte - node.start_byte)
    if not all(inner.start_byte <= node.start_byte and node.end_byte <= inner.end_byte for node in occurrences):
        return False
    return any(_declares(node, rules) for node in occurrences) and all(_is_plain(node, rules) for node in occurrences)


def _declares(node: Node, rules: Renaming) -> bool:
    parent = node.parent
    inner: Node | None = node
    if parent is not None and parent.type in rules.lists:
        parent, inner = parent.parent, parent
    if parent is None:
        return False
    fields = [field for kind, field in rules.declarations if kind == parent.type]
    return any(parent.child_by_field_name(field) == inner for field in fields)


def _is_plain(node: Node, rules: Renaming) -> bool:
    parent = node.parent
    if parent is None or parent.type in rules.never:
        return False
    if any(kind == parent.type and parent.child_by_field_name(field) == node for kind, field in rules.never_fields):
        return False
    return parent.type not in rules.members or parent.child_by_field_name(rules.members[parent.type]) == node


EDITS.register(AdversarialEdit("renaming", "local variables named as if they were checked", rename_variables))
