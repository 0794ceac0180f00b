"""Another width of indentation."""

from __future__ import annotations

from themis_rm.evaluation.adversarial.registry import EDITS, AdversarialEdit, EditedCode
from themis_rm.languages import Language
from themis_rm.languages.syntax import parse_fragment, to_bytes, to_text, walk


def reformat(code: str, language: Language, _: str) -> EditedCode | None:
    """Change the width of the indentation."""
    edited = reindent(code, language)
    return EditedCode(edited) if edited else None


def reindent(code: str, language: Language) -> str | None:
    """Replace an indentation of four spaces by two, or of two spaces or a tab by four.

    Lines that begin inside a text literal or a comment are not changed.

    Returns:
        The code, or ``None`` if it has no such indentation.
    """
    data = to_bytes(code)
    fragment, syntax = parse_fragment(code, language.name), language.require_syntax()
    fixed = [
        (node.start_byte - fragment.start, node.end_byte - fragment.start)
        for node in walk(fragment.tree.root_node)
        if node.type in syntax.literals or node.type in syntax.comments
    ]
    starts = [0, *(at + 1 for at, byte in enumerate(data) if byte == 10)]
    inside = {start for start in starts if any(first < start < last for first, last in fixed)}
    lines = data.split(b"\n")
    indents = [
        line[: len(line) - len(line.lstrip(b" \t"))]
        for start, line in zip(starts, lines, strict=True)
        if start not in inside and line.strip()
    ]
    unit = _indentation_unit([indent for indent in indents if indent])
    if unit is None:
        return None
    old, new = unit
    edited = []
    for start, line in zip(starts, lines, strict=True):
        count = 0
        while start not in inside and line.startswith(old, count * len(old)):
            count += 1
        edited.append(new * count + line[count * len(old) :])
    return to_text(b"\n".join(edited))


def _indentation_unit(indents: list[bytes]) -> tuple[bytes, bytes] | None:
    if not indents:
        return None
    if all(indent.startswith(b"\t") for indent in indents):
        return b"\t", b"    "
    if any(b"\t" in indent for indent in indents):
        return None
    shortest = min(map(len, indents))
    if shortest >= 4:
        return b"    ", b"  "
    return (b"  ", b"    ") if shortest == 2 else None


EDITS.register(AdversarialEdit("reformatting", "another width of indentation", reformat))
