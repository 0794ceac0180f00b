"""Uber Go Style Guide: tables with the columns Bad and Good, one row per example."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import ExampleGroup, ExampleRule, pair_examples
from themis_rm.benchmark.sources.formats.markdown import fenced_blocks
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_HEADING = re.compile(r"^#{2,4} (.*)$")
_CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)

_CRITERIA = {
    "Avoid Mutable Globals": "R&M",
    "Avoid Goroutine Leaks": "ME",
    "Channel Size is One or None": "FC",
    "Copy Slices and Maps at Boundaries": "FC",
    "Defer to Clean Up": "FC",
    "Don't Panic": "FC",
    "Don't fire-and-forget goroutines": "ME",
    "Exit in Main": "FC",
    "Handle Errors Once": "R&M",
    "Handle Type Assertion Failures": "FC",
    "No goroutines in `init()`": "ME",
    "Performance": "EE",
    "Prefer Specifying Container Capacity": "EE",
    "Specifying Map Capacity Hints": "EE",
    "Specifying Slice Capacity": "EE",
    "Prefer strconv over fmt": "EE",
    "Avoid repeated string-to-byte conversions": "EE",
    "Receiving Slices and Maps": "FC",
    "Returning Slices and Maps": "FC",
    "Use `time.Time` for instants of time": "FC",
    "Use `time.Duration` for periods of time": "R&M",
    "Use go.uber.org/atomic": "FC",
    "Start Enums at One": "FC",
}
"""Criteria of the sections that are not about readability."""

_REJECTED = frozenset({"avoid-init-1/1.1", "channel-size-is-one-or-none-1/1.1"})
"""Pairs whose better cell contains several alternatives."""


@dataclass(frozen=True, slots=True)
class _GuideTable:
    heading: str
    html: str


def _find_tables(page: str) -> Iterator[_GuideTable]:
    """Yield the HTML tables of the guide with the heading above each."""
    heading = ""
    lines: list[str] | None = None
    in_code = False
    for line in page.split("\n"):
        if line.startswith("```"):
            in_code = not in_code
        if not in_code and (titled := _HEADING.match(line)):
            heading = titled[1]
        if line.strip() == "<table>":
            lines = []
        elif line.strip().endswith("</table>") and lines is not None:
            yield _GuideTable(heading, "\n".join(lines))
            lines = None
        if lines is not None:
            lines.append(line)


def _read(directory: Path) -> Iterator[SourceRecord]:
    seen: Counter[str] = Counter()
    for table in _find_tables(read_text(directory / "style.md")):
        seen[table.heading] += 1
        slug = re.sub(r"[^a-z0-9]+", "-", table.heading.casefold()).strip("-")
        key = f"{slug}-{seen[table.heading]}"
        if not re.search(r"<th>Bad</th>\s*<th>Good</th>", table.html):
            yield UnusableRecord(key, "no-marked-example")
            continue
        rule = ExampleRule(
            key=key, title=table.heading, criterion=_CRITERIA.get(table.heading, "R&M"), language="Go", layout="single"
        )
        cells = [[block.code for block in fenced_blocks(cell)] for cell in _CELL.findall(table.html)]
        rows = [
            ExampleGroup(tuple(bad), tuple(good))
            for bad, good in zip(cells[::2], cells[1::2], strict=False)
            if bad or good
        ]
        yield from pair_examples(rule, rows, _REJECTED)


SOURCES.register(
    BenchmarkSource(
        name="uber_go_guide",
        title="Uber Go Style Guide",
        subset="UBER_GO_GUIDE",
        license="Apache-2.0",
        criteria=("R&M", "FC", "EE"),
        languages=("Go",),
        prompts="template",
        responses="people; examples in a style guide",
        tests=False,
        citation="Uber Technologies. Uber Go Style Guide. https://github.com/uber-go/guide, commit 1d60a91, 2026.",
        upstream="github:uber-go/guide",
        revision="1d60a91aa5e87d443002e23c21903c49489dbde5",
        files=("style.md",),
        read=_read,
    )
)
