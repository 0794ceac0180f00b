"""Bug operators that change an expression: comparisons, arithmetic, logic, constants, bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from themis_rm.curation.inject.edits import SourceEdit, replace, swap
from themis_rm.curation.inject.tree import CodeTree, Node
from themis_rm.languages.definition import word_set

_BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_DIRECTION = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_EQUALITY = {
    "==": "!=",
    "!=": "==",
    "===": "!==",
    "!==": "===",
    "is": "is not",
    "is not": "is",
    "in": "not in",
    "not in": "in",
}
_ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "//": "/", "<<": ">>", ">>": "<<", "&": "|", "|": "&"}
_ORDERED = frozenset({"-", "/", "%", "//", "**"})
_BITS = frozenset({"<<", ">>", "&", "|"})
_COMPOUND = {"+=": "-=", "-=": "+=", "*=": "/=", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<="}


def _binary(tree: CodeTree) -> Iterator[tuple[Node, Node, str, Node, Node]]:
    for node in tree.find(tree.grammar.binary):
        operator, pair = tree.operator(node), tree.operands(node)
        if operator is not None and pair is not None:
            yield node, operator, " ".join(tree.text(operator).split()), *pair


def comparison_boundary(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``<`` by ``<=``, and so on."""
    for _, operator, sign, *_ in _binary(tree):
        if sign in _BOUNDARY:
            yield replace(operator, _BOUNDARY[sign])


def comparison_direction(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``<`` by ``>``, and so on."""
    for _, operator, sign, *_ in _binary(tree):
        if sign in _DIRECTION:
            yield replace(operator, _DIRECTION[sign])


def equality_flip(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``==`` by ``!=``, ``in`` by ``not in``, and so on."""
    for _, operator, sign, *_ in _binary(tree):
        if sign in _EQUALITY:
            yield replace(operator, _EQUALITY[sign])


def arithmetic_swap(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace an arithmetic operator by another one."""
    for node, operator, sign, left, right in _binary(tree):
        if sign not in _ARITHMETIC or tree.joins_text(node):
            continue
        if not (tree.may_be_number(left) and tree.may_be_number(right)):
            continue
        numbers = tree.is_number(left) or tree.is_number(right)
        if sign in _BITS and (not tree.grammar.typed or _streams(tree, node) or sign in ("<<", ">>")) and not numbers:
            continue
        if sign == "+" and not numbers:
            continue
        one = right.type in tree.grammar.numbers and tree.text(right) == "1"
        if not (one and sign in ("*", "/")):
            yield replace(operator, _ARITHMETIC[sign])


def _streams(tree: CodeTree, node: Node) -> bool:
    return bool(re.search(r"\b(?:cout|cerr|os|out|stream|ss|log)\b|LOG", tree.text(node)))


def operand_swap(tree: CodeTree) -> Iterator[SourceEdit]:
    """Swap the operands of a non-commutative operator."""
    for node, operator, sign, left, right in _binary(tree):
        if sign in _ORDERED and tree.raw(left) != tree.raw(right) and not tree.joins_text(node):
            same = left.type in tree.grammar.binary and tree.operator(left) is not None
            numbers = tree.may_be_number(left) and tree.may_be_number(right)
            if not same and numbers and operator.start >= left.end:
                yield swap(tree, left, right)


def logic_swap(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``and`` by ``or``, or the reverse."""
    for _, operator, sign, *_ in _binary(tree):
        if sign in tree.grammar.logical:
            yield replace(operator, tree.grammar.logical[sign])


def dropped_operand(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove one side of an ``and`` or ``or``."""
    for node, operator, sign, left, right in _binary(tree):
        if sign in tree.grammar.logical and left.end <= operator.start:
            yield SourceEdit(left.end, node.end, b"")
            yield SourceEdit(node.start, right.start, b"")


def compound_swap(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``+=`` by ``-=``, and so on."""
    for node in tree.find(tree.grammar.assignments):
        operator = tree.operator(node)
        sign = tree.text(operator) if operator is not None else ""
        if operator is None or sign not in _COMPOUND or not node.named_children:
            continue
        value = node.named_children[-1]
        if tree.is_number(value) or tree.is_number(node.named_children[0]) or sign != "+=":
            yield replace(operator, _COMPOUND[sign])


def lost_accumulation(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``+=`` by ``=``, which loses the accumulated value."""
    for node in tree.find(tree.grammar.assignments):
        operator = tree.operator(node)
        if operator is None or tree.text(operator) not in _COMPOUND or _is_event(tree, node):
            continue
        yield replace(operator, b"=")


def _is_event(tree: CodeTree, node: Node) -> bool:
    """Return whether ``+=`` or ``-=`` adds or removes a handler of an event, which cannot be assigned in C#."""
    target, value = node.named_children[0], node.named_children[-1]
    return (
        target.type == "member_access_expression" and re.fullmatch(r"(?:\w+\.)*[A-Z]\w*", tree.text(value)) is not None
    )


def update_direction(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``++`` by ``--``, or the reverse."""
    flipped = {b"++": b"--", b"--": b"++"}
    for node in tree.find(tree.grammar.updates):
        for child in node.children:
            if tree.raw(child) in flipped:
                yield replace(child, flipped[tree.raw(child)])


def conditions(tree: CodeTree) -> Iterator[tuple[Node, Node]]:
    """Yield every condition of a branch, loop or conditional expression, with that branch, loop or expression."""
    grammar = tree.grammar
    for owner in tree.find(grammar.conditionals | grammar.modifiers | grammar.loops | grammar.ternary):
        condition = owner.child("condition")
        if condition is None and owner.type in grammar.ternary and len(owner.named_children) == 3:
            condition = owner.named_children[1]  # x if condition else y
        if condition is not None:
            yield tree.strip_parens(condition), owner


def inverted_condition(tree: CodeTree) -> Iterator[SourceEdit]:
    """Negate a condition that has no operator which another bug operator changes."""
    grammar = tree.grammar
    negation = grammar.negation.encode()
    for condition, owner in conditions(tree):
        if owner.type in ("unless", "unless_modifier", "until"):
            continue  # swapped_keyword changes these
        if condition.type in grammar.numbers or tree.text(condition) in grammar.booleans or not condition.named:
            continue
        negated = condition.type in grammar.unary and tree.raw(condition).startswith(grammar.negation.strip().encode())
        if negated:
            continue
        if condition.type in grammar.identifiers | grammar.calls | grammar.subscripts | grammar.accesses:
            yield SourceEdit(condition.start, condition.start, negation)
        elif condition.type in grammar.binary and not _has_flip(tree, condition):
            yield replace(condition, negation + b"(" + tree.raw(condition) + b")")


def _has_flip(tree: CodeTree, node: Node) -> bool:
    operator = tree.operator(node)
    sign = tree.text(operator) if operator is not None else ""
    return sign in _EQUALITY or sign in _DIRECTION or sign not in tree.grammar.logical


def swapped_keyword(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``if`` by ``unless`` and ``while`` by ``until``, where a language has both."""
    flipped = {b"if": b"unless", b"unless": b"if", b"while": b"until", b"until": b"while"}
    for node in tree.find(("if", "unless", "if_modifier", "unless_modifier", "while", "until")):
        word = next((child for child in node.children if not child.named and tree.raw(child) in flipped), None)
        if word is not None and not any(child.type == "elsif" for child in node.children):
            yield replace(word, flipped[tree.raw(word)])


def removed_negation(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``not x`` by ``x``."""
    word = tree.grammar.negation.strip().encode()
    for node in tree.find(tree.grammar.unary):
        if node.named_children and tree.raw(node).startswith(word) and not tree.raw(node).startswith(word + word):
            yield SourceEdit(node.start, node.named_children[-1].start, b"")


def branch_swap(tree: CodeTree) -> Iterator[SourceEdit]:
    """Swap the two results of a conditional expression."""
    for node in tree.find(tree.grammar.ternary):
        parts = node.named_children
        if len(parts) != 3:
            continue
        first, second = (parts[1], parts[2]) if node.child("condition") is not None else (parts[0], parts[2])
        if tree.raw(first) != tree.raw(second):
            yield swap(tree, first, second)


def number_change(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace a number by one next to it, or one of another magnitude."""
    for node in tree.find(tree.grammar.numbers):
        text = tree.text(node)
        if (
            (node.parent is not None and node.parent.type in tree.grammar.constant_contexts)
            or _is_tuning(tree, node)
            or tree.has_trailing_comment(node)
        ):
            continue
        if re.fullmatch(r"-?[0-9]{1,100}", text):
            value = int(text)
            changed = {0: [1], 1: [0, 2], 10: [1, 100], 100: [10, 1000], 1000: [100, 10000]}.get(
                value, [value - 1, value + 1]
            )
            added = value == 1 and node.parent is not None and node.parent.type in tree.grammar.binary
            yield from (replace(node, str(new)) for new in changed if not (added and new == 0))
        elif (match := re.fullmatch(r"([0-9]{0,100})\.([0-9]*[1-9])([fFdD]?)", text)) is not None:
            yield replace(node, f"{match[1]}.0{match[2]}{match[3]}")
            if int(match[1] or 0) == 0 and len(match[2]) > 1 and match[2][0] == "0":
                yield replace(node, f"{match[1]}.{match[2][1:]}{match[3]}")
        elif (match := re.fullmatch(r"(0[xX][0-9a-fA-F]*)([0-9a-fA-F])([uUlL]*)", text)) is not None:
            yield replace(node, f"{match[1]}{'e' if match[2] in 'fF' else 'f'}{match[3]}")


_TUNING = re.compile(
    r"(?i)sleep|timeout|workers?|buf|capacity|retr|chunk|delay|interval|indent|stack_?level|threads|builder|malloc|alloc|list|map"
    r"|set$|backlog|prefetch|ttl|maxsize|width|height|writer$|thread|pool"
)


def _is_tuning(tree: CodeTree, node: Node) -> bool:
    """Return whether a number only sets a time, a size or a layout, so that changing it is not a bug."""
    for ancestor in node.ancestors():
        if ancestor.type == "keyword_argument" or ancestor.type in tree.grammar.calls:
            named = ancestor.type == "keyword_argument"
            return bool(_TUNING.search(tree.text(ancestor.named_children[0]) if named else tree.callee(ancestor)))
        if ancestor.type in tree.grammar.blocks | tree.grammar.subscripts | tree.grammar.binary:
            return False
    return False


def boolean_change(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``true`` by ``false``, or the reverse."""
    for node in tree.all_nodes:
        text = tree.text(node) if not node.children or len(node.children) == 1 else ""
        if node.named and text in tree.grammar.booleans:
            yield replace(node, tree.grammar.booleans[text])


_TEXTS = {
    "": (" ",),
    " ": ("", "  "),
    ",": (", ", ";"),
    ", ": (",",),
    "\\n": ("", "\\n\\n"),
    "/": ("",),
    ".": ("", "/"),
    "-": ("_",),
    "_": ("-",),
    ":": (": ",),
    ": ": (":",),
}


def text_change(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace a separator or an empty text by another one."""
    for node in tree.find(tree.grammar.strings):
        text = tree.text(node)
        if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'" or text[1:-1] not in _TEXTS:
            continue
        if text[0] == "'" and tree.grammar.typed:
            continue
        yield from (replace(node, text[0] + new + text[0]) for new in _TEXTS[text[1:-1]])


def _bounds(tree: CodeTree) -> Iterator[Node]:
    grammar = tree.grammar
    for owner in tree.find(grammar.counted):
        condition = owner.child("condition")
        pair = tree.operands(condition) if condition is not None and condition.type in grammar.binary else None
        operator = tree.operator(condition) if condition is not None and pair else None
        if pair and operator is not None and tree.text(operator) in _BOUNDARY:
            yield pair[1]
    for node in tree.find(grammar.subscripts):
        yield from (part for part in _indices(node, tree) if part.type not in grammar.slices)
    for node in tree.find(grammar.slices):
        yield from (part for part in node.named_children if part.field != "operand")
    for call in tree.find(grammar.calls):
        if tree.callee(call) in _BOUNDED:
            yield from tree.arguments(call)


_BOUNDED = word_set(
    "range substring substr Substring slice subarray subList islice charAt get elementAt copyOfRange take "
    "skip Skip Take xrange at drop limit nth charCodeAt each_slice repeat subspan upto downto insert "
    "splice"
)


def _indices(node: Node, tree: CodeTree) -> list[Node]:
    inner = node.child("subscript", "index", "indices")
    if inner is None:
        return node.named_children[1:2]
    if inner.type in ("subscript_argument_list", "bracketed_argument_list"):
        return [
            p.named_children[0] if p.type in tree.grammar.argument and p.named_children else p
            for p in inner.named_children
        ]
    return [inner]


def off_by_one(tree: CodeTree) -> Iterator[SourceEdit]:
    """Raise or lower a bound or an index by one."""
    seen: set[int] = set()
    grammar = tree.grammar
    changeable = grammar.binary | grammar.identifiers | grammar.calls | grammar.accesses
    for bound in _bounds(tree):
        if bound.start in seen or not tree.is_number(bound) or bound.type in tree.grammar.numbers:
            continue
        seen.add(bound.start)
        pair, operator = tree.operands(bound), tree.operator(bound)
        if bound.type in tree.grammar.binary and pair is not None and operator is not None:
            if tree.raw(pair[1]) == b"1" and tree.text(operator) in ("+", "-"):
                yield SourceEdit(pair[0].end, bound.end, b"")
                continue
            if tree.text(operator) not in ("+", "-", "*"):
                continue
        if bound.type in changeable:
            yield SourceEdit(bound.end, bound.end, b" + 1")
            yield SourceEdit(bound.end, bound.end, b" - 1")


def dropped_conversion(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove a call that rounds, sorts, copies or normalizes a value."""
    for call in tree.find(tree.grammar.calls):
        if tree.callee(call) not in tree.grammar.conversions:
            continue
        arguments = tree.arguments(call)
        named = call.child("function", "name", "method")
        receiver = named.child("object", "expression", "operand", "argument", "value") if named is not None else None
        receiver = receiver or call.child("object", "receiver")
        plain = receiver is None or tree.text(receiver) in ("Math", "math", "std", "cmath")
        if plain and len(arguments) == 1 and arguments[0].type not in tree.grammar.unconvertible_arguments:
            inner = tree.raw(arguments[0])
            loose = arguments[0].type in tree.grammar.binary | tree.grammar.ternary
            tight = tree.grammar.binary | tree.grammar.unary | tree.grammar.accesses | {"cast_expression"}
            bound = call.parent is not None and call.parent.type in tight
            yield replace(call, b"(" + inner + b")" if loose and bound else inner)
        elif not plain and receiver is not None and not arguments and tree.statement(call) is not call.parent:
            yield replace(call, tree.raw(receiver))


def lost_await(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove ``await``."""
    for node in tree.find(tree.grammar.awaits):
        if node.named_children:
            yield SourceEdit(node.start, node.named_children[0].start, b"")
