"""Another width of indentation."""

from __future__ import annotations

from themis_rm.languages import Language
from themis_rm.languages.syntax import get_syntax, parse_fragment, to_bytes, to_text, walk


def reindented(code: str, language: Language) -> str | None:
    """Return the code with two spaces for four, or four for two or a tab; ``None`` if nothing is indented so.

    Lines that begin inside a text literal or a comment stay as they are.
    """
    data = to_bytes(code)
    fragment, row = parse_fragment(code, language.name), get_syntax(language.name)
    held = [
        (node.start_byte - fragment.start, node.end_byte - fragment.start)
        for node in walk(fragment.tree.root_node)
        if node.type in row.literals or node.type in row.comments or node.type == "heredoc_body"
    ]
    starts = [0, *(at + 1 for at, byte in enumerate(data) if byte == 10)]
    inside = {start for start in starts if any(first < start < last for first, last in held)}
    lines = data.split(b"\n")
    indents = [
        line[: len(line) - len(line.lstrip(b" \t"))]
        for start, line in zip(starts, lines, strict=True)
        if start not in inside and line.strip()
    ]
    unit = _unit([indent for indent in indents if indent])
    if unit is None:
        return None
    old, new = unit
    made = []
    for start, line in zip(starts, lines, strict=True):
        count = 0
        while start not in inside and line.startswith(old, count * len(old)):
            count += 1
        made.append(new * count + line[count * len(old) :])
    return to_text(b"\n".join(made))


def _unit(indents: list[bytes]) -> tuple[bytes, bytes] | None:
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
