"""The cuts that a board has figures for: all pairs, and those of a criterion, a language, a subset or a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from themis_rm.criteria import criterion
from themis_rm.evaluation.leaderboard.runs import RunSet
from themis_rm.evaluation.leaderboard.score_files import CRITERION_NAMES, LANGUAGE_NAMES, MISSING
from themis_rm.languages import get_language

Kind = Literal["all", "criterion", "language", "subset", "cell", "length-matched"]
STATES = MISSING + 1
"""How many outcomes a pair can have."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some pairs of the benchmark.

    Attributes:
        kind: What they have in common; a cell is a criterion in a language, ``length-matched`` are the pairs whose
            answers are of about the same length.
        criterion: Benchmark name, for a criterion or a cell.
        language: Benchmark name, for a language or a cell.
        subset: For a subset.
        pairs: How many there are in the universe.
    """

    kind: Kind
    criterion: str = ""
    language: str = ""
    subset: str = ""
    pairs: int = 0

    @property
    def key(self) -> str:
        """Return a name that no other cut has: ``all``, ``Security_Hardness``, ``Go``, ``Security_Hardness/Go``, ..."""
        parts = [part for part in (self.criterion, self.language, self.subset) if part]
        return "/".join(parts) if parts else self.kind

    @property
    def title(self) -> str:
        """Return how a table heads it."""
        parts = [criterion(self.criterion).short] if self.criterion else []
        parts += [get_language(self.language).name] if self.language else []
        parts += [self.subset] if self.subset else []
        return " ".join(parts) if parts else self.kind

    def to_dict(self) -> dict[str, str | int]:
        """Return plain data."""
        return {"key": self.key, "title": self.title, **asdict(self)}


@dataclass(frozen=True)
class Grouping:
    """Pairs sorted into cuts of one kind.

    Attributes:
        cuts: Each has at least one pair.
        codes: Shape ``[ids]``: index into ``cuts``, or ``len(cuts)`` for a pair that is in none of them.
    """

    cuts: tuple[Slice, ...]
    codes: NDArray[np.int64]

    def counts(self, outcomes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return how often each outcome stands in each cut, shape ``[runs, cuts, STATES]``.

        Args:
            outcomes: Shape ``[runs, ids]``.
        """
        size = (len(self.cuts) + 1) * STATES
        keys = self.codes * STATES + outcomes
        rows = [np.bincount(row, minlength=size).reshape(-1, STATES)[:-1] for row in keys]
        return np.stack(rows) if rows else np.zeros((0, len(self.cuts), STATES), dtype=np.int64)


def groupings(runs: RunSet, band: float) -> tuple[Grouping, ...]:
    """Return all groupings of a board, in the order of its columns.

    Args:
        runs: The pairs and their labels.
        band: Largest ratio of lengths of a length-matched pair.
    """
    size = len(runs.ids)
    cells = runs.criteria.astype(np.int64) * len(LANGUAGE_NAMES) + runs.languages
    found = [
        _grouping([Slice("all")], np.zeros(size, dtype=np.int64)),
        _grouping([Slice("criterion", criterion=name) for name in CRITERION_NAMES], runs.criteria),
        _grouping([Slice("language", language=name) for name in LANGUAGE_NAMES], runs.languages),
        _grouping([Slice("subset", subset=name) for name in runs.subset_names], runs.subsets),
        _grouping(
            [Slice("cell", criterion=one, language=two) for one in CRITERION_NAMES for two in LANGUAGE_NAMES], cells
        ),
    ]
    if runs.lengths is not None:
        short, long = runs.lengths.min(axis=0), runs.lengths.max(axis=0)
        matched = (short > 0) & (long <= band * short)
        found.append(_grouping([Slice("length-matched")], np.where(matched, 0, 1)))
    return tuple(found)


def longer_side(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0 where chosen is the longer answer, 1 where rejected is, 2 for equal or unknown lengths."""
    known = (lengths > 0).all(axis=0)
    return np.where(~known | (lengths[0] == lengths[1]), 2, np.where(lengths[0] > lengths[1], 0, 1))


def _grouping(cuts: Sequence[Slice], codes: NDArray[np.integer]) -> Grouping:
    """Keep the cuts that have pairs; codes beyond the cuts are pairs in none."""
    sizes = np.bincount(codes, minlength=len(cuts) + 1)[: len(cuts)]
    kept = np.flatnonzero(sizes)
    renumbered = np.full(int(max(codes.max(initial=0), len(cuts))) + 1, len(kept), dtype=np.int64)
    renumbered[kept] = np.arange(len(kept))
    sized = [replace(cuts[index], pairs=int(sizes[index])) for index in kept.tolist()]
    return Grouping(tuple(sized), renumbered[codes])
