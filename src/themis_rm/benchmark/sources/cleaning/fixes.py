"""Cleaning of the two versions of a function before and after a security fix."""

from __future__ import annotations

from themis_rm.benchmark.sources.cleaning.labels import remove_revealing_comments, reveals_label
from themis_rm.languages import get_language
from themis_rm.languages.syntax import comment_ranges, error_count, parse_fragment, to_text

_MACROS = frozenset({"C", "C++"})
"""Languages whose grammars cannot parse every complete function, because of macros."""


def dedent_code(code: str) -> str:
    """Return the code without the indentation of its first non-empty line; lines with less lose all of theirs."""
    lines = code.expandtabs(4).split("\n") if _mixed(code) else code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    kept = [line.removeprefix(indent) if line.startswith(indent) else line.lstrip() for line in lines]
    return "\n".join(line.rstrip() for line in kept).strip("\n") + "\n"


def _mixed(code: str) -> bool:
    """Return whether some lines start with tabs and others with spaces, so that they share no prefix."""
    starts = {line[0] for line in code.split("\n") if line[:1] in {" ", "\t"}}
    return len(starts) > 1


def is_fragment(code: str, language: str) -> bool:
    """Return whether code is only a part of a function (an argument list, the end of a call chain)."""
    if get_language(language).name in _MACROS:
        return False
    return error_count(parse_fragment(code, language).tree) > 0


def remove_fix_comments(chosen: str, rejected: str, language: str) -> tuple[str, str]:
    """Return both versions without revealing comments, unless both have the same ones.

    Authors explain their fixes ("escape user input, CVE-..."), and such an explanation is the label. Comments that both
    versions have belong to the code.
    """
    if _revealing_comments(chosen, language) == _revealing_comments(rejected, language):
        return chosen, rejected
    return remove_revealing_comments(chosen, language), remove_revealing_comments(rejected, language)


def _revealing_comments(code: str, language: str) -> list[str]:
    fragment = parse_fragment(code, language)
    texts = [to_text(fragment.source[start:end]) for start, end in comment_ranges(fragment.tree, language)]
    return [" ".join(text.split()) for text in texts if reveals_label(text)]
