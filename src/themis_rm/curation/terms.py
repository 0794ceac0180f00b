"""Term lists, which label commit messages with criteria.

A list has one term per line (``#`` starts a comment). Terms match on word boundaries in the lower-cased message, never
inside a word: ``rce`` does not match *resource*, and ``dry`` does not match *laundry*. The notation:

=============  ==================================================================================================
``leak``       exactly this word; several words may be joined by blanks, hyphens, underscores, slashes, apostrophes
``fix~``       the word and its regular inflections: *fix, fixes, fixed, fixing*
``optimi*``    any word that starts with this
``{a|b c}``    one of these (each may use ``~`` and ``*``)
``[sz]``       one of these letters
``x ... y``    up to three further words between, within one sentence
``!x``         an exception: its occurrences are removed before the terms are matched
``?x``         a weak term: it names the topic, but labels a commit only together with other evidence
=============  ==================================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from themis_rm.criteria import CRITERIA, Criterion
from themis_rm.errors import SettingError

_EDGE_BEFORE, _EDGE_AFTER = r"(?<![a-z0-9_])", r"(?![a-z0-9_])"
_JOIN = r"[ \-_/'’]{1,2}"
_GAP = r"(?: |-)(?:[^ ]*[^ .,;:!?] ){0,3}"
_FIXED = {" ... ": _GAP, " ": _JOIN, "*": "[a-z0-9]*"}
_TOKEN = re.compile(r" \.\.\. | |\{|\||\}|\[[a-z]+\]|~|\*|[^ {|}\[\]~*]+")

_TRAILER = re.compile(
    r"^[^\S\n]*(?:signed-off-by|co-authored-by|reviewed-by|acked-by|tested-by|reported-by|suggested-by|cc|change-id"
    r"|git-svn-id|reviewed-on|commit-queue|auto-submit|pr-url|bug-url|x-[a-z-]+)\s*:.*$",
    re.MULTILINE,
)
_NOISE = re.compile(r"https?://\S+|[\w.+-]{1,100}@[\w.-]+|(?<![\w/])(?:[\w.-]{1,100}/)+[\w-]{1,100}\.\w{1,4}(?!\w)")
_BREAK = re.compile(r"\n\s*\n|\n\s*(?=[-*+•]\s)")


@dataclass(frozen=True)
class TermList:
    """The compiled terms of one criterion.

    Attributes:
        criterion: The criterion that the terms indicate.
        terms: The terms as written, in file order.
        weak: The terms that need other evidence, in file order; they are among ``terms``.
    """

    criterion: Criterion
    terms: tuple[str, ...]
    weak: tuple[str, ...]
    _find: re.Pattern[str]
    _blank: re.Pattern[str] | None
    _weak: re.Pattern[str] | None

    def match(self, text: str) -> list[str]:
        """Return the distinct matching phrases in a text prepared by :func:`prepare`, in order of appearance."""
        if self._blank is not None:
            text = self._blank.sub(" ; ", text)
        return list(dict.fromkeys(match[0] for match in self._find.finditer(text)))

    def is_weak(self, phrase: str) -> bool:
        """Return whether a phrase that :meth:`match` returned needs other evidence."""
        return self._weak is not None and self._weak.fullmatch(phrase) is not None


def prepare(message: str) -> str:
    """Normalize a commit message for matching: lower case, one blank between words, `` ; `` between paragraphs.

    Trailers with names of people or tools, addresses and file paths are removed: their words do not describe the
    change.
    """
    text = _NOISE.sub(" ", _TRAILER.sub("", message.lower()))
    return " ".join(_BREAK.sub(" ; ", text).split())


def inflections(word: str) -> list[str]:
    """Return a word with the regular endings of a verb or noun (``cache`` -> *cache, caches, cached, caching*).

    Where the last consonant may be doubled, both spellings are included (*planed, planned*).
    """
    vowels = "aeiou"
    if word.endswith("e"):
        return [word, word + "s", word + "d", word[:-1] + "ing"]
    if len(word) > 1 and word.endswith("y") and word[-2] not in vowels:
        return [word, word[:-1] + "ies", word[:-1] + "ied", word + "ing"]
    forms = [word, word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s"), word + "ed", word + "ing"]
    if len(word) > 2 and word[-1] not in vowels + "wxy" and word[-2] in vowels and word[-3] not in vowels:
        forms += [word + word[-1] + "ed", word + word[-1] + "ing"]
    return forms


def compile_term(term: str) -> list[str]:
    """Return the regular expressions of a term, each of which starts with a literal character.

    Raises:
        SettingError: The term is malformed.
    """
    head = re.match(r"\{([^{}]*)\}", term)
    if head:
        return [expression for choice in head[1].split("|") for expression in compile_term(choice + term[head.end() :])]
    parts: list[str] = []
    depth = 0
    for piece in _TOKEN.findall(term):
        if piece in _FIXED:
            parts.append(_FIXED[piece])
        elif piece in "{}":
            depth += 1 if piece == "{" else -1
            parts.append("(?:" if piece == "{" else ")")
        elif piece == "|" and depth:
            parts.append("|")
        elif piece == "~" and parts and parts[-1].isalnum():
            parts.append(_endings(parts.pop()))
        elif piece.startswith("["):
            parts.append(piece)
        else:
            parts.append(re.escape(piece))
        if depth not in (0, 1) or parts[-1] in (r"\|", r"\~"):
            raise SettingError(f"Term '{term}' is malformed at '{piece}'.", "See the notation in curation/terms.py.")
    if depth or not re.match(r"\w", term):
        raise SettingError(f"Term '{term}' is malformed.", "Start it with a letter and close every '{'.")
    return ["".join(parts) + (_EDGE_AFTER if re.search(r"[\w}\]~]$", term) else "")]


def _endings(word: str) -> str:
    forms = inflections(word)
    stem = word if forms[-1].startswith(word) else word[:-1]
    return stem + "(?:" + "|".join(form.removeprefix(stem) for form in forms) + ")"


def _alternation(expressions: Iterable[str]) -> re.Pattern[str]:
    """Join expressions into one that branches on the first two characters, so that the engine skips most of them.

    Longer expressions are tried first, so that the longest phrase is reported.
    """
    tree: dict[str, dict[str, list[str]]] = {}
    for expression in expressions:
        second = expression[1] if re.match(r"[a-z0-9_]{2}(?![*+?{])", expression) else ""
        tree.setdefault(expression[0], {}).setdefault(second, []).append(expression[1 + len(second) :])
    firsts = []
    for first, seconds in sorted(tree.items()):
        # Expressions without a literal second character come last, as the branch that is tried when no other fits.
        inner = [
            f"{second}(?:{'|'.join(sorted(rest, key=len, reverse=True))})"
            for second, rest in sorted(seconds.items(), reverse=True)
        ]
        firsts.append(f"{first}(?:{'|'.join(inner)})")
    return re.compile(f"{_EDGE_BEFORE}(?:{'|'.join(firsts)})")


def compile_terms(criterion: Criterion, lines: Iterable[str]) -> TermList:
    """Compile the lines of a term list into one expression.

    Raises:
        SettingError: A term is malformed or occurs twice.
    """
    terms: list[str] = []
    weak: list[str] = []
    blanks: list[str] = []
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        target = blanks if text.startswith("!") else terms
        marked = text.startswith("?")
        text = text.removeprefix("!").removeprefix("?")
        if text in target:
            raise SettingError(f"Term '{text}' occurs twice in the list of {criterion.short}.", "Remove one of them.")
        target.append(text)
        if marked:
            weak.append(text)
    find = [expression for term in terms for expression in compile_term(term)]
    blank = [expression for term in blanks for expression in compile_term(term)]
    needy = [expression for term in weak for expression in compile_term(term)]
    return TermList(
        criterion,
        tuple(terms),
        tuple(weak),
        _alternation(find),
        _alternation(blank) if blank else None,
        _alternation(needy) if needy else None,
    )


@cache
def term_lists() -> tuple[TermList, ...]:
    """Return the built-in list of every criterion, in table order."""
    folder = resources.files("themis_rm.curation") / "terms"
    return tuple(
        compile_terms(row, (folder / f"{row.terms}.txt").read_text(encoding="utf-8").splitlines()) for row in CRITERIA
    )


def label(message: str) -> dict[str, list[str]]:
    """Return the criteria that the terms in a commit message indicate.

    Args:
        message: Subject and body.

    Returns:
        Criterion short name -> matched phrases, in table order; criteria without a match are absent.
    """
    text = prepare(message)
    matches = {terms.criterion.short: terms.match(text) for terms in term_lists()}
    return {short: phrases for short, phrases in matches.items() if phrases}
