"""Source listings of an AsciiDoc page with their context: headings and preceding text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEADING = re.compile(r"^(=+)[ \t]+(.*?)[ \t]*(?:\[\[[^\]]*\]\][ \t]*)*$")
_ATTRIBUTE = re.compile(r"^\[(?:source|,)[ \t]*,?[ \t]*([\w+#-]*)[^\]]*\]$")
_DELIMITER = re.compile(r"^-{4,}$")
_OTHER_DELIMITER = re.compile(r"^(?:/{4,}|\.{4,}|\+{4,})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A source listing.

    Attributes:
        code: Text between the delimiters.
        language: Language in the listing's attributes, in lower case; empty for none.
        headings: Titles of the sections that contain it, outermost first, without their anchors.
        before: Text since the last listing or heading.
        line: 1-based line of the opening delimiter.
    """

    code: str
    language: str
    headings: tuple[str, ...]
    before: str
    line: int


def find_listings(text: str) -> Iterator[Listing]:
    """Yield the ``----`` listings of a page in order; comment, literal and pass-through blocks are skipped.

    A listing ends at a delimiter of the same length, or with the page (AsciiDoc language documentation, "Source code
    blocks" and "Delimited blocks").
    """
    lines = text.split("\n")
    path: list[tuple[int, str]] = []
    prose: list[str] = []
    language, number = "", 0
    while number < len(lines):
        line = lines[number].rstrip()
        if _DELIMITER.match(line):
            end = _end(lines, number)
            yield Listing(
                code="\n".join(lines[number + 1 : end]),
                language=language,
                headings=tuple(title for _, title in path),
                before="\n".join(prose).strip(),
                line=number + 1,
            )
            prose, language, number = [], "", end + 1
            continue
        if _OTHER_DELIMITER.match(line):
            number = _end(lines, number) + 1
            continue
        if heading := _HEADING.match(line):
            level = len(heading[1])
            path = [*((above, title) for above, title in path if above < level), (level, heading[2])]
            prose = []
        elif attribute := _ATTRIBUTE.match(line):
            language = attribute[1].casefold()
        else:
            prose.append(line)
        number += 1


def _end(lines: list[str], start: int) -> int:
    """Return the number of the line that closes the block opened at a line, or the number of lines."""
    delimiter = lines[start].rstrip()
    end = start + 1
    while end < len(lines) and lines[end].rstrip() != delimiter:
        end += 1
    return end
