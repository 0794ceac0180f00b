"""Good and bad examples of coding rules, as linter documentation and style guides show them, matched into pairs.

Such pages rarely show pairs: three bad examples may precede a single good one, one block may contain several examples
separated by blank lines, and comments mark which is which. Two examples become a pair here only if they do the same
thing at about the same length, measured by the tokens that they share. Examples without a counterpart are counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal

from tree_sitter import Node

from themis_rm.benchmark.sources.cleaning.labels import remove_revealing_comments, rename_identifiers, reveals_label
from themis_rm.benchmark.sources.source import SourcePair, SourceRecord, UnusableRecord
from themis_rm.languages.syntax import code_tokens, get_syntax, parse_fragment, to_bytes, to_text, walk


def word_set(words: str) -> frozenset[str]:
    """Return the set of words of a text."""
    return frozenset(words.split())


def key_by_word(table: Mapping[str, str]) -> dict[str, str]:
    """Return word -> key for a mapping of keys to texts of several words."""
    return {word: key for key, words in table.items() for word in words.split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleRule:
    """A coding rule that examples illustrate.

    Attributes:
        key: Identifies the rule within its source.
        title: Subject in a few words.
        criterion: Short name of the criterion.
        language: Benchmark name of the language.
        layout: How the source shows its examples. ``single``: each block is one example, directly followed by its
            better version; ``adjacent``: likewise, but a block may be a list of examples; ``separate``: bad and good
            examples are in separate lists.
        group: Name of a group of related rules; empty for none.
    """

    key: str
    title: str
    criterion: str
    language: str
    layout: Literal["single", "adjacent", "separate"] = "adjacent"
    group: str = ""

    @property
    def min_similarity(self) -> float:
        """Return the smallest share of tokens (0 to 1) that the two examples of a pair have in common."""
        return 0.6 if self.layout == "separate" else 0.15


@dataclass(frozen=True, slots=True)
class MarkedSection:
    """The lines of a block that one marker applies to."""

    good: bool
    code: str


@dataclass(frozen=True, slots=True)
class ExampleGroup:
    """Bad and good examples of the same thing, in the order of the page.

    Attributes:
        bad: Code to avoid.
        good: Code to write instead.
        context: Code that precedes both.
    """

    bad: tuple[str, ...] = ()
    good: tuple[str, ...] = ()
    context: str = ""


_MARKER = (
    r"^(?://|#|/\*)[ \t]*(?:(?P<bad>(?:very |really )?(?:{bad}))|(?P<good>{good})|(?P<pass>{other}))(?![\w-])"
    r"[ \t]*(?P<more>.*?)[ \t]*(?:\*/)?$"
)
_COMMENT_LINE = re.compile(r"^(?://|#)")
_EXEMPT = re.compile(
    r"(?i)\b(?:allow(?:s|ed)|accept(?:s|ed)|ignor(?:es|ed)|exempt\w*|intend(?:ed|s)|intention\w*|only if|depending|"
    r"(?:not|n't) (?:be )?(?:flagged|checked|regist\w*|handled|a concern|omitted|reported|combined|evaluated))"
)


def marker_pattern(bad: str, good: str, other: str = "(?!)") -> re.Pattern[str]:
    """Return a pattern for the comment lines that mark the lines after them as bad or good.

    Args:
        bad: Regular expression of the words that mark code to avoid.
        good: Likewise for code to write instead.
        other: Likewise for code that is neither because the rule does not apply to it.
    """
    return re.compile(_MARKER.format(bad=bad, good=good, other=other), re.IGNORECASE)


def split_sections(code: str, markers: re.Pattern[str]) -> tuple[str, list[MarkedSection]]:
    """Split a block at the comments that mark its sections.

    Only comments at the start of a line count: an indented comment is about a part of an example. If a marker has text
    after its mark, the comment lines directly below continue its sentence and are dropped with it. Sections that are
    good only because the rule exempts them are omitted, as they are not a better version of anything.

    Returns:
        The code before the first marker, and the sections.
    """
    context: list[str] = []
    sections: list[tuple[bool | None, list[str]]] = []
    in_remark = False
    for line in code.split("\n"):
        marker = markers.match(line)
        if marker:
            exempt = marker["pass"] or (marker["good"] and _EXEMPT.search(marker["more"]))
            sections.append((None if exempt else marker["good"] is not None, []))
            in_remark = bool(marker["more"].strip(":. -"))
        elif in_remark and _COMMENT_LINE.match(line):
            continue
        else:
            in_remark = False
            (sections[-1][1] if sections else context).append(line)
    marked = [MarkedSection(good, "\n".join(lines).strip("\n")) for good, lines in sections if good is not None]
    if all(not line.strip() or _COMMENT_LINE.match(line) for line in context):
        context = []  # only remarks about the examples
    return "\n".join(context).strip("\n"), [section for section in marked if section.code.strip()]


def group_sections(sections: Sequence[MarkedSection], context: str = "") -> list[ExampleGroup]:
    """Group each run of bad sections with the good ones after it, or before it where a page shows those first."""
    good_first = bool(sections) and sections[0].good and not sections[-1].good
    groups: list[ExampleGroup] = []
    for section in sections:
        if not groups or (section.good is good_first and groups[-1].bad and groups[-1].good):
            groups.append(ExampleGroup(context=context))
        last = groups[-1]
        if section.good:
            groups[-1] = replace(last, good=(*last.good, section.code))
        else:
            groups[-1] = replace(last, bad=(*last.bad, section.code))
    return groups


def find_marked_statements(
    code: str, language: str, bad: re.Pattern[str], good: re.Pattern[str]
) -> list[MarkedSection]:
    """Return the statements and members, at any depth, that a comment on their line or above calls bad or good.

    Args:
        code: A block that contains both kinds among other code.
        language: Any name of a language.
        bad: Pattern of comments on code to avoid.
        good: Pattern of comments on code to write instead; a comment that matches both is ignored.
    """
    fragment, row = parse_fragment(code, language), get_syntax(language)
    nodes = [node for node in walk(fragment.tree.root_node, skip=row.literals) if _is_statement(node)]
    marked: dict[int, tuple[int, MarkedSection]] = {}
    for comment in walk(fragment.tree.root_node, skip=row.literals):
        if comment.type not in row.comments:
            continue
        text = to_text(comment.text or b"")
        is_bad, is_good = bool(bad.search(text)), bool(good.search(text))
        line_start = fragment.source.rfind(b"\n", 0, comment.start_byte) + 1
        alone = not fragment.source[line_start : comment.start_byte].strip()
        subject = _statement_below(comment, nodes) if alone else _statement_on_line(comment, nodes)
        if is_bad is not is_good and subject is not None and subject.start_byte >= fragment.start:
            marked[subject.start_byte] = (subject.end_byte, MarkedSection(is_good, to_text(subject.text or b"")))
    sections, position = [], 0
    for start, (end, section) in sorted(marked.items()):
        if start >= position:  # a statement inside of a marked one belongs to it
            sections.append(section)
            position = end
    return sections


def _is_statement(node: Node) -> bool:
    kind = node.type
    return node.is_named and kind.endswith(("_statement", "_declaration")) and kind != "package_declaration"


def _statement_on_line(comment: Node, nodes: Sequence[Node]) -> Node | None:
    """Return the outermost statement that starts on the comment's line, or else the one that ends there."""
    row = comment.start_point.row
    starts = [n for n in nodes if n.start_point.row == row and n.start_byte < comment.start_byte]
    ends = [n for n in nodes if n.end_point.row == row and n.end_byte <= comment.start_byte]
    return min(starts or ends, key=lambda n: (n.start_byte, -n.end_byte), default=None)


def _statement_below(comment: Node, nodes: Sequence[Node]) -> Node | None:
    row = comment.end_point.row + 1
    return min((n for n in nodes if n.start_point.row == row), key=lambda n: (n.start_byte, -n.end_byte), default=None)


def pair_examples(
    rule: ExampleRule, groups: Iterable[ExampleGroup], rejected: frozenset[str] = frozenset()
) -> Iterator[SourceRecord]:
    """Yield the pairs of a rule, and a reason for every example without a counterpart.

    Args:
        rule: The rule.
        groups: Its examples, in order.
        rejected: Keys of pairs whose sides turned out, in manual review, not to be alternatives.
    """
    for number, group in enumerate(groups, 1):
        key = f"{rule.key}/{number}"
        if not group.bad or not group.good:
            yield UnusableRecord(key, "one-side-only")
            continue
        matched, unmatched = _match_examples(group, rule)
        for index, sides in enumerate(matched, 1):
            if f"{key}.{index}" in rejected:
                yield UnusableRecord(f"{key}.{index}", "read-and-rejected")
                continue
            bad, good = (f"{group.context}\n\n{side}".strip("\n") for side in sides)
            yield _build_pair(f"{key}.{index}", rule, bad, good)
        for index in range(unmatched):
            yield UnusableRecord(f"{key}.{len(matched) + index + 1}", "unmatched-examples")


def _build_pair(key: str, rule: ExampleRule, bad: str, good: str) -> SourceRecord:
    bad, good = remove_hints(bad, good, rule.language)
    if not bad.strip() or not good.strip():
        return UnusableRecord(key, "one-side-only")
    if reveals_side(bad, good):
        return UnusableRecord(key, "label-leak")
    return SourcePair(
        key=key,
        criterion=rule.criterion,
        language=rule.language,
        chosen=good,
        rejected=bad,
        group=rule.group or rule.key,
        rule=rule.title,
    )


# Pairing

_MIN_SIMILARITY_IN_LISTS = 0.5
"""Smallest similarity of two examples out of several that only their similarity matches."""

_MAX_LENGTH_RATIO, _MAX_LENGTH_DIFFERENCE = 3.0, 12
"""Two examples are comparable if the longer one exceeds neither this ratio or else not this difference, in tokens."""


def _match_examples(group: ExampleGroup, rule: ExampleRule) -> tuple[list[tuple[str, str]], int]:
    """Return the pairs of a group, and the number of its bad examples without a counterpart."""
    if len(group.bad) == 1 == len(group.good):
        return _match_pieces(group.bad[0], group.good[0], rule)
    in_order = list(zip(group.bad, group.good, strict=False))
    if len(group.bad) <= len(group.good) and all(_are_comparable(*sides, rule) for sides in in_order):
        # Good examples after these often show what the rule allows, which is most similar to the bad example.
        together, unmatched = in_order, 0
    else:
        least = max(rule.min_similarity, _MIN_SIMILARITY_IN_LISTS / 2)
        together, unmatched = _match_by_similarity(group.bad, group.good, rule, least)
    pairs: list[tuple[str, str]] = []
    for bad, good in together:
        inner, lost = _match_pieces(bad, good, rule)
        pairs += inner
        unmatched += lost
    return pairs, unmatched


def _match_pieces(bad: str, good: str, rule: ExampleRule) -> tuple[list[tuple[str, str]], int]:
    """Return the pairs of a bad and a good block, complete or piece by piece, and the number of unmatched pieces."""
    block = [(bad, good)] if _are_comparable(bad, good, rule) else []
    if rule.layout == "single":
        return block, 1 - len(block)
    bads, goods = (split_statements(side, rule.language) for side in (bad, good))
    if len(bads) == 1 == len(goods):
        bads, goods = (_split_lines(side, rule.language) for side in (bad, good))
        if len(bads) == len(goods):
            return block, 1 - len(block)
    elif rule.layout == "adjacent" and block and (len(bads) == len(goods) or _belong_together(bads, goods, rule)):
        return block, 0
    elif len(bads) != len(goods):
        block = []  # lists of different lengths are not alternatives as complete blocks
    tokens = [code_tokens(side, rule.language) for side in (bad, good)]
    differ_in_layout = tokens[0] == tokens[1]  # then the blank lines between the pieces are the example
    if differ_in_layout or _belong_together(bads, goods, rule):
        return block, 1 - len(block)
    if len(bads) == len(goods) and all(_are_comparable(*sides, rule) for sides in zip(bads, goods, strict=True)):
        return list(zip(bads, goods, strict=True)), 0
    least = max(rule.min_similarity, _MIN_SIMILARITY_IN_LISTS)
    together, unmatched = _match_by_similarity(bads, goods, rule, least)
    comparable = [sides for sides in together if _are_comparable(*sides, rule)]
    return comparable, unmatched + len(together) - len(comparable)


def _belong_together(bads: Sequence[str], goods: Sequence[str], rule: ExampleRule) -> bool:
    """Return whether the pieces of a block form one example: both sides share a piece, or pieces use each other."""
    return bool(set(bads) & set(goods)) or any(_is_coherent(side, rule.language) for side in (bads, goods))


_DECLARES = word_set("let const var function class def type func interface enum struct module")


def _is_coherent(pieces: Sequence[str], language: str) -> bool:
    """Return whether a piece uses a name that another one declares."""
    declared: list[set[str]] = []
    used: list[set[str]] = []
    for piece in pieces:
        words = code_tokens(piece, language)
        declares = [
            before in _DECLARES or after in ("=", ":=")
            for before, after in zip(["", *words], [*words[1:], ""], strict=False)
        ]
        declared.append({word for word, new in zip(words, declares, strict=True) if new and word.isidentifier()})
        used.append({word for word, new in zip(words, declares, strict=True) if not new})
    return any(names & words for i, names in enumerate(declared) for j, words in enumerate(used) if i != j)


def _match_by_similarity(
    bads: Sequence[str], goods: Sequence[str], rule: ExampleRule, least: float
) -> tuple[list[tuple[str, str]], int]:
    """Match greedily by decreasing similarity, each example at most once; ties go to similar positions."""
    scored = sorted(
        (-similarity(bad, good, rule.language), abs(i - j), i, j)
        for i, bad in enumerate(bads)
        for j, good in enumerate(goods)
    )
    partner: dict[int, int] = {}
    for score, _, i, j in scored:
        if -score >= least and i not in partner and j not in partner.values():
            partner[i] = j
    return [(bads[i], goods[j]) for i, j in sorted(partner.items())], len(bads) - len(partner)


def similarity(one: str, other: str, language: str) -> float:
    """Return the share of tokens that two pieces of code have in common, in order (0 to 1).

    This is the ratio of Ratcliff and Metzener (1988), "Pattern Matching: The Gestalt Approach".
    """
    return SequenceMatcher(None, code_tokens(one, language), code_tokens(other, language), autojunk=False).ratio()


def _are_comparable(bad: str, good: str, rule: ExampleRule) -> bool:
    few, many = sorted(len(code_tokens(side, rule.language)) for side in (bad, good))
    if not few or (many > _MAX_LENGTH_RATIO * few and many - few > _MAX_LENGTH_DIFFERENCE):
        return False
    return similarity(bad, good, rule.language) >= rule.min_similarity


def split_statements(code: str, language: str) -> list[str]:
    """Split a block at the blank lines between its statements; code that does not parse is not split."""
    data = to_bytes(code)
    cuts = [0]
    nodes = _find_statements(code, language)
    for (_, before), (after, _) in pairwise(nodes):
        if data[before:after].count(b"\n") > 1:
            cuts.append(data.rfind(b"\n", before, after) + 1)
    pieces = [to_text(data[start:end]).strip("\n") for start, end in zip(cuts, [*cuts[1:], len(data)], strict=True)]
    return [piece for piece in pieces if code_tokens(piece, language)] or [code]


def _split_lines(code: str, language: str) -> list[str]:
    """Split a list of one-line statements into its lines; other code is not split."""
    lines = [line for line in code.split("\n") if code_tokens(line, language)]
    nodes = _find_statements(remove_revealing_comments(code, language, lambda _: True), language)
    return lines if len(nodes) == len(lines) else [code]


def _find_statements(code: str, language: str) -> list[tuple[int, int]]:
    """Return the byte ranges of the top-level statements and comments of a fragment; none if it does not parse."""
    fragment = parse_fragment(code, language)
    node = fragment.tree.root_node
    while fragment.start:  # descend into the code that was put around the fragment
        enclosing = [n for n in node.children if n.start_byte < fragment.start and n.end_byte > fragment.end]
        if not enclosing:
            break
        node = enclosing[0]
    inside = [n for n in node.named_children if fragment.start <= n.start_byte and n.end_byte <= fragment.end]
    if node.type == "ERROR" or any(n.type == "ERROR" or n.has_error for n in inside):
        return []
    return [(n.start_byte - fragment.start, n.end_byte - fragment.start) for n in inside]


# Removing hints

_NAME_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|_+|[^A-Za-z0-9_]+")
_REVEALING_WORDS = word_set(
    "bad good wrong incorrect correct fixed violation noncompliant compliant preferred recommended redundant"
)
_SIDE_WORD = re.compile(
    r"(?i)(?<![a-z])(?:bad|good|wrong|incorrect|correct|non-?compliant|compliant|violations?|nope|yup|preferred|"
    r"should (?:obviously )?not|❌|✅)(?![a-z])"
)


def remove_hints(bad: str, good: str, language: str) -> tuple[str, str]:
    """Return both sides without their author's remarks about them.

    A comment on one side only is a remark on the example and is removed, as is any comment with a revealing word.
    Names with a word such as "bad" or "good" that occur on one side only lose that word.
    """
    comments = [_find_comments(side, language) for side in (bad, good)]
    shared = comments[0] & comments[1]
    sides = [
        remove_revealing_comments(
            side, language, lambda text: _collapse_spaces(text) not in shared or reveals_label(text)
        )
        for side in (bad, good)
    ]
    names = [_find_revealing_names(side, language) for side in sides]
    sides = [
        rename_identifiers(side, language, _neutralize_words(own - other))
        for side, own, other in zip(sides, names, names[::-1], strict=True)
    ]
    return _trim(sides[0]), _trim(sides[1])


def reveals_side(bad: str, good: str) -> bool:
    """Return whether a word such as "bad" or "compliant" occurs on one side only."""
    words = [Counter(word.casefold() for word in _SIDE_WORD.findall(side)) for side in (bad, good)]
    return set(words[0]) != set(words[1])


def _collapse_spaces(text: str) -> str:
    return " ".join(text.split())


def _find_comments(code: str, language: str) -> set[str]:
    comments: set[str] = set()

    def record(text: str) -> bool:
        comments.add(_collapse_spaces(text))
        return False

    remove_revealing_comments(code, language, record)
    return comments


def _find_revealing_names(code: str, language: str) -> set[str]:
    fragment, row = parse_fragment(code, language), get_syntax(language)
    names = set()
    for node in walk(fragment.tree.root_node, skip=row.literals | row.comments):
        if not node.child_count and ("identifier" in node.type or node.type == "constant"):
            name = to_text(node.text or b"")
            if any(word.casefold() in _REVEALING_WORDS for word in _NAME_PARTS.findall(name)):
                names.add(name)
    return names


def _neutralize_words(names: Iterable[str]) -> dict[str, str]:
    renames = {}
    for name in sorted(names):
        words = [word for word in _NAME_PARTS.findall(name) if word.casefold() not in {*_REVEALING_WORDS, "non"}]
        short = "".join(words).strip("_")
        if not short or short[0].isdigit():
            short = "example" + short
        short = (short[0].upper() if name[0].isupper() else short[0].lower()) + short[1:]
        renames[name] = f"{short}_" if short in _KEYWORDS else short
    return renames


_KEYWORDS = word_set("class function method var const let case default if else for while do new return int float")


def _trim(code: str) -> str:
    """Return the code without surrounding empty lines and without the indentation that all its lines share."""
    lines = code.split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    starts = [re.match(r"[ \t]*", line).group() for line in lines if line.strip()]  # type: ignore[union-attr]
    common = min(starts, key=len, default="")
    if all(start.startswith(common) for start in starts):
        lines = [line[len(common) :] for line in lines]
    return "\n".join(lines)
