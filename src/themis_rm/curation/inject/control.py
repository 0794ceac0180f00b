"""Operators that change statements: guards, exits, branches, updates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from themis_rm.curation.inject.edits import Edit, combine, cut, delete, full, insert_line
from themis_rm.curation.inject.forms import word_set
from themis_rm.curation.inject.tree import CodeTree, Node

_GUARD_LINES = 6


def lost_guard(view: CodeTree) -> Iterator[Edit]:
    """A branch that only leaves early (returns, raises, breaks, continues) is forgotten."""
    forms = view.forms
    for node in view.of(forms.conditionals | forms.modifiers):
        if node.parent is None or node.parent.type not in forms.blocks or node.type in forms.chained:
            continue
        body = view.body(node)
        plain = node.child("alternative", "initializer") is None and not any(
            c.type in forms.chained for c in node.children
        )
        short = view.raw(node).count(b"\n") < _GUARD_LINES
        if not body or not plain or not short or not view.is_exit(body[-1]) or _is_last(view, node):
            continue
        edit = delete(view, node)
        if edit is not None and _still_compiles(view, node):
            yield edit


def _is_last(view: CodeTree, node: Node) -> bool:
    return view.siblings(node)[-1] is node and view.ends(node, view.forms.functions | view.forms.loops)


def _still_compiles(view: CodeTree, removed: Node) -> bool:
    """Tell whether no variable that the removed node reads is left unused, where that is an error."""
    if not view.forms.unused_is_error:
        return True
    declared = {variable.name for variable in view.variables}
    places = {variable.declared for variable in view.variables}
    inside = {view.text(n) for n in removed.below() if n.type in view.forms.identifiers} & declared
    outside = {
        view.text(n)
        for n in view.of(view.forms.identifiers)
        if not removed.start <= n.start < removed.end
        and n.start not in places
        and n.field != "left"
        and not (n.parent is not None and n.parent.field == "left")
    }
    return inside <= outside


def lost_exit(view: CodeTree) -> Iterator[Edit]:
    """A ``return``, ``break`` or ``continue`` beside other statements of its block is forgotten."""
    forms = view.forms
    for node in view.of(forms.exits):
        if node.parent is None or node.parent.type not in forms.blocks:
            continue
        in_switch = _owner(node, forms.loops | forms.switches | forms.functions)
        of_switch = in_switch is not None and in_switch.type in forms.switches and node.type in forms.breaks
        if of_switch and (not forms.falls_through or _in_last_case(view, node)):
            continue
        if not of_switch and _has_no_effect(view, node):
            continue
        if node.type in forms.returns and not _may_go(view, node):
            continue
        edit = delete(view, node)
        if edit is not None and _still_compiles(view, node):
            yield edit


def _owner(node: Node, kinds: frozenset[str]) -> Node | None:
    return next((up for up in node.above() if up.type in kinds), None)


def _in_last_case(view: CodeTree, node: Node) -> bool:
    case = _owner(node, view.forms.cases)
    if case is None or case.parent is None:
        return True
    cases = [part for part in case.parent.parts if part.type in view.forms.cases or part.type.endswith("default")]
    return cases[-1] is case


def _has_no_effect(view: CodeTree, node: Node) -> bool:
    forms = view.forms
    if node.type in forms.continues:
        return _at_loop_end(view, node)
    if node.type in forms.returns:
        parts = node.parts[0].parts or node.parts if node.parts else []
        empty = all(part.type in forms.nulls for part in parts)
        return empty and view.ends(node, forms.functions)
    return False


def _at_loop_end(view: CodeTree, node: Node) -> bool:
    for up in [node, *node.above()]:
        if up.parent is None or up.parent.type in view.forms.loops:
            return True
        if up.parent.type in view.forms.blocks and up.parent.parts[-1] is not up:
            return False
    return True


def _may_go(view: CodeTree, node: Node) -> bool:
    """Tell whether the code compiles without this ``return``."""
    if not node.parts or view.forms.may_end_without_return:
        return True
    return not view.ends(node, view.forms.functions)


def lost_return_keyword(view: CodeTree) -> Iterator[Edit]:
    """The value is computed, but ``return`` before it is forgotten."""
    forms = view.forms
    if not forms.may_end_without_return:
        return
    for node in view.of(forms.returns):
        value = node.parts[0] if node.parts else None
        last = forms.implicit_return and view.ends(node, forms.functions)
        if value is not None and not last and value.type in forms.calls | forms.awaits:
            yield Edit(node.start, value.start, b"")


def break_or_continue(view: CodeTree) -> Iterator[Edit]:
    """``break`` becomes ``continue`` or the other way round."""
    forms = view.forms
    stop, go_on = (word.encode() for word in forms.break_words)
    for node in view.of(forms.breaks | forms.continues):
        owner = _owner(node, forms.loops | forms.switches | forms.functions)
        if owner is None or owner.type not in forms.loops or node.parts:
            continue
        if not _at_loop_end(view, node) or node.type in forms.breaks:
            old, new = (stop, go_on) if node.type in forms.breaks else (go_on, stop)
            yield Edit(node.start, node.end, view.raw(node).replace(old, new, 1))


def dropped_else(view: CodeTree) -> Iterator[Edit]:
    """The ``else`` branch is forgotten."""
    forms = view.forms
    for node in view.of(forms.conditionals):
        branch = node.child("alternative") if not forms.chained else None
        if forms.chained:
            branch = next((c for c in node.children if c.type in forms.else_clauses), None)
        if branch is None:
            continue
        inner = branch.parts[-1] if branch.type in forms.else_clauses and branch.parts else branch
        statements = inner.parts if inner.type in forms.blocks or inner.type in forms.braces else [inner]
        if statements and statements[0].type in forms.blocks:
            statements = statements[0].parts
        if view.raw(branch).count(b"\n") > _GUARD_LINES:
            continue
        if not forms.may_end_without_return and any(below.type in forms.exits for below in branch.below()):
            continue
        if inner.type in forms.conditionals or not statements or view.is_exit(statements[-1]):
            continue
        if forms.implicit_return and view.ends(node, forms.functions):
            continue
        start = branch.start
        if branch.type not in forms.else_clauses:
            word = next((c for c in node.children if view.raw(c) == b"else"), None)
            start = word.start if word is not None else start
        before = view.data[:start].rstrip()
        on_own_line = not view.data[view.data.rfind(b"\n", 0, start) + 1 : start].strip()
        newline = view.data.rfind(b"\n", 0, start) if on_own_line else len(before)
        if _still_compiles(view, branch):
            yield Edit(
                max(newline, len(before)),
                branch.end if view.data[branch.end - 1 : branch.end] != b"\n" else branch.end - 1,
                b"",
            )


def broken_chain(view: CodeTree) -> Iterator[Edit]:
    """``else if`` becomes ``if``, so that both branches can run."""
    forms = view.forms
    for node in view.of(forms.conditionals):
        if forms.chained:
            branches = [child for child in node.children if child.type in forms.chained]
            # Only the first of a chain: the statement before it must end there.
            if node.type in forms.chained or not branches or not _goes_on(view, node) or forms.implicit_return:
                continue
            yield Edit(branches[0].start, branches[0].start + len(forms.chain_words[0]), forms.chain_words[1].encode())
            continue
        branch = node.child("alternative")
        inner = (
            branch.parts[-1] if branch is not None and branch.type in forms.else_clauses and branch.parts else branch
        )
        word = next((c for c in [*node.children, *(branch.children if branch else [])] if view.raw(c) == b"else"), None)
        if inner is None or word is None or inner.type not in forms.conditionals or not _goes_on(view, node):
            continue
        if node.parent is None or node.parent.type not in forms.blocks:
            continue
        gap = b"\n" + view.indentation(node.start) if not view.data[word.end : inner.start].count(b"\n") else b""
        start = len(view.data[: word.start].rstrip())
        yield Edit(start, inner.start, gap)


def _goes_on(view: CodeTree, node: Node) -> bool:
    body = view.body(node)
    return bool(body) and not view.is_exit(body[-1])


def joined_branches(view: CodeTree) -> Iterator[Edit]:
    """A second ``if`` becomes an ``else if`` of the one before it, so that only one of the two can run."""
    forms = view.forms
    for node in view.of(forms.conditionals):
        if node.parent is None or node.parent.type not in forms.blocks or node.type in forms.chained:
            continue
        siblings = view.siblings(node)
        place = siblings.index(node)
        before = siblings[place - 1] if place else None
        if before is None or before.type != node.type or not _goes_on(view, before):
            continue
        if before.child("alternative") is not None or any(c.type in forms.chained for c in before.children):
            continue
        word = node.children[0]
        between = view.data[before.end : node.start]
        if view.raw(word) != b"if" or between.strip() or before.end >= node.start:
            continue
        if forms.implicit_return:
            close = before.children[-1]
            if view.raw(close) == b"end":
                yield Edit(close.start, word.end, b"elsif")
        elif forms.chained:
            yield Edit(word.start, word.end, forms.chain_words[0].encode())
        elif view.data[before.end - 1 : before.end] == b"}":
            yield Edit(before.end, word.start, b" else ")


def _updates(view: CodeTree) -> Iterator[tuple[Node, Node]]:
    """Yield the statements that count or collect, with their expression."""
    forms = view.forms
    for block in view.of(forms.blocks):
        for statement in block.parts:
            inner = view.expression(statement)
            operator = view.operator(inner) if inner.type in forms.assignments else None
            compound = (
                operator is not None and len(view.text(operator)) > 1 and view.text(operator) not in ("||=", ":=")
            )
            counts = inner.type in forms.updates and inner.type != "prefix_unary_expression"
            collects = inner.type in forms.calls and view.callee(inner) in _COLLECTING
            if compound or counts or collects:
                yield statement, inner


_COLLECTING = word_set(
    "append add push Add push_back emplace_back extend addAll AddRange put insert unshift update Append "
    "enqueue Enqueue appendleft addLast offer concat Push write writeByte WriteString WriteByte"
)


def lost_update(view: CodeTree) -> Iterator[Edit]:
    """A counter is not moved on, or an element is not collected."""
    for statement, _ in _updates(view):
        edit = delete(view, statement)
        if edit is not None and _still_compiles(view, statement):
            yield edit


def repeated_update(view: CodeTree) -> Iterator[Edit]:
    """A counter is moved on twice, or an element collected twice."""
    for statement, inner in _updates(view):
        if view.forms.implicit_return and view.siblings(statement)[-1] is statement:
            continue
        if view.text(inner).count("\n") or _is_idempotent(view, inner):
            continue
        edit = insert_line(view, statement, full(view, statement))
        if edit is not None:
            yield edit


def _is_idempotent(view: CodeTree, inner: Node) -> bool:
    """Tell whether doing it twice does no more than doing it once (``add`` to a set, ``|=``)."""
    if inner.type in view.forms.calls:
        return view.callee(inner) not in (
            "append",
            "push",
            "push_back",
            "emplace_back",
            "write",
            "Append",
            "WriteString",
        )
    operator = view.operator(inner)
    return operator is not None and view.text(operator) in ("|=", "&=", "||=", "&&=", "??=", "%=", "//=")


_RESET = re.compile(
    rb"0(?:\.0)?|\"\"|''|\[\]|\{\}|None|null|nil|false|False|true|True|set\(\)|dict\(\)|list\(\)|\[\]\w+\{\}"
)


def _resets(view: CodeTree) -> Iterator[tuple[Node, bytes]]:
    """Yield the statements that give a variable its empty value, with the variable."""
    forms = view.forms
    declaring = frozenset({"short_var_declaration", "declaration", "local_variable_declaration", "lexical_declaration"})
    for block in view.of(forms.blocks):
        for statement in block.parts:
            inner = view.expression(statement)
            if inner.type not in forms.assignments and inner.type not in declaring:
                continue
            match = re.fullmatch(rb"(?:[\w<>\[\]]+ )?([\w.@]+)\s*:?=\s*([^=]*?);?", view.raw(inner))
            if match and _RESET.fullmatch(match[2]):
                yield statement, match[1]


def lost_reset(view: CodeTree) -> Iterator[Edit]:
    """A variable is not set back inside a loop."""
    forms = view.forms
    for statement, name in _resets(view):
        if view.expression(statement).type not in forms.assignments:
            continue
        loop = _owner(statement, forms.loops)
        first = re.search(rb"(?<![\w.])" + re.escape(name) + rb"\s*(?::[^=\n]*)?:?=", view.data)
        if loop is None or first is None or first.start() >= loop.start:
            continue
        edit = delete(view, statement)
        if edit is not None:
            yield edit


def reset_in_loop(view: CodeTree) -> Iterator[Edit]:
    """What a loop gathers is set back at every turn."""
    forms = view.forms
    for statement, name in _resets(view):
        if forms.typed and view.expression(statement).type not in forms.assignments:
            continue  # the variable would end with the loop's block
        if view.forms.shadowing and view.expression(statement).type == "lexical_declaration":
            continue
        siblings = view.siblings(statement)
        for loop in siblings[siblings.index(statement) + 1 :]:
            body = view.body(loop, "body") if loop.type in forms.loops else []
            gathers = re.search(
                rb"(?<![\w.])" + re.escape(name) + rb"\s*(?:\+=|\.append|\.add|\.push|<<|\+\+)", view.raw(loop)
            )
            if not body or not gathers or view.raw(statement).count(b"\n"):
                continue
            inserted = insert_line(view, body[0], full(view, statement), before=True)
            moved = combine(view, cut(view, statement.start, statement.end), inserted) if inserted is not None else None
            if moved is not None:
                yield moved
            break


def return_in_loop(view: CodeTree) -> Iterator[Edit]:
    """The ``return`` behind a loop slips into it, so that it ends after its first turn."""
    forms = view.forms
    if not forms.may_end_without_return:
        return
    for node in view.of(forms.returns):
        if node.parent is None or node.parent.type not in forms.blocks or not node.parts:
            continue
        siblings = view.siblings(node)
        loop = siblings[siblings.index(node) - 1] if siblings.index(node) else None
        body = view.body(loop, "body") if loop is not None and loop.type in forms.loops - {"do_block", "block"} else []
        if (
            loop is None
            or not body
            or view.raw(node).count(b"\n")
            or view.is_exit(body[-1])
            or loop.child("alternative")
        ):
            continue
        inserted = insert_line(view, body[-1], full(view, node))
        if inserted is None or view.indentation(body[0].start) != view.indentation(body[-1].start):
            continue
        inserted = Edit(inserted.start, inserted.end, b"\n" + view.indentation(body[0].start) + full(view, node))
        moved = combine(view, inserted, cut(view, node.start, node.end))
        if moved is not None:
            yield moved


def shadowed_variable(view: CodeTree) -> Iterator[Edit]:
    """An assignment in an inner block declares a new variable instead, so that the outer one keeps its value."""
    forms = view.forms
    if forms.shadowing is None:
        return
    for node in view.of(forms.assignments):
        statement = view.statement(node)
        operator = view.operator(node)
        target = node.parts[0] if node.parts else None
        if statement is None or statement.parent is None or operator is None or target is None:
            continue
        if view.raw(operator) != b"=" or not re.fullmatch(r"[A-Za-z]\w*", view.text(target)):
            continue
        if view.expression(statement) is not node:
            continue
        outer = next((v for v in view.variables if v.name == view.text(target) and v.declared < node.start), None)
        later = re.search(rb"\b" + view.raw(target) + rb"\b", view.data[node.end : statement.parent.end])
        own_block = outer is None or not outer.start < statement.parent.start - 1
        if outer is None or later is None or own_block or outer.declared >= statement.parent.start:
            continue
        if re.search(rb"\b" + view.raw(target) + rb"\b", view.raw(node.parts[-1])) and not forms.unused_is_error:
            continue
        old, new = forms.shadowing
        if old:
            yield Edit(operator.start, operator.end, new.encode())
        else:
            yield Edit(node.start, node.start, new.encode())
