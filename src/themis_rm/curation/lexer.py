"""Split code into tokens with regular expressions, for comparisons that need speed and no syntax tree.

Comments and white space are left out. The result is approximate where only a parser knows what a quote means (in a
regular expression literal); it depends on the text alone, so equal texts have equal tokens.
"""

from __future__ import annotations

import re

# An escaped quote outside of a text literal begins none: otherwise a line of them would take quadratic time.
_STRING = r'\\.|"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])*'"
_HASH_COMMENTS = frozenset({"Python", "Ruby"})
# Words are by far the most frequent, so they are tried first.
_HASH = re.compile(rf'(\w+|"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\'|{_STRING}|[^\w\s#])|#[^\n]*', re.DOTALL)
_SLASH = re.compile(rf"(\w+|`(?:\\.|[^`\\])*`|{_STRING}|[^\w\s/]|/(?![/*]))|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)


def lex(code: str, language: str) -> list[str]:
    """Return the tokens of code: words, text literals and single punctuation characters.

    Args:
        code: The code.
        language: Name of its language, which decides how comments begin.
    """
    pattern = _HASH if language in _HASH_COMMENTS else _SLASH
    return list(filter(None, pattern.findall(code)))
