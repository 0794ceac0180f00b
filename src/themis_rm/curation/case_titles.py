"""Find the titles of test cases that are calls with a text, such as ``it("adds numbers", () => ...)``."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from themis_rm.curation.leaks import shared_items
from themis_rm.languages import Language
from themis_rm.languages.syntax import nodes_of_types, parse_fragment, to_text

_FRAMEWORKS = frozenset(
    {
        *("describe", "context", "it", "test", "specify", "scenario", "feature", "suite", "should", "example"),
        *("TEST_CASE", "SECTION", "SCENARIO", "GIVEN", "WHEN", "THEN", "Describe", "It", "Context", "Run"),
    }
)
"""Functions and macros of test frameworks (Mocha, Jest, RSpec, minitest, Catch2, Ginkgo, Go's subtests)."""


def shared_cases(one: str, other: str, row: Language) -> list[str]:
    """Return the titles of the test cases that both versions of a file have, each once, in their order.

    Raises:
        MissingPartError: The language defines no syntax.
    """
    return shared_items(*(list(dict.fromkeys(_cases(code, row))) for code in (one, other)))


def _cases(code: str, row: Language) -> Iterator[str]:
    row.require_syntax()
    if row.injection is None:
        return
    for node in nodes_of_types(parse_fragment(code, row.name).tree.root_node, row.name, row.injection.calls):
        if _called(node) in _FRAMEWORKS:
            arguments = node.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments is not None and arguments.named_children else None
            if first is not None and (title := _title(first, row)):
                yield title


def _called(node: Node) -> str:
    called = node.child_by_field_name("function") or node.child_by_field_name("method")
    name = to_text(called.text or b"") if called is not None else ""
    return name.rpartition(".")[2]


def _title(node: Node, row: Language) -> str:
    """Return the text of a literal on one line, empty for other nodes."""
    text = to_text(node.text or b"")
    if node.type not in row.require_syntax().literals or len(text) < 3 or text[0] not in "\"'`":
        return ""
    return " ".join(text[1:-1].split())
