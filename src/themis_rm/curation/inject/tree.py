"""A light copy of the syntax tree, without comments, text literals and type expressions, that bug operators read."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from themis_rm.languages import GrammarNodes, Syntax, get_language
from themis_rm.languages.definition import word_set
from themis_rm.languages.syntax import Fragment, parse_fragment, to_text

_QUIET_CALL = re.compile(
    rb"(?:[\w.>:@-]*[.>:])?(?:_?log(?:ger|ging)?|console|warnings?|trace|debug|\w*[aA]ssert\w*|Debug|Trace|LOG\w*|UNUSED"
    rb"|_?(?:server)?[lL]og|[rR]equire(?:NonNull)?|DCHECK\w*|CHECK\w*|ASSERT\w*|perror|panic|raise|fail|abort|nameof)"
    rb"(?:[.>:]+\w+)*\s*[!?]?\s*[(\s]"
)
_QUIET_NAME = re.compile(rb"(?:[\w.>:@-]*[.>:])?(\w+[!?]?)\s*[(\s]")
_LONGEST_NAME = 400
"""Bytes of the end of a called expression in which its last name is looked for; a chain of calls may be long."""


class Node:
    """A node: type, byte range, field in its parent, parent and children."""

    __slots__ = ("children", "end", "field", "named", "parent", "start", "type")

    def __init__(self, kind: str, start: int, end: int, named: bool, field: str | None, parent: Node | None) -> None:
        self.type = kind
        self.start = start
        self.end = end
        self.named = named
        self.field = field
        self.parent = parent
        self.children: list[Node] = []

    @property
    def named_children(self) -> list[Node]:
        """Children that are not keywords or punctuation."""
        return [child for child in self.children if child.named]

    def child(self, *fields: str) -> Node | None:
        """Return the first child in one of the fields."""
        return next((child for child in self.children if child.field in fields), None)

    def child_of_type(self, kinds: frozenset[str]) -> Node | None:
        """Return the first child of one of the types."""
        return next((child for child in self.children if child.type in kinds), None)

    def ancestors(self) -> Iterator[Node]:
        """Yield the parent, its parent, and so on up to the root."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def descendants(self) -> Iterator[Node]:
        """Yield all nodes below this one, parents first."""
        stack = self.children[::-1]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(node.children[::-1])


@dataclass(frozen=True, slots=True)
class Variable:
    """A local variable or parameter.

    Attributes:
        name: Its name.
        declared: Byte position of its name in its declaration.
        ready: Byte position after which it has a value.
        start: Start of its scope.
        end: End of its scope.
        type: Its type, as it is written or as its first value shows it; empty if neither is known.
    """

    name: str
    declared: int
    ready: int
    start: int
    end: int
    type: str


class CodeTree:
    """A piece of code as bug operators see it.

    Args:
        code: The code.
        language: Any name of its language.

    Attributes:
        fragment: The parsed code, in a wrapper if it needed one; all offsets are bytes of ``fragment.source``.
        grammar: Node types of its language.
        comments: Byte ranges of comments.
        all_nodes: Nodes inside the code, parents first.

    Raises:
        MissingPartError: The language has no syntax table or no table for injection.
    """

    def __init__(self, code: str, language: str) -> None:
        self.fragment: Fragment = parse_fragment(code, language)
        self.syntax: Syntax = get_language(language).require_syntax()
        self.grammar: GrammarNodes = get_language(language).require_injection()
        self.data = self.fragment.source
        self.comments: list[tuple[int, int]] = []
        self.all_nodes: list[Node] = []
        self._by_type: dict[str, list[Node]] = defaultdict(list)
        self._numbers: dict[Node, bool] = {}
        self._textual: dict[Node, bool] = {}
        self._chains: dict[Node, Node | None] = {}
        self._statements: dict[Node, Node | None] = {}
        self._read()

    def _read(self) -> None:
        comments, literals = self.syntax.comments, self.syntax.literals
        grammar, data, begin, end = self.grammar, self.data, self.fragment.start, self.fragment.end
        closed = grammar.opaque | literals
        cursor = self.fragment.tree.walk()
        parents: list[Node | None] = [None]
        while True:
            now, parent = cursor.node, parents[-1]
            if now is None:
                return
            kind, start, stop = now.type, now.start_byte, now.end_byte
            if kind in comments:
                self.comments.append((start, stop))
                deeper = False
            elif cursor.field_name == "condition" and parent is not None and parent.type.startswith("preproc"):
                deeper = False
            elif kind in grammar.transparent:
                deeper = cursor.goto_first_child()
                if deeper:
                    parents.append(parent)
            else:
                node = Node(kind, start, stop, now.is_named, cursor.field_name, parent)
                if parent is not None:
                    parent.children.append(node)
                if start >= begin and stop <= end:
                    self.all_nodes.append(node)
                    self._by_type[kind].append(node)
                quiet = kind in grammar.throws or (kind in grammar.calls and _QUIET_CALL.match(data, start, stop))
                deeper = kind not in closed and not quiet and cursor.goto_first_child()
                if deeper:
                    parents.append(node)
            while not deeper and not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return
                parents.pop()

    def find(self, kinds: Iterable[str]) -> list[Node]:
        """Return the nodes of the given types, in order of position."""
        found = [node for kind in kinds for node in self._by_type.get(kind, ())]
        found.sort(key=lambda node: (node.start, -node.end))
        return found

    def raw(self, node: Node) -> bytes:
        """Return a node's source bytes."""
        return self.data[node.start : node.end]

    def text(self, node: Node) -> str:
        """Return a node's source text."""
        return to_text(self.data[node.start : node.end])

    def operator(self, node: Node) -> Node | None:
        """Return the operator of an operation, an assignment or an update."""
        found = node.child("operator", "operators")
        if found is not None:
            return found
        return next((c for c in node.children if not c.named and self.raw(c) not in (b"(", b")", b";", b",")), None)

    def operands(self, node: Node) -> tuple[Node, Node] | None:
        """Return the two operands of a binary operation, or ``None`` for a chain of comparisons."""
        parts = [child for child in node.named_children if child.field != "operators"]
        return (parts[0], parts[1]) if len(parts) == 2 else None

    def strip_parens(self, node: Node) -> Node:
        """Return an expression without the parentheses around it."""
        while node.type in self.grammar.parens and len(node.named_children) == 1:
            node = node.named_children[0]
        return node

    def callee(self, node: Node) -> str:
        """Return the last part of the called name (``close`` for ``self.file.close(1)``)."""
        named = node.child("method", "name", "function", "constructor", "type")
        if named is None:
            # A call that logs or raises has no children here.
            name = _QUIET_NAME.match(self.data, node.start, node.end) if not node.children else None
            return to_text(name[1]) if name else ""
        end = self.data[max(named.start, named.end - _LONGEST_NAME) : named.end].decode("utf-8", "replace")
        words = re.findall(r"\w+[!?]?", end)
        return words[-1] if words else ""

    def arguments(self, node: Node) -> list[Node]:
        """Return the arguments of a call, each without the node around it."""
        arguments = node.child_of_type(self.grammar.arguments)
        parts = arguments.named_children if arguments is not None else []
        return [
            p.named_children[0] if p.type in self.grammar.argument and len(p.children) == 1 and p.named_children else p
            for p in parts
        ]

    def statement(self, node: Node) -> Node | None:
        """Return the statement that contains a node: the node or ancestor that is directly in a block."""
        return self._outermost(node, self._statements, self._is_statement)

    def _is_statement(self, node: Node) -> bool:
        return node.named and node.parent is not None and node.parent.type in self.grammar.blocks

    def chain(self, node: Node) -> Node:
        """Return the outermost binary operation of which an operation is an operand of an operand."""
        binary = self.grammar.binary
        top = self._outermost(node, self._chains, lambda up: up.parent is None or up.parent.type not in binary)
        return top or node

    def _outermost(self, node: Node, known: dict[Node, Node | None], is_last: Callable[[Node], bool]) -> Node | None:
        """Return the first node from a node upwards that is the last one; the path is not walked twice."""
        path: list[Node] = []
        up: Node | None = node
        while up is not None and up not in known:
            path.append(up)
            up = None if is_last(up) else up.parent
        last = known[up] if up is not None else path[-1] if is_last(path[-1]) else None
        known.update(dict.fromkeys(path, last))
        return last

    def joins_text(self, node: Node) -> bool:
        """Return whether a chain of operations, such as ``+`` or ``%``, has texts or lists among its operands."""
        top = self.chain(node)
        if top not in self._textual:
            kinds, binary = self.grammar.strings | self.grammar.lists, self.grammar.binary
            self._textual[top] = any(
                below.type in kinds for below in top.descendants() if below.parent and below.parent.type in binary
            )
        return self._textual[top]

    def siblings(self, statement: Node) -> list[Node]:
        """Return the statements of the block that contains a statement."""
        return statement.parent.named_children if statement.parent is not None else []

    def expression(self, statement: Node) -> Node:
        """Return the expression of an expression statement, or the statement itself."""
        parts = statement.named_children
        return parts[0] if statement.type in self.grammar.expression_statements and len(parts) == 1 else statement

    def body(self, node: Node, *fields: str) -> list[Node]:
        """Return the statements in the body of a branch or loop, which is a block or a single statement."""
        inner = node.child(*(fields or ("consequence", "body")))
        if inner is not None and inner.type in self.grammar.else_clauses and inner.type not in self.grammar.blocks:
            inner = next(iter(inner.named_children[-1:]), None)
        for _ in range(2):  # a block may hold a list of statements
            if inner is not None and inner.type in self.grammar.braces:
                inner = inner.child_of_type(self.grammar.blocks) or inner
        if inner is None:
            return []
        return inner.named_children if inner.type in self.grammar.blocks else [inner]

    def is_exit(self, statement: Node) -> bool:
        """Return whether a statement always leaves its block."""
        inner = self.expression(statement)
        if inner.type in self.grammar.exits or inner.type in self.grammar.throws:
            return True
        return inner.type in self.grammar.calls and self.callee(inner) in self.grammar.throwing_calls

    def is_last_in(self, statement: Node, at: frozenset[str]) -> bool:
        """Return whether nothing follows a statement in the nearest enclosing node of one of the types ``at``."""
        node = statement
        while node.parent is not None:
            parent = node.parent
            if parent.type in self.grammar.blocks and parent.named_children[-1] is not node:
                return False
            if parent.type in at:
                return True
            if parent.type in self.grammar.loops:
                return False
            node = parent
        return True

    def has_trailing_comment(self, node: Node) -> bool:
        """Return whether a comment follows a node on its line; it may describe the node's value."""
        line_end = self.data.find(b"\n", node.end)
        return any(node.end <= start and (start < line_end or line_end < 0) for start, _ in self.comments)

    def indentation(self, position: int) -> bytes:
        """Return the white space at the start of the line of a position."""
        line = self.data[self.data.rfind(b"\n", 0, position) + 1 :]
        return line[: len(line) - len(line.lstrip(b" \t"))]

    @cached_property
    def numeric_names(self) -> set[str]:
        """Names that are used as numbers."""
        names: set[str] = set()
        for node in self.find(self.grammar.binary):
            operator, pair = self.operator(node), self.operands(node)
            if operator is None or pair is None:
                continue
            sign = self.text(operator)
            compared = sign in _COMPARING and any(p.type in self.grammar.numbers for p in pair)
            if sign in ("-", "*", "/", "//", "%") or compared:
                names.update(self.text(p) for p in pair if p.type in self.grammar.identifiers)
        updates = self.grammar.updates
        for node in self.find(updates | self.grammar.assignments | frozenset(self.grammar.declares)):
            parts = node.named_children
            counted = node.type in updates or (len(parts) > 1 and parts[-1].type in self.grammar.numbers)
            if (parts and counted and parts[-1].start != parts[0].start) or (parts and node.type in updates):
                names.update(self.text(p) for p in parts[:2] if p.type in self.grammar.identifiers)
        names.update(v.name for v in self.variables if re.fullmatch(self.grammar.number_types, v.type))
        return names

    def is_number(self, node: Node) -> bool:
        """Return whether there is evidence that an expression is a number; one number makes a sum a number."""
        top, stack, seen = node, [node], []
        while stack:
            node = stack.pop()
            seen.append(node)
            known = self._numbers.get(node)
            if known is None:
                part = self.strip_parens(node)
                operator = self.operator(part) if part.type in self.grammar.binary else None
                pair = self.operands(part) if operator is not None else None
                if operator is not None and pair is not None and self.text(operator) == "+":
                    stack += pair
                    continue
                known = self._is_numeric(part, operator if pair is not None else None)
            if known:
                self._numbers[top] = self._numbers[node] = True
                while node is not top and node.parent is not None:  # all sums around it are numbers too
                    node = node.parent
                    self._numbers[node] = True
                return True
        self._numbers |= dict.fromkeys(seen, False)
        return False

    def _is_numeric(self, node: Node, operator: Node | None) -> bool:
        """Return whether an expression that is not a sum is a number; ``operator`` is that of its two operands."""
        if node.type in self.grammar.numbers:
            return True
        if node.type in self.grammar.identifiers:
            return self.text(node) in self.numeric_names
        if node.type in self.grammar.calls:
            return self.callee(node) in _COUNTING
        if node.type in self.grammar.binary:
            return operator is not None and self.text(operator) in ("-", "*", "/", "//", "%")
        return bool(re.search(r"[.>](?:length|Length|Count|size|count)$", self.text(node)))

    def may_be_number(self, node: Node) -> bool:
        """Return whether the type of a variable, if it is known, may be a number and not an object."""
        if not self.grammar.typed or node.type not in self.grammar.identifiers:
            return True
        name = self.text(node)
        known = next((v for v in self.variables if v.name == name and v.start <= node.start < v.end), None)
        return known is None or not _OBJECT_TYPE.fullmatch(known.type)

    @cached_property
    def variables(self) -> list[Variable]:
        """Parameters and local variables, in order of declaration."""
        found = []
        scopes = self.grammar.functions | self.grammar.scopes
        for node in self.find(self.grammar.declares):
            for name in self._declared(node):
                # Variables in the header of a loop or function have their values before it ends.
                headed = node.type in self.grammar.loops | self.grammar.functions
                scope = next((up for up in node.ancestors() if up.type in scopes), None)
                scope = node if headed and self.grammar.typed else scope
                start, end = (scope.start, scope.end) if scope is not None else (0, len(self.data))
                ready = name.end if headed else node.end if self._has_value(node, name) else end
                found.append(Variable(self.text(name), name.start, ready, start, end, self._type(node, name)))
        return found

    def _declared(self, node: Node) -> list[Node]:
        fields = self.grammar.declares[node.type]
        targets = [c for c in node.named_children if (c.field or "") in fields] if fields else node.named_children[:1]
        names = []
        for target in targets:
            inner: Node | None = target
            while inner is not None and inner.type not in self.grammar.identifiers:
                if inner.type in self.grammar.patterns:
                    names += [p for p in inner.named_children if p.type in self.grammar.identifiers]
                    break
                inner = inner.child("declarator") if inner.type in self.grammar.declarators else None
            if inner is not None and inner.type in self.grammar.identifiers:
                names.append(inner)
        return names

    def _type(self, node: Node, name: Node) -> str:
        """Return the written type of a variable, or the one that its first value shows; empty if neither is known."""
        holder: Node | None = node
        while holder is not None and holder.type not in self.grammar.blocks:
            written = holder.child("type")
            if written is not None:
                kind = self.text(written).lstrip(": ")  # TypeScript's annotations begin with a colon
                if kind in _INFERRED:
                    break
                constant = any(self.raw(child) in (b"const", b"volatile") for child in holder.children)
                # In `int a, *b[3]` each name has its own stars and brackets.
                stars = re.sub(r"[^*&]", "", to_text(self.data[written.end : name.start]).rpartition(",")[2])
                brackets = written.end <= name.start and self.data[name.end : name.end + 1] == b"["
                return f"{'const ' * constant}{kind}{stars}{'[]' * brackets}"
            holder = holder.parent
        return self._value_type(node, name)

    def _value_type(self, node: Node, name: Node) -> str:
        value = self._first_value(node, name)
        if value is None:
            return ""
        types, text = self.grammar.literal_types, self.text(value)
        if value.type in self.grammar.numbers:
            return types.get("integer" if text.isdecimal() else "real" if re.fullmatch(r"\d+\.\d+", text) else "", "")
        if value.type in self.grammar.strings and text[0] in '"`':
            return types.get("text", "")
        if text in self.grammar.booleans:
            return types.get("boolean", "")
        if value.type in self.grammar.calls and self.callee(value) in ("len", "cap"):
            return types.get("integer", "")
        if value.type in self.grammar.calls and self.callee(value) == "make" and self.arguments(value):
            return self.text(self.arguments(value)[0])
        created = value.child("type") if value.type in _CREATING else None
        return self.text(created) if created is not None else ""

    def _first_value(self, node: Node, name: Node) -> Node | None:
        left, right = node.child(*self.grammar.declares[node.type]), node.child("value", "right")
        if right is None:
            right = (
                node.named_children[-1] if node.named_children and node.named_children[-1].start > name.end else None
            )
        if left is None or right is None or left.type not in self.grammar.patterns:
            return right
        names, values = left.named_children, right.named_children
        if right.type not in self.grammar.patterns or len(names) != len(values) or name not in names:
            return None
        return values[names.index(name)]

    def _has_value(self, node: Node, name: Node) -> bool:
        """Return whether a variable has a value after its declaration."""
        return not self.grammar.typed or node.type not in _DECLARATIONS or b"=" in self.data[name.end : node.end]


_OBJECT_TYPE = re.compile(
    r"(?:const )?(?!(?:Integer|Long|Short|Byte|Double|Float)\b)(?:(?:[A-Za-z]\w*::)?(?:string|path)\b|[A-Z]\w*[a-z]).*"
)
_INFERRED = frozenset({"auto", "var", "let"})
"""Words in the place of a type that the compiler infers."""
_CREATING = frozenset({"object_creation_expression", "composite_literal"})
_DECLARATIONS = frozenset({"variable_declarator", "declaration", "let_declaration"})
"""Declarations after which a local variable may have no value yet."""

_COMPARING = frozenset({"<", "<=", ">", ">=", "==", "!=", "===", "!=="})
_COUNTING = word_set(
    "len size length count Count Length strlen ord abs int indexOf IndexOf index find floor ceil round "
    "sizeof cap Math lastIndexOf nextInt codePointAt charCodeAt bytesize"
)
