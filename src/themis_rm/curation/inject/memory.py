"""Bug operators that waste memory: resources not released, collections not cleared, streams collected."""

from __future__ import annotations

import re
from collections.abc import Iterator

from themis_rm.curation.inject.edits import SourceEdit, delete, replace, unwrap
from themis_rm.curation.inject.tree import CodeTree, Node
from themis_rm.languages.definition import word_set
from themis_rm.languages.syntax import to_text

_CLEANING = re.compile(
    r"(?i)clos|clear|clean|dispos|destroy|releas|reset|stop|free|teardown|shutdown|unmount|remov|evict"
)
_HOLDER = re.compile(
    r"(?i)cache|buf|pool|queue|memo|hist|pending|listener|handler|subscri|lookup|registry|sessions?|entries"
)


def _released(tree: CodeTree) -> Iterator[Node]:
    grammar = tree.grammar
    for block in tree.find(grammar.blocks):
        for statement in block.named_children:
            inner = tree.expression(statement)
            if inner.type == "defer_statement" and inner.named_children:
                inner = inner.named_children[0]
            if inner.type in grammar.awaits and inner.named_children:
                inner = inner.named_children[0]
            called = inner.type in grammar.calls and tree.callee(inner) in grammar.releases
            if (
                called
                or inner.type in ("delete_expression", "delete_statement")
                or (inner.type == "unary_expression" and tree.raw(inner).startswith(b"delete "))
            ):
                yield statement


def dropped_release(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove the call, the ``defer`` or the complete ``finally`` that releases a resource."""
    for statement in _released(tree):
        edit = delete(tree, statement)
        if edit is not None:
            yield edit
            continue
        clause = next(
            (ancestor for ancestor in statement.ancestors() if ancestor.type in ("finally_clause", "ensure")), None
        )
        if clause is None or clause.parent is None or statement.parent is None:
            continue
        handled = any(child.type in tree.grammar.handlers for child in clause.parent.children)
        only = [part for part in clause.descendants() if part is statement]
        if (handled or clause.type == "ensure") and only:
            start = len(tree.data[: clause.start].rstrip())
            yield SourceEdit(start, clause.end, b"\n" * (clause.type == "ensure" and _cuts_line(tree, clause)))


def _cuts_line(tree: CodeTree, clause: Node) -> bool:
    return tree.data[clause.end - 1 : clause.end] == b"\n"


def plain_declaration(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove ``using`` in front of a declaration."""
    for node in tree.find(("local_declaration_statement",)):
        if tree.raw(node).startswith(b"using "):
            yield SourceEdit(node.start, node.start + len(b"using "), b"")


def unwrapped_resource(tree: CodeTree) -> Iterator[SourceEdit]:
    """Open a resource without the ``with``, ``using`` or block that releases it."""
    yield from _unwrapped_with(tree)
    yield from _unwrapped_using(tree)
    yield from _unwrapped_block(tree)


def _unwrapped_with(tree: CodeTree) -> Iterator[SourceEdit]:
    for node in tree.find(("with_statement",)):
        items = [part for part in node.descendants() if part.type == "with_item"]
        alias = next((part for part in node.descendants() if part.type == "as_pattern_target"), None)
        body = tree.body(node, "body")
        if (
            len(items) != 1
            or alias is None
            or alias.parent is None
            or not body
            or not _opens(tree, alias.parent.named_children[0])
        ):
            continue
        if tree.raw(node).startswith(b"async"):
            continue
        header = tree.raw(alias) + b" = " + tree.raw(alias.parent.named_children[0])
        edit = unwrap(tree, node, header, body, node.end)
        if edit is not None:
            yield edit


def _opens(tree: CodeTree, value: Node) -> bool:
    # A lock or a patch holds no memory, so only calls that open something count.
    return bool(
        re.search(
            r"(?i)open|file|socket|connect|client|session|pool|executor|reader|writer|stream|cursor|temp",
            tree.text(value),
        )
    )


def _unwrapped_using(tree: CodeTree) -> Iterator[SourceEdit]:
    for node in tree.find(("using_statement",)):
        declared = next((part for part in node.named_children if part.type == "variable_declaration"), None)
        block = node.child("body")
        if declared is None or block is None or block.type != "block" or not block.named_children:
            continue
        if node.parent is None or node.parent.type not in tree.grammar.blocks:
            continue
        edit = unwrap(tree, node, tree.raw(declared) + b";", block.named_children, node.end)
        if edit is not None:
            yield edit
    for node in tree.find(("try_with_resources_statement",)):
        resources, block = node.child("resources"), node.child("body")
        if (
            resources is None
            or block is None
            or not block.named_children
            or not any(c.type in tree.grammar.handlers for c in node.named_children)
        ):
            continue
        inner = tree.indentation(block.named_children[0].start)
        lines = [tree.raw(part).rstrip(b"; ") for part in resources.named_children if b"=" in tree.raw(part)]
        if lines and len(lines) == len(resources.named_children) and inner != tree.indentation(node.start):
            moved = b"".join(b"\n" + inner + line + b";" for line in lines)
            yield SourceEdit(resources.start, block.start + 1, b"{" + moved)


def _unwrapped_block(tree: CodeTree) -> Iterator[SourceEdit]:
    for node in tree.find(("call",)):
        block = node.child("block")
        if block is None or block.type != "do_block" or tree.callee(node) != "open":
            continue
        given = [part for part in block.descendants() if part.type == "block_parameters"]
        statements = [part for part in block.named_children if part.type == "body_statement"]
        if (
            node.parent is None
            or node.parent.type not in tree.grammar.blocks
            or len(given) != 1
            or len(statements) != 1
        ):
            continue
        names = given[0].named_children
        if len(names) == 1:
            header = tree.raw(names[0]) + b" = " + tree.data[node.start : block.start].rstrip()
            edit = unwrap(tree, node, header, statements[0].named_children, node.end)
            if edit is not None:
                yield edit


def lost_clear(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove a statement that clears a cache or buffer, or drops a reference to it."""
    grammar = tree.grammar
    for block in tree.find(grammar.blocks):
        for statement in block.named_children:
            inner = tree.expression(statement)
            called = inner.type in grammar.calls and tree.callee(inner) in grammar.clears
            dropped = (
                inner.type in grammar.assignments
                and len(inner.named_children) == 2
                and inner.named_children[1].type in grammar.nulls
                and inner.named_children[0].type not in grammar.identifiers
            )
            if not (called or dropped):
                continue
            holder = next((ancestor for ancestor in statement.ancestors() if ancestor.type in grammar.functions), None)
            named = holder.child("name", "declarator") if holder is not None else None
            cleaning = named is not None and bool(_CLEANING.search(tree.text(named)))
            if cleaning or (called and _HOLDER.search(tree.text(inner))):
                edit = delete(tree, statement)
                if edit is not None:
                    yield edit


_CONSUMERS = word_set("sum any all max min join sorted set frozenset dict tuple list len Counter extend update")


def collected_stream(tree: CodeTree) -> Iterator[SourceEdit]:
    """Collect a stream completely before iterating over it."""
    yield from _collected_generators(tree)
    for pattern, replacement, behind in tree.grammar.streams:
        for call in tree.find(tree.grammar.calls):
            named = call.child("method", "name", "function")
            if named is None:
                continue
            path = to_text(tree.data[call.start : named.end])
            followed = tree.data[call.end : call.end + 10]
            if re.search(pattern, path) and not re.match(rb"\s*\.(?:To[A-Z]|to_a)", followed):
                changed = re.sub(pattern, replacement, path) + to_text(tree.data[named.end : call.end]) + behind
                yield replace(call, changed)


def _collected_generators(tree: CodeTree) -> Iterator[SourceEdit]:
    for node in tree.find(("generator_expression",)):
        if node.parent is not None and node.parent.type == "call" and tree.callee(node.parent) in _CONSUMERS:
            yield SourceEdit(node.start + 1, node.end - 1, b"[" + tree.data[node.start + 1 : node.end - 1] + b"]")
    for node in tree.find(("for_statement",)):
        source = node.child("right")
        if source is None or "in" not in (tree.text(child) for child in node.children):
            continue
        name = tree.callee(source) if source.type == "call" else ""
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
            yield replace(source, f"list({tree.text(source)})")
        elif source.type == "identifier" and re.fullmatch(
            r"(?:\w+_)?(?:file|fh|fp|fd|stream|handle|reader)", tree.text(source)
        ):
            yield replace(source, f"{tree.text(source)}.readlines()")


def lost_capacity(tree: CodeTree) -> Iterator[SourceEdit]:
    """Remove the initial capacity of a collection whose size is known."""
    for node in tree.find(tree.grammar.calls):
        text = tree.text(node)
        made = re.fullmatch(r"make\((\[\][^,]+), 0, [^,]+\)|make\((map\[[^,]+), [^,]+\)", text)
        if made:
            yield replace(node, f"make({made[1]}, 0)" if made[1] else f"make({made[2]})")
        grown = re.fullmatch(
            r"(new (?:ArrayList|HashMap|HashSet|StringBuilder|List|Dictionary)(?:<[^()]*>)?)\([\w.()]+\)", text
        )
        if grown and re.search(r"\(.*(?:size|length|Count|Length|capacity|Capacity|\d).*\)$", text):
            yield replace(node, grown[1] + "()")
        if tree.callee(node) in ("reserve", "ensureCapacity", "EnsureCapacity", "Grow"):
            statement = tree.statement(node)
            edit = delete(tree, statement) if statement is not None and tree.expression(statement) is node else None
            if edit is not None:
                yield edit


def copied_value(tree: CodeTree) -> Iterator[SourceEdit]:
    """Copy a large value instead of passing a reference."""
    for node in tree.find(("parameter_declaration", "for_range_loop")):
        declarator, written = node.child("declarator"), node.child("type")
        if declarator is None or written is None or declarator.type != "reference_declarator":
            continue
        constant = any(tree.raw(child) == b"const" for child in node.children)
        if constant and tree.raw(declarator).startswith(b"&") and not tree.raw(declarator).startswith(b"&&"):
            heavy = written.type not in ("primitive_type", "sized_type_specifier")
            after = declarator.start + 1
            gap = b"" if tree.data[written.end : declarator.start] else b" "
            if heavy and not tree.data[after : after + 1].isspace():
                yield SourceEdit(declarator.start, after, gap)
            elif heavy:
                yield SourceEdit(declarator.start, after, b"")
    for node in tree.find(("call_expression",)):
        arguments = tree.arguments(node)
        if to_text(tree.raw(node)).startswith("std::move(") and len(arguments) == 1:
            yield replace(node, tree.raw(arguments[0]))


def needless_copy(tree: CodeTree) -> Iterator[SourceEdit]:
    """Copy a collection before iterating over it."""
    grammar = tree.grammar
    for node in tree.find(grammar.iterating if grammar.copies or grammar.typed_copies else ()):
        source = node.child("right", "value")
        if source is None or node.type == "for_in_clause" or (b"in" in _words(tree, node) and grammar.copied_receiver):
            continue  # JavaScript's for-in iterates over keys
        copied = _copy(tree, tree.text(source)) if re.fullmatch(r"[A-Za-z_@][\w.@]*", tree.text(source)) else ""
        if copied:
            yield replace(source, copied)
    for call in tree.find(grammar.calls if grammar.copied_receiver else ()):
        named, receiver = call.child("function", "name", "method"), call.child("object", "receiver")
        receiver = receiver or (named.child("object") if named is not None else None)
        goes = tree.callee(call) in ("forEach", "each", "map", "filter", "each_with_index", "reduce")
        if goes and receiver is not None and _copy(tree, tree.text(receiver)):
            yield SourceEdit(receiver.end, receiver.end, grammar.copied_receiver.encode())


def _words(tree: CodeTree, node: Node) -> list[bytes]:
    return [tree.raw(child) for child in node.children if not child.named]


def _copy(tree: CodeTree, name: str) -> str:
    """Return the expression that copies a collection, or an empty text if that wastes no memory or may not compile.

    Only what the caller passes or the object stores may be large. Where types are checked, the copy is of a type that
    the type of the variable names, so that it is known to be a collection and needs no further import.
    """
    grammar = tree.grammar
    if re.match(r"(?:self|this|@\w+)\b", name):
        return grammar.copies.format(name)
    body = next((node.start for node in tree.find(grammar.blocks)), 0)
    given = next((variable for variable in tree.variables if variable.name == name and variable.declared < body), None)
    if given is None or not grammar.typed_copies:
        return grammar.copies.format(name) if given is not None else ""
    for pattern, copied in grammar.typed_copies:
        match = re.fullmatch(pattern, given.type)
        if match:
            return match.expand(copied).format(name)
    return ""


def oversized_buffer(tree: CodeTree) -> Iterator[SourceEdit]:
    """Make a buffer larger than needed."""
    for call in tree.find(tree.grammar.calls):
        arguments = tree.arguments(call)
        text = tree.text(call)
        if tree.callee(call) in tree.grammar.allocations and len(arguments) == 1:
            size = arguments[0]
            grown = f"({tree.text(size)}) * 2" if size.type in tree.grammar.binary else f"{tree.text(size)} * 2"
            yield replace(size, grown)
        elif re.fullmatch(r"make\(\[\][^,]+, 0, [^,]+\)", text) and arguments and not tree.has_trailing_comment(call):
            yield SourceEdit(arguments[-1].end, arguments[-1].end, b"*2")
    for node in tree.find(("array_declarator", "array_creation_expression", "array_rank_specifier")):
        for part in node.descendants():
            length = int(tree.text(part)) if part.type in tree.grammar.numbers and tree.text(part).isdigit() else 0
            if length >= 64 and not tree.has_trailing_comment(part):
                yield replace(part, tree.text(part) + "0")
