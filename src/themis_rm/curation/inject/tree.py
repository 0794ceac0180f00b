"""The tree that operators look at: a light copy of the syntax tree without comments, text and type expressions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from themis_rm.curation.inject.forms import GrammarNodes, forms_of, word_set
from themis_rm.languages.syntax import Fragment, get_syntax, parse_fragment, to_text

_QUIET_CALL = re.compile(
    rb"(?:[\w.>:@-]*[.>:])?(?:_?log(?:ger|ging)?|console|warnings?|trace|debug|\w*[aA]ssert\w*|Debug|Trace|LOG\w*|UNUSED"
    rb"|_?(?:server)?[lL]og|[rR]equire(?:NonNull)?|DCHECK\w*|CHECK\w*|ASSERT\w*|perror|panic|raise|fail|abort|nameof)"
    rb"(?:[.>:]+\w+)*\s*[!?]?\s*[(\s]"
)


class Node:
    """A node of the tree: type, byte range, field in its parent, parent and children."""

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
    def parts(self) -> list[Node]:
        """The named children."""
        return [child for child in self.children if child.named]

    def child(self, *fields: str) -> Node | None:
        """Return the first child in one of the fields."""
        return next((child for child in self.children if child.field in fields), None)

    def first(self, kinds: frozenset[str]) -> Node | None:
        """Return the first child of one of the types."""
        return next((child for child in self.children if child.type in kinds), None)

    def above(self) -> Iterator[Node]:
        """Yield the parent, its parent, and so on."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def below(self) -> Iterator[Node]:
        """Yield all nodes beneath, parents first."""
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
        declared: Byte at which its name stands in its declaration.
        ready: Byte from which on it has a value.
        start: Where the range begins in which it can be seen.
        end: Where that range ends.
        type: Text of its type; empty if it has none.
    """

    name: str
    declared: int
    ready: int
    start: int
    end: int
    type: str


class CodeTree:
    """A piece of code as operators see it.

    Args:
        code: The code.
        language: Any name of its language.

    Attributes:
        fragment: Its parse, in a wrapper if it needed one; all offsets are bytes of ``fragment.source``.
        forms: Its language's names of things.
        comments: Byte ranges of comments.
        nodes: Nodes inside the code, parents first.
    """

    def __init__(self, code: str, language: str) -> None:
        self.fragment: Fragment = parse_fragment(code, language)
        self.language = language
        self.forms: GrammarNodes = forms_of(language)
        self.data = self.fragment.source
        self.comments: list[tuple[int, int]] = []
        self.nodes: list[Node] = []
        self._by_type: dict[str, list[Node]] = defaultdict(list)
        self._read()

    def _read(self) -> None:
        comments, literals = get_syntax(self.language).comments, get_syntax(self.language).literals
        forms, data, begin, end = self.forms, self.data, self.fragment.start, self.fragment.end
        closed = forms.opaque | literals
        cursor = self.fragment.tree.walk()
        parent: Node | None = None
        while True:
            now = cursor.node
            if now is None:
                return
            kind, start, stop = now.type, now.start_byte, now.end_byte
            if kind in comments:
                self.comments.append((start, stop))
                deeper = False
            elif cursor.field_name == "condition" and parent is not None and parent.type.startswith("preproc"):
                deeper = False
            else:
                node = Node(kind, start, stop, now.is_named, cursor.field_name, parent)
                if parent is not None:
                    parent.children.append(node)
                if start >= begin and stop <= end:
                    self.nodes.append(node)
                    self._by_type[kind].append(node)
                quiet = kind in forms.throws or (kind in forms.calls and _QUIET_CALL.match(data, start, stop))
                deeper = kind not in closed and not quiet and cursor.goto_first_child()
                if deeper:
                    parent = node
            while not deeper and not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return
                parent = parent.parent if parent is not None else None

    def of(self, kinds: Iterable[str]) -> list[Node]:
        """Return the nodes of some types, in order."""
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
        """Return the operator of a binary, unary, assigning or updating node."""
        found = node.child("operator", "operators")
        if found is not None:
            return found
        return next((c for c in node.children if not c.named and self.raw(c) not in (b"(", b")", b";", b",")), None)

    def operands(self, node: Node) -> tuple[Node, Node] | None:
        """Return the two operands of a binary node, or ``None`` for a chain of comparisons."""
        parts = [child for child in node.parts if child.field != "operators"]
        return (parts[0], parts[1]) if len(parts) == 2 else None

    def bare(self, node: Node) -> Node:
        """Return what is inside the parentheses around an expression."""
        while node.type in self.forms.parens and len(node.parts) == 1:
            node = node.parts[0]
        return node

    def callee(self, node: Node) -> str:
        """Return the last name of what a call calls (``close`` for ``self.file.close(1)``)."""
        named = node.child("method", "name", "function", "constructor", "type")
        words = re.findall(r"\w+[!?]?", self.text(named)) if named is not None else []
        return words[-1] if words else ""

    def arguments(self, node: Node) -> list[Node]:
        """Return the arguments of a call, each taken out of its wrapper."""
        found = node.first(self.forms.arguments)
        parts = found.parts if found is not None else []
        return [p.parts[0] if p.type in self.forms.argument and len(p.children) == 1 and p.parts else p for p in parts]

    def statement(self, node: Node) -> Node | None:
        """Return the statement that a node is in: the one that stands directly in a block."""
        while node.parent is not None:
            if node.parent.type in self.forms.blocks and node.named:
                return node
            node = node.parent
        return None

    def siblings(self, statement: Node) -> list[Node]:
        """Return the statements of the block that a statement stands in."""
        return statement.parent.parts if statement.parent is not None else []

    def expression(self, statement: Node) -> Node:
        """Return the expression of an expression statement, or the statement itself."""
        parts = statement.parts
        return parts[0] if statement.type in self.forms.expression_statements and len(parts) == 1 else statement

    def body(self, node: Node, *fields: str) -> list[Node]:
        """Return the statements of a branch or loop body: of its block, or the one that stands there without block."""
        inner = node.child(*(fields or ("consequence", "body")))
        if inner is not None and inner.type in self.forms.else_clauses and inner.type not in self.forms.blocks:
            inner = next(iter(inner.parts[-1:]), None)
        for _ in range(2):  # a block may hold a list of statements
            if inner is not None and inner.type in self.forms.braces:
                inner = inner.first(self.forms.blocks) or inner
        if inner is None:
            return []
        return inner.parts if inner.type in self.forms.blocks else [inner]

    def is_exit(self, statement: Node) -> bool:
        """Tell whether a statement leaves its block for good."""
        inner = self.expression(statement)
        if inner.type in self.forms.exits or inner.type in self.forms.throws:
            return True
        return inner.type in self.forms.calls and self.callee(inner) in self.forms.throwing_calls

    def ends(self, statement: Node, at: frozenset[str]) -> bool:
        """Tell whether nothing follows a statement up to the end of the nearest enclosing node of some types."""
        node = statement
        while node.parent is not None:
            parent = node.parent
            if parent.type in self.forms.blocks and parent.parts[-1] is not node:
                return False
            if parent.type in at:
                return True
            if parent.type in self.forms.loops:
                return False
            node = parent
        return True

    def commented(self, node: Node) -> bool:
        """Tell whether a comment stands behind a node on its line: it may speak of the node's value."""
        line_end = self.data.find(b"\n", node.end)
        return any(node.end <= start and (start < line_end or line_end < 0) for start, _ in self.comments)

    def indentation(self, position: int) -> bytes:
        """Return the white space that the line of a position begins with."""
        line = self.data[self.data.rfind(b"\n", 0, position) + 1 :]
        return line[: len(line) - len(line.lstrip(b" \t"))]

    @cached_property
    def numeric_names(self) -> set[str]:
        """Names that the code uses as numbers."""
        names: set[str] = set()
        for node in self.of(self.forms.binary):
            operator, pair = self.operator(node), self.operands(node)
            if operator is None or pair is None:
                continue
            sign = self.text(operator)
            beside = sign in _COMPARING and any(p.type in self.forms.numbers for p in pair)
            if sign in ("-", "*", "/", "//", "%") or beside:
                names.update(self.text(p) for p in pair if p.type in self.forms.identifiers)
        for node in self.of(self.forms.updates | self.forms.assignments | frozenset(self.forms.declares)):
            parts = node.parts
            counted = node.type in self.forms.updates or (len(parts) > 1 and parts[-1].type in self.forms.numbers)
            if (parts and counted and parts[-1].start != parts[0].start) or (parts and node.type in self.forms.updates):
                names.update(self.text(p) for p in parts[:2] if p.type in self.forms.identifiers)
        names.update(v.name for v in self.variables if _NUMBER_TYPE.fullmatch(v.type))
        return names

    def is_number(self, node: Node) -> bool:
        """Tell whether there is evidence that an expression is a number."""
        node = self.bare(node)
        if node.type in self.forms.numbers:
            return True
        if node.type in self.forms.identifiers:
            return self.text(node) in self.numeric_names
        if node.type in self.forms.calls:
            return self.callee(node) in _COUNTING
        if node.type in self.forms.binary:
            operator, pair = self.operator(node), self.operands(node)
            if operator is None or pair is None:
                return False
            sign = self.text(operator)
            return sign in ("-", "*", "/", "//", "%") or (sign == "+" and any(self.is_number(p) for p in pair))
        return bool(re.search(r"[.>](?:length|Length|Count|size|count)$", self.text(node)))

    @cached_property
    def variables(self) -> list[Variable]:
        """Parameters and local variables, in order of declaration."""
        found = []
        scopes = self.forms.functions | self.forms.scopes
        for node in self.of(self.forms.declares):
            for name in self._declared(node):
                scope = next((up for up in node.above() if up.type in scopes), None)
                start, end = (scope.start, scope.end) if scope is not None else (0, len(self.data))
                # A loop or function declares its variables at its head: they have their values before it ends.
                headed = node.type in self.forms.loops | self.forms.functions
                ready = name.end if headed else node.end
                found.append(Variable(self.text(name), name.start, ready, start, end, self._type(node, name)))
        return found

    def _declared(self, node: Node) -> list[Node]:
        fields = self.forms.declares[node.type]
        targets = [c for c in node.parts if (c.field or "") in fields] if fields else node.parts[:1]
        names = []
        for target in targets:
            inner: Node | None = target
            while inner is not None and inner.type not in self.forms.identifiers:
                if inner.type in self.forms.patterns:
                    names += [p for p in inner.parts if p.type in self.forms.identifiers]
                    break
                inner = inner.child("declarator") if inner.type in self.forms.declarators else None
            if inner is not None and inner.type in self.forms.identifiers:
                names.append(inner)
        return names

    def _type(self, node: Node, name: Node) -> str:
        holder: Node | None = node
        while holder is not None and holder.type not in self.forms.blocks:
            written = holder.child("type")
            if written is not None:
                shape = self.data[written.end : name.start].replace(b" ", b"") if holder is node else b""
                return self.text(written) + (to_text(shape) if b"," not in shape and b"=" not in shape else "?")
            holder = holder.parent
        return ""


_COMPARING = frozenset({"<", "<=", ">", ">=", "==", "!=", "===", "!=="})
_NUMBER_TYPE = re.compile(
    r"(?:const |unsigned |signed |std::)*(?:int|long|short|unsigned|size_t|ssize_t|u?int(?:8|16|32|64)?(?:_t)?"
    r"|float(?:32|64)?|double|byte|long long|unsigned (?:int|long)|uint|ulong|ushort|decimal|usize)"
)
_COUNTING = word_set(
    "len size length count Count Length strlen ord abs int indexOf IndexOf index find floor ceil round "
    "sizeof cap Math lastIndexOf nextInt codePointAt charCodeAt bytesize"
)
