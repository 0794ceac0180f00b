"""Fenced code blocks of a Markdown page with their context: headings, preceding text and container."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from markdown_it.token import Token

from themis_rm.answers.blocks import fence_parser

_CONTAINER = re.compile(r"^[ \t]*:::+[ \t]*(.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class FencedBlock:
    """A fenced block of code.

    Attributes:
        code: Text between the fences, without the fence's indentation.
        info: Info string of the opening fence (``js``, ``java {.bad}``).
        headings: Titles of the sections that contain it, outermost first.
        before: Text since the last block or heading.
        container: Text after the ``:::`` that opened the container around it; empty outside of containers.
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


def fenced_blocks(text: str) -> Iterator[FencedBlock]:
    """Yield the fenced blocks of a page in order; a block that is never closed ends with the page."""
    lines = text.split("\n")
    path: list[tuple[int, str]] = []
    container, position = "", 0
    tokens = fence_parser().parse(text)
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.map is None or token.type not in ("fence", "heading_open"):
            continue
        start, end = token.map
        between, opened = _split_containers(lines[position:start])
        container = opened[-1] if opened else container
        position = end
        if token.type == "heading_open":
            path = _extend_path(path, int(token.tag[1:]), following)
            continue
        yield FencedBlock(
            code=token.content.removesuffix("\n"),
            info=token.info.strip(),
            headings=tuple(title for _, title in path),
            before="\n".join(between).strip(),
            container=container,
            line=start + 1,
        )


def _extend_path(path: list[tuple[int, str]], level: int, title: Token | None) -> list[tuple[int, str]]:
    """Return the sections around the text after a heading: their levels and titles."""
    outer = [(depth, text) for depth, text in path if depth < level]
    return [*outer, (level, title.content if title is not None else "")]


def _split_containers(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the lines that are not ``:::`` lines, and the texts of those that are."""
    matches = [_CONTAINER.match(line) for line in lines]
    rest = [line for line, match in zip(lines, matches, strict=True) if match is None]
    return rest, [match[1].strip() for match in matches if match is not None]


def fence_code(code: str, info: str = "") -> str:
    """Return a fenced block from which :func:`fenced_blocks` reads this code."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{info}\n{code}\n{fence}\n"
