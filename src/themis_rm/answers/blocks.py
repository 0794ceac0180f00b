"""Fenced code blocks of an answer, as CommonMark defines them, and unified diffs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt

_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*$")
_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_FILES = re.compile(r"^--- \S.*\n\+\+\+ \S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        code: The lines between the fences, without the indentation of the opening fence.
        label: First word of the info string, in lower case; empty for none.
        closed: Whether the closing fence is there; an answer that was cut off has an open last block.
        start: Offset of the opening fence's line in the text, in characters.
    """

    code: str
    label: str
    closed: bool
    start: int


@cache
def fence_parser() -> MarkdownIt:
    """Return a CommonMark parser of headings and fences.

    Fences are nested in lists at any depth and in HTML without blank lines, so indented code and HTML blocks, which
    would contain such fences, are off. So are Setext headings: front matter would be one.
    """
    return MarkdownIt("commonmark").disable(["code", "html_block", "lheading", "inline"])


def fenced_blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a text in order; line ends are line feeds."""
    lines = text.split("\n")
    blocks = []
    for token in fence_parser().parse(text):
        if token.type == "fence" and token.map is not None:
            first, past = token.map
            closing = _FENCE.search(lines[past - 1]) if past - first > 1 else None
            closed = closing is not None and closing[1].startswith(token.markup)
            start = sum(len(line) + 1 for line in lines[:first])
            blocks.append(Block(token.content, _label(token.info), closed, start))
    return blocks


def _label(info: str) -> str:
    """Return the language of an info string: ``python``, ``{.python}`` and ``python title="a"`` name one."""
    word = re.match(r"[\s{.]*([\w+#-]*)", info)
    return word[1].casefold() if word else ""


def is_unified_diff(text: str) -> bool:
    """Return whether a text is a unified diff: hunks, and nothing before them but headers of files."""
    hunk = _HUNK.search(text)
    if hunk is None:
        return False
    head = text[: hunk.start()]
    return not head.strip() or _FILES.search(head) is not None
