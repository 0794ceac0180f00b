"""Removal of differences between two versions of a program that do not make either of them better.

Where people or a language model inserted bugs, the faulty version often lost its comments or gained blank lines in the
process. A model could then score pairs by the presence of comments alone.
"""

from __future__ import annotations

from themis_rm.languages.syntax import (
    code_tokens,
    comment_ranges,
    error_count,
    parse_fragment,
    strip_comments,
    to_text,
)


def remove_differing_comments(chosen: str, rejected: str, language: str) -> tuple[str, str]:
    """Return both versions without any comment, unless their comments differ at most in layout."""
    if _comments(chosen, language) == _comments(rejected, language):
        return chosen, rejected
    return strip_comments(chosen, language), strip_comments(rejected, language)


def _comments(code: str, language: str) -> list[list[str]]:
    fragment = parse_fragment(code, language)
    return [to_text(fragment.source[start:end]).split() for start, end in comment_ranges(fragment.tree, language)]


def remove_blank_lines(code: str, language: str) -> str:
    """Return code without its blank lines, unless some are inside a text literal."""
    dense = "\n".join(line.rstrip() for line in code.split("\n") if line.strip()) + "\n"
    return dense if code_tokens(dense, language) == code_tokens(code, language) else code


def breaks_syntax(chosen: str, rejected: str, language: str) -> bool:
    """Return whether the rejected version has more syntax errors, so that a parser can distinguish the two."""
    expected, errors = (error_count(parse_fragment(code, language).tree) for code in (chosen, rejected))
    return errors > expected
