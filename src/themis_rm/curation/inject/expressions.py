"""Operators that change an expression: comparisons, arithmetic, logic, constants, bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from themis_rm.curation.inject.edits import Edit, replace, swap
from themis_rm.curation.inject.forms import word_set
from themis_rm.curation.inject.tree import CodeTree, Node

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


def _binary(view: CodeTree) -> Iterator[tuple[Node, Node, str, Node, Node]]:
    for node in view.of(view.forms.binary):
        operator, pair = view.operator(node), view.operands(node)
        if operator is not None and pair is not None:
            yield node, operator, " ".join(view.text(operator).split()), *pair


def comparison_boundary(view: CodeTree) -> Iterator[Edit]:
    """``<`` becomes ``<=``, and so on."""
    for _, operator, sign, *_ in _binary(view):
        if sign in _BOUNDARY:
            yield replace(operator, _BOUNDARY[sign])


def comparison_direction(view: CodeTree) -> Iterator[Edit]:
    """``<`` becomes ``>``, and so on."""
    for _, operator, sign, *_ in _binary(view):
        if sign in _DIRECTION:
            yield replace(operator, _DIRECTION[sign])


def equality_flip(view: CodeTree) -> Iterator[Edit]:
    """``==`` becomes ``!=``, ``in`` becomes ``not in``, and so on."""
    for _, operator, sign, *_ in _binary(view):
        if sign in _EQUALITY:
            yield replace(operator, _EQUALITY[sign])


def arithmetic_swap(view: CodeTree) -> Iterator[Edit]:
    """An arithmetic operator becomes another one."""
    for node, operator, sign, left, right in _binary(view):
        if sign not in _ARITHMETIC or _is_textual(view, node):
            continue
        numbers = view.is_number(left) or view.is_number(right)
        if sign in _BITS and (not view.forms.typed or _streams(view, node) or sign in ("<<", ">>")) and not numbers:
            continue
        if sign == "+" and not numbers:
            continue
        one = right.type in view.forms.numbers and view.text(right) == "1"
        if not (one and sign in ("*", "/")):
            yield replace(operator, _ARITHMETIC[sign])


def _streams(view: CodeTree, node: Node) -> bool:
    return bool(re.search(r"\b(?:cout|cerr|os|out|stream|ss|log)\b|LOG", view.text(node)))


def _is_textual(view: CodeTree, node: Node) -> bool:
    """Tell whether a chain of ``+`` (or a ``%``) joins or formats text or lists."""
    top = node
    while top.parent is not None and top.parent.type in view.forms.binary:
        top = top.parent
    kinds = view.forms.strings | view.forms.lists
    return any(below.type in kinds for below in top.below() if below.parent and below.parent.type in view.forms.binary)


def operand_swap(view: CodeTree) -> Iterator[Edit]:
    """The operands of a non-commutative operator change places."""
    for node, operator, sign, left, right in _binary(view):
        if sign in _ORDERED and view.raw(left) != view.raw(right) and not _is_textual(view, node):
            same = left.type in view.forms.binary and view.operator(left) is not None
            if not same and operator.start >= left.end:
                yield swap(view, left, right)


def logic_swap(view: CodeTree) -> Iterator[Edit]:
    """``and`` becomes ``or``."""
    for _, operator, sign, *_ in _binary(view):
        if sign in view.forms.logical:
            yield replace(operator, view.forms.logical[sign])


def dropped_operand(view: CodeTree) -> Iterator[Edit]:
    """One side of an ``and`` or ``or`` is forgotten."""
    for node, operator, sign, left, right in _binary(view):
        if sign in view.forms.logical and left.end <= operator.start:
            yield Edit(left.end, node.end, b"")
            if not view.forms.unused_is_error:
                yield Edit(node.start, right.start, b"")


def compound_swap(view: CodeTree) -> Iterator[Edit]:
    """``+=`` becomes ``-=``."""
    for node in view.of(view.forms.assignments):
        operator = view.operator(node)
        sign = view.text(operator) if operator is not None else ""
        if operator is None or sign not in _COMPOUND or not node.parts:
            continue
        value = node.parts[-1]
        if view.is_number(value) or view.is_number(node.parts[0]) or sign != "+=":
            yield replace(operator, _COMPOUND[sign])


def lost_accumulation(view: CodeTree) -> Iterator[Edit]:
    """``+=`` becomes ``=``: what was gathered before is lost."""
    for node in view.of(view.forms.assignments):
        operator = view.operator(node)
        if operator is not None and view.text(operator) in _COMPOUND:
            yield replace(operator, b"=")


def update_direction(view: CodeTree) -> Iterator[Edit]:
    """``++`` becomes ``--``."""
    flipped = {b"++": b"--", b"--": b"++"}
    for node in view.of(view.forms.updates):
        for child in node.children:
            if view.raw(child) in flipped:
                yield replace(child, flipped[view.raw(child)])


def conditions(view: CodeTree) -> Iterator[tuple[Node, Node]]:
    """Yield every condition of a branch, loop or conditional expression, and what it is the condition of."""
    forms = view.forms
    for owner in view.of(forms.conditionals | forms.modifiers | forms.loops | forms.ternary):
        condition = owner.child("condition")
        if condition is None and owner.type in forms.ternary and len(owner.parts) == 3:
            condition = owner.parts[1]  # x if condition else y
        if condition is not None:
            yield view.bare(condition), owner


def inverted_condition(view: CodeTree) -> Iterator[Edit]:
    """A condition without operator of its own is negated."""
    forms = view.forms
    for condition, owner in conditions(view):
        if owner.type in ("unless", "unless_modifier", "until"):
            continue  # for these there is the other keyword
        if condition.type in forms.numbers or view.text(condition) in forms.booleans or not condition.named:
            continue
        negated = condition.type in forms.unary and view.raw(condition).startswith(forms.negation.strip().encode())
        if negated:
            continue
        if condition.type in forms.identifiers | forms.calls | forms.subscripts | _ACCESSES:
            yield Edit(condition.start, condition.start, forms.negation.encode())
        elif condition.type in forms.binary and not _has_flip(view, condition):
            yield Edit(condition.start, condition.end, forms.negation.encode() + b"(" + view.raw(condition) + b")")


_ACCESSES = frozenset(
    {
        "attribute",
        "member_expression",
        "field_expression",
        "selector_expression",
        "member_access_expression",
        "field_access",
        "instance_variable",
        "qualified_identifier",
    }
)


def _has_flip(view: CodeTree, node: Node) -> bool:
    operator = view.operator(node)
    sign = view.text(operator) if operator is not None else ""
    return sign in _EQUALITY or sign in _DIRECTION or sign not in view.forms.logical


def swapped_keyword(view: CodeTree) -> Iterator[Edit]:
    """``if`` becomes ``unless``, ``while`` becomes ``until``, where a language has both."""
    flipped = {b"if": b"unless", b"unless": b"if", b"while": b"until", b"until": b"while"}
    for node in view.of(("if", "unless", "if_modifier", "unless_modifier", "while", "until")):
        word = next((child for child in node.children if not child.named and view.raw(child) in flipped), None)
        if word is not None and not any(child.type == "elsif" for child in node.children):
            yield replace(word, flipped[view.raw(word)])


def removed_negation(view: CodeTree) -> Iterator[Edit]:
    """``not x`` becomes ``x``."""
    word = view.forms.negation.strip().encode()
    for node in view.of(view.forms.unary):
        if node.parts and view.raw(node).startswith(word) and not view.raw(node).startswith(word + word):
            yield Edit(node.start, node.parts[-1].start, b"")


def branch_swap(view: CodeTree) -> Iterator[Edit]:
    """The two results of a conditional expression change places."""
    for node in view.of(view.forms.ternary):
        parts = node.parts
        if len(parts) != 3:
            continue
        first, second = (parts[1], parts[2]) if node.child("condition") is not None else (parts[0], parts[2])
        if view.raw(first) != view.raw(second):
            yield swap(view, first, second)


def number_change(view: CodeTree) -> Iterator[Edit]:
    """A number becomes one next to it, or one of another magnitude."""
    for node in view.of(view.forms.numbers):
        text = view.text(node)
        if (
            (node.parent is not None and node.parent.type in _NOT_VALUES)
            or _is_tuning(view, node)
            or view.commented(node)
        ):
            continue
        if re.fullmatch(r"-?[0-9]+", text):
            value = int(text)
            changed = {0: [1], 1: [0, 2], 10: [1, 100], 100: [10, 1000], 1000: [100, 10000]}.get(
                value, [value - 1, value + 1]
            )
            added = value == 1 and node.parent is not None and node.parent.type in view.forms.binary
            yield from (replace(node, str(new)) for new in changed if not (added and new == 0))
        elif (match := re.fullmatch(r"([0-9]*)\.([0-9]*[1-9])([fFdD]?)", text)) is not None:
            yield replace(node, f"{match[1]}.0{match[2]}{match[3]}")
            if int(match[1] or 0) == 0 and len(match[2]) > 1 and match[2][0] == "0":
                yield replace(node, f"{match[1]}.{match[2][1:]}{match[3]}")
        elif (match := re.fullmatch(r"(0[xX][0-9a-fA-F]*)([0-9a-fA-F])([uUlL]*)", text)) is not None:
            yield replace(node, f"{match[1]}{'e' if match[2] in 'fF' else 'f'}{match[3]}")


_NOT_VALUES = frozenset({"keyword_pattern", "case_pattern", "enumerator", "bitfield_clause", "array_declarator"})


_TUNING = re.compile(
    r"(?i)sleep|timeout|workers?|buf|capacity|retr|chunk|delay|interval|indent|stack_?level|threads|builder|malloc|alloc|list|map"
    r"|set$|backlog|prefetch|ttl|maxsize|width|height|writer$|thread|pool"
)


def _is_tuning(view: CodeTree, node: Node) -> bool:
    """Tell whether a number only sets a time, a size or a layout: another one there is no mistake."""
    for up in node.above():
        if up.type == "keyword_argument" or up.type in view.forms.calls:
            return bool(_TUNING.search(view.text(up.parts[0]) if up.type == "keyword_argument" else view.callee(up)))
        if up.type in view.forms.blocks | view.forms.subscripts | view.forms.binary:
            return False
    return False


def boolean_change(view: CodeTree) -> Iterator[Edit]:
    """``true`` becomes ``false``."""
    for node in view.nodes:
        text = view.text(node) if not node.children or len(node.children) == 1 else ""
        if node.named and text in view.forms.booleans:
            yield replace(node, view.forms.booleans[text])


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


def text_change(view: CodeTree) -> Iterator[Edit]:
    """A separator or an empty text becomes another."""
    for node in view.of(view.forms.strings):
        text = view.text(node)
        if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'" or text[1:-1] not in _TEXTS:
            continue
        if text[0] == "'" and view.forms.typed:
            continue
        yield from (replace(node, text[0] + new + text[0]) for new in _TEXTS[text[1:-1]])


def _bounds(view: CodeTree) -> Iterator[Node]:
    forms = view.forms
    for owner in view.of(forms.counted):
        condition = owner.child("condition")
        pair = view.operands(condition) if condition is not None and condition.type in forms.binary else None
        operator = view.operator(condition) if condition is not None and pair else None
        if pair and operator is not None and view.text(operator) in _BOUNDARY:
            yield pair[1]
    for node in view.of(forms.subscripts):
        yield from (part for part in _indices(node, view) if part.type not in forms.slices)
    for node in view.of(forms.slices):
        yield from (part for part in node.parts if part.field != "operand")
    for call in view.of(forms.calls):
        if view.callee(call) in _BOUNDED:
            yield from view.arguments(call)


_BOUNDED = word_set(
    "range substring substr Substring slice subarray subList islice charAt get elementAt copyOfRange take "
    "skip Skip Take xrange at drop limit nth charCodeAt each_slice repeat subspan upto downto insert "
    "splice"
)


def _indices(node: Node, view: CodeTree) -> list[Node]:
    inner = node.child("subscript", "index", "indices")
    if inner is None:
        return node.parts[1:2]
    if inner.type in ("subscript_argument_list", "bracketed_argument_list"):
        return [p.parts[0] if p.type in view.forms.argument and p.parts else p for p in inner.parts]
    return [inner]


def off_by_one(view: CodeTree) -> Iterator[Edit]:
    """A bound or an index is one too high or too low."""
    seen: set[int] = set()
    for bound in _bounds(view):
        if bound.start in seen or not view.is_number(bound) or bound.type in view.forms.numbers:
            continue
        seen.add(bound.start)
        pair, operator = view.operands(bound), view.operator(bound)
        if bound.type in view.forms.binary and pair is not None and operator is not None:
            if view.raw(pair[1]) == b"1" and view.text(operator) in ("+", "-"):
                yield Edit(pair[0].end, bound.end, b"")
                continue
            if view.text(operator) not in ("+", "-", "*"):
                continue
        if bound.type in view.forms.binary | view.forms.identifiers | view.forms.calls | _ACCESSES:
            yield Edit(bound.end, bound.end, b" + 1")
            yield Edit(bound.end, bound.end, b" - 1")


def dropped_conversion(view: CodeTree) -> Iterator[Edit]:
    """The call that rounds, sorts, copies or tidies a value is forgotten."""
    for call in view.of(view.forms.calls):
        if view.callee(call) not in view.forms.conversions:
            continue
        arguments = view.arguments(call)
        named = call.child("function", "name", "method")
        receiver = named.child("object", "expression", "operand", "argument") if named is not None else None
        receiver = receiver or call.child("object", "receiver")
        plain = receiver is None or view.text(receiver) in ("Math", "math", "std", "cmath")
        if plain and len(arguments) == 1 and arguments[0].type not in _SPREADS:
            yield replace(call, view.raw(arguments[0]))
        elif not plain and receiver is not None and not arguments and view.statement(call) is not call.parent:
            yield replace(call, view.raw(receiver))


_SPREADS = frozenset(
    {"list_splat", "spread_element", "generator_expression", "splat_argument", "keyword_argument", "pair"}
)


def lost_await(view: CodeTree) -> Iterator[Edit]:
    """``await`` is forgotten."""
    for node in view.of(view.forms.awaits):
        if node.parts:
            yield Edit(node.start, node.parts[0].start, b"")
