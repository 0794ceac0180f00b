"""Features of the change between two versions of a file, read from their syntax trees.

Only the changed lines are compared, so that most of the cost depends on the change and not on the file. A feature says
what a change does, such as adding a condition or removing an allocation; it is evidence for the criteria of a commit,
next to the words of its message.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cache, cached_property, lru_cache
from itertools import accumulate

from tree_sitter import Node

from themis_rm.curation.changes import equal_line_ends
from themis_rm.languages import get_language
from themis_rm.languages.definition import GrammarNodes, Syntax
from themis_rm.languages.syntax import parse, shared_ends, to_bytes, to_text

_ALLOCATION = re.compile(
    r"(?i)(?:\w*(?:m|c|re)alloc\w*|alloca|strn?dup|make|ToList|ToArray|ToDictionary|dup|clone|to_owned|to_vec"
    r"|copy|copyOf|arraycopy|memcpy|memmove|deepcopy|Array|String|slurp|collect|concat|split)$"
)
_COPY = re.compile(r"(?i)(?:ToList|ToArray|dup|clone|copy|copyOf|arraycopy|memcpy|memmove|deepcopy|to_owned|to_vec)$")
_RELEASE = re.compile(r"(?i)\w*(?:free|close|dispose|release|unref|delete|destroy|shutdown|cleanup|decref|unmap)\w*$")
_CHECK = re.compile(
    r"(?i)\b(?:null|nil|none|undefined|nullptr)\b|[<>]=?|\bempty\b|\blen\b|\blength\b|==\s*0|!\w|\bnot\b"
)
_BOUND = re.compile(r"[<>]=?|(?i:\b(?:len|length|size|count|max|min|limit)\b)")
_CACHE = re.compile(r"(?i)cache|memo|lazy|\|\|=|pool|precomp|hoist")
_LOCK = re.compile(r"(?i)mutex|lock|synchroni[sz]ed|atomic|semaphore|interlocked|volatile|concurrent")
_ESCAPE = re.compile(
    r"(?i)\w*(?:escape|saniti[sz]e|quote|html_safe|encodeforhtml|htmlspecialchars|urlencode|secure_compare)\w*$"
)
_BOUNDED = re.compile(r"(?i)_*(?:snprintf|strncpy|strlcpy|strncat|strlcat|fgets|memcpy_s|strcpy_s|vsnprintf)$")
_UNBOUNDED = re.compile(r"(?i)_*(?:sprintf|strcpy|strcat|gets|vsprintf|eval|system)$")
_SQL = re.compile(r"(?i)\b(?:select|insert|update|delete)\b.*(?:\?|%s|:\w+|\$\d|@\w+)")
_TABLE = re.compile(r"(?:Dictionary|HashSet|HashMap|Hash|Set|Map|dict|set|bisect|StringBuilder|BitSet|unordered_\w+)$")
_PRAGMA = re.compile(rb"frozen_string_literal|^//go:|^# *cython:")
_CALLED = ("function", "name", "method", "type", "constructor")


@dataclass
class _Side:
    """Counts of what the changed part of a version contains."""

    tokens: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    text: str = ""
    file: str = ""

    @cached_property
    def bag(self) -> Counter[str]:
        """The tokens without their order."""
        return Counter(self.tokens)


@dataclass
class _Change:
    """The changed parts of both versions."""

    old: _Side
    new: _Side

    @cached_property
    def added(self) -> Counter[str]:
        """The tokens of which the new version has more."""
        return self.new.bag - self.old.bag

    @cached_property
    def removed(self) -> Counter[str]:
        """The tokens of which the old version has more."""
        return self.old.bag - self.new.bag

    @cached_property
    def lines(self) -> set[str]:
        """The lines that only one of the versions has."""
        return set(self.old.text.splitlines()) ^ set(self.new.text.splitlines())


def change_features(old: str, new: str, language: str) -> frozenset[str]:
    """Return the names of the features of a change; empty if the language defines no syntax.

    Raises:
        SettingError: No language has that name.
    """
    row = get_language(language)
    if row.syntax is None or old == new:
        return frozenset()
    old_spans, new_spans = changed_spans(old, new)
    # The new version first: the next commit to the file, which is an earlier one, is more like the old version.
    after = _side(new, new_spans, row.name, row.syntax, row.injection)
    before = _side(old, old_spans, row.name, row.syntax, row.injection)
    if before.tokens == after.tokens and before.places == after.places:
        same_text = "".join(old.split()) == "".join(new.split())
        return frozenset({"only-layout" if same_text else "only-comments"})
    change = _Change(before, after)
    return frozenset(name for name, holds in FEATURES.items() if holds(change))


Spans = list[tuple[int, int]]
"""Ranges of bytes, in order, that do not touch."""


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The lines around the changes between two versions, and where they differ.

    Attributes:
        head: Text in front of the lines, which is the same in both versions.
        one: Lines of the old version, with their ends.
        two: Lines of the new version.
        changes: Lines ``[first, past)`` of the old version and of the new one, for each change.
    """

    head: str
    one: list[str]
    two: list[str]
    changes: list[tuple[int, int, int, int]]


@lru_cache(maxsize=2)
def _compare(old: str, new: str) -> _Comparison:
    first, last = equal_line_ends(old, new)
    texts = old[first : len(old) - last], new[first : len(new) - last]
    one, two = (text.splitlines(keepends=True) for text in texts)
    head, tail = shared_ends(one, two)
    codes = SequenceMatcher(None, one[head : len(one) - tail], two[head : len(two) - tail]).get_opcodes()
    places = [[head + place for place in code[1:]] for code in codes if code[0] != "equal"]
    return _Comparison(old[:first], one, two, [(a, b, c, d) for a, b, c, d in places])


def changed_spans(old: str, new: str) -> tuple[Spans, Spans]:
    """Return the bytes of the changed lines of both versions, one range for each change, which may be empty."""
    found = _compare(old, new)
    first, parts = len(to_bytes(found.head)), (found.one, found.two)
    starts = [list(accumulate((len(to_bytes(line)) for line in part), initial=first)) for part in parts]
    return (
        [(starts[0][i], starts[0][j]) for i, j, _, _ in found.changes],
        [(starts[1][i], starts[1][j]) for _, _, i, j in found.changes],
    )


def changed_lines(old: str, new: str) -> tuple[list[str], list[str]]:
    """Return the lines of the old version that were changed or removed, and those that are there instead."""
    found = _compare(old, new)
    return (
        [line.rstrip("\r\n") for i, j, _, _ in found.changes for line in found.one[i:j]],
        [line.rstrip("\r\n") for _, _, i, j in found.changes for line in found.two[i:j]],
    )


def _side(code: str, spans: Spans, language: str, syntax: Syntax, nodes: GrammarNodes | None) -> _Side:
    data, counted = to_bytes(code), _counted_types(language)
    side = _Side(text=to_text(b"".join(data[start:end] for start, end in spans)), file=code)
    nesting = 0  # loops around a node
    for node, kind, loops, place in _overlapping(parse(code, language).root_node, spans, syntax, nodes):
        start, end = spans[place]
        if kind in syntax.literals or node.child_count == 0:
            text = data[max(start, node.start_byte) : min(end, node.end_byte)].strip()
            if text:
                side.tokens.append(to_text(text))
                side.places.append(place)
                side.kinds.append(kind)
        if node.start_byte >= start:
            nesting = max(nesting, loops)
            if kind in counted:
                _count(side.counts, node, loops, syntax, nodes)
                side.counts["headers"] += kind in syntax.functions and node.end_byte > end
    side.counts["nesting"] = max(nesting, side.counts["nesting"])
    return side


def _overlapping(
    root: Node, spans: Spans, syntax: Syntax, nodes: GrammarNodes | None
) -> Iterator[tuple[Node, str, int, int]]:
    """Yield the nodes that overlap a change, parents first, with type, number of loops around it, and the change."""
    loops = nodes.loops if nodes is not None else frozenset()
    starts, ends = [start for start, _ in spans], [end for _, end in spans]
    stack = [(root, 0)]
    while stack:
        node, depth = stack.pop()
        place = bisect_right(ends, node.start_byte)  # the first change that does not end before the node
        if place == len(spans) or node.end_byte <= starts[place]:
            continue
        kind = node.type
        if not _counts(node, kind, syntax):
            continue
        yield node, kind, depth, place
        if kind not in syntax.literals:
            inside = depth + (kind in loops)
            stack += [(child, inside) for child in reversed(_children(node, starts[0], ends[-1]))]


def _children(node: Node, first: int, past: int) -> list[Node]:
    """Return the children of a node, of many ones only those that overlap a range of bytes."""
    if node.child_count < _MANY:
        return node.children
    children: list[Node] = []
    cursor = node.walk()
    found = cursor.goto_first_child_for_byte(first) is not None
    while found and (child := cursor.node) is not None and child.start_byte < past:
        children.append(child)
        found = cursor.goto_next_sibling()
    return children


_MANY = 16  # children of a node, from which a search for those that overlap a change is faster


def _counts(node: Node, kind: str, syntax: Syntax) -> bool:
    """Return whether a node is code; comments that a compiler or interpreter reads are, docstrings are not."""
    if syntax.blocks and kind == "expression_statement" and node.named_child_count == 1:
        return node.named_children[0].type not in syntax.literals
    return kind not in syntax.comments or _PRAGMA.search(node.text or b"") is not None


@cache
def _counted_types(language: str) -> frozenset[str]:
    """Return the types of the nodes that :func:`_count` counts."""
    row = get_language(language)
    syntax, nodes = row.require_syntax(), row.injection
    found = syntax.functions | syntax.function_values | syntax.literals
    if nodes is not None:
        found |= nodes.conditionals | nodes.chained | nodes.modifiers | nodes.ternary
        found |= nodes.loops | nodes.exits | nodes.handlers | nodes.calls
    return found


def _count(counts: Counter[str], node: Node, loops: int, syntax: Syntax, nodes: GrammarNodes | None) -> None:
    kind = node.type
    if kind in syntax.functions or kind in syntax.function_values:
        counts["functions"] += 1
    if kind in syntax.literals and _SQL.search(to_text(node.text or b"")):
        counts["sql-parameters"] += 1
    if nodes is None:
        return
    if any(kind in kinds for kinds in (nodes.conditionals, nodes.chained, nodes.modifiers, nodes.ternary)):
        _count_condition(counts, node)
    counts["loops"] += kind in nodes.loops
    counts["nesting"] = max(counts["nesting"], loops + (kind in nodes.loops))
    counts["exits"] += kind in nodes.exits and kind not in nodes.breaks
    counts["loop-exits"] += kind in nodes.exits and loops > 0
    counts["handlers"] += kind in nodes.handlers
    if kind in nodes.calls:
        _count_call(counts, node, loops, nodes)


def _count_condition(counts: Counter[str], node: Node) -> None:
    condition = node.child_by_field_name("condition")
    text = to_text((condition if condition is not None else node).text or b"")[:200]
    counts["conditions"] += 1
    counts["checks"] += bool(_CHECK.search(text))
    counts["bounds"] += bool(_BOUND.search(text))


def _count_call(counts: Counter[str], node: Node, loops: int, nodes: GrammarNodes) -> None:
    called = next((child for name in _CALLED if (child := node.child_by_field_name(name)) is not None), None)
    name = re.split(r"::|->|\.|\s|<", to_text(called.text or b"").strip())[-1] if called is not None else ""
    creation = "creation" in node.type or node.type == "new_expression"
    counts["calls"] += 1
    counts["calls-in-loops"] += loops > 0
    counts["allocations"] += creation or bool(_ALLOCATION.match(name))
    counts["copies"] += bool(_COPY.match(name))
    counts["releases"] += name in nodes.releases or bool(_RELEASE.match(name))
    counts["escapes"] += bool(_ESCAPE.match(name))
    counts["bounded-writes"] += bool(_BOUNDED.match(name))
    counts["unbounded-writes"] += bool(_UNBOUNDED.match(name))


def _more(name: str) -> Callable[[_Change], bool]:
    return lambda change: change.new.counts[name] > change.old.counts[name]


def _fewer(name: str) -> Callable[[_Change], bool]:
    return lambda change: change.new.counts[name] < change.old.counts[name]


def _mentions_more(pattern: re.Pattern[str]) -> Callable[[_Change], bool]:
    return lambda change: _mentions(pattern, change.added) > _mentions(pattern, change.removed)


def _mentions(pattern: re.Pattern[str], tokens: Counter[str]) -> int:
    return sum(count for token, count in tokens.items() if pattern.search(token))


def _is_renaming(change: _Change) -> bool:
    """Return whether the versions differ only in the names of identifiers, each with one new name."""
    old, new = change.old, change.new
    if len(old.tokens) != len(new.tokens):
        return False
    names: dict[str, str] = {}
    for one, two, kind in zip(old.tokens, new.tokens, old.kinds, strict=True):
        if one != two and ("identifier" not in kind and kind not in ("constant", "instance_variable")):
            return False
        if names.setdefault(one, two) != two:
            return False
    changed = {one: two for one, two in names.items() if one != two}
    if not changed:
        return False
    # The old names are gone from the file, and the new ones were not in it.
    return len(set(names.values())) == len(names) and not any(
        re.search(rf"\b{re.escape(one)}\b", new.file) or re.search(rf"\b{re.escape(two)}\b", old.file)
        for one, two in changed.items()
    )


def _only_removes(change: _Change) -> bool:
    return not change.added


def _only_adds(change: _Change) -> bool:
    return not change.removed


def _only_moves(change: _Change) -> bool:
    return change.old.bag == change.new.bag


_IMPORT = re.compile(r"^\s*(?:#\s*include|import|from|using|require\w*|use|package|load)\b")


def _only_imports(change: _Change) -> bool:
    lines = [line for line in change.lines if line.strip()]
    return bool(lines) and all(_IMPORT.match(line) for line in lines)


_PLATFORM = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif|else|endif|define|undef|pragma)\b")


def _changes_preprocessor(change: _Change) -> bool:
    return any(_PLATFORM.match(line) for line in change.lines)


def _extracts_function(change: _Change) -> bool:
    """Return whether a new function takes over code: lines that did not change, or tokens that are gone elsewhere."""
    old, new = change.old, change.new
    if new.counts["functions"] <= old.counts["functions"]:
        return False
    if new.counts["headers"] > old.counts["headers"]:
        return True
    few_gone = change.removed.total() <= 0.15 * len(old.tokens)
    return few_gone and change.added.total() <= 0.35 * len(new.tokens)


FEATURES: Mapping[str, Callable[[_Change], bool]] = {
    "only-renames": _is_renaming,
    "only-moves": _only_moves,
    "only-removes": _only_removes,
    "only-adds": _only_adds,
    "only-imports": _only_imports,
    "preprocessor": _changes_preprocessor,
    "extracted-function": _extracts_function,
    "added-condition": _more("conditions"),
    "removed-condition": _fewer("conditions"),
    "added-check": _more("checks"),
    "added-bounds-check": _more("bounds"),
    "added-exit": _more("exits"),
    "added-loop-exit": _more("loop-exits"),
    "added-handler": _more("handlers"),
    "removed-loop": _fewer("loops"),
    "less-nesting": _fewer("nesting"),
    "fewer-calls": _fewer("calls"),
    "fewer-calls-in-loops": _fewer("calls-in-loops"),
    "removed-allocation": _fewer("allocations"),
    "added-allocation": _more("allocations"),
    "removed-copy": _fewer("copies"),
    "added-release": _more("releases"),
    "removed-release": _fewer("releases"),
    "added-cache": _mentions_more(_CACHE),
    "added-lock": _mentions_more(_LOCK),
    "added-lookup-table": _mentions_more(_TABLE),
    "added-escape": _more("escapes"),
    "bounded-write": _more("bounded-writes"),
    "removed-unsafe-call": _fewer("unbounded-writes"),
    "bound-parameter": _more("sql-parameters"),
}
"""Feature -> whether a change from the first version to the second has it. Features of changes without a change of code
are ``only-layout`` and ``only-comments``."""
