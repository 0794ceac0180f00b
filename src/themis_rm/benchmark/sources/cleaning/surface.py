"""What two versions of a program differ in though neither is the better for it, taken out of both.

Where annotators put bugs in by hand or by a model, the broken version often went through other hands than the sound
one: comments are gone, blank lines doubled. A model that learns "the one with comments wins" judges nothing.
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
    """Return both versions without any comment, if their comments differ in more than layout; else as they are."""
    if _comments(chosen, language) == _comments(rejected, language):
        return chosen, rejected
    return strip_comments(chosen, language), strip_comments(rejected, language)


def _comments(code: str, language: str) -> list[list[str]]:
    fragment = parse_fragment(code, language)
    return [to_text(fragment.source[start:end]).split() for start, end in comment_ranges(fragment.tree, language)]


def remove_blank_lines(code: str, language: str) -> str:
    """Return code without its blank lines, unless they stand inside a text literal."""
    dense = "\n".join(line.rstrip() for line in code.split("\n") if line.strip()) + "\n"
    return dense if code_tokens(dense, language) == code_tokens(code, language) else code


def breaks_syntax(chosen: str, rejected: str, language: str) -> bool:
    """Tell whether the rejected version is broken for the parser already, so that nothing is left to judge."""
    sound, broken = (error_count(parse_fragment(code, language).tree) for code in (chosen, rejected))
    return broken > sound
