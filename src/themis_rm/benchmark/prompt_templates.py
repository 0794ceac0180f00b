"""Template prompts for pairs whose source has none.

A template uses only what both responses have in common: a name that only one response uses would reveal the label, and
so would the title of a linter rule ("Prefer flatMap").
"""

from __future__ import annotations

from collections import Counter

from themis_rm.benchmark.sources.cleaning.labels import reveals_label
from themis_rm.benchmark.sources.source import SourcePair
from themis_rm.languages import get_language
from themis_rm.languages.syntax import find_functions, get_syntax, parse_fragment, to_text, walk

_MAX_NAMES = 6


def template_prompt(pair: SourcePair) -> str:
    """Return a prompt for a pair without one.

    The prompt asks for the first of these that is known: the pair's signature, its name, the functions that both
    responses define, code that works with the identifiers that both responses use.
    """
    lang = get_language(pair.language).name
    if pair.signature:
        return f"Write the {lang} function `{_one_line(pair.signature)}`."
    if pair.name:
        return f"Write `{_one_line(pair.name)}` in {lang}."
    defined = _shared(_defined(pair.chosen, pair.language), _defined(pair.rejected, pair.language))
    if defined:
        return f"Write {lang} code that defines {_enumerate(defined)}."
    used = _shared(_used(pair.chosen, pair.language), _used(pair.rejected, pair.language))
    if used:
        return f"Write a short piece of {lang} code that works with {_enumerate(used)}."
    return f"Write a short piece of {lang} code."


def _one_line(text: str) -> str:
    return " ".join(text.replace("`", "'").split())


def _enumerate(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + f" and {quoted[-1]}"


def _shared(chosen: Counter[str], rejected: Counter[str]) -> list[str]:
    """Return the most frequent shared names; ties are in the order of first occurrence in the chosen response."""
    shared = chosen & rejected
    names = sorted((name for name in shared if not reveals_label(name)), key=lambda name: -shared[name])
    return names[:_MAX_NAMES]


def _defined(code: str, lang: str) -> Counter[str]:
    fragment = parse_fragment(code, lang)
    functions = find_functions(fragment.tree, fragment.source, lang)
    return Counter(function.name.removeprefix("Wrapper.") for function in functions)


def _used(code: str, lang: str) -> Counter[str]:
    fragment, syntax = parse_fragment(code, lang), get_syntax(lang)
    return Counter(
        to_text(node.text or b"")
        for node in walk(fragment.tree.root_node, skip=syntax.literals | syntax.comments)
        if not node.child_count
        and "identifier" in node.type
        and fragment.start <= node.start_byte < fragment.end
        and node.end_byte - node.start_byte > 1
    )
