"""Clean commit subjects: find the whole subject, without marks that forges and tools add."""

from __future__ import annotations

import re
import unicodedata

from themis_rm.mining.messages import is_revert

_TYPES = (
    "build|chore|ci|doc|docs|feat|feature|fix|bugfix|hotfix|perf|refactor|refact|revert|style|test|tests|security|sec|"
    "improvement|enhancement|bug|maint|cleanup|minor"
)
_REFERENCES = (
    re.compile(r"\[(?:ci skip|skip ci|skip travis|no ci|wip|ci)\]", re.IGNORECASE),
    re.compile(
        r"\s*\b(?:signed-off-by|co-authored-by|reviewed-by|cc|closes|fixes|refs?)\s*:\s.*$|\s*\bdarcs-hash:\S*|\s*\bgit-svn-id:.*$",
        re.IGNORECASE,
    ),
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


_URL = re.compile(r"\(?<?\b(?:https?|ftp|git|ssh)://[^\s)>\]]+[)>]?|\bwww\.[^\s)>\]]+", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?:\b(?:mail|e-?mail|contact|thanks to|by)\s+)?<?[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})*>?",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:(?:as )?(?:requested|reported|suggested|noted|found|proposed) by|thanks(?: to)?|cc|via|by|/cc)"
    r"\s+@[\w-]{1,39}\b",
    re.IGNORECASE,
)
_SHORTCODE = re.compile(r"(?<!\w):[a-z][a-z0-9_+-]{1,30}:(?!\w)")
_CUT = re.compile(r"(?:\u2026|(?<=\w)\.{2,}|\.{3,})\s*$")
_CONTINUED = re.compile(r"^\s*(?:\u2026|\.{2,})")
_WRAPPED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r'^(?:re-?apply(?:ing)?|re-?land(?:ing)?|roll ?forward)\b[:\s]*"(.*)"[\s.]*$',
        r"^(?:reapply|reland)\s*[:\-]?\s+(?!\")(.+)$",
        r'^revert\s+"revert\s+"(.*)""[\s.]*$',
        r'^\(?cherry[- ]?pick(?:ed)?[:\s]+"?(.*?)"?\)?$',
        r"^\[?(?:backport|cherry-pick)(?:ed)?[^\]:]{0,30}[\]:]\s*(.+)$",
        r"^merged? (?:pull request|pr)(?: #?\d+)?[:\s]+(?!from\b|in\b)(.+)$",
    )
)
"""Subjects around another one."""
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_LONG_LINE, _CUT_LENGTHS = 50, range(68, 74)
"""Length from which a first line may continue in the next one, and lengths at which forges and tools cut subjects."""


def subject_of(subject: str, message: str) -> tuple[str, str]:
    """Return the cleaned subject of a commit and an empty reason, or an empty text and the reason to drop it.

    The subject is the first line, with its continuation where it was cut or wrapped.

    Args:
        subject: The first paragraph, or the first line.
        message: The whole message.

    Returns:
        Reasons: ``cut-subject`` (its rest is missing), ``revert-subject`` and ``empty-subject``.
    """
    line = _visible(_whole_line(subject, message))
    if _CUT.search(line):
        return "", "cut-subject"
    line = _unwrapped(_without_tags(_without_references(line)))
    if is_revert(line):
        return "", "revert-subject"
    text = clean_subject(line)
    return (text, "") if text else ("", "empty-subject")


def title_and_body(subject: str, message: str) -> tuple[str, str]:
    """Return the first line of a message, joined with its rest where it was cut or wrapped, and what follows it."""
    if not message.strip().startswith(subject.strip()[:20]):
        return subject, message
    return _whole_line(subject, message), message.strip().partition("\n")[2]


def _whole_line(subject: str, message: str) -> str:
    """Return the first line of a message; one that was cut or wrapped is joined with its rest."""
    lines = (message if message.strip() else subject).strip().splitlines()
    first, rest = lines[0].strip() if lines else "", lines[1:]
    if not subject.strip().startswith(first[:20]):  # the message does not contain the subject
        first, rest = subject.strip().split("\n", 1)[0], lines
    following = next((line.strip() for line in rest if line.strip()), "")
    if _CUT.search(first):
        return _joined(first, following)
    if _CONTINUED.match(following) and len(first) >= _LONG_LINE:
        return _joined(first, following)
    wrapped = bool(rest) and rest[0].strip() and len(first) >= _LONG_LINE
    cut = len(first) in _CUT_LENGTHS
    if (wrapped or cut) and following[:1].islower() and not first.endswith((".", "!", "?", ":")):
        return f"{first} {_first_sentence(following)}"
    return first


def _joined(first: str, following: str) -> str:
    if not _CONTINUED.match(following):
        return first
    head, rest = first.rstrip(), _CONTINUED.sub("", following)
    for mark in ("\u2026", "..."):
        head = head.removesuffix(mark)
    return head.rstrip(".") + _first_sentence(rest)


def _first_sentence(text: str) -> str:
    end = _SENTENCE_END.search(text)
    return text[: end.start()] if end else text


def _visible(text: str) -> str:
    """Return a text without emoji, invisible, bidirectional and control characters."""
    text = unicodedata.normalize("NFC", text)
    kept = (" " if ch.isspace() else ch for ch in text if ch.isspace() or not _is_noise(ch))
    return _SHORTCODE.sub(" ", "".join(kept))


def _is_noise(char: str) -> bool:
    # Marks that change the look of the character in front of them: variation selectors, keycaps, skin tones.
    return unicodedata.category(char) in ("Cf", "Cc", "Co", "Cs", "Cn", "So") or (
        "\ufe00" <= char <= "\ufe0f" or char == "\u20e3" or "\U0001f3fb" <= char <= "\U0001f3ff"
    )


def _unwrapped(text: str) -> str:
    """Return the subject that another one quotes, such as ``Reapply "..."``, through any number of levels."""
    for _ in range(5):
        match = next((found for pattern in _WRAPPED if (found := pattern.match(text))), None)
        if match is None:
            return text
        text = match[1].strip()
    return text


def _without_references(text: str) -> str:
    """Return a text without addresses, persons, trailers and numbers of issues."""
    text = " ".join(text.split())
    for pattern in (_URL, _ADDRESS, *_REFERENCES, _PERSON):
        text = pattern.sub(" ", text)
    return " ".join(text.split())


def _without_tags(text: str) -> str:
    before = None
    while before != text:
        before = text
        for pattern in _PREFIXES:
            text = pattern.sub("", text)
    return text


def clean_subject(subject: str) -> str:
    """Return a commit subject without issue numbers, type prefixes (``fix(core):``), tags, trailers and addresses."""
    text = _without_tags(_without_references(_visible(subject.strip().split("\n", 1)[0])))
    text = re.sub(r"(?:^|\s)(?:\(\s*\)|\[\s*\]|\"\s*\")", "", text)
    text = re.sub(r"[,;:]?\s+(?:see|at|from|via|per|cf|in|for|to|of|by)$", "", " ".join(text.split()).rstrip(" .,;:-"))
    return re.sub(r"\s+([,;)]|\.(?!\S))", r"\1", text).rstrip(" .,;:-")


def word_count(text: str) -> int:
    """Return the number of words with two or more letters."""
    return len(_WORD.findall(text))
