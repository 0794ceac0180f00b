"""Recognize text that is not in English, with high precision: text that could be English is taken for English.

Commit subjects are too short, and hold too many identifiers, for statistical detectors of languages. The decision rests
on scripts, and on function words that other languages in Latin script have and English lacks.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources

MAX_OTHER_LETTERS = 0.5
"""Largest share of letters of other scripts than Latin."""


@cache
def _function_words(name: str) -> frozenset[str]:
    text = (resources.files("themis_rm.curation") / "function_words" / f"{name}.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split())


_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CODE = re.compile(r"`[^`]*`|\"[^\"]*\"|\S*[_(){}<>=/\\#@]\S*|\S*\w\.\w\S*")


def is_english(text: str) -> bool:
    """Return whether a text may be English; ``False`` only where another language is certain.

    Quoted text, code and paths do not count.
    """
    prose = _CODE.sub(" ", text)
    words = [word.casefold() for word in _WORD.findall(prose)]
    english = sum(word in _function_words("english") for word in words)
    other_letters, share = _other_scripts(prose)
    if share > MAX_OTHER_LETTERS or (other_letters > 1 and not english):
        return False
    foreign = sum(word in _function_words("other") for word in words)
    accented = sum(not word.isascii() for word in words)
    return not (foreign and foreign + accented > max(1, english)) and not (accented > 1 and not english)


def _other_scripts(text: str) -> tuple[int, float]:
    """Return the number and the share of letters of other scripts than Latin."""
    letters = [ch for ch in text if ch.isalpha()]
    count = sum(not ch.isascii() and not unicodedata.name(ch, "").startswith("LATIN") for ch in letters)
    # A word of Chinese or Japanese is one or two letters, so that each counts twice.
    return count, 2 * count / (len(letters) + count) if letters else 0.0
