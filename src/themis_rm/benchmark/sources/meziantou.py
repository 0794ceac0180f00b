"""Meziantou.Analyzer: rules for C#, whose pages mark code in headings, comments, or by "Should be"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import (
    ExampleGroup,
    ExampleRule,
    MarkedSection,
    find_marked_statements,
    group_sections,
    key_by_word,
    marker_pattern,
    pair_examples,
    split_sections,
    word_set,
)
from themis_rm.benchmark.sources.formats.markdown import FencedBlock, fenced_blocks
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_CSHARP = ("csharp", "c#", "cs")
_BAD = re.compile(r"(?i)\bnon[- ]?compliant\b|\bnot (?:ok|compliant)\b|\bviolations?\b|\bbefore\b|\breported\b")
_GOOD = re.compile(r"(?i)(?<!non[- ])(?<!non)(?<!not )\bcompliant\b|\bok\b|\bafter\b")
_MARKS = marker_pattern(r"non-?compliant|not ok|bad", r"compliant(?: code)?|should be|good|ok")

_CRITERIA = key_by_word(
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
"""Criteria of the rules that are not about readability; the pages have no category."""

_CONTESTED = word_set(
    "MA0006 MA0007 MA0127 MA0141 MA0142 MA0148 MA0149 MA0156 MA0157 MA0171 MA0174 MA0175 MA0177 MA0181 MA0211 MA0214 "
    "MA0215 MA0206"
)
"""Rules about taste, and rules that contradict another one."""


_REJECTED = frozenset(
    f"{rule}.1"
    for rule in word_set(
        "MA0071/1 MA0075/1 MA0119/1 MA0130/1 MA0131/1 MA0132/1 MA0134/1 MA0135/1 MA0136/1 MA0150/1 MA0160/1 MA0188/1 "
        "MA0190/1 MA0191/1 MA0194/2 MA0196/1 MA0202/1 MA0207/1 MA0216/1"
    )
)
"""Pairs whose compliant side does something else than the other one."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    for path in sorted(directory.glob("MA*.md")):
        name, page = path.stem, read_text(path)
        title = page.split("\n", 1)[0].partition(" - ")[2].replace("\\", "")
        if name in _CONTESTED:
            yield UnusableRecord(name, "contested-rule")
            continue
        shown = [block for block in fenced_blocks(page) if block.language in _CSHARP]
        groups = list(_group_blocks(shown))
        if not groups:
            yield UnusableRecord(name, "no-marked-example" if shown else "no-example")
        yield from pair_examples(
            ExampleRule(key=name, title=title, criterion=_CRITERIA.get(name, "R&M"), language="CSharp"),
            groups,
            _REJECTED,
        )


def _group_blocks(shown: list[FencedBlock]) -> Iterator[ExampleGroup]:
    pending: list[MarkedSection] = []
    for block in shown:
        groups = list(_split_block(block.code))
        side = _detect_side(block)
        if groups:
            yield from groups
        elif side is not None:
            pending.append(MarkedSection(side, block.code))
    yield from group_sections(pending)


def _split_block(code: str) -> Iterator[ExampleGroup]:
    """Yield the examples that the comments of one block mark."""
    context, sections = split_sections(code, _MARKS)
    if {section.good for section in sections} == {True, False}:
        yield from group_sections(sections, context)
    elif context.strip() and sections and re.search(r"(?im)^// should be", code):
        yield ExampleGroup((context,), tuple(section.code for section in sections if section.good))
    else:
        marked = find_marked_statements(code, "CSharp", _BAD, _GOOD)
        if {section.good for section in marked} == {True, False}:
            yield from group_sections(marked)


def _detect_side(block: FencedBlock) -> bool | None:
    """Return whether the line or the heading above a block marks it as good or bad; ``None`` if neither does."""
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
        notes="The pages are directly in the directory.",
    )
)
