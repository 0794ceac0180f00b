"""Examples of a rule, bad and good, as documents of linters show them: told apart, paired by similarity, cleaned.

A page shows what to avoid and what to write instead, but seldom as pairs: three ways to do it wrong stand above one way
to do it right, a block holds several examples with blank lines between them, and remarks say which is which. Two
examples make a pair here only if they do the same thing at about the same length, which is measured by the tokens that
they share. What finds no partner is counted, never forced into a pair.
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


def names(words: str) -> frozenset[str]:
    """Return the words of a text: a table of names that reads as one."""
    return frozenset(words.split())


def by_name(table: Mapping[str, str]) -> dict[str, str]:
    """Return name -> key, from key -> names with spaces between them."""
    return {name: key for key, words in table.items() for name in words.split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that examples are about.

    Attributes:
        key: Names it within its source.
        title: What it is about, in a few words.
        criterion: Short name of the criterion.
        language: Benchmark name of the language.
        shown: How the source shows its examples: a ``whole`` block is one example and stands right beside its better
            version; one ``beside`` the other may be a list of examples, too; lists stand ``apart``.
        group: What several rules are parts of, if anything.
    """

    key: str
    title: str
    criterion: str
    language: str
    shown: Literal["whole", "beside", "apart"] = "beside"
    group: str = ""

    @property
    def similarity(self) -> float:
        """Return the least share of tokens (0 to 1) that two examples must have in common."""
        return 0.6 if self.shown == "apart" else 0.15


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a block, as far as one marker reaches."""

    good: bool
    code: str


@dataclass(frozen=True, slots=True)
class Case:
    """Bad and good examples that are meant for each other, in the order of the page.

    Attributes:
        bads: What not to write.
        goods: What to write instead.
        context: Code that goes before both.
    """

    bads: tuple[str, ...] = ()
    goods: tuple[str, ...] = ()
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


def marker(bad: str, good: str, other: str = "(?!)") -> re.Pattern[str]:
    """Return a pattern of the comment lines that mark what follows, from regular expressions of the words for each.

    Args:
        bad: What to avoid.
        good: What to write instead.
        other: What is neither: a rule lets it pass.
    """
    return re.compile(_MARKER.format(bad=bad, good=good, other=other), re.IGNORECASE)


def sections(code: str, marks: re.Pattern[str]) -> tuple[str, list[Section]]:
    """Split a block at the comments that mark its parts.

    Only comments that begin a line count: further in, a comment is about a part of an example. A marker that says more
    than its word goes with the comment lines below it, which carry its sentence on. HeadSpec that are good because the
    rule exempts them are no better version of anything, and are left out.

    Returns:
        The code before the first marker, and the parts.
    """
    context: list[str] = []
    found: list[tuple[bool | None, list[str]]] = []
    in_remark = False
    for line in code.split("\n"):
        marked = marks.match(line)
        if marked:
            exempt = marked["pass"] or (marked["good"] and _EXEMPT.search(marked["more"]))
            found.append((None if exempt else marked["good"] is not None, []))
            in_remark = bool(marked["more"].strip(":. -"))
        elif in_remark and _COMMENT_LINE.match(line):
            continue
        else:
            in_remark = False
            (found[-1][1] if found else context).append(line)
    parts = [Section(good, "\n".join(lines).strip("\n")) for good, lines in found if good is not None]
    if all(not line.strip() or _COMMENT_LINE.match(line) for line in context):
        context = []  # words about the examples, no part of them
    return "\n".join(context).strip("\n"), [part for part in parts if part.code.strip()]


def cases(parts: Sequence[Section], context: str = "") -> list[Case]:
    """Group parts into cases: bad ones with the good ones after them, or before them where a page begins with those."""
    good_first = bool(parts) and parts[0].good and not parts[-1].good
    found: list[Case] = []
    for part in parts:
        if not found or (part.good is good_first and found[-1].bads and found[-1].goods):
            found.append(Case(context=context))
        last = found[-1]
        if part.good:
            found[-1] = replace(last, goods=(*last.goods, part.code))
        else:
            found[-1] = replace(last, bads=(*last.bads, part.code))
    return found


def marked_statements(code: str, language: str, bad: re.Pattern[str], good: re.Pattern[str]) -> list[Section]:
    """Return the statements and members, at any depth, that a comment beside or right above them calls bad or good.

    Args:
        code: A block in which both kinds stand among other code.
        language: Any name of a language.
        bad: What a comment says of what not to write (searched for in the comment).
        good: What it says of what to write; a comment that says both says neither.
    """
    fragment, row = parse_fragment(code, language), get_syntax(language)
    nodes = [node for node in walk(fragment.tree.root_node, skip=row.literals) if _is_statement(node)]
    found: dict[int, tuple[int, Section]] = {}
    for comment in walk(fragment.tree.root_node, skip=row.literals):
        if comment.type not in row.comments:
            continue
        text = to_text(comment.text or b"")
        says = bool(bad.search(text)), bool(good.search(text))
        line_start = fragment.source.rfind(b"\n", 0, comment.start_byte) + 1
        alone = not fragment.source[line_start : comment.start_byte].strip()
        about = _below(comment, nodes) if alone else _beside(comment, nodes)
        if says[0] is not says[1] and about is not None and about.start_byte >= fragment.start:
            found[about.start_byte] = (about.end_byte, Section(says[1], to_text(about.text or b"")))
    parts, position = [], 0
    for start, (end, section) in sorted(found.items()):
        if start >= position:  # what stands inside of a marked statement belongs to it
            parts.append(section)
            position = end
    return parts


def _is_statement(node: Node) -> bool:
    kind = node.type
    return node.is_named and kind.endswith(("_statement", "_declaration")) and kind != "package_declaration"


def _beside(comment: Node, nodes: Sequence[Node]) -> Node | None:
    """Return the outermost statement that begins on the comment's line, or else the one that ends there."""
    row = comment.start_point.row
    begins = [n for n in nodes if n.start_point.row == row and n.start_byte < comment.start_byte]
    ends = [n for n in nodes if n.end_point.row == row and n.end_byte <= comment.start_byte]
    return min(begins or ends, key=lambda n: (n.start_byte, -n.end_byte), default=None)


def _below(comment: Node, nodes: Sequence[Node]) -> Node | None:
    row = comment.end_point.row + 1
    return min((n for n in nodes if n.start_point.row == row), key=lambda n: (n.start_byte, -n.end_byte), default=None)


def paired(rule: Rule, found: Iterable[Case], rejected: frozenset[str] = frozenset()) -> Iterator[SourceRecord]:
    """Yield the pairs of a rule's cases, and what of them makes none.

    Args:
        rule: What they are about.
        found: Its cases, in order.
        rejected: Keys of pairs whose sides, read by a person, turned out to be no alternatives.
    """
    for number, case in enumerate(found, 1):
        key = f"{rule.key}/{number}"
        if not case.bads or not case.goods:
            yield UnusableRecord(key, "one-side-only")
            continue
        matched, left = _matched(case, rule)
        for index, (bad, good) in enumerate(matched, 1):
            if f"{key}.{index}" in rejected:
                yield UnusableRecord(f"{key}.{index}", "read-and-rejected")
                continue
            yield _pair(f"{key}.{index}", rule, *(f"{case.context}\n\n{side}".strip("\n") for side in (bad, good)))
        for index in range(left):
            yield UnusableRecord(f"{key}.{len(matched) + index + 1}", "unmatched-examples")


def _pair(key: str, rule: Rule, bad: str, good: str) -> SourceRecord:
    bad, good = cleaned(bad, good, rule.language)
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


# Pairing.

_APART = 0.5
"""Least similarity of two examples out of several that are matched by nothing else."""
_TIMES, _TOKENS = 3.0, 12
"""Two examples are of comparable scope if one is at most so many times, or so many tokens, longer."""


def _matched(case: Case, rule: Rule) -> tuple[list[tuple[str, str]], int]:
    """Return the pairs of a case, and how many bad examples found no partner."""
    if len(case.bads) == 1 == len(case.goods):
        return _one_to_one(case.bads[0], case.goods[0], rule)
    pairs: list[tuple[str, str]] = []
    if len(case.bads) <= len(case.goods) and all(
        _comparable(*sides, rule) for sides in zip(case.bads, case.goods, strict=False)
    ):  # what comes after the better versions is often what the rule lets pass, and that looks most like the bad one
        together, left = list(zip(case.bads, case.goods, strict=False)), 0
    else:
        together, left = _greedy(case.bads, case.goods, rule, max(rule.similarity, _APART / 2))
    for bad, good in together:
        inner, lost = _one_to_one(bad, good, rule)
        pairs += inner
        left += lost
    return pairs, left


def _one_to_one(bad: str, good: str, rule: Rule) -> tuple[list[tuple[str, str]], int]:
    whole = [(bad, good)] if _comparable(bad, good, rule) else []
    if rule.shown == "whole":
        return whole, 1 - len(whole)
    bads, goods = (pieces(side, rule.language) for side in (bad, good))
    if len(bads) == 1 == len(goods):
        bads, goods = (_lines(side, rule.language) for side in (bad, good))
        if len(bads) == len(goods):
            return whole, 1 - len(whole)
    elif rule.shown == "beside" and whole and (len(bads) == len(goods) or _one_example(bads, goods, rule)):
        return whole, 0
    elif len(bads) != len(goods):
        whole = []  # the lists go apart: as a whole they are no alternatives
    tokens = [code_tokens(side, rule.language) for side in (bad, good)]
    if (
        tokens[0] == tokens[1]  # about layout: the blank lines are the point
        or _one_example(bads, goods, rule)
    ):
        return whole, 1 - len(whole)
    if len(bads) == len(goods) and all(_comparable(*sides, rule) for sides in zip(bads, goods, strict=True)):
        return list(zip(bads, goods, strict=True)), 0
    together, left = _greedy(bads, goods, rule, max(rule.similarity, _APART))
    fit = [sides for sides in together if _comparable(*sides, rule)]
    return fit, left + len(together) - len(fit)


def _one_example(bads: Sequence[str], goods: Sequence[str], rule: Rule) -> bool:
    """Tell whether the pieces of a block cannot stand alone: both sides hold one of them, or they use one another."""
    return bool(set(bads) & set(goods)) or any(_is_coherent(side, rule.language) for side in (bads, goods))


_DECLARES = names("let const var function class def type func interface enum struct module")


def _is_coherent(parts: Sequence[str], language: str) -> bool:
    """Tell whether a part uses what another one declares, so that they are one example."""
    declared: list[set[str]] = []
    used: list[set[str]] = []
    for part in parts:
        words = code_tokens(part, language)
        makes = [
            before in _DECLARES or after in ("=", ":=")
            for before, after in zip(["", *words], [*words[1:], ""], strict=False)
        ]
        declared.append({word for word, new in zip(words, makes, strict=True) if new and word.isidentifier()})
        used.append({word for word, new in zip(words, makes, strict=True) if not new})
    return any(names & words for i, names in enumerate(declared) for j, words in enumerate(used) if i != j)


def _greedy(bads: Sequence[str], goods: Sequence[str], rule: Rule, least: float) -> tuple[list[tuple[str, str]], int]:
    """Match the most alike first, each at most once; of equally alike ones those at like places."""
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
    """Return the share of tokens that two pieces of code have in common, in order (0 to 1; Ratcliff and Obershelp)."""
    return SequenceMatcher(None, code_tokens(one, language), code_tokens(other, language), autojunk=False).ratio()


def _comparable(bad: str, good: str, rule: Rule) -> bool:
    few, many = sorted(len(code_tokens(side, rule.language)) for side in (bad, good))
    if not few or (many > _TIMES * few and many - few > _TOKENS):
        return False
    return similarity(bad, good, rule.language) >= rule.similarity


def pieces(code: str, language: str) -> list[str]:
    """Split a block at the blank lines between its statements; code that does not parse stays whole."""
    data = to_bytes(code)
    cuts = [0]
    nodes = _statements(code, language)
    for (_, before), (after, _) in pairwise(nodes):
        if data[before:after].count(b"\n") > 1:
            cuts.append(data.rfind(b"\n", before, after) + 1)
    found = [to_text(data[start:end]).strip("\n") for start, end in zip(cuts, [*cuts[1:], len(data)], strict=True)]
    return [piece for piece in found if code_tokens(piece, language)] or [code]


def _lines(code: str, language: str) -> list[str]:
    """Split a list of one-line statements into its lines; anything else stays whole."""
    lines = [line for line in code.split("\n") if code_tokens(line, language)]
    nodes = _statements(remove_revealing_comments(code, language, lambda _: True), language)
    return lines if len(nodes) == len(lines) else [code]


def _statements(code: str, language: str) -> list[tuple[int, int]]:
    """Return the byte ranges of the statements and comments at the top of a fragment; none where it does not parse."""
    fragment = parse_fragment(code, language)
    node = fragment.tree.root_node
    while fragment.start:  # into the wrapper
        around = [n for n in node.children if n.start_byte < fragment.start and n.end_byte > fragment.end]
        if not around:
            break
        node = around[0]
    inside = [n for n in node.named_children if fragment.start <= n.start_byte and n.end_byte <= fragment.end]
    if node.type == "ERROR" or any(n.type == "ERROR" or n.has_error for n in inside):
        return []
    return [(n.start_byte - fragment.start, n.end_byte - fragment.start) for n in inside]


# Cleaning.

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|_+|[^A-Za-z0-9_]+")
_TELLING_WORDS = names(
    "bad good wrong incorrect correct fixed violation noncompliant compliant preferred recommended redundant"
)
_SIDE = re.compile(
    r"(?i)(?<![a-z])(?:bad|good|wrong|incorrect|correct|non-?compliant|compliant|violations?|nope|yup|preferred|"
    r"should (?:obviously )?not|❌|✅)(?![a-z])"
)


def cleaned(bad: str, good: str, language: str) -> tuple[str, str]:
    """Return both sides without what their author says about them.

    A comment that stands on one side alone is a remark on the example; it goes, as does any that holds a telling word.
    Names that say "bad" or "good" on one side alone lose that word.
    """
    spoken = [_comments(side, language) for side in (bad, good)]
    shared = spoken[0] & spoken[1]
    sides = [
        remove_revealing_comments(side, language, lambda text: _folded(text) not in shared or reveals_label(text))
        for side in (bad, good)
    ]
    names = [_telling_names(side, language) for side in sides]
    sides = [
        rename_identifiers(side, language, _neutral(mine - other))
        for side, mine, other in zip(sides, names, names[::-1], strict=True)
    ]
    return _trimmed(sides[0]), _trimmed(sides[1])


def reveals_side(bad: str, good: str) -> bool:
    """Tell whether a word that names a side stands on one of them alone."""
    words = [Counter(word.casefold() for word in _SIDE.findall(side)) for side in (bad, good)]
    return set(words[0]) != set(words[1])


def _folded(text: str) -> str:
    return " ".join(text.split())


def _comments(code: str, language: str) -> set[str]:
    seen: set[str] = set()

    def note(text: str) -> bool:
        seen.add(_folded(text))
        return False

    remove_revealing_comments(code, language, note)
    return seen


def _telling_names(code: str, language: str) -> set[str]:
    fragment, row = parse_fragment(code, language), get_syntax(language)
    found = set()
    for node in walk(fragment.tree.root_node, skip=row.literals | row.comments):
        if not node.child_count and ("identifier" in node.type or node.type == "constant"):
            name = to_text(node.text or b"")
            if any(word.casefold() in _TELLING_WORDS for word in _WORDS.findall(name)):
                found.add(name)
    return found


def _neutral(names: Iterable[str]) -> dict[str, str]:
    new = {}
    for name in sorted(names):
        words = [word for word in _WORDS.findall(name) if word.casefold() not in {*_TELLING_WORDS, "non"}]
        short = "".join(words).strip("_")
        if not short or short[0].isdigit():
            short = "example" + short
        short = (short[0].upper() if name[0].isupper() else short[0].lower()) + short[1:]
        new[name] = f"{short}_" if short in _KEYWORDS else short
    return new


_KEYWORDS = names("class function method var const let case default if else for while do new return int float")


def _trimmed(code: str) -> str:
    """Return the code without empty lines around it and without the white space that all its lines begin with."""
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
