"""go-critic: checks for Go, each with one example before and one after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import Case, Rule, paired
from themis_rm.benchmark.sources.formats.markdown import FencedBlock, fenced_blocks
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_OF_GROUP = {"diagnostic": "FC", "style": "R&M", "performance": "EE"}
_CRITERIA = {
    "hugeParam": "EE",
    "indexAlloc": "ME",
    "preferDecodeRune": "ME",
    "preferFprint": "ME",
    "stringXbytes": "ME",
    "builtinShadowDecl": "R&M",
    "commentedOutCode": "R&M",
    "dupOption": "R&M",
    "emptyDecl": "R&M",
    "sloppyLen": "R&M",
    "sloppyReassign": "R&M",
    "sloppyTypeAssert": "R&M",
    "sprintfQuotedString": "R&M",
}
"""Checks whose group does not say what they are about: allocations, and diagnostics that no behaviour hangs on."""

_REJECTED = frozenset({"nilValReturn/1.1", "ruleguard/1.1", "truncateCmp/1.1", "typeAssertChain/1.1"})
"""Examples whose better version does something else, or does not compile."""

_GROUP = re.compile(r"\*\*(diagnostic|style|performance)\*\*")


def _read(folder: Path) -> Iterator[SourceRecord]:
    page = read_text(folder / "overview.md")
    parts = re.split(r"^## (?=\w+$)", page, flags=re.MULTILINE)[1:]
    for part in parts:
        name, _, text = part.partition("\n")
        group = _GROUP.search(text)
        if group is None:
            continue  # a heading of the overview itself
        rule = Rule(
            key=name,
            title=_title(text),
            criterion=_CRITERIA.get(name, _OF_GROUP[group[1]]),
            language="Go",
            shown="whole",
        )
        found = list(fenced_blocks(text))
        yield from paired(rule, [_case(found)] if found else [], _REJECTED)
        if not found:
            yield UnusableRecord(name, "no-example")


def _case(found: list[FencedBlock]) -> Case:
    sides: dict[str, tuple[str, ...]] = {"Before:": (), "After:": ()}
    for block in found:
        label = block.before.split("\n")[-1].strip("* ")
        if label in sides:
            sides[label] = (*sides[label], block.code)
    return Case(sides["Before:"], sides["After:"])


def _title(text: str) -> str:
    lines = (line.strip() for line in text.split("]", 1)[-1].split("\n"))
    return next((line for line in lines if line), "").rstrip(".")


SOURCES.register(
    BenchmarkSource(
        name="go_critic_docs",
        title="go-critic checks",
        subset="GO_CRITIC",
        license="MIT",
        criteria=("R&M", "FC", "EE", "ME"),
        languages=("Go",),
        prompts="template",
        responses="people; examples in the documentation of a linter",
        tests=False,
        citation=(
            "go-critic contributors. go-critic, overview of the checks. "
            "https://github.com/go-critic/go-critic, commit 325d070, 2026."
        ),
        upstream="github:go-critic/go-critic",
        revision="325d070a6839c2f5958f2d587d466730d7ea2e3a",
        files=("docs/overview.md",),
        read=_read,
    )
)
