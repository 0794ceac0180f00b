"""Commit subjects as instructions: what a person wrote about the change, without the bookkeeping around it."""

from __future__ import annotations

import re

_TYPES = (
    "build|chore|ci|doc|docs|feat|feature|fix|bugfix|hotfix|perf|refactor|refact|revert|style|test|tests|security|sec|"
    "improvement|enhancement|bug|maint|cleanup|minor"
)
_MARKS = (
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
        r"(?:[,;.\s-]*)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|see|refs?|re|for|issue|pr|bug|ticket|addresses)"
        r"(?:\s+(?:issue|bug|ticket|pr))?\s*:?\s*(?:(?:[\w./-]*#|gh-|bpo-)\d+[\s,&]*(?:and\s+)?)+",
        re.IGNORECASE,
    ),
    re.compile(r"(?<!\w)(?:#|gh-|bpo-)\d+\b\s*[:.,-]*", re.IGNORECASE),
)
_LEADS = (
    re.compile(r"^:[a-z0-9_+-]+:\s*"),  # the name of an emoji
    re.compile(rf"^(?:{_TYPES})(?:\([^)]*\))?!?\s*:\s*", re.IGNORECASE),
    re.compile(r"^\[[^\]]{1,30}\]\s*[:-]?\s*"),
    re.compile(r"^[A-Z][A-Z0-9]+-\d+\s*[:.-]*\s*"),
    re.compile(r"^(?:issue|bug|ticket|pr|fix(?:es|ed)?)\s*#?\d+\s*[:.,-]*\s*", re.IGNORECASE),
    re.compile(r"^[\s:;,.*•-]+"),
)
_WORD = re.compile(r"[^\W\d_]{2,}")


def clean_subject(subject: str) -> str:
    """Return a commit subject without issue numbers, type prefixes (``fix(core):``), tags and trailers."""
    text = subject.strip().split("\n", 1)[0]
    for mark in _MARKS:
        text = mark.sub(" ", text)
    text = " ".join(text.split())
    before = None
    while before != text:
        before = text
        for lead in _LEADS:
            text = lead.sub("", text)
    return text.rstrip(" .,;:-")


def word_count(text: str) -> int:
    """Return how many words of two letters or more a text has."""
    return len(_WORD.findall(text))
