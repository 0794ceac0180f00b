"""go-critic: checks for Go, each with an example before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import ExampleGroup, ExampleRule, pair_examples
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
"""Criteria of the checks whose group is not accurate: allocations, and diagnostics that do not affect behavior."""

_REJECTED = frozenset({"nilValReturn/1.1", "ruleguard/1.1", "truncateCmp/1.1", "typeAssertChain/1.1"})
"""Pairs whose better version does something else or does not compile."""

_GROUP = re.compile(r"\*\*(diagnostic|style|performance)\*\*")


def _read(directory: Path) -> Iterator[SourceRecord]:
    page = read_text(directory / "overview.md")
    parts = re.split(r"^## (?=\w+$)", page, flags=re.MULTILINE)[1:]
    for part in parts:
        name, _, text = part.partition("\n")
        group = _GROUP.search(text)
        if group is None:
            continue  # a heading of the overview itself
        rule = ExampleRule(
            key=name,
            title=_title(text),
            criterion=_CRITERIA.get(name, _OF_GROUP[group[1]]),
            language="Go",
            layout="single",
        )
        shown = list(fenced_blocks(text))
        yield from pair_examples(rule, [_group_blocks(shown)] if shown else [], _REJECTED)
        if not shown:
            yield UnusableRecord(name, "no-example")


def _group_blocks(shown: list[FencedBlock]) -> ExampleGroup:
    sides: dict[str, tuple[str, ...]] = {"Before:": (), "After:": ()}
    for block in shown:
        label = block.before.split("\n")[-1].strip("* ")
        if label in sides:
            sides[label] = (*sides[label], block.code)
    return ExampleGroup(sides["Before:"], sides["After:"])


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
