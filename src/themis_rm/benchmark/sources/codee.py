"""Codee Open Catalog: checks for slow or incorrect parallel C code, each with an example before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from themis_rm.benchmark.sources.cleaning.labels import remove_revealing_comments, rename_identifiers, reveals_label
from themis_rm.benchmark.sources.formats.markdown import fenced_blocks
from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
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
"""Function names that reveal the side -> the name used on both sides."""

_REVEALING = re.compile(r"PW[RD]\d{3}|\b(?:example|solution)\w*\.c\b")


@dataclass(frozen=True, slots=True)
class _CatalogCheck:
    """The examples to use of a check.

    Attributes:
        criterion: Short name of the criterion.
        blocks: Indices of the bad and the good example among the page's C blocks; empty to use the files next to it.
        unusable: Reason why its examples cannot be used; empty if they can.
    """

    criterion: str = ""
    blocks: tuple[tuple[int, int], ...] = ((0, 1),)
    unusable: str = ""


_BY_FILES: tuple[tuple[int, int], ...] = ()
_UNDECLARED = "chosen-does-not-compile"
"""Reason for good examples that use undeclared names (``gcc -fsyntax-only -fopenmp -fopenacc``)."""
_DIFFERENT_SCOPE = "unmatched-examples"
"""Reason for a complete function before and only a loop of it after."""

_CHECKS: Mapping[str, _CatalogCheck] = MappingProxyType(
    {
        "PWD002": _CatalogCheck("FC", ((0, 2),)),
        "PWD003": _CatalogCheck("FC", ((0, 1), (2, 3))),
        "PWD004": _CatalogCheck("FC"),
        "PWD005": _CatalogCheck("FC"),
        "PWD006": _CatalogCheck("FC", ((0, 2),)),
        "PWD007": _CatalogCheck("FC"),
        "PWD008": _CatalogCheck("FC"),
        "PWD009": _CatalogCheck("FC"),
        "PWD010": _CatalogCheck("FC"),
        "PWD011": _CatalogCheck("FC"),
        "PWR001": _CatalogCheck("R&M"),
        "PWR002": _CatalogCheck("R&M"),
        "PWR003": _CatalogCheck(unusable="no-criterion-shown"),  # the sides differ only in the name of an included file
        "PWR004": _CatalogCheck(unusable=_UNDECLARED),
        "PWR005": _CatalogCheck(unusable=_UNDECLARED),
        "PWR006": _CatalogCheck("ME"),
        "PWR009": _CatalogCheck("EE"),
        "PWR012": _CatalogCheck("EE", _BY_FILES),
        "PWR013": _CatalogCheck("EE"),
        "PWR014": _CatalogCheck("FC"),
        "PWR015": _CatalogCheck("EE"),
        "PWR016": _CatalogCheck("EE"),
        "PWR017": _CatalogCheck("EE", _BY_FILES),
        "PWR018": _CatalogCheck(unusable="results-differ"),  # the good side omits the first term of the sum
        "PWR019": _CatalogCheck("EE"),
        "PWR020": _CatalogCheck("EE"),
        "PWR021": _CatalogCheck("EE"),
        "PWR022": _CatalogCheck("EE", _BY_FILES),
        "PWR023": _CatalogCheck("EE"),
        "PWR024": _CatalogCheck("EE"),
        "PWR025": _CatalogCheck("EE"),
        "PWR026": _CatalogCheck("EE"),
        "PWR027": _CatalogCheck("EE"),
        "PWR028": _CatalogCheck(unusable=_UNDECLARED),
        "PWR029": _CatalogCheck(unusable=_DIFFERENT_SCOPE),
        "PWR030": _CatalogCheck(unusable=_UNDECLARED),
        "PWR031": _CatalogCheck("EE", _BY_FILES),
        "PWR032": _CatalogCheck("EE", _BY_FILES),
        "PWR034": _CatalogCheck("EE", ((1, 2),)),
        "PWR036": _CatalogCheck("EE", ((1, 2),)),
        "PWR037": _CatalogCheck("FC", _BY_FILES),
        "PWR039": _CatalogCheck("EE", _BY_FILES),
        "PWR040": _CatalogCheck(unusable=_DIFFERENT_SCOPE),
        "PWR042": _CatalogCheck(unusable="names-differ"),  # the matrix has another name in each step
        "PWR043": _CatalogCheck("EE", _BY_FILES),
        "PWR044": _CatalogCheck("EE"),
        "PWR045": _CatalogCheck("EE"),
        "PWR046": _CatalogCheck("EE", _BY_FILES),
        "PWR048": _CatalogCheck("EE"),
        "PWR049": _CatalogCheck("EE", ((2, 3), (4, 5), (6, 7))),  # the first example assigns instead of comparing
        "PWR050": _CatalogCheck("EE"),
        "PWR051": _CatalogCheck(unusable=_UNDECLARED),
        "PWR052": _CatalogCheck(unusable=_UNDECLARED),
        "PWR053": _CatalogCheck("EE"),
        "PWR054": _CatalogCheck("EE"),
        "PWR055": _CatalogCheck("EE"),
        "PWR056": _CatalogCheck("EE"),
        "PWR057": _CatalogCheck(unusable=_UNDECLARED),
        "PWR060": _CatalogCheck("EE"),
        "PWR062": _CatalogCheck("EE", _BY_FILES),
        "PWR074": _CatalogCheck("R&M", _BY_FILES),
        "PWR079": _CatalogCheck("FC", _BY_FILES),
        "PWR080": _CatalogCheck("FC", _BY_FILES),
        "PWR082": _CatalogCheck("R&M", _BY_FILES),
        "PWR085": _CatalogCheck(unusable="results-differ"),
        "PWR086": _CatalogCheck("R&M", _BY_FILES),
    }
)
"""Check -> its examples. Wrong results are FC; costs in time are EE, in memory ME; unclear code is R&M."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    pages = sorted(directory.glob("*/README.md"))
    if not pages:
        raise InputError(f"{directory} contains no <check>/README.md.", DOWNLOAD_HINT)
    for page in pages:
        yield from _check_pairs(page)


def _check_pairs(page: Path) -> Iterator[SourceRecord]:
    name, text = page.parent.name, read_text(page)
    shown = [block.code for block in fenced_blocks(text) if block.language in _C]
    rule = _CHECKS.get(name)
    if rule is None:
        yield UnusableRecord(name, "unmatched-examples" if shown else "language")
        return
    if rule.unusable:
        yield UnusableRecord(name, rule.unusable)
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
        exists = max(bad, good) < len(shown)
        yield key, shown[bad] if exists else "", shown[good] if exists else ""


def _by_files(directory: Path) -> Iterator[tuple[str, str, str]]:
    """Yield each ``example*.c`` with the ``solution*.c`` of the same suffix."""
    for good in sorted(directory.glob("solution*.c")):
        suffix = good.stem.removeprefix("solution")
        bad = good.with_name(f"example{suffix}.c")
        yield suffix and f":{suffix.strip('_')}", read_text(bad) if bad.is_file() else "", read_text(good)


def _clean(code: str) -> str:
    code = remove_revealing_comments(code, "C", lambda text: reveals_label(text) or _REVEALING.search(text) is not None)
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
        responses="people; examples in a catalog of checks",
        tests=False,
        citation=(
            "Codee (2026). Open Catalog of Code Guidelines for Correctness, Modernization and Optimization. "
            "https://github.com/codee-com/open-catalog, revision 12c507e"
        ),
        upstream="github:codee-com/open-catalog",
        revision="12c507e3f4136093139c8b004233b6001ed6963e",
        files=("Checks/*/README.md", "Checks/*/*.c"),
        read=_read,
        notes="Fortran is omitted, and so are checks whose good example does not compile or computes something else.",
    )
)
