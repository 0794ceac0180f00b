"""The assertions in the source code of tests, found in its syntax tree.

An assertion is an ``assert`` statement, a call of a function with such a name (``assert.strictEqual``, ``Expect``,
``assert_equal``), a branch that ends in a failure (``if (f(1) != 2) { throw ... }``), or the exit status that ``main``
returns. :func:`find_assertions` also returns what each one compares, as far as that can be read from the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from themis_rm.languages import get_language
from themis_rm.languages.definition import GrammarNodes
from themis_rm.languages.syntax import parse_fragment, walk

_FAILURE = re.compile(
    r"\b(?:throw|raise|abort|panic|die|_?[eE]xit!?|[fF]ail\w*|Fatalf?|Errorf?)\b|\breturn\s+(?:[1-9]|-|false|False)"
)
"""Code of a branch that is taken when a test fails."""

_CONDITION_NAME = re.compile(
    r"^(?:assert|expect|check|require|ensure|verify|ok$|is_?true|true$|is_?false|false$)", re.IGNORECASE
)
_EQUALITY_NAME = re.compile(r"equal|same|close(?:_?to)?$|delta|^tobe$|^eql?\??$|_eq$", re.IGNORECASE)
_PLAIN_EQUALITY_NAME = re.compile(r"^(?:assert|check|expect)_?(?:equals?|eq)$", re.IGNORECASE)
_DIFFERENCE_NAME = re.compile(r"not|differ|raise|throw", re.IGNORECASE)
_ASSERTING = re.compile(r"assert|expect|check|require|should|verify|\bself\b|\bt\b", re.IGNORECASE)
_COMPARING = re.compile(r"^(?:\w*equals?\??|is_?close|all_?close|eql\?|[Cc]ompare|compareTo)$", re.IGNORECASE)
_TEXT_COMPARISON = re.compile(r"^(?:std::)?(?:str|mem|wcs|wmem)n?(?:case)?cmp$")
_MAGNITUDE = re.compile(r"(?:^|[.:])f?l?abs[fl]?$", re.IGNORECASE)
_EQUAL, _DIFFERENT = frozenset(("==", "===", "is")), frozenset(("!=", "!==", "is not"))
_LESS, _MORE = frozenset(("<", "<=")), frozenset((">", ">="))
_AND, _OR = frozenset(("&&", "and")), frozenset(("||", "or"))
_TARGETS = ("left", "name", "declarator")
_ASSIGNING = frozenset(
    ("assignment", "assignment_expression", "init_declarator", "short_var_declaration", "variable_declarator")
)
_LOOPS = frozenset(("for_statement", "for_in_statement"))
_ARGUMENTS = frozenset(("argument_list", "arguments", "method_arguments"))
_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands that an assertion requires to be equal."""

    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion.

    Attributes:
        node: The condition, or the whole call of an assertion that compares its arguments.
        is_condition: Whether ``node`` is a condition, which can be negated.
        comparisons: If any of them does not hold, the assertion fails; empty if none could be read.
        wanted: Value of the condition with which the assertion holds.
        statement: The ``assert`` statement or the call that contains the condition; ``None`` for a branch.
    """

    node: Node
    is_condition: bool
    comparisons: tuple[Comparison, ...]
    wanted: bool = True
    statement: Node | None = None


@dataclass(frozen=True, slots=True)
class TestSource:
    """Parsed source code of tests.

    Attributes:
        source: Bytes of the code, inside the wrapper with which it parses best.
        start: First byte of the code.
        end: Byte after its last one.
        nodes: Node types of the language.
        assertions: The assertions in the code, in order.
        values: Name -> value of variables that are assigned once.
        columns: Name -> values of loop variables, for loops over a table that is written out.
    """

    source: bytes
    start: int
    end: int
    nodes: GrammarNodes
    assertions: tuple[Assertion, ...]
    values: Mapping[str, Node]
    columns: Mapping[str, tuple[Node, ...]]

    def text(self, node: Node) -> str:
        """Return the code of a node."""
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def parse_tests(code: str, language: str) -> TestSource:
    """Parse tests, which may be a part of a file, and find their assertions.

    Args:
        code: The tests.
        language: Any name of a language that defines the node types for bug injection.

    Raises:
        SettingError: No language has that name.
        MissingPartError: The language defines no node types.
    """
    nodes = get_language(language).require_injection()
    fragment = parse_fragment(code, language)
    root = fragment.tree.root_node
    finder = _Finder(fragment.source, nodes, _assigned_once(root, fragment.source))
    found = tuple(finder.assertions(root))
    columns = _loop_columns(root, fragment.source, finder.values)
    return TestSource(fragment.source, fragment.start, fragment.end, nodes, found, finder.values, columns)


def _assigned_once(root: Node, source: bytes) -> dict[str, Node]:
    """Return the name -> value of variables that are assigned once."""
    values: dict[str, Node] = {}
    seen: set[str] = set()
    for node in walk(root):
        target = next((child for name in _TARGETS if (child := node.child_by_field_name(name)) is not None), None)
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if target is None or value is None or node.type not in _ASSIGNING:
            continue
        name = source[target.start_byte : target.end_byte].decode("utf-8", "replace")
        if name in seen or not re.fullmatch(r"\w+", name):
            values.pop(name, None)
        else:
            while value.type == "expression_list" and len(value.named_children) == 1:
                value = value.named_children[0]
            values[name] = value
        seen.add(name)
    return values


def _loop_columns(root: Node, source: bytes, values: Mapping[str, Node]) -> dict[str, tuple[Node, ...]]:
    """Return the values of loop variables: 8 and 10 of ``b`` in ``for a, b in [(4, 8), (5, 10)]``."""

    def text(node: Node) -> str:
        return source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    columns: dict[str, tuple[Node, ...]] = {}
    seen: set[str] = set()
    for node in walk(root):
        target, table = _loop(node, text)
        if target is None or table is None:
            continue
        names = [text(leaf) for leaf in walk(target) if leaf.type == "identifier"]
        rows = [row for row in values.get(text(table), table).named_children if row.type != "comment"]
        cells = [[row] if len(names) == 1 else row.named_children for row in rows]
        for place, name in enumerate(names):
            columns.pop(name, None)
            if name not in seen and rows and all(len(row) == len(names) for row in cells):
                columns[name] = tuple(row[place] for row in cells)
            seen.add(name)
    return columns


def _loop(node: Node, text: Callable[[Node], str]) -> tuple[Node | None, Node | None]:
    """Return the variables of a loop and what it iterates over."""
    if node.type in _LOOPS:
        return node.child_by_field_name("left"), node.child_by_field_name("right")
    method, block = node.child_by_field_name("method"), node.child_by_field_name("block")
    if method is not None and block is not None and text(method) == "each":  # Ruby
        return block.child_by_field_name("parameters"), node.child_by_field_name("receiver")
    return None, None


@dataclass(frozen=True, slots=True)
class _Finder:
    source: bytes
    nodes: GrammarNodes
    values: Mapping[str, Node]

    def assertions(self, root: Node) -> Iterator[Assertion]:
        local = {self._function_name(node) for node in walk(root) if node.type in self.nodes.functions}
        for node in walk(root):
            if node.type == "assert_statement":
                condition = node.named_children[0] if node.named_children else None
                yield from self._condition(condition, True, node)
            elif node.type in self.nodes.calls:
                yield from self._call(node, local)
            elif node.type in self.nodes.conditionals | self.nodes.modifiers:
                yield from self._branch(node)
            elif node.type in self.nodes.returns:
                yield from self._exit_status(node)

    def _condition(self, node: Node | None, wanted: bool, statement: Node | None = None) -> Iterator[Assertion]:
        if node is not None:
            yield Assertion(node, True, tuple(self.comparisons(node, wanted)), wanted, statement)

    def _function_name(self, function: Node) -> str:
        named = function
        if function.parent is not None and function.parent.type == "variable_declarator":
            named = function.parent
        body = function.child_by_field_name("body")
        head = self.source[named.start_byte : body.start_byte if body is not None else named.end_byte]
        found = re.search(r"(\w+[?!]?)\s*[(=]", head.decode("utf-8", "replace"))
        return found[1] if found else ""

    def _call(self, node: Node, local: set[str]) -> Iterator[Assertion]:
        path, arguments = self.callee(node), self.arguments(node)
        name = _last_name(path)
        if not arguments or _DIFFERENCE_NAME.search(name):
            return
        if _EQUALITY_NAME.search(name) and _ASSERTING.search(path):
            # What a function of the tests does with its arguments is known only if it has a common name.
            known = name not in local or (_PLAIN_EQUALITY_NAME.match(name) and len(arguments) == 2)
            yield Assertion(node, False, self._compared_arguments(arguments) if known else (), statement=node)
        elif _CONDITION_NAME.search(name):
            # testify's functions have the test as their first argument.
            condition = arguments[1] if self.text(arguments[0]) == "t" and len(arguments) > 1 else arguments[0]
            wanted = "false" not in name.casefold()
            comparisons = tuple(self.comparisons(condition, wanted))
            if comparisons or self._is_condition(condition):
                yield Assertion(condition, True, comparisons, wanted, node)

    def _compared_arguments(self, arguments: list[Node]) -> tuple[Comparison, ...]:
        # testify's functions have the test as their first argument, JUnit's may have a message there.
        message = len(arguments) > 2 and arguments[2].type not in self.nodes.strings | self.nodes.numbers
        if self.text(arguments[0]) == "t" or (message and arguments[0].type in self.nodes.strings):
            arguments = arguments[1:]
        if len(arguments) == 1:  # expect(f(1)).toBe(2): the receiver has the other value
            return (Comparison(arguments[0], arguments[0]),)
        return (Comparison(arguments[0], arguments[1]),) if len(arguments) > 1 else ()

    def _branch(self, node: Node) -> Iterator[Assertion]:
        body = node.child_by_field_name("consequence") or node.child_by_field_name("body")
        condition = node.child_by_field_name("condition")
        if body is not None and _FAILURE.search(self.text(body)):
            yield from self._condition(condition, node.type.startswith("unless"))

    def _exit_status(self, node: Node) -> Iterator[Assertion]:
        if not node.named_children or not self._in_main(node):
            return
        value = self._bare(node.named_children[0])
        if value.type in self.nodes.ternary:
            branches = [value.child_by_field_name(name) for name in ("consequence", "alternative")]
            texts = [self.text(branch) if branch is not None else "" for branch in branches]
            if "0" in texts and texts[0] != texts[1]:
                yield from self._condition(value.child_by_field_name("condition"), texts[0] == "0")
        elif comparisons := tuple(self.comparisons(value, False)):
            yield Assertion(value, True, comparisons, wanted=False)

    def _in_main(self, node: Node) -> bool:
        parent = node.parent
        while parent is not None and parent.type not in self.nodes.functions:
            parent = parent.parent
        if parent is None:
            return False
        body = parent.child_by_field_name("body")
        head = self.source[parent.start_byte : body.start_byte if body is not None else parent.end_byte]
        return re.search(rb"\b[mM]ain\s*\(", head) is not None

    def comparisons(self, node: Node, wanted: bool, depth: int = 0) -> Iterator[Comparison]:
        """Yield comparisons each of which must hold so that a condition has the wanted value."""
        node = self._bare(node)
        if depth > _MAX_DEPTH:
            return
        operator = self._operator(node)
        if node.type in self.nodes.unary and operator in {"!", "not"}:
            yield from self.comparisons(node.named_children[-1], not wanted, depth + 1)
        elif operator in _AND | _OR and len(node.named_children) == 2:
            sides = [list(self.comparisons(child, wanted, depth + 1)) for child in node.named_children]
            # Where one of two alternatives is enough, both must be changed for a failure.
            if (operator in _AND) == wanted or all(sides):
                yield from sides[0] + sides[1]
        elif node.type in self.nodes.binary and len(node.named_children) == 2:
            yield from self._compared(node, operator, wanted)
        elif node.type == "identifier" and self.text(node) in self.values:
            yield from self.comparisons(self.values[self.text(node)], wanted, depth + 1)
        elif node.type in self.nodes.calls and wanted and _COMPARING.match(_last_name(self.callee(node))):
            yield from self._compared_by_call(node)

    def _compared(self, node: Node, operator: str, wanted: bool) -> Iterator[Comparison]:
        left, right = (self._bare(child) for child in node.named_children)
        if operator in (_EQUAL if wanted else _DIFFERENT):
            arguments = self.arguments(left) if left.type in self.nodes.calls else []
            if len(arguments) > 1 and _TEXT_COMPARISON.match(self.callee(left)) and self.text(right) == "0":
                yield Comparison(arguments[0], arguments[1])
            else:
                yield Comparison(left, right)
        elif operator in (_LESS if wanted else _MORE):
            yield from self._difference(left)
        elif operator in (_MORE if wanted else _LESS):
            yield from self._difference(right)

    def _difference(self, node: Node) -> Iterator[Comparison]:
        """Yield the operands of ``abs(a - b)``."""
        if node.type not in self.nodes.calls or not _MAGNITUDE.search(self.callee(node)):
            return
        receiver = node.child_by_field_name("receiver")  # Ruby's (a - b).abs
        inner = self._bare((self.arguments(node) or ([receiver] if receiver is not None else [node]))[0])
        if self._operator(inner) == "-" and len(inner.named_children) == 2:
            yield Comparison(inner.named_children[0], inner.named_children[1])

    def _compared_by_call(self, node: Node) -> Iterator[Comparison]:
        arguments = self.arguments(node)
        if len(arguments) > 1:
            yield Comparison(arguments[0], arguments[1])
        elif arguments:
            receiver = node.child_by_field_name("object") or node.child_by_field_name("receiver")
            function = node.child_by_field_name("function")
            if receiver is None and function is not None and function.named_children:
                receiver = function.named_children[0]
            if receiver is not None:
                yield Comparison(receiver, arguments[0])

    def callee(self, call: Node) -> str:
        """Return what a call names: ``assert.equal`` of ``assert.equal(a, b)``."""
        arguments = _arguments_node(call)
        end = arguments.start_byte if arguments is not None else call.end_byte
        return self.source[call.start_byte : end].decode("utf-8", "replace").strip()

    def arguments(self, call: Node) -> list[Node]:
        """Return the arguments of a call."""
        arguments = _arguments_node(call)
        return [self._unwrapped(child) for child in arguments.named_children] if arguments is not None else []

    def _unwrapped(self, node: Node) -> Node:
        return node.named_children[-1] if node.type in self.nodes.argument and node.named_children else node

    def _bare(self, node: Node) -> Node:
        while (node.type in self.nodes.parens or node.type == "condition_clause") and len(node.named_children) == 1:
            node = node.named_children[0]
        return self._unwrapped(node)

    def _operator(self, node: Node) -> str:
        operator = node.child_by_field_name("operator") or node.child_by_field_name("operators")
        if operator is not None:
            return self.text(operator)
        return "not" if node.type == "not_operator" else "!" if self.text(node).startswith("!") else ""

    def _is_condition(self, node: Node) -> bool:
        return self._bare(node).type in self.nodes.binary | self.nodes.unary | self.nodes.calls or node.type in (
            "identifier",
            "true",
            "false",
        )

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _arguments_node(call: Node) -> Node | None:
    found = call.child_by_field_name("arguments")
    return found or next((child for child in call.named_children if child.type in _ARGUMENTS), None)


def _last_name(path: str) -> str:
    return re.split(r"[.:\s>]+", path.rstrip("( "))[-1]
