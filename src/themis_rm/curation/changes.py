"""Classify and measure the change between two versions of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from themis_rm.languages.syntax import shared_ends

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


def equal_line_ends(one: str, two: str) -> tuple[int, int]:
    """Return how many characters of equal whole lines two texts have at their start, and at the end of the rest.

    Lines end with a line feed here; lines with other ends may be equal beyond that.
    """
    head, tail = shared_ends(one, two)
    line_end = one.find("\n", len(one) - tail) + 1
    return one.rfind("\n", 0, head) + 1, len(one) - line_end if line_end else 0


def changed_span(old: Sequence[str], new: Sequence[str]) -> int:
    """Return the number of tokens from the first to the last difference, in the longer version."""
    return max(len(old), len(new)) - sum(shared_ends(old, new))


def rewritten_share(old: str, new: str) -> float:
    """Return the share of lines without an equal line in the other version, from 0 to 1; blanks do not count."""
    before, after = (Counter(line for part in text.splitlines() if (line := part.strip())) for text in (old, new))
    total = before.total() + after.total()
    return 1 - 2 * (before & after).total() / total if total else 0.0
