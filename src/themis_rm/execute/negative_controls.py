"""Negative controls: copies of a check's tests that a correct response fails.

A response may pass tests without solving the problem: it can disable assertions (``NDEBUG``, a replaced ``assert``),
return objects that equal everything, or read the expected values out of the tests. All of these also pass tests with
*other* expected values, which a correct response fails. The response cannot know whether it runs with the real tests or
with a control, unless it knows the right values.

Controls are made from the assertions that :mod:`themis_rm.execute.assertions` finds:

- ``changed``: the expected values of one assertion are others.
- ``stopped``: the program ends with a failure where that assertion is; it shows whether it is executed at all.
- ``failing``: every assertion fails in any case.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from tree_sitter import Node

from themis_rm.execute.assertions import Assertion, Comparison, TestSource, parse_tests
from themis_rm.languages.definition import Toolchain
from themis_rm.languages.syntax import to_bytes, to_text, walk

_T = TypeVar("_T")

_MAX_CHANGED = 2
"""Assertions that are changed, each in a run of its own."""

_USES = 2
"""Occurrences of a variable that is assigned and compared once."""

_PLAIN_CONSTRUCTOR = re.compile(
    r"^(?:new\s|(?:std::)?(?:string|vector|set|map|list|tuple|pair|array|deque|make_\w+|to_string)\b"
    r"|(?:\w+\.)?(?:asList|of|sorted|dict|list|tuple|set|frozenset|Counter|Decimal|Fraction|BigInteger|BigDecimal"
    r"|approx|valueOf|array|Set|Map|Date|String|Symbol)\b)"
)
"""Calls that only build a value."""


@dataclass(frozen=True, slots=True)
class ChangedAssertion:
    """Source code of tests in which one assertion was changed.

    Attributes:
        changed: Tests in which it has other expected values.
        stopped: Tests that end with a failure where it is.
    """

    changed: str
    stopped: str


@dataclass(frozen=True, slots=True)
class NegativeControls:
    """Source code of the controls of some tests.

    Attributes:
        assertions: Controls of some assertions, chosen at random, but of different kinds if there are such.
        failing: Tests in which every assertion fails in any case; ``None`` where the tests have no assertion.
    """

    assertions: tuple[ChangedAssertion, ...]
    failing: str | None

    def accept(self, passes: Callable[[str], bool]) -> bool:
        """Return whether a response that passes the tests passes them for a good reason.

        Args:
            passes: Runs the response with other tests and returns whether it passes these, too.
        """
        executed = 0
        for row in self.assertions:
            if not passes(row.changed):
                executed += 1
            elif not passes(row.stopped):
                return False  # executed, and it accepts other values
        return executed > 0 or self.failing is None or not passes(self.failing)


def build_controls(tests: str, language: str, toolchain: Toolchain) -> NegativeControls:
    """Build the controls of some tests.

    Args:
        tests: The tests' source code.
        language: Benchmark name of the language.
        toolchain: Defines the language's expression that fails and, where it has one, a value that equals nothing.
    """
    source = parse_tests(tests, language)
    builder = _Builder(source, toolchain)
    changeable = [(row, edits) for row in source.assertions if (edits := builder.changes(row))]
    chosen = _of_different_kinds(changeable, lambda item: builder.kind(item[0]))[:_MAX_CHANGED]
    return NegativeControls(
        tuple(ChangedAssertion(builder.apply(edits), builder.apply([builder.stop(row)])) for row, edits in chosen),
        builder.apply(map(builder.failure, source.assertions)) if source.assertions else None,
    )


def _of_different_kinds(items: Iterable[_T], kind: Callable[[_T], str]) -> list[_T]:
    """Return items in a random order that begins with one of each kind."""
    shuffled = list(items)
    secrets.SystemRandom().shuffle(shuffled)
    seen: set[str] = set()
    repeated = []
    for item in shuffled:
        repeated.append(kind(item) in seen)
        seen.add(kind(item))
    return [item for _, item in sorted(zip(repeated, shuffled, strict=True), key=lambda pair: pair[0])]


_Edit = tuple[int, int, bytes]
"""First byte, byte after the last one, and what replaces these."""


class _Builder:
    def __init__(self, source: TestSource, toolchain: Toolchain) -> None:
        self._source = source
        self._nodes = source.nodes
        self._toolchain = toolchain
        self._code = source.source.decode("utf-8", "replace")
        words = set(self._nodes.logical)
        self._and, self._or = (b"&&", b"||") if "&&" in words else (b"and", b"or")
        self._offset = 11 + secrets.randbelow(80)
        self._letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(3)).encode()

    def apply(self, edits: Iterable[_Edit]) -> str:
        """Return the tests with all edits; of two that overlap, the outer one counts."""
        source = self._source
        ordered = sorted(set(edits), key=lambda edit: (edit[0], -edit[1]))
        parts, at = [], source.start
        for start, end, replacement in ordered:
            if start >= at:
                parts += [source.source[at:start], replacement]
                at = end
        return to_text(b"".join([*parts, source.source[at : source.end]]))

    def kind(self, row: Assertion) -> str:
        """Return a text that assertions of the same form have in common."""
        return re.split(r"[(\s]", self._source.text(row.statement))[0] if row.statement is not None else "branch"

    def stop(self, row: Assertion) -> _Edit:
        """Return an edit with which the program ends where an assertion is."""
        if row.statement is None:
            return self.failure(row)
        end = row.statement.end_byte
        closed = b";" if self._source.source[end - 1 : end] == b";" else b""
        return row.statement.start_byte, end, to_bytes(self._toolchain.failure) + closed

    def failure(self, row: Assertion) -> _Edit:
        """Return an edit with which an assertion fails in any case."""
        node = row.node
        if not row.is_condition:
            return node.start_byte, node.end_byte, to_bytes(self._toolchain.failure)
        code = self._source.source[node.start_byte : node.end_byte]
        word, constant = (self._and, b"(1 == 2)") if row.wanted else (self._or, b"(1 == 1)")
        changed = b"(" + code + b") " + word + b" " + constant
        return node.start_byte, node.end_byte, b"(" + changed + b")" if code.startswith(b"(") else changed

    def changes(self, row: Assertion) -> list[_Edit]:
        """Return edits that give the comparisons of an assertion other expected values."""
        edits = [self._change(comparison) for comparison in row.comparisons]
        return [edit for edit in edits if edit is not None]

    def _change(self, comparison: Comparison) -> _Edit | None:
        sides = (self._resolved(comparison.right), self._resolved(comparison.left))
        for side in sorted(sides, key=self._calls):
            if self._calls(side) < self._calls(sides[side is sides[0]]) or not self._calls(side):
                for leaf in self._literals(side):
                    if (edit := self._other_value(leaf)) is not None:
                        return edit
        if (edit := self._change_table(sides)) is not None:
            return edit
        expected = min(sides, key=self._calls)
        unequal = self._toolchain.unequal
        if not unequal or (expected.type in self._nodes.calls and self._calls(sides[0]) == self._calls(sides[1]) > 1):
            return None
        return expected.start_byte, expected.end_byte, to_bytes(unequal)

    def _change_table(self, sides: tuple[Node, Node]) -> _Edit | None:
        """Return an edit of one expected value in the table over which the tests iterate."""
        for side in sides:
            name = self._source.text(side)
            cells = self._source.columns.get(name, ())
            if cells and len(re.findall(rf"\b{re.escape(name)}\b", self._code)) <= _USES:
                cell = secrets.choice(cells)
                for leaf in () if self._calls(cell) else self._literals(cell):
                    if (edit := self._other_value(leaf)) is not None:
                        return edit
        return None

    def _resolved(self, operand: Node) -> Node:
        """Return the value of a variable that is used in this comparison only, or the operand itself."""
        name = self._source.text(operand)
        value = self._source.values.get(name) if operand.type == "identifier" else None
        if value is None or self._calls(value) or len(re.findall(rf"\b{name}\b", self._code)) > _USES:
            return operand
        return value

    def _calls(self, node: Node) -> int:
        calls = (child for child in walk(node) if child.type in self._nodes.calls)
        return sum(not _PLAIN_CONSTRUCTOR.match(self._source.text(call)) for call in calls)

    def _literals(self, node: Node) -> Iterable[Node]:
        """Yield the literals in an operand."""
        kinds = self._nodes.numbers | self._nodes.strings
        skip = self._nodes.opaque | self._nodes.subscripts
        for child in walk(node, skip):
            words = self._nodes.booleans
            if child.type in kinds or (not child.named_children and self._source.text(child) in words):
                yield child

    def _other_value(self, leaf: Node) -> _Edit | None:
        code = self._source.source[leaf.start_byte : leaf.end_byte]
        text = code.decode("utf-8", "replace")
        if text in self._nodes.booleans:
            other = to_bytes(self._nodes.booleans[text])
        elif leaf.type in self._nodes.numbers:
            other = self._other_number(code)
        else:
            other = self._other_string(code)
        return (leaf.start_byte, leaf.end_byte, other) if other != code else None

    def _other_number(self, code: bytes) -> bytes:
        if re.match(rb"0[xXbBoO]", code):
            return code[:2] + b"1" + code[2:]
        if code.startswith(b"."):
            return b"%d%b" % (self._offset, code)
        digits = re.match(rb"[\d_']+", code)
        if digits is None:
            return code
        value = int(re.sub(rb"\D", b"", digits[0]), 10) + self._offset if len(digits[0]) < 1000 else self._offset
        return b"%d%b" % (value, code[digits.end() :])

    def _other_string(self, code: bytes) -> bytes:
        quote = re.match(rb"""[^'"`]*(?P<quote>['"`]{3}|['"`])""", code)
        if quote is None:
            return code
        content = code[quote.end() : len(code) - len(quote["quote"])]
        if quote["quote"] == b"'" and self._toolchain.characters:
            return b"'q'" if content != b"q" else b"'z'"
        if code.startswith((b'""', b"''", b"``")) and len(quote["quote"]) == 3 and len(code) == 3:
            return code
        return code[: quote.end()] + self._letters + code[quote.end() :]
