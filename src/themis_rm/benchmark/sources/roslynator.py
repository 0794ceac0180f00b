"""Roslynator: analyzers for C#, with samples before and after in XML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from themis_rm.benchmark.sources.formats.examples import ExampleGroup, ExampleRule, key_by_word, pair_examples, word_set
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_xml,
)

_CRITERIA = key_by_word(
    {
        "FC": """
            RCS1044 RCS1059 RCS1075 RCS1130 RCS1155 RCS1157 RCS1165 RCS1166 RCS1200 RCS1202 RCS1210 RCS1215 RCS1227
            RCS1229 RCS9007
        """,
        "EE": """
            RCS1077 RCS1107 RCS1112 RCS1156 RCS1186 RCS1197 RCS1230 RCS1233 RCS1235 RCS1242 RCS1246 RCS1261 RCS9004
        """,
        "ME": "RCS1198 RCS1204",
    }
)
"""Criteria of the analyzers that are not about readability; the file has no categories."""

_CONTESTED = word_set("RCS1124 RCS1201 RCS1217 RCS1223")
"""Analyzers about taste, whose direction is a setting."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    for item in read_xml(directory / "Analyzers.xml").iter("Analyzer"):
        yield from _read_analyzer(item)
    for item in read_xml(directory / "Refactorings.xml").iter("Refactoring"):
        if item.find(".//Sample") is not None:
            yield UnusableRecord(item.get("Id", ""), "no-direction")  # a refactoring works in both directions


def _read_analyzer(item: ET.Element) -> Iterator[SourceRecord]:
    key = item.findtext("Id", "")
    samples = item.findall("./Samples/Sample")
    if item.findtext("Status", "") in ("Obsolete", "Disabled"):
        yield UnusableRecord(key, "withdrawn-rule")
    elif item.findtext("IsEnabledByDefault") != "true":
        yield UnusableRecord(key, "disabled-by-default")
    elif key in _CONTESTED:
        yield UnusableRecord(key, "contested-rule")
    elif not samples:
        yield UnusableRecord(key, "no-example")
    else:
        title = item.findtext("Title", "")
        rule = ExampleRule(
            key=key, title=title, criterion=_CRITERIA.get(key, "R&M"), language="CSharp", layout="single"
        )
        yield from pair_examples(
            rule, [ExampleGroup(_example(sample, "Before"), _example(sample, "After")) for sample in samples]
        )


def _example(sample: ET.Element, name: str) -> tuple[str, ...]:
    code = sample.findtext(name, "").strip("\n")
    return (code,) if code.strip() else ()


SOURCES.register(
    BenchmarkSource(
        name="roslynator",
        title="Roslynator analyzers",
        subset="ROSLYNATOR",
        license="Apache-2.0",
        criteria=("R&M", "FC", "EE", "ME"),
        languages=("CSharp",),
        prompts="template",
        responses="people; samples in the metadata of an analyzer",
        tests=False,
        citation=(
            "Josef Pihrt and contributors. Roslynator. https://github.com/dotnet/roslynator, commit 016d1d5, 2026."
        ),
        upstream="github:dotnet/roslynator",
        revision="016d1d5e04d5c9a612b9de7666d07d3fbdcd1aab",
        files=("src/Analyzers.xml", "src/Refactorings.xml"),
        read=_read,
        notes="Refactorings work in both directions and are omitted, as are analyzers that are not enabled by default.",
    )
)
