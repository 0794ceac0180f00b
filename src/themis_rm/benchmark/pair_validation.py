"""Validation of single benchmark pairs, the same for every source."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import Field

from themis_rm.benchmark.sources.source import SourcePair
from themis_rm.criteria import criterion
from themis_rm.languages.file_contents import CONFLICT, POINTER, kind_of_content
from themis_rm.languages.syntax import (
    Fragment,
    code_tokens,
    comment_ranges,
    error_count,
    get_syntax,
    parse_fragment,
    strip_comments,
    to_text,
    walk,
)
from themis_rm.messages import is_unicode
from themis_rm.settings import Settings


class ValidationSettings(Settings):
    """Which pairs are valid."""

    max_characters: int = Field(default=32_000, ge=100)
    """Maximum length of a response or prompt in characters."""
    min_tokens: int = Field(default=3, ge=1)
    """Minimum number of code tokens of a response, without comments."""
    allow_label_leaks: bool = False
    """Whether pairs are kept in which a word on one side only reveals the label."""


LABEL_WORDS = re.compile(
    r"(?i)(?<![a-z])(bug(?:gy|s|fix)?|fix(?:ed|es|me)?|faulty|flaw(?:ed|s)?|vulnerab\w*|insecure\w*|unsafe|incorrect|wrong|"
    r"non-?compliant|mutant|undefined|exploit\w*|inefficient|optimi[sz]ed)(?![a-z])"
)
"""Words that reveal the label if they occur on one side only. The list is shorter than the one used to clean teaching
material, because other code may use words such as "good", "safe" or "fast" legitimately."""

_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")


def find_label_words(code: str, language: str) -> set[str]:
    """Return the words in comments and identifiers that could reveal the label."""
    return _label_words(parse_fragment(code, language), language)


def _label_words(fragment: Fragment, language: str) -> set[str]:
    syntax = get_syntax(language)
    texts = [to_text(fragment.source[start:end]) for start, end in comment_ranges(fragment.tree, language)]
    texts += [
        _WORD_BOUNDARY.sub(" ", to_text(node.text or b""))
        for node in walk(fragment.tree.root_node, skip=syntax.literals | syntax.comments)
        if not node.child_count and "identifier" in node.type
    ]
    return {match.group(1).casefold() for text in texts for match in LABEL_WORDS.finditer(text)}


def find_label_leaks(chosen: str, rejected: str, language: str) -> set[str]:
    """Return the label words that occur on one side only; on both sides they are part of the subject."""
    return find_label_words(chosen, language) ^ find_label_words(rejected, language)


@dataclass(frozen=True, slots=True)
class ValidPair:
    """Code tokens of a valid pair.

    Attributes:
        chosen: Tokens of the chosen response, without comments and white space.
        rejected: Tokens of the rejected response, likewise.
    """

    chosen: list[str]
    rejected: list[str]


def validate_pair(pair: SourcePair, settings: ValidationSettings) -> ValidPair | str:
    """Return the tokens of a valid pair, or the reason why it is invalid.

    Pairs about readability may differ in white space only, because layout is part of readability. Pairs that differ in
    comments only are invalid for every criterion.
    """
    texts = (pair.chosen, pair.rejected)
    if fault := _text_fault(pair, settings):
        return fault
    if pair.chosen.strip() == pair.rejected.strip():
        return "same-responses"
    tokens = ValidPair(*(code_tokens(text, pair.language) for text in texts))
    if min(len(tokens.chosen), len(tokens.rejected)) < settings.min_tokens:
        return "too-short"
    if tokens.chosen == tokens.rejected and (criterion(pair.criterion).short != "R&M" or _only_comments_differ(pair)):
        return "comments-only"
    chosen, rejected = (parse_fragment(text, pair.language) for text in texts)
    if error_count(chosen.tree) > error_count(rejected.tree):
        # Code that the grammar does not support (a macro, an ellipsis) occurs on both sides; additional errors on the
        # chosen side mean that the response is damaged.
        return "chosen-parses-worse"
    if not settings.allow_label_leaks and _label_words(chosen, pair.language) != _label_words(rejected, pair.language):
        return "label-leak"
    return tokens


def _text_fault(pair: SourcePair, settings: ValidationSettings) -> str:
    """Return why the texts of a pair cannot be compared as code, or ``""``."""
    texts = (pair.chosen, pair.rejected)
    if not all(text.strip() for text in texts):
        return "empty-response"
    if any("\x00" in text or not is_unicode(text) for text in (*texts, pair.prompt)):
        return "not-text"
    if max(len(text) for text in (*texts, pair.prompt)) > settings.max_characters:
        return "too-long"
    return min({kind_of_content(text) for text in texts} & {POINTER, CONFLICT}, default="")


def _only_comments_differ(pair: SourcePair) -> bool:
    chosen, rejected = (strip_comments(text, pair.language) for text in (pair.chosen, pair.rejected))
    return chosen.strip() == rejected.strip()
