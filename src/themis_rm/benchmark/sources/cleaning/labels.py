"""Words that reveal a label, and their removal from code without changing what the code does.

Teaching material marks the bad version in comments ("// BAD: ...", "/* POTENTIAL FLAW */") and in names (``goodG2B``,
``unsafe_query``). A model could score pairs by these words alone, so they must not be in a benchmark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from themis_rm.languages.syntax import comment_ranges, get_syntax, parse_fragment, to_bytes, to_text, walk

LABEL_WORDS = (
    r"bad|badly|good|bug(?:s|gy|fix)?|fix(?:ed|es|me)?|correct(?:ed|ly)?|incorrect(?:ly)?|wrong(?:ly)?|flaws?|flawed|"
    r"faulty|mistakes?|errors? here|vulnerab\w*|insecure(?:ly)?|secure(?:ly|d)?|unsafe(?:ly)?|safe(?:ly|r)?|"
    r"danger(?:ous)?|exploit\w*|attack(?:er|ers|s)?|malicious|tainted|CWE-?\d*|CVE-?[\d-]*|slow(?:er)?|fast(?:er)?|"
    r"inefficient(?:ly)?|efficient(?:ly)?|optimi[sz]\w*|non-?compliant|compliant|avoid|prefer(?:red)?|better|worse|"
    r"don't|do not|should(?:n't| not)?|instead|violation|okay|OK|leak(?:s|ed|ing)?|prevent(?:s|ed|ing)?|injections?|"
    r"sanitiz\w*|untrusted|traversal|overflows?|weak(?:er|ly)?|strong(?:er|ly)?|security|vuln"
)
"""Words by which a comment reveals whether an example is good or bad."""

_LABEL = re.compile(rf"(?<![A-Za-z])(?:{LABEL_WORDS})(?![A-Za-z])", re.IGNORECASE)


def reveals_label(text: str) -> bool:
    """Return whether a text contains a word that reveals a label."""
    return _LABEL.search(text) is not None


def remove_revealing_comments(code: str, language: str, reveals: Callable[[str], bool] = reveals_label) -> str:
    """Return the code without the comments that contain a revealing word; other comments stay.

    A line that contains only such a comment is removed. Adjacent line comments count as one comment, as a sentence may
    run over several lines.

    Args:
        code: A file or a fragment.
        language: Any name of a language.
        reveals: Returns whether to remove a comment with a given text; by default one with a revealing word.
    """
    fragment = parse_fragment(code, language)
    ranges = [
        (start - fragment.start, end - fragment.start)
        for start, end in comment_ranges(fragment.tree, language)
        if fragment.start <= start and end <= fragment.end
    ]
    data = to_bytes(code)
    kept, position = [], 0
    for block in _blocks(ranges, data):
        text = " ".join(to_text(data[start:end]) for start, end in block)
        if not reveals(text):
            continue
        for start, end in block:
            line_start = data.rfind(b"\n", 0, start) + 1
            line_end = data.find(b"\n", end)
            line_end = len(data) if line_end < 0 else line_end
            alone = not data[line_start:start].strip() and not data[end:line_end].strip()
            first, last = (line_start, min(line_end + 1, len(data))) if alone else (start, end)
            kept.append(data[position : max(first, position)])
            position = max(last, position)
    kept.append(data[position:])
    return "\n".join(line.rstrip() for line in to_text(b"".join(kept)).split("\n"))


def _blocks(ranges: list[tuple[int, int]], data: bytes) -> list[list[tuple[int, int]]]:
    """Group comments that are alone on consecutive lines."""
    blocks: list[list[tuple[int, int]]] = []
    joins = False
    for start, end in ranges:
        alone = not data[data.rfind(b"\n", 0, start) + 1 : start].strip()
        between = data[blocks[-1][-1][1] : start] if blocks else b""
        if joins and alone and not between.strip() and between.count(b"\n") <= 1:
            blocks[-1].append((start, end))
        else:
            blocks.append([(start, end)])
        joins = alone
    return blocks


def rename_identifiers(code: str, language: str, names: Mapping[str, str]) -> str:
    """Return the code with identifiers renamed; text literals and comments stay unchanged.

    Args:
        code: A file or a fragment.
        language: Any name of a language.
        names: Old name -> new name of complete identifiers.
    """
    fragment = parse_fragment(code, language)
    data, row = to_bytes(code), get_syntax(language)
    kept, position = [], 0
    for node in walk(fragment.tree.root_node, skip=row.literals | row.comments):
        if node.child_count or not fragment.start <= node.start_byte < node.end_byte <= fragment.end:
            continue
        old = to_text(fragment.source[node.start_byte : node.end_byte])
        if old in names and ("identifier" in node.type or node.type == "constant"):
            start, end = node.start_byte - fragment.start, node.end_byte - fragment.start
            kept += [data[position:start], to_bytes(names[old])]
            position = end
    kept.append(data[position:])
    return to_text(b"".join(kept))
