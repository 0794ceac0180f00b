"""Edits of source bytes: replacing, swapping, deleting, inserting and moving nodes and statements."""

from __future__ import annotations

from dataclasses import dataclass

from themis_rm.curation.inject.tree import CodeTree, Node


@dataclass(frozen=True, slots=True)
class SourceEdit:
    """One replacement: ``text`` replaces the bytes from ``start`` to ``end``."""

    start: int
    end: int
    text: bytes

    @property
    def growth(self) -> int:
        """By how many bytes the code becomes longer."""
        return len(self.text) - (self.end - self.start)

    def apply(self, data: bytes) -> bytes:
        """Return the edited data."""
        return data[: self.start] + self.text + data[self.end :]


def replace(node: Node, text: bytes | str) -> SourceEdit:
    """Return the edit that replaces a node by a text."""
    return SourceEdit(node.start, node.end, text.encode() if isinstance(text, str) else text)


def swap(tree: CodeTree, first: Node, second: Node) -> SourceEdit:
    """Return the edit that exchanges two nodes and keeps the text between them."""
    between = tree.data[first.end : second.start]
    return SourceEdit(first.start, second.end, tree.raw(second) + between + tree.raw(first))


def delete(tree: CodeTree, statement: Node) -> SourceEdit | None:
    """Return the edit that deletes a statement with its lines and the comments about it.

    A comment after it or directly above it would reveal the deletion. ``None`` if the block would become empty.
    """
    if len(tree.siblings(statement)) < 2:
        return None
    return delete_range(tree, statement.start, statement.end)


def delete_range(tree: CodeTree, start: int, end: int) -> SourceEdit:
    """Return the edit that deletes a range: complete lines, with their comments, if they contain nothing else."""
    data = tree.data
    line_start, line_end = data.rfind(b"\n", 0, start) + 1, _line_end(data, end)
    for comment_start, comment_end in tree.comments:
        if end <= comment_start < line_end and not data[end:comment_start].strip(b" \t;"):
            line_end = _line_end(data, comment_end)
    alone = not data[line_start:start].strip()
    behind = _outside_comments(tree, end, line_end).strip(b" \t;")
    if not alone or behind:
        # White space that separated the range from its neighbor is deleted too.
        while not behind and start > line_start and data[start - 1 : start] in (b" ", b"\t"):
            start -= 1
        while behind and data[end : end + 1] in (b" ", b"\t"):
            end += 1
        return SourceEdit(start, end if behind else line_end, b"")
    line_start = _comments_above(tree, line_start)
    line_end = min(line_end + 1, tree.fragment.end)
    if line_end == tree.fragment.end and data[line_end - 1 : line_end] != b"\n" and line_start > tree.fragment.start:
        return SourceEdit(len(data[:line_start].rstrip()), line_end, b"")
    previous = data[:line_start].rstrip(b" \t").endswith((b"\n\n", b"{\n", b":\n"))
    following = _line_end(data, line_end)
    closing = data[line_end:].lstrip()[:3]
    if data[:line_start].endswith(b"\n\n") and (not closing or closing[:1] in (b"}", b")") or closing == b"end"):
        line_start -= 1
    if previous and following < tree.fragment.end and not data[line_end:following].strip():
        line_end = following + 1
    return SourceEdit(line_start, line_end, b"")


def _line_end(data: bytes, position: int) -> int:
    end = data.find(b"\n", position)
    return len(data) if end < 0 else end


def _outside_comments(tree: CodeTree, start: int, end: int) -> bytes:
    kept, position = b"", start
    for comment_start, comment_end in tree.comments:
        if start <= comment_start < end:
            kept += tree.data[position:comment_start]
            position = max(position, comment_end)
    return kept + tree.data[position:end]


def _comments_above(tree: CodeTree, line_start: int) -> int:
    """Return the start of the first of the comment lines that end directly above a line, or of the line itself."""
    ends = {_line_end(tree.data, end - 1): start for start, end in tree.comments}
    while line_start - 1 in ends:
        above = tree.data.rfind(b"\n", 0, ends[line_start - 1]) + 1
        if tree.data[above : ends[line_start - 1]].strip():
            break
        line_start = above
    return max(line_start, tree.fragment.start)


def insert_line(tree: CodeTree, statement: Node, text: bytes, before: bool = False) -> SourceEdit | None:
    """Return the edit that inserts a line after or before a statement, with the same indentation.

    ``None`` if there is other code on the statement's lines.
    """
    data = tree.data
    line_start, line_end = data.rfind(b"\n", 0, statement.start) + 1, _line_end(data, statement.end)
    alone = not data[line_start : statement.start].strip() and not data[statement.end : line_end].strip(b" \t;")
    if not alone or line_end >= len(data):
        return None
    line = tree.indentation(statement.start) + text
    if before:
        return SourceEdit(line_start, line_start, line + b"\n")
    return SourceEdit(line_end, line_end, b"\n" + line)


def statement_source(tree: CodeTree, statement: Node) -> bytes:
    """Return a statement's source, with its semicolon where the grammar does not include it."""
    behind = tree.data[statement.end : statement.end + 1]
    source = tree.raw(statement)
    return source + (b";" if behind == b";" and not source.endswith(b";") else b"")


def combine(tree: CodeTree, first: SourceEdit, second: SourceEdit) -> SourceEdit | None:
    """Return one edit that makes two edits, or ``None`` if they overlap."""
    first, second = sorted((first, second), key=lambda edit: edit.start)
    if first.end > second.start:
        return None
    return SourceEdit(first.start, second.end, first.text + tree.data[first.end : second.start] + second.text)


def unwrap(tree: CodeTree, wrapper: Node, header: bytes, statements: list[Node], end: int) -> SourceEdit | None:
    """Return the edit that replaces a wrapping statement by a header line and its statements, indented less.

    ``None`` if a line of the statements has a smaller indentation than the first one.
    """
    margin, inner = tree.indentation(wrapper.start), tree.indentation(statements[0].start)
    line_start = tree.data.rfind(b"\n", 0, statements[0].start) + 1
    if not inner.startswith(margin) or inner == margin or line_start <= wrapper.start:
        return None
    above = _comments_above(tree, line_start)
    start = above if above > wrapper.start else line_start
    last = _line_end(tree.data, statements[-1].end)
    lines = tree.data[start:last].split(b"\n")
    if any(line.strip() and not line.startswith(inner) for line in lines):
        return None
    body = [margin + line[len(inner) :] if line.strip() else line for line in lines]
    return SourceEdit(wrapper.start, max(end, last), header + b"\n" + b"\n".join(body))
