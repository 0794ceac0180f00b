"""Airbnb JavaScript Style Guide: blocks with sections under "bad" and "good" comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import (
    ExampleRule,
    group_sections,
    marker_pattern,
    pair_examples,
    split_sections,
)
from themis_rm.benchmark.sources.formats.markdown import fenced_blocks
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_MARKS = marker_pattern("bad", "(?:also )?good|better|best")
_NUMBERED = re.compile(r"^ *- \[(?P<number>[\d.]+)\]\(#(?P<anchor>[^)]*)\)\s*(?P<title>.*)", re.MULTILINE)

_CRITERIA = {
    "arrays--callback-return": "FC",
    "coercion--bitwise": "FC",
    "coercion--numbers": "FC",
    "comparison--eqeqeq": "FC",
    "functions--default-side-effects": "FC",
    "functions--in-blocks": "FC",
    "functions--mutate-params": "FC",
    "functions--reassign-params": "FC",
    "jquery--cache": "EE",
    "objects--prototype-builtins": "FC",
    "standard-library--isfinite": "FC",
    "standard-library--isnan": "FC",
    "variables--const": "FC",
}
"""Criteria of the rules that are not about readability, by the anchor of their section."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    page = read_text(directory / "README.md")
    items = [(page.count("\n", 0, match.start()) + 1, match) for match in _NUMBERED.finditer(page)]
    seen: dict[str, int] = {}
    for block in fenced_blocks(page):
        preceding = [match for line, match in items if line < block.line]
        if block.language not in ("js", "javascript", "jsx") or not preceding:
            yield UnusableRecord(f"line-{block.line}", "not-an-example")
            continue
        anchor, title = preceding[-1]["anchor"], preceding[-1]["title"]
        seen[anchor] = seen.get(anchor, 0) + 1
        key = anchor if seen[anchor] == 1 else f"{anchor}-{seen[anchor]}"
        context, parts = split_sections(block.code, _MARKS)
        if not parts:
            yield UnusableRecord(key, "no-marked-example")
            continue
        rule = ExampleRule(key=key, title=_plain(title), criterion=_CRITERIA.get(anchor, "R&M"), language="JavaScript")
        yield from pair_examples(rule, group_sections(parts, context))


def _plain(title: str) -> str:
    """Return the first sentence of a rule without links."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title.partition(" eslint:")[0])
    return text.split(". ")[0].strip(" .")


SOURCES.register(
    BenchmarkSource(
        name="airbnb_js_guide",
        title="Airbnb JavaScript Style Guide",
        subset="AIRBNB_GUIDE",
        license="MIT",
        criteria=("R&M", "FC", "EE"),
        languages=("JavaScript",),
        prompts="template",
        responses="people; examples in a style guide",
        tests=False,
        citation=(
            "Airbnb and contributors. Airbnb JavaScript Style Guide. "
            "https://github.com/airbnb/javascript, commit 8ed1924, 2026."
        ),
        upstream="github:airbnb/javascript",
        revision="8ed19247bef145e3cc41b24a02dd1fe6d9b5e681",
        files=("README.md",),
        read=_read,
    )
)
