"""Negative controls: copies of a check's tests that a correct response fails.

A response may pass tests without solving the problem: it can disable assertions (``NDEBUG``, a replaced ``assert``),
return objects that equal everything, or read the expected values out of the tests. All of these also pass tests with
*other* expected values, which a correct response fails. The response cannot know whether it runs with the real tests or
with a control, unless it knows the right values.

Three kinds of controls are made from the assertions that :mod:`themis_rm.execute.assertions` finds:

- ``changed``: every expected value is another one.
- ``reached``: the assertions of ``changed`` fail in any case; it shows whether they are executed at all.
- ``failing``: every assertion fails in any case.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tree_sitter import Node

from themis_rm.execute.assertions import Assertion, Comparison, TestSource, parse_tests
from themis_rm.languages.definition import Toolchain
from themis_rm.languages.syntax import to_bytes, to_text, walk

_NUMBER = re.compile(rb"\d+")
_PLAIN_CONSTRUCTOR = re.compile(
    r"^(?:new\s|(?:std::)?(?:string|vector|set|map|list|tuple|pair|array|deque|make_\w+|to_string)\b"
    r"|(?:\w+\.)?(?:asList|of|sorted|dict|list|tuple|set|frozenset|Counter|Decimal|Fraction|BigInteger|BigDecimal"
    r"|approx|valueOf|array|Set|Map|Date|String|Symbol)\b)"
)
"""Calls that only build a value."""


@dataclass(frozen=True, slots=True)
class NegativeControls:
    """Source code of the controls of some tests; ``None`` where the tests have no suitable assertion.

    Attributes:
        changed: Tests with other expected values.
        reached: Tests in which the assertions changed above fail in any case.
        failing: Tests in which every assertion fails in any case.
    """

    changed: str | None
    reached: str | None
    failing: str | None

    def accept(self, passes: Callable[[str], bool]) -> bool:
        """Return whether a response that passes the tests passes them for a good reason.

        Args:
            passes: Runs the response with other tests and returns whether it passes these, too.
        """
        if self.changed is not None:
            if not passes(self.changed):
                return True
            if self.reached is not None and not passes(self.reached):
                return False  # executed, and the assertions accept other values
        return self.failing is None or not passes(self.failing)


def build_controls(tests: str, language: str, toolchain: Toolchain) -> NegativeControls:
    """Build the controls of some tests.

    Args:
        tests: The tests' source code.
        language: Benchmark name of the language.
        toolchain: Defines the language's statement that fails and, where it has one, a value that equals nothing.
    """
    source = parse_tests(tests, language)
    builder = _Builder(source, toolchain)
    changes = [(row, builder.changes(row)) for row in source.assertions]
    changed = [row for row, edits in changes if edits]
    return NegativeControls(
        changed=builder.apply(edit for _, edits in changes for edit in edits),
        reached=builder.apply(builder.failure(row) for row in changed),
        failing=builder.apply(builder.failure(row) for row in source.assertions),
    )


_Edit = tuple[int, int, bytes]
"""First byte, byte after the last one, and what replaces these."""


class _Builder:
    def __init__(self, source: TestSource, toolchain: Toolchain) -> None:
        self._source = source
        self._nodes = source.nodes
        self._toolchain = toolchain
        words = set(self._nodes.logical)
        self._and, self._or = (b"&&", b"||") if "&&" in words else (b"and", b"or")
        self._offset = 11 + secrets.randbelow(80)
        self._letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(3)).encode()

    def apply(self, edits: Iterable[_Edit]) -> str | None:
        """Return the tests with all edits; ``None`` without any. Of two that overlap, the outer one counts."""
        source = self._source
        ordered = sorted(set(edits), key=lambda edit: (edit[0], -edit[1]))
        if not ordered:
            return None
        parts, at = [], source.start
        for start, end, replacement in ordered:
            if start >= at:
                parts += [source.source[at:start], replacement]
                at = end
        return to_text(b"".join([*parts, source.source[at : source.end]]))

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
        sides = (comparison.right, comparison.left)
        for side in sorted(sides, key=self._calls):
            if self._calls(side) < self._calls(sides[side is sides[0]]) or not self._calls(side):
                for leaf in self._literals(side):
                    if (edit := self._other_value(leaf)) is not None:
                        return edit
        expected = min(sides, key=self._calls)
        unequal = self._toolchain.unequal
        if not unequal or (expected.type in self._nodes.calls and self._calls(sides[0]) == self._calls(sides[1]) > 1):
            return None
        return expected.start_byte, expected.end_byte, to_bytes(unequal)

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
