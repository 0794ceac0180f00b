"""Cut both versions of a long file to the same window around a change.

A window holds the changed functions (or other items), the headers of the classes around them, and, where they fit, the
imports and the short declarations that the changed items mention. Items without a change have the same text in both
versions, and are kept or left out on both sides alike, so the versions of a window differ exactly where the file does.
A window is used only if it parses as well as the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from themis_rm.curation.outline import Item, Outline, find_outline
from themis_rm.languages.syntax import error_count, parse_fragment, shared_ends

_NAME = re.compile(r"[^\W\d]\w*")
_SHORT = 3  # lines of a declaration that is kept as context


@dataclass(frozen=True, slots=True)
class Window:
    """The parts of two versions around a change.

    Attributes:
        old: Text before the change.
        new: Text after the change.
        old_lines: Lines of the old file that ``old`` consists of, from 0.
        new_lines: Lines of the new file that ``new`` consists of, from 0.
        complete: Whether the window contains every change of the file.
    """

    old: str
    new: str
    old_lines: tuple[int, ...]
    new_lines: tuple[int, ...]
    complete: bool


class _Side:
    """One version of the file: its lines and outline."""

    def __init__(self, code: str, language: str) -> None:
        self.lines = code.split("\n")
        self.outline: Outline = find_outline(code, language)
        self._own: dict[Item, set[int]] = {}
        self._touched: dict[tuple[int, int], set[Item | int]] = {}

    def touched(self, first: int, past: int) -> set[Item | int]:
        """Return what a change of lines ``[first, past)`` touches: items, or lines between items.

        An insertion, ``first == past``, touches the item that it is inside of.
        """
        if (first, past) not in self._touched:
            self._touched[first, past] = self._find_touched(first, past)
        return self._touched[first, past]

    def _find_touched(self, first: int, past: int) -> set[Item | int]:
        if first < past:
            return set(self._parts(first, past))
        if 0 < first < len(self.lines):
            inside = _common_item(self.outline.owner(first - 1), self.outline.owner(first))
            return set() if inside is None else {inside}
        return set()

    def part(self, line: int) -> Item | int:
        """Return the innermost item that contains a line, or the line if it is between items."""
        return self.outline.owner(line) or line

    def _parts(self, first: int, past: int) -> Iterator[Item | int]:
        line = first
        while line < past:
            part = self.part(line)
            yield part
            # The other lines of an item without members are not part of another one.
            line = line + 1 if isinstance(part, int) or part.members else part.last + 1

    def lines_of(self, kept: Iterable[Item | int]) -> set[int]:
        """Return the lines of kept items and of the headers and ends of the containers around them."""
        lines: set[int] = set()
        for item in kept:
            if isinstance(item, int):
                lines.add(item)
                continue
            lines |= self._own_lines(item) if item.members else set(range(item.first, item.last + 1))
            for parent in _parents(item)[1:]:
                lines |= self._own_lines(parent)
        return lines

    def _own_lines(self, container: Item) -> set[int]:
        """Return the lines of a container that belong to none of its members, without blank lines."""
        if container not in self._own:
            lines = {line for line in range(container.first, container.last + 1) if self.lines[line].strip()}
            for member in container.members:
                lines.difference_update(range(member.first, member.last + 1))
            self._own[container] = lines
        return self._own[container]

    def text(self, lines: Iterable[int]) -> str:
        """Return lines in order; the last line of a file without its end keeps that."""
        chosen = sorted(lines)
        text = "\n".join(self.lines[line] for line in chosen)
        return text if chosen and chosen[-1] == len(self.lines) - 1 else text + "\n"


def _common_item(one: Item | None, other: Item | None) -> Item | None:
    """Return the innermost item that contains both, ``None`` for none; of one item, the item itself."""
    above = set()
    while one is not None:
        above.add(one)
        one = one.parent
    while other is not None and other not in above:
        other = other.parent
    return other


def cut_window(old: str, new: str, language: str, max_tokens: int, count: Callable[[str], int]) -> Window | None:
    """Return the window around a change, or ``None`` if no window fits and parses as well as the whole file.

    Args:
        old: File before the change.
        new: File after the change.
        language: Any name of a language with syntax.
        max_tokens: Most tokens of the longer version.
        count: Returns the number of tokens of a text.

    Raises:
        MissingPartError: The language defines no syntax.
    """
    sides = _Side(old, language), _Side(new, language)
    changes, pairs = _align(sides[0].lines, sides[1].lines)
    if not changes:
        return None

    def fits(kept: tuple[set[Item | int], set[Item | int]]) -> bool:
        return all(count(side.text(side.lines_of(part))) <= max_tokens for side, part in zip(sides, kept, strict=True))

    # Usually all changes fit; otherwise the largest ones that do are kept.
    kept, included = _keep(changes, changes, pairs, sides, fits), len(changes)
    if kept is None:
        kept, included = (set(), set()), 0
        for change in sorted(changes, key=lambda c: -(c[1] - c[0]) - (c[3] - c[2])):
            grown = _keep([change], changes, pairs, sides, fits, kept)
            if grown is not None:
                kept, included = grown, included + 1
    if not included:
        return None
    kept = _with_context(kept, pairs, sides, fits)
    window = _build(kept, pairs, sides, included == len(changes))
    return window if _is_usable(window, sides, language) else None


Change = tuple[int, int, int, int]
"""Lines ``[first, past)`` of the old file that became lines ``[first, past)`` of the new one."""


class _Pairs:
    """The unchanged lines: which line of the new file is which line of the old one.

    Args:
        head: Number of lines at the start that are equal.
        tail: Number of lines at the end that are equal.
        middle: Line of the old file -> line of the new one, for the unchanged lines between these.
        lengths: Number of lines of both files.
    """

    def __init__(self, head: int, tail: int, middle: dict[int, int], lengths: tuple[int, int]) -> None:
        self.head = head
        self.tails = lengths[0] - tail, lengths[1] - tail
        self.middle = middle
        self._back = {new: old for old, new in middle.items()}

    def new(self, old: int) -> int | None:
        """Return the line of the new file that a line of the old one is, ``None`` if it changed."""
        if old < self.head:
            return old
        return self.middle.get(old) if old < self.tails[0] else old - self.tails[0] + self.tails[1]

    def old(self, new: int) -> int | None:
        """Return the line of the old file that a line of the new one is, ``None`` if it changed."""
        if new < self.head:
            return new
        return self._back.get(new) if new < self.tails[1] else new - self.tails[1] + self.tails[0]


def _align(old: Sequence[str], new: Sequence[str]) -> tuple[list[Change], _Pairs]:
    """Return the changes between two versions, and the unchanged lines."""
    head, tail = shared_ends(old, new)
    changes: list[Change] = []
    unchanged: dict[int, int] = {}
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, *middle, autojunk=False).get_opcodes():
        if tag == "equal":
            unchanged.update(zip(range(head + i1, head + i2), range(head + j1, head + j2), strict=True))
        else:
            changes.append((head + i1, head + i2, head + j1, head + j2))
    return changes, _Pairs(head, tail, unchanged, (len(old), len(new)))


def _keep(
    wanted: Sequence[Change],
    changes: Sequence[Change],
    pairs: _Pairs,
    sides: tuple[_Side, _Side],
    fits: Callable[[tuple[set[Item | int], set[Item | int]]], bool],
    kept: tuple[set[Item | int], set[Item | int]] | None = None,
) -> tuple[set[Item | int], set[Item | int]] | None:
    """Return a selection with more changes, or ``None`` if it does not fit."""
    grown = (set(kept[0]), set(kept[1])) if kept else (set(), set())
    for change in wanted:
        _add_change(grown, change, sides)
    grown = _close(grown, changes, pairs, sides)
    return grown if fits(grown) else None


def _add_change(kept: tuple[set[Item | int], set[Item | int]], change: Change, sides: tuple[_Side, _Side]) -> None:
    kept[0].update(sides[0].touched(*change[:2]))
    kept[1].update(sides[1].touched(*change[2:]))


def _close(
    kept: tuple[set[Item | int], set[Item | int]],
    changes: Sequence[Change],
    pairs: _Pairs,
    sides: tuple[_Side, _Side],
) -> tuple[set[Item | int], set[Item | int]]:
    """Return the smallest larger selection that keeps unchanged lines on both sides or on none.

    A change that touches a kept line is kept completely.
    """
    while True:
        lines = sides[0].lines_of(kept[0]), sides[1].lines_of(kept[1])
        grown = set(kept[0]), set(kept[1])
        for change in changes:
            first, past, new_first, new_past = change
            if not (lines[0].isdisjoint(range(first, past)) and lines[1].isdisjoint(range(new_first, new_past))):
                _add_change(grown, change, sides)
        for line in lines[0]:
            if (other := pairs.new(line)) is not None and other not in lines[1]:
                grown[1].add(sides[1].part(other))
        for line in lines[1]:
            if (other := pairs.old(line)) is not None and other not in lines[0]:
                grown[0].add(sides[0].part(other))
        if (len(grown[0]), len(grown[1])) == (len(kept[0]), len(kept[1])):
            return kept
        kept = grown


def _with_context(
    kept: tuple[set[Item | int], set[Item | int]],
    pairs: _Pairs,
    sides: tuple[_Side, _Side],
    fits: Callable[[tuple[set[Item | int], set[Item | int]]], bool],
) -> tuple[set[Item | int], set[Item | int]]:
    """Add the unchanged imports, then the unchanged short declarations, that the kept items mention, while they fit."""
    texts = (side.text(side.lines_of(part)) for side, part in zip(sides, kept, strict=True))
    names = {name for text in texts for name in _NAME.findall(text)}
    shown = {parent for one in kept[0] if isinstance(one, Item) for parent in _parents(one)}
    groups: tuple[list[tuple[Item, Item]], list[tuple[Item, Item]]] = ([], [])
    for item in _outside_of_hidden(sides[0].outline.items, shown):
        if item in kept[0] or item.is_comment or not _is_context(item, sides[0], names, shown):
            continue
        if (other := _same(item, pairs, sides[1])) is not None:
            groups[not item.is_import].append((item, other))
    for group in groups:
        grown = kept[0] | {old for old, _ in group}, kept[1] | {new for _, new in group}
        if fits(grown):
            kept = grown
    return kept


def _outside_of_hidden(items: list[Item], shown: set[Item]) -> Iterator[Item]:
    """Yield items, and the members of containers that the window shows or that may hold imports, in order."""
    for item in items:
        yield item
        if item in shown or item.is_group:
            yield from _outside_of_hidden(item.members, shown)


def _is_context(item: Item, side: _Side, names: set[str], shown: set[Item]) -> bool:
    """Return whether an item is an import or a short declaration, without members, that the kept code mentions."""
    if not item.is_import and (item.size > _SHORT or not (item.parent is None or item.parent in shown)):
        return False
    if not _mentioned(item, side, names, imports=item.is_import) or item.members:
        return False
    return item.is_import or not item.is_function


def _same(item: Item, pairs: _Pairs, side: _Side) -> Item | None:
    """Return the item of the new file with the same lines, ``None`` if a line changed."""
    first = pairs.new(item.first)
    if first is None or any(pairs.new(item.first + k) != first + k for k in range(item.size)):
        return None
    other = side.outline.owner(first)
    return other if other is not None and (other.first, other.last) == (first, first + item.size - 1) else None


def _mentioned(item: Item, side: _Side, names: set[str], imports: bool = False) -> bool:
    """Return whether one of the first names of an item occurs in the kept code; imports without names always count."""
    text = "\n".join(side.lines[item.first : item.last + 1])
    own = _NAME.findall(re.sub(r"[\"'<].*?[\"'>]", " ", text)) if imports else _NAME.findall(text)
    if imports and not set(own) - {"import", "include", "using", "require", "from", "use", "package"}:
        return True
    return any(name in names for name in own if imports or len(name) > 2)


def _parents(item: Item) -> list[Item]:
    parents = [item]
    while parents[-1].parent is not None:
        parents.append(parents[-1].parent)
    return parents


def _build(
    kept: tuple[set[Item | int], set[Item | int]], pairs: _Pairs, sides: tuple[_Side, _Side], complete: bool
) -> Window:
    old_lines, new_lines = (side.lines_of(part) for side, part in zip(sides, kept, strict=True))
    _add_blank_lines((old_lines, new_lines), pairs, sides[0].lines)
    while old_lines and new_lines and not (sides[0].lines[min(old_lines)] + sides[1].lines[min(new_lines)]).strip():
        old_lines.remove(min(old_lines))
        new_lines.remove(min(new_lines))
    texts = sides[0].text(old_lines), sides[1].text(new_lines)
    return Window(*texts, tuple(sorted(old_lines)), tuple(sorted(new_lines)), complete)


def _add_blank_lines(kept: tuple[set[int], set[int]], pairs: _Pairs, lines: Sequence[str]) -> None:
    """Keep the blank line in front of each kept line, on both sides; behind the last change, all that follow another.

    Args:
        kept: The kept lines of both versions.
        pairs: The unchanged lines.
        lines: The lines of the old version.
    """

    def keep(line: int) -> bool:
        new = pairs.new(line)
        found = new is not None and line + 1 in kept[0] and new + 1 in kept[1] and not lines[line].strip()
        if found and new is not None:
            kept[0].add(line)
            kept[1].add(new)
        return found

    before = sorted(line - 1 for line in kept[0] if line)
    for line in before:
        if line < pairs.head:
            keep(line)
    for last in before:
        for line in range(last, pairs.tails[0] - 1, -1):
            if not keep(line):
                break
    for line in pairs.middle:
        keep(line)


def _is_usable(window: Window, sides: tuple[_Side, _Side], language: str) -> bool:
    if window.old == window.new or not window.old.strip() or not window.new.strip():
        return False
    return all(
        error_count(parse_fragment(part, language).tree) <= side.outline.errors
        for part, side in zip((window.old, window.new), sides, strict=True)
    )


def excerpt_note(path: str) -> str:
    """Return the sentence by which an instruction says that the code is a part of a file."""
    return f"The code is an excerpt of {PurePosixPath(path).name}; the rest of the file is not shown."
