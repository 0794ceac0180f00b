"""Words and facts of commits, which the linear classifier weighs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import log1p
from pathlib import PurePosixPath

from themis_rm.curation.commit_classifier.base import CommitChange

BLOCKS = ("message", "change", "facts")
"""Groups of features, each of which is scaled on its own."""

_TITLE_WORDS, _BODY_WORDS, _LINES = 40, 250, 400
"""Most words of a title and of a body, and most changed lines of a version, that are read."""
_URL = re.compile(r"https?://\S+")
_ISSUE = re.compile(r"#\d+|\bGH-\d+|\b[A-Z]{2,}-\d+")
_MESSAGE_TOKEN = re.compile(r"[A-Za-z_][\w.]*|\d+|[^\w\s]")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\w\s]")
_CODE_TOKEN = re.compile(r"[A-Za-z_]\w*|[^\w\s]+")
_NAME_PART = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}(?![a-z])")
_COMMENT = re.compile(r"\s*(?://|#|/?\*|\"\"\"|--)")
_FOLDER = re.compile(r"[A-Za-z]+")


def message_words(commit: CommitChange) -> Counter[str]:
    """Return the n-grams of the message: up to three words of the title, up to two of the body, and single words."""
    title, body = (_words(text) for text in commit.title_and_body)
    title, body = title[:_TITLE_WORDS], body[:_BODY_WORDS]
    words = Counter(_ngrams(["^", *title, "$"], "s:", 3))
    words.update(_ngrams(body, "b:", 2))
    words.update(f"a:{word}" for word in {*title, *body})
    return words


def _words(text: str) -> list[str]:
    """Return the words of a message in lower case, parts of identifiers one by one, behind a mark."""
    words: list[str] = []
    for token in _MESSAGE_TOKEN.findall(_ISSUE.sub(" ISSUE ", _URL.sub(" URL ", text))):
        parts = _PART.findall(token)
        words += ["<name>"] if len(parts) > 1 else []
        words += [part.lower() for part in parts]
    return words


def _ngrams(words: Sequence[str], prefix: str, longest: int) -> Iterator[str]:
    for start in range(len(words)):
        for size in range(1, min(longest, len(words) - start) + 1):
            yield prefix + " ".join(words[start : start + size])


def changed_words(commit: CommitChange) -> Counter[str]:
    """Return the words of the changed lines: ``+x`` and ``-x``, as often as on balance, and ``=x`` without balance."""
    removed, added = (_code_words(lines[:_LINES]) for lines in commit.lines)
    words: Counter[str] = Counter()
    for word in removed.keys() | added.keys():
        more = added[word] - removed[word]
        words[f"{'+' if more > 0 else '-' if more < 0 else '='}{word}"] = abs(more) or 1
    return words


def _code_words(lines: Sequence[str]) -> Counter[str]:
    words: Counter[str] = Counter()
    for line in lines:
        for token in _CODE_TOKEN.findall(line):
            words.update(_lower_parts(token))
    return words


@lru_cache(maxsize=1 << 15)
def _lower_parts(token: str) -> tuple[str, ...]:
    """Return a token, and the parts of an identifier that has several, behind a dot."""
    parts = [part.lower() for part in _NAME_PART.findall(token)]
    return (token.lower(), *(f".{part}" for part in parts if part != token.lower()))


def cheap_facts(commit: CommitChange) -> dict[str, float]:
    """Return what is known of a commit without parsing: terms, language, folders, size and share of comments."""
    facts = {f"t:{short}": 1.0 for short in commit.terms}
    facts[f"lang:{commit.language}"] = 1.0
    path = PurePosixPath(commit.file_path)
    facts |= {f"p:{part.lower()}": 0.5 for part in _FOLDER.findall(str(path))[-4:]}
    removed, added = commit.lines
    lines = len(removed) + len(added)
    comments = sum(_COMMENT.match(line) is not None for line in (*removed, *added))
    return facts | {
        "added": log1p(len(added)) / 5,
        "removed": log1p(len(removed)) / 5,
        "balance": (len(added) - len(removed)) / (lines + 1),
        "comments": comments / (lines + 1),
        "length": log1p(len(commit.message)) / 8,
    }


def tree_facts(commit: CommitChange) -> dict[str, float]:
    """Return what the syntax trees say: features of the change, and the labels of the rules."""
    facts = {f"f:{name}": 1.0 for name in commit.features}
    return facts | {f"l:{short}": 1.0 for short in commit.evidence}


def features_of(commit: CommitChange) -> dict[str, Mapping[str, float]]:
    """Return block -> feature -> count or value."""
    return {
        "message": message_words(commit),
        "change": changed_words(commit),
        "facts": cheap_facts(commit) | tree_facts(commit),
    }
