"""The Ruby Style Guide: listings with sections under "# bad" and "# good"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.asciidoc import find_listings
from themis_rm.benchmark.sources.formats.examples import (
    ExampleRule,
    group_sections,
    marker_pattern,
    pair_examples,
    split_sections,
)
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_MARKS = marker_pattern("bad|not recommended", "(?:also |even )?good|better|best|recommended", "okay|ok|acceptable")

_CRITERIA = {
    "Caret and Dollar Regexp": "FC",
    "Exception Rescuing Ordering": "FC",
    "Float Comparison": "FC",
    "Plain Text Search": "EE",
    "String Concatenation": "EE",
    "`count` vs `size`": "EE",
    "`flat_map`": "ME",
    "`reverse_each`": "EE",
}
"""Criteria of the sections that are not about readability."""

_REJECTED = frozenset({"file-classes-1/1.1", "method-arguments-alignment-1/1.1"})
"""Pairs that show one of two files, or start with a third version."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    seen: Counter[str] = Counter()
    for item in find_listings(read_text(directory / "README.adoc")):
        heading = item.headings[-1] if item.headings else "top"
        seen[heading] += 1
        key = f"{re.sub(r'[^a-z0-9]+', '-', heading.casefold()).strip('-')}-{seen[heading]}"
        context, sections = split_sections(item.code, _MARKS)
        if item.language != "ruby":
            yield UnusableRecord(key, "language")
        elif not sections:
            yield UnusableRecord(key, "no-marked-example")
        else:
            rule = ExampleRule(key=key, title=heading, criterion=_CRITERIA.get(heading, "R&M"), language="Ruby")
            yield from pair_examples(rule, group_sections(sections, context), _REJECTED)


SOURCES.register(
    BenchmarkSource(
        name="ruby_style_guide",
        title="The Ruby Style Guide",
        subset="RUBY_STYLE_GUIDE",
        license="CC-BY-3.0",
        criteria=("R&M", "FC", "EE", "ME"),
        languages=("Ruby",),
        prompts="template",
        responses="people; examples in a style guide",
        tests=False,
        citation=(
            "Bozhidar Batsov and contributors. The Ruby Style Guide. "
            "https://github.com/rubocop/ruby-style-guide, commit e7b5735, 2026."
        ),
        upstream="github:rubocop/ruby-style-guide",
        revision="e7b573596efd1ace73cfa7d76bd64362ab40f919",
        files=("README.adoc",),
        read=_read,
        notes="The license is stated in README.adoc; the repository has no license file.",
    )
)
