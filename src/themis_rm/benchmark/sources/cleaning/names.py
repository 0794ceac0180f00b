"""Replacement of names that reveal the side of an example (``query_bad``, ``FixedCar``) by neutral ones."""

from __future__ import annotations

import re

from tree_sitter import Node

from themis_rm.benchmark.sources.cleaning.labels import rename_identifiers
from themis_rm.languages.syntax import get_syntax, parse_fragment, to_text, walk

REVEALING_NAME_PARTS = frozenset(
    (
        *("good", "bad", "better", "worse", "best", "wrong", "correct", "corrected", "incorrect", "fix", "fixed"),
        *("buggy", "broken", "safe", "safer", "unsafe", "secure", "insecure", "vulnerable"),
        *(
            "compliant",
            "noncompliant",
            "slow",
            "slower",
            "fast",
            "faster",
            "inefficient",
            "efficient",
            "optimized",
            "optimised",
        ),
    )
)
"""Parts of names by which teaching material marks its sides."""

_NAME_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|_+|\W+")
_DECLARES = re.compile(
    r"declarat|definition|parameter|assignment|specifier|local_function|^class|^module$|^method$|short_var|type_spec"
)
_FIELDS = frozenset({"name", "declarator", "left", "pattern"})


def neutralize_name(name: str, revealing: frozenset[str] = REVEALING_NAME_PARTS) -> str:
    """Return a name without its revealing parts: ``GoodBaseNode`` -> ``BaseNode``, ``query_bad`` -> ``query``.

    The case of the first letter stays. A name that has only revealing parts becomes ``Example`` or ``example``.
    """
    parts = _NAME_PART.findall(name)
    kept = [part for part in parts if part.lower() not in revealing]
    if len(kept) == len(parts):
        return name
    before, after = len(name) - len(name.lstrip("_")), len(name) - len(name.rstrip("_"))
    text = "_" * before + re.sub(r"__+", "_", "".join(kept)).strip("_") + "_" * after
    if not text.strip("_0123456789"):
        text = "example" + text.strip("_")
    elif text[0].isdigit():
        text = "example_" + text
    first = next(ch for ch in name if ch.isalpha())
    at = len(text) - len(text.lstrip("_"))
    letter = text[at].upper() if first.isupper() else text[at].lower()
    if parts and parts[0].isupper() and len(parts[0]) > 1 and first.isupper():
        return text[:at] + (text[at:].upper() if name.isupper() else letter + text[at + 1 :])
    return text[:at] + letter + text[at + 1 :]


def neutralize_names(
    code: str, language: str, revealing: frozenset[str] = REVEALING_NAME_PARTS, other_side: str = ""
) -> str:
    """Return the code with neutral names for what it declares; names that it only uses, such as an API's, stay.

    A number distinguishes names that would become equal (``first_safe`` and ``first`` become ``first2`` and ``first``).

    Args:
        code: A file or a fragment.
        language: Any name of a language.
        revealing: Parts of names that reveal a side, in lower case.
        other_side: The other side of the example; names that it declares are replaced too.
    """
    declared, taken = _names(code, language)
    declared += [name for name in _names(other_side, language)[0] if name in taken and name not in declared]
    names: dict[str, str] = {}
    for old in declared:
        new = neutralize_name(old, revealing)
        if new == old:
            continue
        free, number = new, 2
        while free in taken:
            free, number = f"{new}{number}", number + 1
        taken.add(free)
        names[old] = free
    return rename_identifiers(code, language, names) if names else code


def _names(code: str, language: str) -> tuple[list[str], set[str]]:
    """Return the declared names in order of their first declaration, and all names."""
    fragment, row = parse_fragment(code, language), get_syntax(language)
    declared: dict[str, None] = {}
    used: set[str] = set()
    for node in walk(fragment.tree.root_node, skip=row.literals | row.comments):
        if node.child_count or not ("identifier" in node.type or node.type == "constant"):
            continue
        name = to_text(node.text or b"")
        used.add(name)
        if _is_declared(node):
            declared[name] = None
    return list(declared), used


def _is_declared(node: Node) -> bool:
    parent = node.parent
    if parent is None or not _DECLARES.search(parent.type):
        return False
    if "parameter" in parent.type:
        return True
    return any(parent.child_by_field_name(field) == node for field in _FIELDS)
