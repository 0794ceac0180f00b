"""Two versions of a function around a security fix, made fit to stand side by side."""

from __future__ import annotations

from themis_rm.benchmark.sources.cleaning.labels import remove_revealing_comments, reveals_label
from themis_rm.languages import get_language
from themis_rm.languages.syntax import comment_ranges, error_count, parse_fragment, to_text

_MACROS = frozenset({"C", "C++"})
"""Languages whose grammars cannot read every complete function: macros come before the grammar."""


def dedent_code(code: str) -> str:
    """Return the code without the indentation of its first line of text; lines that have less lose what they have."""
    lines = code.expandtabs(4).split("\n") if _mixed(code) else code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    kept = [line.removeprefix(indent) if line.startswith(indent) else line.lstrip() for line in lines]
    return "\n".join(line.rstrip() for line in kept).strip("\n") + "\n"


def _mixed(code: str) -> bool:
    """Tell whether some lines begin with tabs and others with spaces, so that no prefix is common to them."""
    starts = {line[0] for line in code.split("\n") if line[:1] in {" ", "\t"}}
    return len(starts) > 1


def is_fragment(code: str, language: str) -> bool:
    """Tell whether code was cut out so that it is no whole function (an argument list, the rest of a chain)."""
    if get_language(language).name in _MACROS:
        return False
    return error_count(parse_fragment(code, language).tree) > 0


def remove_fix_comments(chosen: str, rejected: str, language: str) -> tuple[str, str]:
    """Return both versions without telling comments, if such comments stand on one side alone.

    The authors of a fix explain it ("escape user input, CVE-..."): what the explanation says is the label. Comments
    that both versions have belong to the code.
    """
    if _telling(chosen, language) == _telling(rejected, language):
        return chosen, rejected
    return remove_revealing_comments(chosen, language), remove_revealing_comments(rejected, language)


def _telling(code: str, language: str) -> list[str]:
    fragment = parse_fragment(code, language)
    texts = [to_text(fragment.source[start:end]) for start, end in comment_ranges(fragment.tree, language)]
    return [" ".join(text.split()) for text in texts if reveals_label(text)]
