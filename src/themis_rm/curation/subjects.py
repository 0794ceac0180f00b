"""Clean commit subjects so that they can serve as instructions."""

from __future__ import annotations

import re

_TYPES = (
    "build|chore|ci|doc|docs|feat|feature|fix|bugfix|hotfix|perf|refactor|refact|revert|style|test|tests|security|sec|"
    "improvement|enhancement|bug|maint|cleanup|minor"
)
_REFERENCES = (
    re.compile(r"\[(?:ci skip|skip ci|skip travis|no ci|wip|ci)\]", re.IGNORECASE),
    re.compile(r"\s*\b(?:signed-off-by|co-authored-by|reviewed-by|cc|closes|fixes|refs?)\s*:\s.*$", re.IGNORECASE),
    # (#12), [#12], (closes #12), (gh-12), (owner/name#12, #13)
    re.compile(
        r"[(\[]\s*(?:(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|see|refs?|issue|pr|bug|ticket)\s*:?\s*)?"
        r"(?:(?:[\w./-]*#|gh-|bpo-|pr\s*)\d+[\s,&]*(?:and\s+)?)+\s*[)\]]",
        re.IGNORECASE,
    ),
    re.compile(r"[(\[]\s*[A-Z][A-Z0-9]+-\d+\s*[)\]]"),
    re.compile(r"\(\s*see\b[^()]*#\d+[^()]*\)", re.IGNORECASE),
    # trailing or leading "fixes #12", "closes GH-12", "see #12", "for issue #12"
    re.compile(
        r"[,;.\s-]{0,20}\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|see|refs?|re|for|issue|pr|bug|ticket|addresses)"
        r"(?:\s+(?:issue|bug|ticket|pr))?\s*:?\s*(?:(?:[\w./-]*#|gh-|bpo-)\d+[\s,&]*(?:and\s+)?)+",
        re.IGNORECASE,
    ),
    re.compile(r"(?<!\w)(?:#|gh-|bpo-)\d+\b\s*[:.,-]*", re.IGNORECASE),
)
_PREFIXES = (
    re.compile(r"^:[a-z0-9_+-]+:\s*"),  # emoji
    re.compile(rf"^(?:{_TYPES})(?:\([^)]*\))?!?\s*:\s*", re.IGNORECASE),
    re.compile(r"^\[[^\]]{1,30}\]\s*[:-]?\s*"),
    re.compile(r"^[A-Z][A-Z0-9]+-\d+\s*[:.-]*\s*"),
    re.compile(r"^(?:issue|bug|ticket|pr|fix(?:es|ed)?)\s*#?\d+\s*[:.,-]*\s*", re.IGNORECASE),
    re.compile(r"^[\s:;,.*•-]+"),
)
_WORD = re.compile(r"[^\W\d_]{2,}")


def clean_subject(subject: str) -> str:
    """Return a commit subject without issue numbers, type prefixes (``fix(core):``), tags and trailers."""
    text = " ".join(subject.strip().split("\n", 1)[0].split())
    for pattern in _REFERENCES:
        text = pattern.sub(" ", text)
    text = " ".join(text.split())
    before = None
    while before != text:
        before = text
        for pattern in _PREFIXES:
            text = pattern.sub("", text)
    return text.rstrip(" .,;:-")


def word_count(text: str) -> int:
    """Return the number of words with two or more letters."""
    return len(_WORD.findall(text))
