"""Operators that keep more memory than needed: resources not let go, collections not cleared, streams collected."""

from __future__ import annotations

import re
from collections.abc import Iterator

from themis_rm.curation.inject.edits import Edit, delete, replace, unwrapped
from themis_rm.curation.inject.forms import word_set
from themis_rm.curation.inject.tree import CodeTree, Node
from themis_rm.languages.syntax import to_text

_CLEANING = re.compile(
    r"(?i)clos|clear|clean|dispos|destroy|releas|reset|stop|free|teardown|shutdown|unmount|remov|evict"
)
_HOLDER = re.compile(
    r"(?i)cache|buf|pool|queue|memo|hist|pending|listener|handler|subscri|lookup|registry|sessions?|entries"
)


def _released(view: CodeTree) -> Iterator[Node]:
    forms = view.forms
    for block in view.of(forms.blocks):
        for statement in block.parts:
            inner = view.expression(statement)
            if inner.type == "defer_statement" and inner.parts:
                inner = inner.parts[0]
            if inner.type in forms.awaits and inner.parts:
                inner = inner.parts[0]
            called = inner.type in forms.calls and view.callee(inner) in forms.releases
            if (
                called
                or inner.type in ("delete_expression", "delete_statement")
                or (inner.type == "unary_expression" and view.raw(inner).startswith(b"delete "))
            ):
                yield statement


def dropped_release(view: CodeTree) -> Iterator[Edit]:
    """A resource is not released: the call, the ``defer`` or the whole ``finally`` that did it is gone."""
    for statement in _released(view):
        edit = delete(view, statement)
        if edit is not None:
            yield edit
            continue
        clause = next((up for up in statement.above() if up.type in ("finally_clause", "ensure")), None)
        if clause is None or clause.parent is None or statement.parent is None:
            continue
        handled = any(child.type in _HANDLERS for child in clause.parent.children)
        only = [part for part in clause.below() if part is statement]
        if (handled or clause.type == "ensure") and only:
            start = len(view.data[: clause.start].rstrip())
            yield Edit(start, clause.end, b"\n" * (clause.type == "ensure" and _cuts_line(view, clause)))


_HANDLERS = frozenset({"except_clause", "catch_clause", "rescue"})


def _cuts_line(view: CodeTree, clause: Node) -> bool:
    return view.data[clause.end - 1 : clause.end] == b"\n"


def plain_declaration(view: CodeTree) -> Iterator[Edit]:
    """``using`` before a declaration is forgotten."""
    for node in view.of(("local_declaration_statement",)):
        if view.raw(node).startswith(b"using "):
            yield Edit(node.start, node.start + len(b"using "), b"")


def unwrapped_resource(view: CodeTree) -> Iterator[Edit]:
    """What a ``with``, ``using`` or block form would have released is opened plainly."""
    yield from _unwrapped_with(view)
    yield from _unwrapped_using(view)
    yield from _unwrapped_block(view)


def _unwrapped_with(view: CodeTree) -> Iterator[Edit]:
    for node in view.of(("with_statement",)):
        items = [part for part in node.below() if part.type == "with_item"]
        alias = next((part for part in node.below() if part.type == "as_pattern_target"), None)
        body = view.body(node, "body")
        if (
            len(items) != 1
            or alias is None
            or alias.parent is None
            or not body
            or not _opens(view, alias.parent.parts[0])
        ):
            continue
        if view.raw(node).startswith(b"async"):
            continue
        header = view.raw(alias) + b" = " + view.raw(alias.parent.parts[0])
        edit = unwrapped(view, node, header, body, node.end)
        if edit is not None:
            yield edit


def _opens(view: CodeTree, value: Node) -> bool:
    # A lock or a patch is no memory: only what opens something.
    return bool(
        re.search(
            r"(?i)open|file|socket|connect|client|session|pool|executor|reader|writer|stream|cursor|temp",
            view.text(value),
        )
    )


def _unwrapped_using(view: CodeTree) -> Iterator[Edit]:
    for node in view.of(("using_statement",)):
        declared = next((part for part in node.parts if part.type == "variable_declaration"), None)
        block = node.child("body")
        if declared is None or block is None or block.type != "block" or not block.parts:
            continue
        edit = unwrapped(view, node, view.raw(declared) + b";", block.parts, node.end)
        if edit is not None:
            yield edit
    for node in view.of(("try_with_resources_statement",)):
        resources, block = node.child("resources"), node.child("body")
        if resources is None or block is None or not block.parts or not any(c.type in _HANDLERS for c in node.parts):
            continue
        inner = view.indentation(block.parts[0].start)
        lines = [view.raw(part).rstrip(b"; ") for part in resources.parts if b"=" in view.raw(part)]
        if lines and len(lines) == len(resources.parts) and inner != view.indentation(node.start):
            moved = b"".join(b"\n" + inner + line + b";" for line in lines)
            yield Edit(resources.start, block.start + 1, b"{" + moved)


def _unwrapped_block(view: CodeTree) -> Iterator[Edit]:
    for node in view.of(("call",)):
        block = node.child("block")
        if block is None or block.type != "do_block" or view.callee(node) != "open":
            continue
        given = [part for part in block.below() if part.type == "block_parameters"]
        statements = [part for part in block.parts if part.type == "body_statement"]
        if node.parent is None or node.parent.type not in view.forms.blocks or len(given) != 1 or len(statements) != 1:
            continue
        names = given[0].parts
        if len(names) == 1:
            header = view.raw(names[0]) + b" = " + view.data[node.start : block.start].rstrip()
            edit = unwrapped(view, node, header, statements[0].parts, node.end)
            if edit is not None:
                yield edit


def lost_clear(view: CodeTree) -> Iterator[Edit]:
    """A cache or buffer is not cleared, or a reference to it not let go."""
    forms = view.forms
    for block in view.of(forms.blocks):
        for statement in block.parts:
            inner = view.expression(statement)
            holder = next((up for up in statement.above() if up.type in forms.functions), None)
            named = holder.child("name", "declarator") if holder is not None else None
            cleaning = named is not None and bool(_CLEANING.search(view.text(named)))
            cleared = inner.type in forms.calls and view.callee(inner) in forms.clears
            if inner.type in forms.assignments and len(inner.parts) == 2:
                dropped = inner.parts[1].type in forms.nulls and inner.parts[0].type not in forms.identifiers
                cleared = dropped and cleaning
            if cleared and (cleaning or _HOLDER.search(view.text(inner))):
                edit = delete(view, statement)
                if edit is not None:
                    yield edit


_CONSUMERS = word_set("sum any all max min join sorted set frozenset dict tuple list len Counter extend update")


def collected_stream(view: CodeTree) -> Iterator[Edit]:
    """What could be gone through one by one is collected as a whole first."""
    yield from _collected_generators(view)
    for pattern, replacement, behind in view.forms.streams:
        for call in view.of(view.forms.calls):
            named = call.child("method", "name", "function")
            if named is None:
                continue
            path = to_text(view.data[call.start : named.end])
            followed = view.data[call.end : call.end + 10]
            if re.search(pattern, path) and not re.match(rb"\s*\.(?:To[A-Z]|to_a)", followed):
                changed = re.sub(pattern, replacement, path) + to_text(view.data[named.end : call.end]) + behind
                yield replace(call, changed)


def _collected_generators(view: CodeTree) -> Iterator[Edit]:
    for node in view.of(("generator_expression",)):
        if node.parent is not None and node.parent.type == "call" and view.callee(node.parent) in _CONSUMERS:
            yield Edit(node.start + 1, node.end - 1, b"[" + view.data[node.start + 1 : node.end - 1] + b"]")
    for node in view.of(("for_statement",)):
        source = node.child("right")
        if source is None or "in" not in (view.text(child) for child in node.children):
            continue
        name = view.callee(source) if source.type == "call" else ""
        if name in (
            "enumerate",
            "zip",
            "map",
            "filter",
            "iglob",
            "scandir",
            "iterdir",
            "finditer",
            "rglob",
            "islice",
            "walk",
        ):
            yield replace(source, f"list({view.text(source)})")
        elif source.type == "identifier" and re.fullmatch(
            r"(?:\w+_)?(?:file|fh|fp|fd|stream|handle|reader)", view.text(source)
        ):
            yield replace(source, f"{view.text(source)}.readlines()")


def lost_capacity(view: CodeTree) -> Iterator[Edit]:
    """A collection grows step by step although its size is known."""
    for node in view.of(view.forms.calls):
        text = view.text(node)
        made = re.fullmatch(r"make\((\[\][^,]+), 0, [^,]+\)|make\((map\[[^,]+), [^,]+\)", text)
        if made:
            yield replace(node, f"make({made[1]}, 0)" if made[1] else f"make({made[2]})")
        grown = re.fullmatch(
            r"(new (?:ArrayList|HashMap|HashSet|StringBuilder|List|Dictionary)(?:<[^()]*>)?)\([\w.()]+\)", text
        )
        sized = re.search(r"\(.*(?:size|length|Count|Length|capacity|Capacity|\d).*\)$", text)
        if grown and sized:
            yield replace(node, grown[1] + "()")
        if view.callee(node) in ("reserve", "ensureCapacity", "EnsureCapacity", "Grow"):
            statement = view.statement(node)
            edit = delete(view, statement) if statement is not None and view.expression(statement) is node else None
            if edit is not None:
                yield edit


def copied_value(view: CodeTree) -> Iterator[Edit]:
    """A large value is copied where a reference was enough."""
    for node in view.of(("parameter_declaration", "for_range_loop")):
        declarator, written = node.child("declarator"), node.child("type")
        if declarator is None or written is None or declarator.type != "reference_declarator":
            continue
        constant = any(view.raw(child) == b"const" for child in node.children)
        if constant and view.raw(declarator).startswith(b"&") and not view.raw(declarator).startswith(b"&&"):
            heavy = written.type not in ("primitive_type", "sized_type_specifier")
            after = declarator.start + 1
            gap = b"" if view.data[written.end : declarator.start] else b" "
            if heavy and not view.data[after : after + 1].isspace():
                yield Edit(declarator.start, after, gap)
            elif heavy:
                yield Edit(declarator.start, after, b"")
    for node in view.of(("call_expression",)):
        arguments = view.arguments(node)
        if to_text(view.raw(node)).startswith("std::move(") and len(arguments) == 1:
            yield replace(node, view.raw(arguments[0]))


def needless_copy(view: CodeTree) -> Iterator[Edit]:
    """A collection is copied only to go through it."""
    forms = view.forms
    for node in view.of(forms.iterating if forms.copies else ()):
        source = node.child("right", "value")
        if source is None or node.type == "for_in_clause" or (b"in" in _words(view, node) and forms.copied_receiver):
            continue  # JavaScript's for-in goes through keys
        if re.fullmatch(r"[A-Za-z_@][\w.@]*", view.text(source)) and _may_copy(view, view.text(source)):
            yield replace(source, forms.copies.format(view.text(source)))
    for call in view.of(forms.calls if forms.copied_receiver else ()):
        named, receiver = call.child("function", "name", "method"), call.child("object", "receiver")
        receiver = receiver or (named.child("object") if named is not None else None)
        goes = view.callee(call) in ("forEach", "each", "map", "filter", "each_with_index", "reduce")
        if goes and receiver is not None and _may_copy(view, view.text(receiver)):
            yield Edit(receiver.end, receiver.end, forms.copied_receiver.encode())


def _words(view: CodeTree, node: Node) -> list[bytes]:
    return [view.raw(child) for child in node.children if not child.named]


def _may_copy(view: CodeTree, name: str) -> bool:
    """Tell whether a copy is worth a word and compiles.

    Only what the caller hands in or the object holds may be large; where types are checked and the copy names one, the
    variable must be known to be a collection.
    """
    if re.match(r"(?:self|this|@\w+)\b", name):
        return not view.forms.typed
    body = next((node.start for node in view.of(view.forms.blocks)), 0)
    given = next((variable for variable in view.variables if variable.name == name and variable.declared < body), None)
    if given is None:
        return False
    if not view.forms.typed or not view.forms.copies.startswith("new "):
        return True
    return bool(re.match(r"(?:\w*List|Collection|\w*Set|Queue|\w*Deque)\b", given.type)) and "[" not in given.type


def oversized_buffer(view: CodeTree) -> Iterator[Edit]:
    """A buffer is made far larger than needed."""
    for call in view.of(view.forms.calls):
        arguments = view.arguments(call)
        text = view.text(call)
        if view.callee(call) in _ALLOCATES and len(arguments) == 1:
            size = arguments[0]
            grown = f"({view.text(size)}) * 2" if size.type in view.forms.binary else f"{view.text(size)} * 2"
            yield replace(size, grown)
        elif re.fullmatch(r"make\(\[\][^,]+, 0, [^,]+\)", text) and arguments and not view.commented(call):
            yield Edit(arguments[-1].end, arguments[-1].end, b"*2")
    for node in view.of(("array_declarator", "array_creation_expression", "array_rank_specifier")):
        for part in node.below():
            length = int(view.text(part)) if part.type in view.forms.numbers and view.text(part).isdigit() else 0
            if length >= 64 and not view.commented(part):
                yield replace(part, view.text(part) + "0")


_ALLOCATES = word_set("malloc alloca zmalloc xmalloc palloc g_malloc kmalloc hi_malloc reserve ensureCapacity allocate")
