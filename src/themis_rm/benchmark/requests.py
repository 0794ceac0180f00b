"""A request for pairs whose source has none: honest, built from what both answers share, and marked as a template.

Nothing that only one side holds may be in it, and no rule of a linter either: "Prefer flatMap" would name the answer.
"""

from __future__ import annotations

from collections import Counter

from themis_rm.benchmark.sources.cleaning.labels import reveals_label
from themis_rm.benchmark.sources.source import SourcePair
from themis_rm.languages import get_language
from themis_rm.languages.syntax import find_functions, get_syntax, parse_fragment, to_text, walk

_MOST_NAMES = 6


def template(pair: SourcePair) -> str:
    """Return a request for a pair without one.

    It asks, in this order of preference, for the pair's signature, its name, the functions that both answers define, or
    code around the identifiers that both use.
    """
    spoken = get_language(pair.language).name
    if pair.signature:
        return f"Write the {spoken} function `{_one_line(pair.signature)}`."
    if pair.name:
        return f"Write `{_one_line(pair.name)}` in {spoken}."
    defined = _shared(_defined(pair.chosen, pair.language), _defined(pair.rejected, pair.language))
    if defined:
        return f"Write {spoken} code that defines {_listed(defined)}."
    used = _shared(_used(pair.chosen, pair.language), _used(pair.rejected, pair.language))
    if used:
        return f"Write a short piece of {spoken} code that works with {_listed(used)}."
    return f"Write a short piece of {spoken} code."


def _one_line(text: str) -> str:
    return " ".join(text.replace("`", "'").split())


def _listed(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + f" and {quoted[-1]}"


def _shared(one: Counter[str], other: Counter[str]) -> list[str]:
    both = one & other
    # By how often both use it, then by where it first stands: Counter keeps the order of insertion.
    names = sorted((name for name in both if not reveals_label(name)), key=lambda name: -both[name])
    return names[:_MOST_NAMES]


def _defined(code: str, name: str) -> Counter[str]:
    fragment = parse_fragment(code, name)
    return Counter(
        found.name.removeprefix("Wrapper.") for found in find_functions(fragment.tree, fragment.source, name)
    )


def _used(code: str, name: str) -> Counter[str]:
    fragment, row = parse_fragment(code, name), get_syntax(name)
    return Counter(
        to_text(node.text or b"")
        for node in walk(fragment.tree.root_node, skip=row.literals | row.comments)
        if not node.child_count
        and "identifier" in node.type
        and fragment.start <= node.start_byte < fragment.end
        and node.end_byte - node.start_byte > 1
    )
