"""Avoid and find what reveals in an instruction which of two versions is the better one: words, and orders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

_WORD = re.compile(r"[^\W\d]\w*|\d+(?:\.\d+)*")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SHORTEST = 3


T = TypeVar("T", bound=str | tuple[str, ...])


def shared_items(one: Sequence[T], other: Sequence[T]) -> list[T]:
    """Return what two lists without repeats have in common: in their order, or sorted if their orders differ.

    The order of one version alone would reveal which one it is.
    """
    inside, others = set(one), set(other)
    common = [item for item in one if item in others]
    return common if common == [item for item in other if item in inside] else sorted(common)


def leaking_words(instruction: str, chosen: str, rejected: str, ignored: frozenset[str] = frozenset()) -> list[str]:
    """Return the identifiers and numbers of an instruction that occur in one version only, in order.

    A word also counts where it is a part of a longer identifier (*nested* of ``parse_nested``).

    Args:
        instruction: The request.
        chosen: The better version.
        rejected: The other version.
        ignored: Words that do not count.
    """
    new, old = set(chosen.split("\n")), set(rejected.split("\n"))
    changed = _words_of(new - old) ^ _words_of(old - new)
    words = dict.fromkeys(word for word in _WORD.findall(instruction) if word[0].isdigit() or len(word) >= _SHORTEST)
    found = [word for word in words if word in changed and word not in ignored]
    unchanged = _words_of(new & old) if found else frozenset[str]()
    return [word for word in found if word not in unchanged]


def _words_of(lines: Iterable[str]) -> frozenset[str]:
    words = set(_WORD.findall("\n".join(lines)))
    return frozenset(words.union(*map(_parts_of, words)))


@lru_cache(maxsize=1 << 16)
def _parts_of(word: str) -> frozenset[str]:
    """Return the parts of an identifier, as they are and in lower case."""
    parts = _PART.findall(word)
    return frozenset([*parts, *(part.lower() for part in parts)])
