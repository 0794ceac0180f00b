"""Meziantou.Analyzer: rules for C#, whose pages mark code in headings, in comments, or split it at "Should be"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import (
    Case,
    Rule,
    Section,
    by_name,
    cases,
    marked_statements,
    marker,
    names,
    paired,
    sections,
)
from themis_rm.benchmark.sources.formats.markdown import FencedBlock, fenced_blocks
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_SHARP = ("csharp", "c#", "cs")
_BAD = re.compile(r"(?i)\bnon[- ]?compliant\b|\bnot (?:ok|compliant)\b|\bviolations?\b|\bbefore\b|\breported\b")
_GOOD = re.compile(r"(?i)(?<!non[- ])(?<!non)(?<!not )\bcompliant\b|\bok\b|\bafter\b")
_MARKS = marker(r"non-?compliant|not ok|bad", r"compliant(?: code)?|should be|good|ok")

_CRITERIA = by_name(
    {
        "FC": """
            MA0001 MA0002 MA0011 MA0021 MA0022 MA0024 MA0027 MA0032 MA0033 MA0040 MA0050 MA0054 MA0055 MA0056 MA0060
            MA0061 MA0062 MA0064 MA0072 MA0074 MA0075 MA0076 MA0079 MA0080 MA0082 MA0085 MA0086 MA0087 MA0088 MA0091
            MA0092 MA0093 MA0100 MA0103 MA0115 MA0116 MA0117 MA0118 MA0119 MA0122 MA0123 MA0124 MA0125 MA0126 MA0129
            MA0130 MA0131 MA0132 MA0133 MA0134 MA0139 MA0140 MA0145 MA0147 MA0150 MA0151 MA0155 MA0163 MA0166 MA0169
            MA0170 MA0172 MA0183 MA0193 MA0195 MA0200 MA0201 MA0202 MA0207 MA0208 MA0101
        """,
        "EE": """
            MA0020 MA0023 MA0028 MA0029 MA0030 MA0031 MA0042 MA0044 MA0045 MA0052 MA0063 MA0065 MA0066 MA0078 MA0089
            MA0098 MA0110 MA0111 MA0112 MA0120 MA0158 MA0159 MA0160 MA0176 MA0179 MA0185 MA0212
        """,
        "ME": "MA0005 MA0019 MA0105 MA0106 MA0168 MA0184 MA0217",
        "SH": "MA0009 MA0039 MA0153 MA0161",
    }
)
"""Rules that are about anything else than readability; the pages name no category."""

_CONTESTED = names(
    "MA0006 MA0007 MA0127 MA0141 MA0142 MA0148 MA0149 MA0156 MA0157 MA0171 MA0174 MA0175 MA0177 MA0181 MA0211 MA0214 "
    "MA0215 MA0206"
)
"""Rules about taste, and rules that have an opposite among the others."""


_REJECTED = frozenset(
    f"{rule}.1"
    for rule in names(
        "MA0071/1 MA0075/1 MA0119/1 MA0130/1 MA0131/1 MA0132/1 MA0134/1 MA0135/1 MA0136/1 MA0150/1 MA0160/1 MA0188/1 "
        "MA0190/1 MA0191/1 MA0194/2 MA0196/1 MA0202/1 MA0207/1 MA0216/1"
    )
)
"""Examples whose compliant side does something else than the other one."""


def _read(folder: Path) -> Iterator[SourceRecord]:
    for path in sorted(folder.glob("MA*.md")):
        name, page = path.stem, read_text(path)
        title = page.split("\n", 1)[0].partition(" - ")[2].replace("\\", "")
        if name in _CONTESTED:
            yield UnusableRecord(name, "contested-rule")
            continue
        found = [block for block in fenced_blocks(page) if block.language in _SHARP]
        parts = list(_cases(found))
        if not found or not parts:
            yield UnusableRecord(name, "no-marked-example" if found else "no-example")
        yield from paired(
            Rule(key=name, title=title, criterion=_CRITERIA.get(name, "R&M"), language="CSharp"), parts, _REJECTED
        )


def _cases(found: list[FencedBlock]) -> Iterator[Case]:
    waiting: list[Section] = []
    for block in found:
        inside = list(_inside(block.code))
        side = _side(block)
        if inside:
            yield from inside
        elif side is not None:
            waiting.append(Section(side, block.code))
    yield from cases(waiting)


def _inside(code: str) -> Iterator[Case]:
    """Yield the cases that the comments of one block mark."""
    context, parts = sections(code, _MARKS)
    if {part.good for part in parts} == {True, False}:
        yield from cases(parts, context)
    elif context.strip() and parts and re.search(r"(?im)^// should be", code):
        yield Case((context,), tuple(part.code for part in parts if part.good))
    else:
        marked = marked_statements(code, "CSharp", _BAD, _GOOD)
        if {part.good for part in marked} == {True, False}:
            yield from cases(marked)


def _side(block: FencedBlock) -> bool | None:
    """Return whether the heading above a block, or the line above it, calls it good; ``None`` if neither says."""
    for text in (block.before.split("\n")[-1], block.headings[-1] if len(block.headings) > 1 else ""):
        bad, good = bool(_BAD.search(text)), bool(_GOOD.search(text))
        if bad is not good:
            return good
    return None


SOURCES.register(
    BenchmarkSource(
        name="meziantou_analyzer_docs",
        title="Meziantou.Analyzer rules",
        subset="MEZIANTOU_RULES",
        license="MIT",
        criteria=("R&M", "FC", "EE", "ME", "SH"),
        languages=("CSharp",),
        prompts="template",
        responses="people; examples in the documentation of an analyzer",
        tests=False,
        citation=(
            "Gérald Barré and contributors. Meziantou.Analyzer, documentation of the rules. "
            "https://github.com/meziantou/Meziantou.Analyzer, commit 22602be, 2026."
        ),
        upstream="github:meziantou/Meziantou.Analyzer",
        revision="22602bedcff5ea6d40fa8be2db68eefbea01f135",
        files=("docs/Rules/*.md",),
        read=_read,
        notes="The pages lie flat in the folder.",
    )
)
