"""Bug operators that change statements: guards, exits, branches, updates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from themis_rm.curation.inject.edits import (
    SourceEdit,
    combine,
    delete,
    delete_range,
    insert_line,
    statement_source,
    unwrap,
)
from themis_rm.curation.inject.tree import CodeTree, Node
from themis_rm.languages.definition import word_set

_GUARD_LINES = 6


def lost_guard(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove a guard: a short branch that only returns, raises, breaks or continues."""
    for node, body in _plain_branches(tree):
        edit = delete(tree, node) if tree.is_exit(body[-1]) and not _is_last(tree, node) else None
        if edit is not None:
            yield edit


def lost_branch(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove a short branch that handles a case and does not leave the block."""
    for node, body in _plain_branches(tree):
        edit = delete(tree, node) if not tree.is_exit(body[-1]) and not _may_be_value(tree, node) else None
        if edit is not None:
            yield edit


_BINDS = re.compile(r"\b(?:out|is|instanceof|let|auto)\b|:=|(?<![=!<>])=(?![=~])")
"""Conditions that give a value to a variable, which their branch may use."""


def lost_condition(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove the condition of a branch, so that its statements are always executed."""
    for node, body in _plain_branches(tree):
        condition = node.child("condition")
        if condition is None or _BINDS.search(tree.text(condition)) or any(tree.is_exit(part) for part in body):
            continue
        if _may_be_value(tree, node):
            continue
        if node.type in tree.grammar.modifiers:
            yield SourceEdit(body[-1].end, node.end, b"")
            continue
        edit = unwrap(tree, node, b"", body, node.end)
        if edit is not None:
            first = 1 + len(tree.indentation(node.start))
            yield SourceEdit(edit.start, edit.end, edit.text[first:])


def _plain_branches(tree: CodeTree) -> Iterator[tuple[Node, list[Node]]]:
    """Yield the short branches without an ``else`` that are statements of a block, each with its statements."""
    grammar = tree.grammar
    for node in tree.find(grammar.conditionals | grammar.modifiers):
        if node.parent is None or node.parent.type not in grammar.blocks or node.type in grammar.chained:
            continue
        body = tree.body(node)
        plain = node.child("alternative", "initializer") is None and not any(
            c.type in grammar.chained for c in node.children
        )
        if body and plain and tree.raw(node).count(b"\n") < _GUARD_LINES:
            yield node, body


def _is_last(tree: CodeTree, node: Node) -> bool:
    return tree.siblings(node)[-1] is node and tree.is_last_in(node, tree.grammar.functions | tree.grammar.loops)


def lost_exit(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove a ``return``, ``break`` or ``continue`` from a block with other statements."""
    grammar = tree.grammar
    for node in tree.find(grammar.exits):
        if node.parent is None or node.parent.type not in grammar.blocks:
            continue
        in_switch = _owner(node, grammar.loops | grammar.switches | grammar.functions)
        of_switch = in_switch is not None and in_switch.type in grammar.switches and node.type in grammar.breaks
        if of_switch and (not grammar.falls_through or _in_last_case(tree, node)):
            continue
        if not of_switch and _has_no_effect(tree, node):
            continue
        if node.type in grammar.returns and not _may_remove_return(tree, node):
            continue
        branch = _owner(node, grammar.loops | grammar.switches | grammar.functions | grammar.conditionals)
        if grammar.typed and branch is not None and branch.type not in grammar.loops and _may_be_value(tree, branch):
            continue
        edit = delete(tree, node)
        if edit is not None:
            yield edit


def _owner(node: Node, kinds: frozenset[str]) -> Node | None:
    return next((ancestor for ancestor in node.ancestors() if ancestor.type in kinds), None)


def _in_last_case(tree: CodeTree, node: Node) -> bool:
    case = _owner(node, tree.grammar.cases)
    if case is None or case.parent is None:
        return True
    cases = [
        part for part in case.parent.named_children if part.type in tree.grammar.cases or part.type.endswith("default")
    ]
    return cases[-1] is case


def _has_no_effect(tree: CodeTree, node: Node) -> bool:
    grammar = tree.grammar
    if node.type in grammar.continues:
        return _at_loop_end(tree, node)
    if node.type in grammar.returns:
        parts = node.named_children[0].named_children or node.named_children if node.named_children else []
        empty = all(part.type in grammar.nulls for part in parts)
        return empty and tree.is_last_in(node, grammar.functions)
    return False


def _at_loop_end(tree: CodeTree, node: Node) -> bool:
    for ancestor in [node, *node.ancestors()]:
        if ancestor.parent is None or ancestor.parent.type in tree.grammar.loops:
            return True
        if ancestor.parent.type in tree.grammar.blocks and ancestor.parent.named_children[-1] is not ancestor:
            return False
    return True


def _may_remove_return(tree: CodeTree, node: Node) -> bool:
    """Return whether the code compiles without this ``return``."""
    if not node.named_children or tree.grammar.may_end_without_return:
        return True
    return not tree.is_last_in(node, tree.grammar.functions)


def lost_return_keyword(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove the keyword ``return`` and keep the expression that computes the value."""
    grammar = tree.grammar
    if not grammar.may_end_without_return:
        return
    for node in tree.find(grammar.returns):
        value = node.named_children[0] if node.named_children else None
        last = grammar.implicit_return and tree.is_last_in(node, grammar.functions)
        if value is not None and not last and value.type in grammar.calls | grammar.awaits:
            yield SourceEdit(node.start, value.start, b"")


def break_or_continue(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``break`` by ``continue`` or the reverse."""
    grammar = tree.grammar
    break_word, continue_word = (word.encode() for word in grammar.break_words)
    for node in tree.find(grammar.breaks | grammar.continues):
        owner = _owner(node, grammar.loops | grammar.switches | grammar.functions)
        if owner is None or owner.type not in grammar.loops or node.named_children:
            continue
        if not _at_loop_end(tree, node) or node.type in grammar.breaks:
            words = (break_word, continue_word)
            old, new = words if node.type in grammar.breaks else words[::-1]
            yield SourceEdit(node.start, node.end, tree.raw(node).replace(old, new, 1))


def dropped_else(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove the ``else`` branch."""
    grammar = tree.grammar
    for node in tree.find(grammar.conditionals):
        branch = node.child("alternative") if not grammar.chained else None
        if grammar.chained:
            branch = next((c for c in node.children if c.type in grammar.else_clauses), None)
        if branch is None:
            continue
        inner = branch.named_children[-1] if branch.type in grammar.else_clauses and branch.named_children else branch
        statements = inner.named_children if inner.type in grammar.blocks or inner.type in grammar.braces else [inner]
        if statements and statements[0].type in grammar.blocks:
            statements = statements[0].named_children
        if tree.raw(branch).count(b"\n") > _GUARD_LINES:
            continue
        if not grammar.may_end_without_return and any(
            inner_node.type in grammar.exits for inner_node in branch.descendants()
        ):
            continue
        if inner.type in grammar.conditionals or not statements or tree.is_exit(statements[-1]):
            continue
        if _may_be_value(tree, node):
            continue
        start = branch.start
        if branch.type not in grammar.else_clauses:
            word = next((c for c in node.children if tree.raw(c) == b"else"), None)
            start = word.start if word is not None else start
        before = tree.data[:start].rstrip()
        on_own_line = not tree.data[tree.data.rfind(b"\n", 0, start) + 1 : start].strip()
        newline = tree.data.rfind(b"\n", 0, start) if on_own_line else len(before)
        yield SourceEdit(
            max(newline, len(before)),
            branch.end if tree.data[branch.end - 1 : branch.end] != b"\n" else branch.end - 1,
            b"",
        )


def broken_chain(tree: CodeTree) -> Iterator[SourceEdit]:
    """Replace ``else if`` by ``if``, so that both branches can run."""
    grammar = tree.grammar
    for node in tree.find(grammar.conditionals):
        if grammar.chained:
            branches = [child for child in node.children if child.type in grammar.chained]
            # Only the first of a chain: the statement before it must end there.
            if (
                node.type in grammar.chained
                or not branches
                or not _continues_after(tree, node)
                or grammar.implicit_return
            ):
                continue
            start, (chained, first) = branches[0].start, grammar.chain_words
            yield SourceEdit(start, start + len(chained), first.encode())
            continue
        branch = node.child("alternative")
        inner = (
            branch.named_children[-1]
            if branch is not None and branch.type in grammar.else_clauses and branch.named_children
            else branch
        )
        word = next((c for c in [*node.children, *(branch.children if branch else [])] if tree.raw(c) == b"else"), None)
        if inner is None or word is None or inner.type not in grammar.conditionals or not _continues_after(tree, node):
            continue
        if node.parent is None or node.parent.type not in grammar.blocks or _may_be_value(tree, node):
            continue
        gap = b"\n" + tree.indentation(node.start) if not tree.data[word.end : inner.start].count(b"\n") else b""
        start = len(tree.data[: word.start].rstrip())
        yield SourceEdit(start, inner.start, gap)


def _may_be_value(tree: CodeTree, node: Node) -> bool:
    """Return whether the value of a conditional may be used, so that all its branches need one."""
    grammar = tree.grammar
    if not grammar.implicit_return:
        return False
    if tree.is_last_in(node, grammar.functions):
        return True
    block = node.parent
    if not grammar.typed or block is None:
        return False
    in_loop = block.parent is not None and block.parent.type in grammar.loops
    return block.type not in grammar.blocks or (tree.siblings(node)[-1] is node and not in_loop)


def _continues_after(tree: CodeTree, node: Node) -> bool:
    body = tree.body(node)
    return bool(body) and not tree.is_exit(body[-1])


def joined_branches(tree: CodeTree) -> Iterator[SourceEdit]:
    """Turn an ``if`` into an ``else if`` of the ``if`` before it, so that only one of them can run."""
    grammar = tree.grammar
    for node in tree.find(grammar.conditionals):
        if node.parent is None or node.parent.type not in grammar.blocks or node.type in grammar.chained:
            continue
        siblings = tree.siblings(node)
        place = siblings.index(node)
        before = siblings[place - 1] if place else None
        if before is None or before.type != node.type or not _continues_after(tree, before):
            continue
        if before.child("alternative") is not None or any(c.type in grammar.chained for c in before.children):
            continue
        word = node.children[0]
        between = tree.data[before.end : node.start]
        if tree.raw(word) != b"if" or between.strip() or before.end >= node.start:
            continue
        if grammar.chained and grammar.implicit_return:
            close = before.children[-1]
            if tree.raw(close) == b"end":
                yield SourceEdit(close.start, word.end, b"elsif")
        elif grammar.chained:
            yield SourceEdit(word.start, word.end, grammar.chain_words[0].encode())
        elif tree.data[before.end - 1 : before.end] == b"}" and not _may_be_value(tree, node):
            yield SourceEdit(before.end, word.start, b" else ")


def _updates(tree: CodeTree) -> Iterator[tuple[Node, Node]]:
    """Yield the statements that count or collect, each with its expression."""
    grammar = tree.grammar
    for block in tree.find(grammar.blocks):
        for statement in block.named_children:
            inner = tree.expression(statement)
            operator = tree.operator(inner) if inner.type in grammar.assignments else None
            compound = (
                operator is not None and len(tree.text(operator)) > 1 and tree.text(operator) not in ("||=", ":=")
            )
            counts = inner.type in grammar.updates and inner.type != "prefix_unary_expression"
            collects = inner.type in grammar.calls and tree.callee(inner) in _COLLECTING
            if compound or counts or collects:
                yield statement, inner


_COLLECTING = word_set(
    "append add push Add push_back emplace_back extend addAll AddRange put insert unshift update Append "
    "enqueue Enqueue appendleft addLast offer concat Push write writeByte WriteString WriteByte"
)


def lost_update(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove a statement that updates a counter or collects an element."""
    for statement, _ in _updates(tree):
        edit = delete(tree, statement)
        if edit is not None:
            yield edit


def lost_call(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove a call whose result is not used."""
    grammar = tree.grammar
    known = _COLLECTING | grammar.releases | grammar.clears | grammar.allocations | grammar.throwing_calls
    for block in tree.find(grammar.blocks):
        for statement in block.named_children:
            inner = tree.expression(statement)
            if inner.type in grammar.awaits and inner.named_children:
                inner = inner.named_children[0]
            # Calls that log or check have no children here.
            if inner.type not in grammar.calls or not inner.children or tree.callee(inner) in known:
                continue
            if _is_value(tree, statement) or _owner(statement, _HANDLED) is not None:
                continue
            if tree.raw(statement).count(b"\n") >= _GUARD_LINES or inner.child("block") is not None:
                continue
            edit = delete(tree, statement)
            if edit is not None:
                yield edit


_HANDLED = frozenset({"try_statement", "try_with_resources_statement"})
"""Blocks with handlers: Java refuses a handler of an error that can no longer occur."""


def _is_value(tree: CodeTree, statement: Node) -> bool:
    return tree.grammar.implicit_return and tree.siblings(statement)[-1] is statement


def lost_assignment(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove an assignment to a member or element, or to a variable that has a value already."""
    grammar = tree.grammar
    for block in tree.find(grammar.blocks):
        for statement in block.named_children:
            inner = tree.expression(statement)
            operator = tree.operator(inner) if inner.type in grammar.assignments else None
            if operator is None or tree.raw(operator) != b"=" or _is_value(tree, statement):
                continue
            target = inner.named_children[0] if inner.named_children else None
            if target is not None and target.type in grammar.patterns and len(target.named_children) == 1:
                target = target.named_children[0]
            if target is None or target.type in grammar.patterns:
                continue
            if target.type in grammar.identifiers and not _has_value_before(tree, target):
                continue
            if _must_be_assigned(tree, target):
                continue
            edit = delete(tree, statement)
            if edit is not None:
                yield edit


def _must_be_assigned(tree: CodeTree, target: Node) -> bool:
    """Return whether a compiler may require the assignment: of a field in a constructor, of an ``out`` parameter."""
    if "unassigned" not in tree.grammar.compile_errors:
        return False
    if target.type in tree.grammar.identifiers:
        out = rb"\bout\s+[\w<>\[\],.? ]+\s" + re.escape(tree.raw(target)) + rb"\s*[,)]"
        return re.search(out, tree.data) is not None
    function = _owner(target, tree.grammar.functions)
    return function is not None and "constructor" in function.type


def _has_value_before(tree: CodeTree, target: Node) -> bool:
    name = tree.text(target)
    return any(v.name == name and v.ready < target.start and v.start <= target.start < v.end for v in tree.variables)


def repeated_update(tree: CodeTree) -> Iterator[SourceEdit]:
    """Repeat a statement that updates a counter or collects an element."""
    for statement, inner in _updates(tree):
        if _is_value(tree, statement):
            continue
        if tree.text(inner).count("\n") or _is_idempotent(tree, inner):
            continue
        edit = insert_line(tree, statement, statement_source(tree, statement))
        if edit is not None:
            yield edit


def _is_idempotent(tree: CodeTree, inner: Node) -> bool:
    """Return whether the update has the same effect when it is repeated (``add`` to a set, ``|=``)."""
    if inner.type in tree.grammar.calls:
        return tree.callee(inner) not in (
            "append",
            "push",
            "push_back",
            "emplace_back",
            "write",
            "Append",
            "WriteString",
        )
    operator = tree.operator(inner)
    return operator is not None and tree.text(operator) in ("|=", "&=", "||=", "&&=", "??=", "%=", "//=")


_RESET = re.compile(
    rb"0(?:\.0)?|\"\"|''|\[\]|\{\}|None|null|nil|false|False|true|True|set\(\)|dict\(\)|list\(\)|\[\]\w+\{\}"
)


def _resets(tree: CodeTree) -> Iterator[tuple[Node, bytes]]:
    """Yield the statements that set a variable to an empty value, each with the variable."""
    grammar = tree.grammar
    declaring = frozenset({"short_var_declaration", "declaration", "local_variable_declaration", "lexical_declaration"})
    for block in tree.find(grammar.blocks):
        for statement in block.named_children:
            inner = tree.expression(statement)
            if inner.type not in grammar.assignments and inner.type not in declaring:
                continue
            match = re.fullmatch(rb"(?:[\w<>\[\]]+ )?([\w.@]+)\s*:?=\s*([^=]*?);?", tree.raw(inner))
            if match and _RESET.fullmatch(match[2]):
                yield statement, match[1]


def lost_reset(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove a statement that resets a variable inside a loop."""
    grammar = tree.grammar
    for statement, name in _resets(tree):
        if tree.expression(statement).type not in grammar.assignments:
            continue
        loop = _owner(statement, grammar.loops)
        first = re.search(rb"(?<![\w.])" + re.escape(name) + rb"\s*(?::[^=\n]*)?:?=", tree.data)
        if loop is None or first is None or first.start() >= loop.start:
            continue
        edit = delete(tree, statement)
        if edit is not None:
            yield edit


def reset_in_loop(tree: CodeTree) -> Iterator[SourceEdit]:
    """Move the initialization of what a loop collects into the loop."""
    grammar = tree.grammar
    for statement, name in _resets(tree):
        if grammar.typed and tree.expression(statement).type not in grammar.assignments:
            continue  # the scope of the variable would end with the loop's block
        if tree.grammar.shadowing and tree.expression(statement).type == "lexical_declaration":
            continue
        siblings = tree.siblings(statement)
        for loop in siblings[siblings.index(statement) + 1 :]:
            body = tree.body(loop, "body") if loop.type in grammar.loops else []
            gathers = re.search(
                rb"(?<![\w.])" + re.escape(name) + rb"\s*(?:\+=|\.append|\.add|\.push|<<|\+\+)", tree.raw(loop)
            )
            if not body or not gathers or tree.raw(statement).count(b"\n"):
                continue
            inserted = insert_line(tree, body[0], statement_source(tree, statement), before=True)
            moved = (
                combine(tree, delete_range(tree, statement.start, statement.end), inserted)
                if inserted is not None
                else None
            )
            if moved is not None:
                yield moved
            break


def return_in_loop(tree: CodeTree) -> Iterator[SourceEdit]:
    """Move the ``return`` after a loop into the loop, so that it ends after its first iteration."""
    grammar = tree.grammar
    if not grammar.may_end_without_return:
        return
    for node in tree.find(grammar.returns):
        if node.parent is None or node.parent.type not in grammar.blocks or not node.named_children:
            continue
        siblings = tree.siblings(node)
        loop = siblings[siblings.index(node) - 1] if siblings.index(node) else None
        body = (
            tree.body(loop, "body") if loop is not None and loop.type in grammar.loops - {"do_block", "block"} else []
        )
        if (
            loop is None
            or not body
            or tree.raw(node).count(b"\n")
            or tree.is_exit(body[-1])
            or loop.child("alternative")
        ):
            continue
        inserted = insert_line(tree, body[-1], statement_source(tree, node))
        if inserted is None or tree.indentation(body[0].start) != tree.indentation(body[-1].start):
            continue
        inserted = SourceEdit(
            inserted.start, inserted.end, b"\n" + tree.indentation(body[0].start) + statement_source(tree, node)
        )
        moved = combine(tree, inserted, delete_range(tree, node.start, node.end))
        if moved is not None:
            yield moved


def shadowed_variable(tree: CodeTree) -> Iterator[SourceEdit]:
    """Turn an assignment in an inner block into the declaration of a new variable; the outer one keeps its value."""
    grammar = tree.grammar
    if grammar.shadowing is None:
        return
    for node in tree.find(grammar.assignments):
        statement = tree.statement(node)
        operator = tree.operator(node)
        target = node.named_children[0] if node.named_children else None
        if statement is None or statement.parent is None or operator is None or target is None:
            continue
        if tree.raw(operator) != b"=" or not re.fullmatch(r"[A-Za-z]\w*", tree.text(target)):
            continue
        if tree.expression(statement) is not node:
            continue
        outer = next((v for v in tree.variables if v.name == tree.text(target) and v.declared < node.start), None)
        later = re.search(rb"\b" + tree.raw(target) + rb"\b", tree.data[node.end : statement.parent.end])
        own_block = outer is None or not outer.start < statement.parent.start - 1
        if outer is None or later is None or own_block or outer.declared >= statement.parent.start:
            continue
        scope = _owner(statement, grammar.scopes | grammar.functions)
        if scope is not None and (scope.start, scope.end) == (outer.start, outer.end):
            continue
        around = _owner(statement, grammar.conditionals | grammar.loops | grammar.switches | grammar.functions)
        if around is not None and around.start == outer.start:
            continue  # a parameter and the body of its function are in one scope
        old, new = grammar.shadowing
        if old != "=" and re.search(rb"\b" + tree.raw(target) + rb"\b", tree.raw(node.named_children[-1])):
            continue  # the value would be that of the new variable
        if old:
            yield SourceEdit(operator.start, operator.end, new.encode())
        else:
            yield SourceEdit(node.start, node.start, new.encode())
