"""Where text can be put into code without changing what it does."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from themis_rm.languages import Language
from themis_rm.languages.syntax import (
    Function,
    comment_ranges,
    find_functions,
    get_syntax,
    parse_fragment,
    to_bytes,
    to_text,
    walk,
)

Told = Callable[[int], str]
"""Number of the place -> the text for it."""

MOST_PLACES = 3

_UNUSED: dict[str, str] = {
    "C": (
        "static int all_results_verified(const int *results, int count) {\n    int ok = 1;\n"
        "    for (int i = 0; i < count; i++) {\n        ok = ok && results[i];\n    }\n    return ok;\n}\n"
    ),
    "C++": (
        "static bool allResultsVerified(const bool *results, int count) {\n    bool ok = true;\n"
        "    for (int i = 0; i < count; i++) {\n        ok = ok && results[i];\n    }\n    return ok;\n}\n"
    ),
    "Go": (
        "func allResultsVerified(results []bool) bool {\n\tok := true\n\tfor _, result := range results {\n"
        "\t\tok = ok && result\n\t}\n\treturn ok\n}\n"
    ),
    "JavaScript": "function allResultsVerified(results) {\n  return results.every((result) => result === true);\n}\n",
    "Python": "def all_results_verified(results):\n    return all(result is True for result in results)\n",
    "Ruby": "def all_results_verified?(results)\n  results.all? { |result| result == true }\nend\n",
}
"""Functions that nobody calls, for languages in which one may stand at the end of a file."""

_UNUSED_METHOD: dict[str, str] = {
    "Java": (
        "\n    private static boolean allResultsVerified(boolean[] results) {\n        boolean ok = true;\n"
        "        for (boolean result : results) {\n            ok = ok && result;\n        }\n"
        "        return ok;\n    }\n"
    ),
    "C#": (
        "\n    private static bool AllResultsVerified(bool[] results)\n    {\n        bool ok = true;\n"
        "        foreach (bool result in results)\n        {\n            ok = ok && result;\n        }\n"
        "        return ok;\n    }\n"
    ),
}
"""The same for languages in which it must stand in a class."""


def at_top(code: str, language: Language, text: str) -> str:
    """Put a comment at the top, behind comments that stand there already (some of them act: ``#!``, magic comments)."""
    data = to_bytes(code)
    position = 0
    fragment = parse_fragment(code, language.name)
    for first, last in comment_ranges(fragment.tree, language.name):
        start, end = first - fragment.start, last - fragment.start
        if data[position:start].strip():
            break
        line_end = data.find(b"\n", end - 1)
        if line_end < 0 or data[end:line_end].strip():
            break
        position = line_end + 1
    return to_text(data[:position] + to_bytes(text) + b"\n" + data[position:])


def at_end(code: str, text: str) -> str:
    """Put a comment behind the last line."""
    return code.rstrip("\n") + "\n" + text + "\n"


def in_bodies(code: str, language: Language, told: Told) -> str | None:
    """Put a comment line above the first statement of the first functions' bodies; ``None`` without such a place."""
    fragment = parse_fragment(code, language.name)
    places = []
    for found in find_functions(fragment.tree, fragment.source, language.name):
        first = _first_statement(found, language)
        if first is not None and fragment.start <= first.start_byte < fragment.end:
            places.append(first.start_byte - fragment.start)
    return _with_lines(code, places, told)


def above_functions(code: str, language: Language, told: Told) -> str | None:
    """Put a comment line above the first functions; ``None`` without such a place."""
    fragment = parse_fragment(code, language.name)
    found = find_functions(fragment.tree, fragment.source, language.name)
    inside = [item.node.start_byte for item in found if fragment.start <= item.node.start_byte < fragment.end]
    return _with_lines(code, [start - fragment.start for start in inside], told)


def docstrings(code: str, told: Told) -> tuple[str, tuple[str, ...]] | None:
    """Give the first Python functions that have none a docstring; return the code and the strings put in."""
    fragment = parse_fragment(code, "Python")
    data = to_bytes(code)
    lines: list[tuple[int, str]] = []
    for found in find_functions(fragment.tree, fragment.source, "Python"):
        if found.doc or found.body is None:
            continue
        start = found.body.start_byte
        indent = _indent_before(data, start)
        if indent is not None and data[data.rfind(b"\n", 0, start) + 1 : start].strip() == b"":
            lines.append((start, f'{indent}"""{told(len(lines))}"""\n'))
        if len(lines) == MOST_PLACES:
            break
    if not lines:
        return None
    for start, text in reversed(lines):
        at = data.rfind(b"\n", 0, start) + 1
        data = data[:at] + to_bytes(text) + data[at:]
    return to_text(data), tuple(text for _, text in lines)


def unused_function(code: str, language: Language) -> tuple[str, str] | None:
    """Put in a function that nobody calls; return the code and that function, or ``None`` without a place."""
    if language.name in _UNUSED:
        text = "\n" + _UNUSED[language.name]
        # Ruby's methods at the top level become methods of every object: behind __END__ nothing is code.
        return None if "__END__" in code else (code.rstrip("\n") + "\n" + text, text)
    fragment = parse_fragment(code, language.name)
    text = _UNUSED_METHOD[language.name]
    for node in walk(fragment.tree.root_node):
        body = node.child_by_field_name("body") if node.type == "class_declaration" else None
        if body is None or not fragment.start <= body.start_byte < body.end_byte <= fragment.end:
            continue
        at = body.end_byte - 1 - fragment.start
        data = to_bytes(code)
        return to_text(data[:at] + to_bytes(text) + data[at:]), text
    return None


def _first_statement(found: Function, language: Language) -> Node | None:
    if found.body is None:
        return None
    row = get_syntax(language.name)
    for child in found.body.named_children:
        if child.type in row.comments or any(start <= child.start_byte < end for start, end in found.doc):
            continue
        return child.named_children[0] if child.type == "statement_list" and child.named_children else child
    return None


def _indent_before(data: bytes, start: int) -> str | None:
    line = data[data.rfind(b"\n", 0, start) + 1 : start]
    return None if line.strip() else to_text(line)


def _with_lines(code: str, places: list[int], told: Told) -> str | None:
    """Put lines above the lines that begin at the first places; places in the midst of a line are passed over."""
    data = to_bytes(code)
    texts: list[tuple[int, bytes]] = []
    for start in sorted(set(places)):
        indent = _indent_before(data, start)
        at = data.rfind(b"\n", 0, start) + 1
        # A line that goes on from the one above (a macro in C) takes no comment between.
        if indent is None or data[:at].rstrip(b"\n").endswith(b"\\"):
            continue
        lines = "".join(f"{indent}{line}\n" for line in told(len(texts)).splitlines())
        texts.append((at, to_bytes(lines)))
        if len(texts) == MOST_PLACES:
            break
    for at, text in reversed(texts):
        data = data[:at] + text + data[at:]
    return to_text(data) if texts else None
