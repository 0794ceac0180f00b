"""Edits of source bytes, and the ways in which whole statements change: deleted, moved, taken out of a wrapper."""

from __future__ import annotations

from dataclasses import dataclass

from themis_rm.curation.inject.tree import CodeTree, Node


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement: the bytes from ``start`` to ``end`` become ``text``."""

    start: int
    end: int
    text: bytes

    @property
    def growth(self) -> int:
        """By how many bytes the code grows."""
        return len(self.text) - (self.end - self.start)

    def apply(self, data: bytes) -> bytes:
        """Return the data with the edit made."""
        return data[: self.start] + self.text + data[self.end :]


def replace(node: Node, text: bytes | str) -> Edit:
    """Return the edit that puts a text in the place of a node."""
    return Edit(node.start, node.end, text.encode() if isinstance(text, str) else text)


def swap(view: CodeTree, first: Node, second: Node) -> Edit:
    """Return the edit that exchanges two nodes, what is between them left as it is."""
    between = view.data[first.end : second.start]
    return Edit(first.start, second.end, view.raw(second) + between + view.raw(first))


def delete(view: CodeTree, statement: Node) -> Edit | None:
    """Return the edit that deletes a statement with its lines and the comments that speak of it.

    A comment behind it or right above it would give the deletion away. ``None`` if the block would be left empty.
    """
    if len(view.siblings(statement)) < 2:
        return None
    return cut(view, statement.start, statement.end)


def cut(view: CodeTree, start: int, end: int) -> Edit:
    """Return the edit that deletes a range; whole lines, with their comments, where nothing else stands on them."""
    data = view.data
    line_start, line_end = data.rfind(b"\n", 0, start) + 1, _line_end(data, end)
    for comment_start, comment_end in view.comments:
        if end <= comment_start < line_end and not data[end:comment_start].strip(b" \t;"):
            line_end = _line_end(data, comment_end)
    alone = not data[line_start:start].strip()
    behind = _outside_comments(view, end, line_end).strip(b" \t;")
    if not alone or behind:
        # a separator goes with what it parted
        while not behind and start > line_start and data[start - 1 : start] in (b" ", b"\t"):
            start -= 1
        while behind and data[end : end + 1] in (b" ", b"\t"):
            end += 1
        return Edit(start, end if behind else line_end, b"")
    line_start = _above(view, line_start)
    line_end = min(line_end + 1, view.fragment.end)
    if line_end == view.fragment.end and data[line_end - 1 : line_end] != b"\n" and line_start > view.fragment.start:
        return Edit(len(data[:line_start].rstrip()), line_end, b"")
    previous = data[:line_start].rstrip(b" \t").endswith((b"\n\n", b"{\n", b":\n"))
    following = _line_end(data, line_end)
    closing = data[line_end:].lstrip()[:3]
    if data[:line_start].endswith(b"\n\n") and (not closing or closing[:1] in (b"}", b")") or closing == b"end"):
        line_start -= 1
    if previous and following < view.fragment.end and not data[line_end:following].strip():
        line_end = following + 1
    return Edit(line_start, line_end, b"")


def _line_end(data: bytes, position: int) -> int:
    found = data.find(b"\n", position)
    return len(data) if found < 0 else found


def _outside_comments(view: CodeTree, start: int, end: int) -> bytes:
    kept, position = b"", start
    for comment_start, comment_end in view.comments:
        if start <= comment_start < end:
            kept += view.data[position:comment_start]
            position = max(position, comment_end)
    return kept + view.data[position:end]


def _above(view: CodeTree, line_start: int) -> int:
    ends = {_line_end(view.data, end - 1): start for start, end in view.comments}
    while line_start - 1 in ends:
        above = view.data.rfind(b"\n", 0, ends[line_start - 1]) + 1
        if view.data[above : ends[line_start - 1]].strip():
            break
        line_start = above
    return max(line_start, view.fragment.start)


def insert_line(view: CodeTree, beside: Node, text: bytes, before: bool = False) -> Edit | None:
    """Return the edit that puts a line beside a statement that stands alone on its lines, with its indentation."""
    data = view.data
    line_start, line_end = data.rfind(b"\n", 0, beside.start) + 1, _line_end(data, beside.end)
    if data[line_start : beside.start].strip() or data[beside.end : line_end].strip(b" \t;") or line_end >= len(data):
        return None
    line = view.indentation(beside.start) + text
    return Edit(line_start, line_start, line + b"\n") if before else Edit(line_end, line_end, b"\n" + line)


def full(view: CodeTree, statement: Node) -> bytes:
    """Return a statement's source with the semicolon that stands behind it in some grammars."""
    behind = view.data[statement.end : statement.end + 1]
    return view.raw(statement) + (b";" if behind == b";" and not view.raw(statement).endswith(b";") else b"")


def combine(view: CodeTree, first: Edit, second: Edit) -> Edit | None:
    """Return one edit that does two that do not overlap."""
    first, second = sorted((first, second), key=lambda edit: edit.start)
    if first.end > second.start:
        return None
    return Edit(first.start, second.end, first.text + view.data[first.end : second.start] + second.text)


def unwrapped(view: CodeTree, wrapper: Node, header: bytes, statements: list[Node], end: int) -> Edit | None:
    """Return the edit that replaces a wrapping statement by a line and the statements in it, moved to its margin."""
    margin, inner = view.indentation(wrapper.start), view.indentation(statements[0].start)
    line_start = view.data.rfind(b"\n", 0, statements[0].start) + 1
    if not inner.startswith(margin) or inner == margin or line_start <= wrapper.start:
        return None
    start = _above_in(view, line_start, wrapper.start)
    last = _line_end(view.data, statements[-1].end)
    lines = view.data[start:last].split(b"\n")
    if any(line.strip() and not line.startswith(inner) for line in lines):
        return None
    body = [margin + line[len(inner) :] if line.strip() else line for line in lines]
    return Edit(wrapper.start, max(end, last), header + b"\n" + b"\n".join(body))


def _above_in(view: CodeTree, line_start: int, least: int) -> int:
    above = _above(view, line_start)
    return above if above > least else line_start
