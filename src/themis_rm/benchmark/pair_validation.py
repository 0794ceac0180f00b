"""What makes a pair fit for a benchmark, whatever source it comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import Field

from themis_rm.benchmark.sources.source import SourcePair
from themis_rm.criteria import criterion
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
from themis_rm.models.protocol import is_unicode
from themis_rm.settings import Settings


class SoundnessSettings(Settings):
    """Which pairs are fit for a benchmark."""

    max_characters: int = Field(default=32_000, ge=100)
    """Longest answer or request."""
    min_tokens: int = Field(default=3, ge=1)
    """Fewest tokens of an answer, comments left out."""
    leaks: bool = False
    """Whether pairs stay in which a word gives the label away."""


TELLING = re.compile(
    r"(?i)(?<![a-z])(bug(?:gy|s|fix)?|fix(?:ed|es|me)?|faulty|flaw(?:ed|s)?|vulnerab\w*|insecure\w*|unsafe|incorrect|wrong|"
    r"non-?compliant|mutant|undefined|exploit\w*|inefficient|optimi[sz]ed)(?![a-z])"
)
"""Words that, on one side alone, say which side it is. Narrower than what teaching material is cleaned of: code may
rightly speak of good, safe or fast things."""

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_+")


def telling_words(code: str, language: str) -> set[str]:
    """Return the words in comments and identifiers of a piece of code that could give its label away."""
    return _telling_words(parse_fragment(code, language), language)


def _telling_words(fragment: Fragment, language: str) -> set[str]:
    row = get_syntax(language)
    texts = [to_text(fragment.source[start:end]) for start, end in comment_ranges(fragment.tree, language)]
    texts += [
        _HUMPS.sub(" ", to_text(node.text or b""))
        for node in walk(fragment.tree.root_node, skip=row.literals | row.comments)
        if not node.child_count and "identifier" in node.type
    ]
    return {match.group(1).casefold() for text in texts for match in TELLING.finditer(text)}


def leaks(chosen: str, rejected: str, language: str) -> set[str]:
    """Return the telling words that stand on one side alone; on both they are the subject, not a hint."""
    return telling_words(chosen, language) ^ telling_words(rejected, language)


@dataclass(frozen=True, slots=True)
class ValidPair:
    """What is known of a pair that is fit.

    Attributes:
        chosen: Tokens of the better answer, without comments and white space.
        rejected: Tokens of the worse one.
    """

    chosen: list[str]
    rejected: list[str]


def validate_pairs(pair: SourcePair, settings: SoundnessSettings) -> ValidPair | str:
    """Return what was learned of a pair that is fit for a benchmark, or why it is not.

    Layout is a matter of readability, so a pair about that may differ in white space alone; comments alone make no pair
    of any criterion.
    """
    texts = (pair.chosen, pair.rejected)
    if not all(text.strip() for text in texts):
        return "empty-side"
    if any("\x00" in text or not is_unicode(text) for text in (*texts, pair.prompt)):
        return "not-text"
    if max(len(text) for text in (*texts, pair.prompt)) > settings.max_characters:
        return "too-long"
    if pair.chosen.strip() == pair.rejected.strip():
        return "same-answers"
    tokens = ValidPair(*(code_tokens(text, pair.language) for text in texts))
    if min(len(tokens.chosen), len(tokens.rejected)) < settings.min_tokens:
        return "too-short"
    if tokens.chosen == tokens.rejected and (criterion(pair.criterion).short != "R&M" or _only_comments_differ(pair)):
        return "comments-only"
    chosen, rejected = (parse_fragment(text, pair.language) for text in texts)
    if error_count(chosen.tree) > error_count(rejected.tree):
        # What a grammar cannot read (a macro, an ellipsis) stands on both sides; more on the better side is damage.
        return "chosen-parses-worse"
    if not settings.leaks and _telling_words(chosen, pair.language) != _telling_words(rejected, pair.language):
        return "label-leak"
    return tokens


def _only_comments_differ(pair: SourcePair) -> bool:
    one, other = (strip_comments(text, pair.language) for text in (pair.chosen, pair.rejected))
    return one.strip() == other.strip()
