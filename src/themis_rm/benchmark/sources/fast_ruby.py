"""Fast Ruby: benchmark scripts that compare alternatives for one task, with their measured speeds."""

from __future__ import annotations

import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tree_sitter import Node

from themis_rm.benchmark.sources.formats.markdown import fenced_blocks
from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.errors import InputError
from themis_rm.languages.syntax import parse, strip_comments, to_bytes, to_text, walk

_MIN_RATIO = 1.3
"""Smallest ratio of the speeds of a pair: the page states errors of up to 25% of single measurements."""

_SPEED = re.compile(r"^[ \t]*(?P<name>.+?):?[ \t]+(?P<speed>[\d.]+) i/s(?:$| - )")
_RUN = re.compile(r"^\$ ruby (?:-v )?code/(?P<file>.+\.rb)", re.MULTILINE)
_LINK = re.compile(r"\(code/([^()]+\.rb)\)")
_NAME = "perform"
"""Neutral name of an alternative that needs a method; scripts call these ``fast`` and ``slow``."""

_OTHER_RESULT = frozenset(
    (
        ("general/constantize-vs-comparison.rb", "using an if statement"),
        ("proc-and-block/proc-call-vs-yield.rb", "unused block"),
    )
)
"""Alternatives, by script and name, that do something else than the others of their script."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    scripts = sorted((directory / "code").rglob("*.rb"), key=lambda path: path.as_posix())
    if not scripts:
        raise InputError(f"{directory / 'code'} contains no script.", DOWNLOAD_HINT)
    measured = parse_speeds(read_text(directory / "README.md"))
    for path in scripts:
        name = path.relative_to(directory / "code").as_posix()
        yield from _pairs(name, read_text(path), measured.get(name, []))


def parse_speeds(page: str) -> dict[str, list[dict[str, float]]]:
    """Return the comparisons of every script: name of an alternative -> runs per second.

    A measurement shows which script was run; otherwise the heading above it links to the script.
    """
    comparisons: dict[str, list[dict[str, float]]] = defaultdict(list)
    for block in fenced_blocks(page):
        run = _RUN.search(block.code)
        links = _LINK.findall(block.headings[-1].replace("\\", "")) if block.headings else []
        # One script was renamed after it was measured; the heading links to its current name.
        file = run["file"] if run and (run["file"] in links or not links) else next(iter(links), "")
        for part in block.code.split("Comparison:")[1:]:
            lines = part.strip("\n").split("\n")
            matches = (_SPEED.match(line) for line in lines)
            table = {match["name"].strip(): float(match["speed"]) for match in matches if match}
            if file and table:
                comparisons[file.replace("\\", "")].append(table)
    return dict(comparisons)


def _pairs(file: str, script: str, measured: list[dict[str, float]]) -> Iterator[SourceRecord]:
    """Yield the fastest alternative of each comparison paired with every alternative that is clearly slower."""
    alternatives = _Script(script).find_alternatives()
    seen: set[str] = set()
    for table in measured:
        known = [name for name in table if name in alternatives and (file, name) not in _OTHER_RESULT]
        if not known or seen.issuperset(known):
            continue
        best = max(known, key=lambda name: table[name])
        for name in known:
            if name == best or name in seen:
                continue
            key = f"{file}:{name}"
            if _min_ratio(measured, best, name) < _MIN_RATIO:
                yield UnusableRecord(key, "same-speed")
            else:
                yield SourcePair(
                    key=key,
                    criterion="EE",
                    language="Ruby",
                    chosen=alternatives[best],
                    rejected=alternatives[name],
                    group=file,
                    rule=f"{best} / {name}",
                )
        seen |= set(known)
    for name in alternatives:
        if name not in seen:
            other = (file, name) in _OTHER_RESULT
            yield UnusableRecord(f"{file}:{name}", "other-result" if other else "no-measurement")
    if not alternatives:
        yield UnusableRecord(file, "no-measurement")


def _min_ratio(measured: list[dict[str, float]], best: str, other: str) -> float:
    """Return the smallest ratio of two speeds in any comparison of both."""
    return min(table[best] / table[other] for table in measured if best in table and other in table)


@dataclass(slots=True)
class _ScriptStatement:
    """A top-level statement of a script.

    Attributes:
        defines: Name that it defines; empty for none.
        mentions: All names in it.
        text: Its code.
    """

    defines: str
    mentions: set[str]
    text: str


class _Script:
    """A parsed benchmark script."""

    def __init__(self, script: str) -> None:
        self._data = to_bytes(strip_comments(script, "Ruby"))
        self._root = parse(self._data, "Ruby").root_node
        top = [node for node in self._top(self._root) if node.type != "heredoc_body"]
        self._methods = {self._text(node.child_by_field_name("name")): node for node in top if node.type == "method"}
        called = {_leading_name(self._block_body(block)) for _, block in self._reports()}
        measured = called & self._methods.keys()
        self._statements = [s for s in map(self._statement, top) if s.defines not in measured]

    def _top(self, node: Node) -> Iterator[Node]:
        """Yield the top-level statements of a script, also those under a condition on the version of Ruby."""
        for child in node.named_children:
            condition, body = child.child_by_field_name("condition"), child.child_by_field_name("consequence")
            if child.type == "if" and body is not None and "RUBY_VERSION" in self._text(condition):
                yield from self._top(body)
            else:
                yield child

    def find_alternatives(self) -> dict[str, str]:
        """Return the measured alternatives: name in the report -> self-contained code."""
        return {name: self._self_contained(block) for name, block in self._reports()}

    def _reports(self) -> Iterator[tuple[str, Node]]:
        for node in walk(self._root):
            if node.type != "call" or self._text(node.child_by_field_name("method")) != "report":
                continue
            arguments, block = node.child_by_field_name("arguments"), node.child_by_field_name("block")
            if arguments is not None and block is not None and arguments.named_children[0].type == "string":
                yield self._text(arguments.named_children[0])[1:-1].replace("\\'", "'").strip(), block

    def _block_body(self, block: Node) -> str:
        return re.sub(r"\A(?:\{|do)|(?:\}|end)\Z", "", self._text(block)).strip("\n")

    def _self_contained(self, block: Node) -> str:
        """Return the code that a block runs with everything that it needs of the script, under a neutral name."""
        inner = self._block_body(block)
        method = self._methods.get(_leading_name(inner))
        if method is not None:
            body = method.child_by_field_name("body")
            inner = self._lines(body) if body is not None else ""
            if method.child_by_field_name("parameters") is not None or re.search(r"\byield\b", inner):
                inner = re.sub(r"\Adef\s+[\w?!]+", f"def {_NAME}", self._text(method))
        setup = self._needed(set(re.findall(r"\w+[?!]?", inner)))
        return "\n\n".join(part for part in ("\n".join(setup), textwrap.dedent(inner).strip()) if part) + "\n"

    def _needed(self, names: set[str]) -> list[str]:
        """Return the statements that define these names, and those that they need in turn, in order."""
        wanted: list[_ScriptStatement] = []
        grown = True
        while grown:
            new = [s for s in self._statements if s not in wanted and self._wants(s, names)]
            grown = bool(new)
            wanted += new
            names = names.union(*(statement.mentions for statement in new))
        return [statement.text for statement in self._statements if statement in wanted]

    def _wants(self, statement: _ScriptStatement, names: set[str]) -> bool:
        if statement.text.startswith("require"):
            return "benchmark/ips" not in statement.text
        if statement.text.startswith(("raise ", "Benchmark.")):
            return False
        if statement.defines:
            return statement.defines in names
        # A statement that changes a constant that is needed.
        return any(name in names for name in statement.mentions if name[0].isupper())

    def _statement(self, node: Node) -> _ScriptStatement:
        named = node.child_by_field_name("name") or (
            node.child_by_field_name("left") if node.type == "assignment" else None
        )
        text = textwrap.dedent(self._lines(node))
        return _ScriptStatement(self._text(named), set(re.findall(r"\w+[?!]?", text)), text.rstrip())

    def _text(self, node: Node | None) -> str:
        return to_text(self._data[node.start_byte : node.end_byte]) if node is not None else ""

    def _lines(self, node: Node) -> str:
        """Return a node's text from the start of its line, and the text of heredocs that it opens."""
        start = self._data.rfind(b"\n", 0, node.start_byte) + 1
        lead = self._data[start : node.start_byte]
        end = max([node.end_byte, *(n.end_byte for n in walk(self._root) if _opened_by(n, node))])
        return to_text((lead if not lead.strip() else b"") + self._data[node.start_byte : end])


def _leading_name(code: str) -> str:
    """Return the name that code starts with: the called method, if the code is only a call."""
    match = re.match(r"\s*(\w+[?!]?)", code)
    return match.group(1) if match else ""


def _opened_by(body: Node, node: Node) -> bool:
    """Return whether a heredoc was opened on the last line of a node, so that its body follows the node."""
    return body.type == "heredoc_body" and body.start_point.row == node.end_point.row


SOURCES.register(
    BenchmarkSource(
        name="fast_ruby",
        title="Fast Ruby",
        subset="FAST_RUBY",
        license="CC0-1.0",
        criteria=("EE",),
        languages=("Ruby",),
        prompts="template",
        responses="people; alternatives for one task, ranked by measured speed",
        tests=False,
        citation=("Juanito Fatas et al. (2025). Fast Ruby. https://github.com/fastruby/fast-ruby, revision 36296ef"),
        upstream="github:fastruby/fast-ruby",
        revision="36296ef2d0902291a3dad03309b94aadcf47adaf",
        files=("README.md", "code/"),
        read=_read,
        notes=(
            "The speeds are those on the page, most of them measured with Ruby 2.2; the fastest alternative of each "
            "comparison is paired with all that are at least 1.3 times slower. The code is CC0-1.0; the page's text, "
            "of which only numbers are used, is CC-BY-SA-4.0."
        ),
    )
)
