"""The table of criteria. Adding a criterion takes one row here and one term list in ``curation/terms``.

Published artifacts spell criteria differently (``Runtime_Efficiency`` in benchmarks, ``Runtime Efficiency`` in training
data); all conversions use this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from themis_rm.errors import SettingError, did_you_mean


@dataclass(frozen=True, slots=True)
class Criterion:
    """A quality that code is scored on.

    Attributes:
        short: Abbreviation used in tables and on the command line (``R&M`` is also accepted as ``RM``).
        title: Name in reports.
        benchmark_aspect: Value in the ``aspect`` column of benchmarks and results.
        training_aspect: Value in the ``aspect`` column of preference datasets.
        asks: The question that a criteria prompt asks.
        terms: Name of the list in ``curation/terms`` whose terms identify commits of this criterion.
    """

    short: str
    title: str
    benchmark_aspect: str
    training_aspect: str
    asks: str
    terms: str


CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        short="FC",
        title="Functional correctness",
        benchmark_aspect="Functional_Correctness",
        training_aspect="Functional Correctness",
        asks=(
            "Does the code do what the request asks, for ordinary inputs and at the edges: empty, extreme, "
            "malformed and repeated ones?"
        ),
        terms="functional_correctness",
    ),
    Criterion(
        short="EE",
        title="Runtime efficiency",
        benchmark_aspect="Runtime_Efficiency",
        training_aspect="Runtime Efficiency",
        asks=(
            "How little time does the code take as its input grows: fitting algorithms and data structures, no "
            "repeated work, no needless waiting on disk, network or locks?"
        ),
        terms="runtime_efficiency",
    ),
    Criterion(
        short="ME",
        title="Memory efficiency",
        benchmark_aspect="Memory_Efficiency",
        training_aspect="Memory Efficiency",
        asks=(
            "How little memory does the code use: streaming instead of collecting, no needless copies, and every "
            "buffer, handle and reference released after use?"
        ),
        terms="memory_efficiency",
    ),
    Criterion(
        short="R&M",
        title="Readability and maintainability",
        benchmark_aspect="Readability_Maintainability",
        training_aspect="Readability and Maintainability",
        asks=(
            "How easily can a colleague understand the code and change it safely: descriptive names, one "
            "task per part, idiomatic style, no dead or repeated code?"
        ),
        terms="readability_maintainability",
    ),
    Criterion(
        short="SH",
        title="Security hardness",
        benchmark_aspect="Security_Hardness",
        training_aspect="Security Hardness",
        asks=(
            "How well does the code resist attacks: untrusted input validated and separated from commands, queries, "
            "paths and markup, secrets protected, strong cryptography, safe defaults?"
        ),
        terms="security_hardness",
    ),
)


@dataclass(frozen=True, slots=True)
class Principle:
    """A general principle, listed before the criteria in every criteria prompt and used as a training ``aspect``."""

    name: str
    asks: str


PRINCIPLES: tuple[Principle, ...] = (
    Principle("Helpfulness", "Does the answer serve what the person who asked wants to achieve?"),
    Principle("Harmlessness", "Does the answer avoid helping anyone to cause harm?"),
)


def _fold(name: str) -> str:
    return "".join(ch for ch in name.casefold() if ch.isalnum())


@cache
def _by_name() -> dict[str, Criterion]:
    names: dict[str, Criterion] = {}
    for row in CRITERIA:
        for name in (row.short, row.title, row.benchmark_aspect, row.training_aspect):
            names[_fold(name)] = row
    return names


def criterion(name: str) -> Criterion:
    """Return the criterion with a given short, published or full name.

    Args:
        name: Any of its names; case, spaces, ``_`` and ``&`` are ignored.

    Raises:
        SettingError: No criterion has that name.
    """
    row = _by_name().get(_fold(name))
    if row is None:
        raise SettingError(
            f"Unknown criterion '{name}'.",
            did_you_mean(name, [c.short for c in CRITERIA] + [c.training_aspect for c in CRITERIA]),
        )
    return row


def is_criterion(name: str) -> bool:
    """Return whether :func:`criterion` accepts this name."""
    return _fold(name) in _by_name()


def short_name(name: str) -> str:
    """Return the short name of a criterion; a name that is not one of a criterion is returned as it is."""
    return criterion(name).short if is_criterion(name) else name
