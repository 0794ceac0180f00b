"""Fast Ruby: benchmark scripts that measure several ways to do one thing, with the speeds that were measured."""

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
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.errors import InputError
from themis_rm.languages.syntax import parse, strip_comments, to_bytes, to_text, walk

_LEAST_RATIO = 1.3
"""Least ratio of two speeds for a pair: the page states errors of up to a quarter for single measurements."""

_SPEED = re.compile(r"^[ \t]*(?P<name>.+?):?[ \t]+(?P<speed>[\d.]+) i/s(?:$| - )")
_RUN = re.compile(r"^\$ ruby (?:-v )?code/(?P<file>.+\.rb)", re.MULTILINE)
_LINK = re.compile(r"\(code/([^()]+\.rb)\)")
_NAME = "perform"
"""What a way is called that cannot do without a method of its own; scripts call it ``fast`` or ``slow``."""

_OTHER_RESULT = frozenset(
    (
        ("general/constantize-vs-comparison.rb", "using an if statement"),
        ("proc-and-block/proc-call-vs-yield.rb", "unused block"),
    )
)
"""Ways, by script and name, that do not do the same as the others of their script."""


def _read(folder: Path) -> Iterator[SourceRecord]:
    scripts = sorted((folder / "code").rglob("*.rb"), key=lambda path: path.as_posix())
    if not scripts:
        raise InputError(f"{folder / 'code'} holds no script.", "Fetch the source's files again.")
    measured = speeds(read_text(folder / "README.md"))
    for path in scripts:
        name = path.relative_to(folder / "code").as_posix()
        yield from _pairs(name, read_text(path), measured.get(name, []))


def speeds(page: str) -> dict[str, list[dict[str, float]]]:
    """Return, for every script, its comparisons: name of a way -> runs a second.

    A measurement says which script was run; where it does not, it stands below a heading that links to the script.
    """
    found: dict[str, list[dict[str, float]]] = defaultdict(list)
    for block in fenced_blocks(page):
        run = _RUN.search(block.code)
        links = _LINK.findall(block.headings[-1].replace("\\", "")) if block.headings else []
        # One measurement was run before its script got the name that its heading links to.
        file = run["file"] if run and (run["file"] in links or not links) else next(iter(links), "")
        for part in block.code.split("Comparison:")[1:]:
            lines = part.strip("\n").split("\n")
            matches = (_SPEED.match(line) for line in lines)
            table = {match["name"].strip(): float(match["speed"]) for match in matches if match}
            if file and table:
                found[file.replace("\\", "")].append(table)
    return dict(found)


def _pairs(file: str, script: str, measured: list[dict[str, float]]) -> Iterator[SourceRecord]:
    """Yield the fastest way of each comparison with every way that is slower beyond doubt."""
    ways = _Script(script).ways()
    seen: set[str] = set()
    for table in measured:
        known = [name for name in table if name in ways and (file, name) not in _OTHER_RESULT]
        if not known or seen.issuperset(known):
            continue
        best = max(known, key=lambda name: table[name])
        for name in known:
            if name == best or name in seen:
                continue
            key = f"{file}:{name}"
            if _ratio(measured, best, name) < _LEAST_RATIO:
                yield UnusableRecord(key, "same-speed")
            else:
                yield SourcePair(
                    key=key,
                    criterion="EE",
                    language="Ruby",
                    chosen=ways[best],
                    rejected=ways[name],
                    group=file,
                    rule=f"{best} / {name}",
                )
        seen |= set(known)
    for name in ways:
        if name not in seen:
            other = (file, name) in _OTHER_RESULT
            yield UnusableRecord(f"{file}:{name}", "other-result" if other else "no-measurement")
    if not ways:
        yield UnusableRecord(file, "no-measurement")


def _ratio(measured: list[dict[str, float]], best: str, other: str) -> float:
    """Return how many times faster the one was in the measurement that says least for it."""
    return min(table[best] / table[other] for table in measured if best in table and other in table)


@dataclass(slots=True)
class _Statement:
    """A statement at the top of a script.

    Attributes:
        defines: The name that it gives a meaning to, if any.
        mentions: All names in it.
        text: Its code.
    """

    defines: str
    mentions: set[str]
    text: str


class _Script:
    """A benchmark script, taken apart."""

    def __init__(self, script: str) -> None:
        self._data = to_bytes(strip_comments(script, "Ruby"))
        self._root = parse(self._data, "Ruby").root_node
        top = [node for node in self._top(self._root) if node.type != "heredoc_body"]
        self._methods = {self._text(node.child_by_field_name("name")): node for node in top if node.type == "method"}
        measured = {name for _, block in self._reports() if (name := _called(self._inner(block))) in self._methods}
        self._statements = [s for s in map(self._statement, top) if s.defines not in measured]

    def _top(self, node: Node) -> Iterator[Node]:
        """Yield the statements of a script; some stand under a condition on the version of Ruby."""
        for child in node.named_children:
            condition, body = child.child_by_field_name("condition"), child.child_by_field_name("consequence")
            if child.type == "if" and body is not None and "RUBY_VERSION" in self._text(condition):
                yield from self._top(body)
            else:
                yield child

    def ways(self) -> dict[str, str]:
        """Return the measured ways: name in the report -> code that stands for itself."""
        return {name: self._alone(block) for name, block in self._reports()}

    def _reports(self) -> Iterator[tuple[str, Node]]:
        for node in walk(self._root):
            if node.type != "call" or self._text(node.child_by_field_name("method")) != "report":
                continue
            arguments, block = node.child_by_field_name("arguments"), node.child_by_field_name("block")
            if arguments is not None and block is not None and arguments.named_children[0].type == "string":
                yield self._text(arguments.named_children[0])[1:-1].replace("\\'", "'").strip(), block

    def _inner(self, block: Node) -> str:
        return re.sub(r"\A(?:\{|do)|(?:\}|end)\Z", "", self._text(block)).strip("\n")

    def _alone(self, block: Node) -> str:
        """Return what a block runs, with all that it needs of the script, and without the name of its method."""
        inner = self._inner(block)
        method = self._methods.get(_called(inner))
        if method is not None:
            body = method.child_by_field_name("body")
            inner = self._lines(body) if body is not None else ""
            if method.child_by_field_name("parameters") is not None or re.search(r"\byield\b", inner):
                inner = re.sub(r"\Adef\s+[\w?!]+", f"def {_NAME}", self._text(method))
        setup = self._needed(set(re.findall(r"\w+[?!]?", inner)))
        return "\n\n".join(part for part in ("\n".join(setup), textwrap.dedent(inner).strip()) if part) + "\n"

    def _needed(self, names: set[str]) -> list[str]:
        """Return the statements that give these names their meaning, and those that these need, in their order."""
        wanted: list[_Statement] = []
        grown = True
        while grown:
            new = [s for s in self._statements if s not in wanted and self._wants(s, names)]
            grown = bool(new)
            wanted += new
            names = names.union(*(statement.mentions for statement in new))
        return [statement.text for statement in self._statements if statement in wanted]

    def _wants(self, statement: _Statement, names: set[str]) -> bool:
        if statement.text.startswith("require"):
            return "benchmark/ips" not in statement.text
        if statement.text.startswith(("raise ", "Benchmark.")):
            return False
        if statement.defines:
            return statement.defines in names
        # A statement that fills a constant which is needed.
        return any(name in names for name in statement.mentions if name[0].isupper())

    def _statement(self, node: Node) -> _Statement:
        named = node.child_by_field_name("name") or (
            node.child_by_field_name("left") if node.type == "assignment" else None
        )
        text = textwrap.dedent(self._lines(node))
        return _Statement(self._text(named), set(re.findall(r"\w+[?!]?", text)), text.rstrip())

    def _text(self, node: Node | None) -> str:
        return to_text(self._data[node.start_byte : node.end_byte]) if node is not None else ""

    def _lines(self, node: Node) -> str:
        """Return a node's text from the beginning of its line, and the text of heredocs that it opens."""
        start = self._data.rfind(b"\n", 0, node.start_byte) + 1
        lead = self._data[start : node.start_byte]
        end = max([node.end_byte, *(n.end_byte for n in walk(self._root) if _opened_by(n, node))])
        return to_text((lead if not lead.strip() else b"") + self._data[node.start_byte : end])


def _called(code: str) -> str:
    """Return the name that code begins with: the method that it calls, if it is nothing but a call."""
    match = re.match(r"\s*(\w+[?!]?)", code)
    return match.group(1) if match else ""


def _opened_by(body: Node, node: Node) -> bool:
    """Tell whether a heredoc's body stands behind a node on whose last line it was opened."""
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
        responses="people: ways to do one thing, by measured speed",
        tests=False,
        citation=("Juanito Fatas et al. (2025). Fast Ruby. https://github.com/fastruby/fast-ruby, revision 36296ef"),
        upstream="github:fastruby/fast-ruby",
        revision="36296ef2d0902291a3dad03309b94aadcf47adaf",
        files=("README.md", "code/"),
        read=_read,
        notes=(
            "The speeds are the page's own, most of them measured with Ruby 2.2; of each comparison the fastest way is "
            "paired with all that are slower by three tenths or more. The code is CC0-1.0; the page's text, of which "
            "only figures are used, CC-BY-SA-4.0."
        ),
    )
)
