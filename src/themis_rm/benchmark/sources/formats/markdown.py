"""Fenced code blocks of a Markdown page, with what stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*$")
_CONTAINER = re.compile(r"^[ \t]*:::+[ \t]*(.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block of code.

    Attributes:
        code: What is between the fences, without the fence's indentation.
        info: What stands behind the opening fence (``js``, ``java {.bad}``).
        headings: Titles of the sections around it, from the outermost.
        before: The prose since the last block or heading.
        container: What opened the ``:::`` container around it; empty outside of one.
        line: 1-based line of the opening fence.
    """

    code: str
    info: str
    headings: tuple[str, ...]
    before: str
    container: str
    line: int

    @property
    def language(self) -> str:
        """First word of the info string, in lower case; empty for none."""
        word = re.match(r"[\w+#.-]*", self.info.strip())
        return word.group().casefold() if word else ""


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page in order.

    A fence is closed by one of the same character that is at least as long (CommonMark 0.31, section 4.5); a block that
    is never closed runs to the end of the page. Headings inside of blocks are code.
    """
    lines = text.split("\n")
    path: list[tuple[int, str]] = []
    prose: list[str] = []
    container, number = "", 0
    while number < len(lines):
        line = lines[number]
        if opened := _FENCE.match(line):
            code, after = _fenced(lines, number, opened.group("indent"), opened.group("fence"))
            yield Block(
                code=code,
                info=opened.group("info").strip(),
                headings=tuple(title for _, title in path),
                before="\n".join(prose).strip(),
                container=container,
                line=number + 1,
            )
            prose, number = [], after
            continue
        if heading := _HEADING.match(line):
            path = [
                *((level, title) for level, title in path if level < len(heading[1])),
                (len(heading[1]), heading[2]),
            ]
            prose = []
        elif held := _CONTAINER.match(line):
            container = held[1].strip()
        else:
            prose.append(line)
        number += 1


def _fenced(lines: list[str], start: int, indent: str, fence: str) -> tuple[str, int]:
    """Return the code of the block that opens at a line, and the number of the line behind it."""
    closing = re.compile(rf"^[ \t]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*$")
    end = start + 1
    while end < len(lines) and not closing.match(lines[end]):
        end += 1
    return "\n".join(_outdented(line, indent) for line in lines[start + 1 : end]), min(end + 1, len(lines))


def _outdented(line: str, indent: str) -> str:
    """Return a line without as much of the fence's indentation as it has."""
    common = 0
    while common < min(len(indent), len(line)) and line[common] == indent[common]:
        common += 1
    return line[common:]


def fenced(code: str, info: str = "") -> str:
    """Return a block that :func:`blocks` reads back as this code."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{code}\n{fence}\n"
