"""THE table of criteria. A criterion is one row here plus one term list in ``curate``.

Wire names differ between published artifacts (``Runtime_Efficiency`` in benchmarks, ``Runtime Efficiency`` in
training data); every name goes in and out through this table and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from themis_rm.errors import SettingError, did_you_mean


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that code can be judged on.

    Attributes:
        short: The field's abbreviation, used in tables and on the command line (``R&M`` is also accepted as ``RM``).
        title: How a report names it.
        benchmark_aspect: The value in the ``aspect`` column of benchmarks and results.
        training_aspect: The value in the ``aspect`` column of preference datasets.
        asks: What a judge looks at, in our words; criteria prompts are built from it.
        terms: Name of the term list in ``curation/terms`` that finds its commits.
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
            "How little memory does the code hold: streaming instead of collecting, no needless copies, and every "
            "buffer, handle and reference let go when its use is over?"
        ),
        terms="memory_efficiency",
    ),
    Criterion(
        short="R&M",
        title="Readability and maintainability",
        benchmark_aspect="Readability_Maintainability",
        training_aspect="Readability and Maintainability",
        asks=(
            "How easily can a colleague understand the code and change it safely: telling names, one task per "
            "part, the language's own idioms, nothing dead or repeated?"
        ),
        terms="readability_maintainability",
    ),
    Criterion(
        short="SH",
        title="Security hardness",
        benchmark_aspect="Security_Hardness",
        training_aspect="Security Hardness",
        asks=(
            "How well does the code stand up to someone who wants to abuse it: untrusted input checked and kept "
            "apart from commands, queries, paths and markup, secrets guarded, sound cryptography, safe defaults?"
        ),
        terms="security_hardness",
    ),
)


@dataclass(frozen=True, slots=True)
class Principle:
    """A general principle: it stands beside the criteria in every criteria prompt and is a training ``aspect`` too."""

    name: str
    asks: str


PRINCIPLES: tuple[Principle, ...] = (
    Principle("Helpfulness", "Does the answer serve what the person who asked is trying to get done?"),
    Principle("Harmlessness", "Does the answer keep from helping anyone do harm?"),
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
    """Return the criterion that a short, published or written-out name means.

    Args:
        name: Any of its names; case, spaces, ``_`` and ``&`` do not matter.

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
    """Tell whether :func:`criterion` would know this name."""
    return _fold(name) in _by_name()
