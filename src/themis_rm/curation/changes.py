"""Classify and measure the change between two versions of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

Kind = Literal["none", "layout", "comments", "code"]


def kind_of_change(old: str, new: str, old_tokens: Sequence[str], new_tokens: Sequence[str]) -> Kind:
    """Return whether a change affects nothing, only layout, only comments (and layout), or code.

    Args:
        old: Text before the change.
        new: Text after the change.
        old_tokens: Tokens of ``old`` without comments, of the whole text or of the changed part, see
            :func:`~themis_rm.languages.syntax.changed_tokens`.
        new_tokens: Tokens of ``new`` without comments.
    """
    if old == new:
        return "none"
    if old_tokens != new_tokens:
        return "code"
    return "layout" if "".join(old.split()) == "".join(new.split()) else "comments"


def equal_ends(one: Sequence[str], two: Sequence[str]) -> tuple[int, int]:
    """Return how many items of two sequences are equal from their start, and from the end of the rest."""
    shorter = min(len(one), len(two))
    head = next((i for i in range(shorter) if one[i] != two[i]), shorter)
    return head, next((i for i in range(shorter - head) if one[-1 - i] != two[-1 - i]), shorter - head)


def changed_span(old: Sequence[str], new: Sequence[str]) -> int:
    """Return the number of tokens from the first to the last difference, in the longer version."""
    return max(len(old), len(new)) - sum(equal_ends(old, new))


def rewritten_share(old: str, new: str) -> float:
    """Return the share of lines without an equal line in the other version, from 0 to 1; blanks do not count."""
    before, after = (Counter(line for part in text.splitlines() if (line := part.strip())) for text in (old, new))
    total = before.total() + after.total()
    return 1 - 2 * (before & after).total() / total if total else 0.0
