"""Codee Open Catalog: what slows C code down or breaks it in parallel, as an example before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from themis_rm.benchmark.sources.cleaning.labels import remove_revealing_comments, rename_identifiers, reveals_label
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

_C = frozenset(("c", "cpp", "c++"))
_NEUTRAL = MappingProxyType(
    {
        "solution": "example",
        "matmul_improved": "matmul",
        "pointer_increment_example": "accumulate",
        "pointer_increment_improved": "accumulate",
    }
)
"""Names that say which side a function is on -> what both sides call it."""

_TELLS = re.compile(r"PW[RD]\d{3}|\b(?:example|solution)\w*\.c\b")


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is taken from a check.

    Attributes:
        criterion: Short name of the criterion.
        blocks: Bad and good example by their numbers among the page's C blocks; empty for the files beside the page.
        fault: Why its examples are unfit, if they are.
    """

    criterion: str = ""
    blocks: tuple[tuple[int, int], ...] = ((0, 1),)
    fault: str = ""


_BY_FILES: tuple[tuple[int, int], ...] = ()
_UNDECLARED = "chosen-does-not-compile"
"""Found with ``gcc -fsyntax-only -fopenmp -fopenacc``: the good example uses what nobody declares."""
_UNLIKE = "unmatched-examples"
"""A whole function before, a loop out of it after."""

_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        "PWD002": _Rule("FC", ((0, 2),)),
        "PWD003": _Rule("FC", ((0, 1), (2, 3))),
        "PWD004": _Rule("FC"),
        "PWD005": _Rule("FC"),
        "PWD006": _Rule("FC", ((0, 2),)),
        "PWD007": _Rule("FC"),
        "PWD008": _Rule("FC"),
        "PWD009": _Rule("FC"),
        "PWD010": _Rule("FC"),
        "PWD011": _Rule("FC"),
        "PWR001": _Rule("R&M"),
        "PWR002": _Rule("R&M"),
        "PWR003": _Rule(fault="no-criterion-shown"),  # the sides differ in the name of an included file alone
        "PWR004": _Rule(fault=_UNDECLARED),
        "PWR005": _Rule(fault=_UNDECLARED),
        "PWR006": _Rule("ME"),
        "PWR009": _Rule("EE"),
        "PWR012": _Rule("EE", _BY_FILES),
        "PWR013": _Rule("EE"),
        "PWR014": _Rule("FC"),
        "PWR015": _Rule("EE"),
        "PWR016": _Rule("EE"),
        "PWR017": _Rule("EE", _BY_FILES),
        "PWR018": _Rule(fault="results-differ"),  # the good side leaves the first term out of its sum
        "PWR019": _Rule("EE"),
        "PWR020": _Rule("EE"),
        "PWR021": _Rule("EE"),
        "PWR022": _Rule("EE", _BY_FILES),
        "PWR023": _Rule("EE"),
        "PWR024": _Rule("EE"),
        "PWR025": _Rule("EE"),
        "PWR026": _Rule("EE"),
        "PWR027": _Rule("EE"),
        "PWR028": _Rule(fault=_UNDECLARED),
        "PWR029": _Rule(fault=_UNLIKE),
        "PWR030": _Rule(fault=_UNDECLARED),
        "PWR031": _Rule("EE", _BY_FILES),
        "PWR032": _Rule("EE", _BY_FILES),
        "PWR034": _Rule("EE", ((1, 2),)),
        "PWR036": _Rule("EE", ((1, 2),)),
        "PWR037": _Rule("FC", _BY_FILES),
        "PWR039": _Rule("EE", _BY_FILES),
        "PWR040": _Rule(fault=_UNLIKE),
        "PWR042": _Rule(fault="names-differ"),  # the steps rename the matrix on the way
        "PWR043": _Rule("EE", _BY_FILES),
        "PWR044": _Rule("EE"),
        "PWR045": _Rule("EE"),
        "PWR046": _Rule("EE", _BY_FILES),
        "PWR048": _Rule("EE"),
        "PWR049": _Rule("EE", ((2, 3), (4, 5), (6, 7))),  # the first example assigns where it means to compare
        "PWR050": _Rule("EE"),
        "PWR051": _Rule(fault=_UNDECLARED),
        "PWR052": _Rule(fault=_UNDECLARED),
        "PWR053": _Rule("EE"),
        "PWR054": _Rule("EE"),
        "PWR055": _Rule("EE"),
        "PWR056": _Rule("EE"),
        "PWR057": _Rule(fault=_UNDECLARED),
        "PWR060": _Rule("EE"),
        "PWR062": _Rule("EE", _BY_FILES),
        "PWR074": _Rule("R&M", _BY_FILES),
        "PWR079": _Rule("FC", _BY_FILES),
        "PWR080": _Rule("FC", _BY_FILES),
        "PWR082": _Rule("R&M", _BY_FILES),
        "PWR085": _Rule(fault="results-differ"),
        "PWR086": _Rule("R&M", _BY_FILES),
    }
)
"""Check -> what is taken from it; defects of results are FC, what costs time EE, memory ME, clarity R&M."""


def _read(folder: Path) -> Iterator[SourceRecord]:
    pages = sorted(folder.glob("*/README.md"))
    if not pages:
        raise InputError(f"{folder} holds no <check>/README.md.", "Fetch the source's files again.")
    for page in pages:
        yield from _check_pairs(page)


def _check_pairs(page: Path) -> Iterator[SourceRecord]:
    name, text = page.parent.name, read_text(page)
    shown = [block.code for block in fenced_blocks(text) if block.language in _C]
    rule = _RULES.get(name)
    if rule is None:
        yield UnusableRecord(name, "unmatched-examples" if shown else "language")
        return
    if rule.fault:
        yield UnusableRecord(name, rule.fault)
        return
    title = text.split("\n", 1)[0].lstrip("# ").partition(": ")[2]
    for key, bad, good in _by_files(page.parent) if not rule.blocks else _by_blocks(shown, rule.blocks):
        if not bad or not good:
            yield UnusableRecord(f"{name}{key}", "one-side-only")
            continue
        yield SourcePair(
            key=f"{name}{key}",
            criterion=rule.criterion,
            language="C",
            chosen=_clean(good),
            rejected=_clean(bad),
            group=name,
            rule=title,
        )


def _by_blocks(shown: list[str], numbers: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, str, str]]:
    for bad, good in numbers:
        key = f":{good}" if len(numbers) > 1 else ""
        there = max(bad, good) < len(shown)
        yield key, shown[bad] if there else "", shown[good] if there else ""


def _by_files(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Yield ``example*.c`` with the ``solution*.c`` of the same ending; ``benchmark`` holds excerpts of them."""
    for good in sorted(folder.glob("solution*.c")):
        ending = good.stem.removeprefix("solution")
        bad = good.with_name(f"example{ending}.c")
        yield ending and f":{ending.strip('_')}", read_text(bad) if bad.is_file() else "", read_text(good)


def _clean(code: str) -> str:
    code = remove_revealing_comments(code, "C", lambda text: reveals_label(text) or _TELLS.search(text) is not None)
    return rename_identifiers(code, "C", _NEUTRAL).strip("\n") + "\n"


SOURCES.register(
    BenchmarkSource(
        name="codee_open_catalog",
        title="Codee Open Catalog",
        subset="CODEE_OPEN_CATALOG",
        license="Apache-2.0",
        criteria=("FC", "EE", "ME", "R&M"),
        languages=("C",),
        prompts="template",
        responses="people: examples of a catalogue of checks",
        tests=False,
        citation=(
            "Codee (2026). Open Catalog of Code Guidelines for Correctness, Modernization and Optimization. "
            "https://github.com/codee-com/open-catalog, revision 12c507e"
        ),
        upstream="github:codee-com/open-catalog",
        revision="12c507e3f4136093139c8b004233b6001ed6963e",
        files=("Checks/*/README.md", "Checks/*/*.c"),
        read=_read,
        notes="Fortran is left out, and by name the checks whose good example is broken or computes something else.",
    )
)
