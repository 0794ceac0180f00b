"""Slices of a benchmark: all pairs, and the pairs of a criterion, a language, a subset or a cell."""

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

SliceKind = Literal["all", "criterion", "language", "subset", "cell", "length-matched"]
STATES = MISSING + 1
"""Number of possible outcomes of a pair."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A set of pairs of the benchmark.

    Attributes:
        kind: What the pairs have in common; a cell is a criterion in a language, ``length-matched`` pairs have
            responses of about the same length.
        criterion: Benchmark name, for a criterion or a cell.
        language: Benchmark name, for a language or a cell.
        subset: Name of the subset, for a subset.
        pairs: Number of pairs.
    """

    kind: SliceKind
    criterion: str = ""
    language: str = ""
    subset: str = ""
    pairs: int = 0

    @property
    def key(self) -> str:
        """Return a unique name: ``all``, ``Security_Hardness``, ``Go``, ``Security_Hardness/Go``, ..."""
        parts = [part for part in (self.criterion, self.language, self.subset) if part]
        return "/".join(parts) if parts else self.kind

    @property
    def title(self) -> str:
        """Return the short title for table heads."""
        parts = [criterion(self.criterion).short] if self.criterion else []
        parts += [get_language(self.language).name] if self.language else []
        parts += [self.subset] if self.subset else []
        return " ".join(parts) if parts else self.kind

    def to_dict(self) -> dict[str, str | int]:
        """Return the fields as a dict, with ``key`` and ``title``."""
        return {"key": self.key, "title": self.title, **asdict(self)}


@dataclass(frozen=True)
class Grouping:
    """All pairs, assigned to slices of one kind.

    Attributes:
        slices: Slices with at least one pair.
        codes: Shape ``[ids]``: index into ``slices``, or ``len(slices)`` for a pair in none of them.
    """

    slices: tuple[Slice, ...]
    codes: NDArray[np.int64]

    def count_outcomes(self, outcomes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the number of pairs with each outcome in each slice, shape ``[runs, slices, STATES]``.

        Args:
            outcomes: Shape ``[runs, ids]``.
        """
        size = (len(self.slices) + 1) * STATES
        keys = self.codes * STATES + outcomes
        rows = [np.bincount(row, minlength=size).reshape(-1, STATES)[:-1] for row in keys]
        return np.stack(rows) if rows else np.zeros((0, len(self.slices), STATES), dtype=np.int64)


def build_groupings(runs: RunSet, max_length_ratio: float) -> tuple[Grouping, ...]:
    """Return all groupings of a leaderboard, in the order of its columns.

    Args:
        runs: The pairs and their labels.
        max_length_ratio: Largest ratio of response lengths of length-matched pairs.
    """
    size = len(runs.ids)
    cell_names = [(one, two) for one in CRITERION_NAMES for two in LANGUAGE_NAMES]
    known = (runs.criteria < len(CRITERION_NAMES)) & (runs.languages < len(LANGUAGE_NAMES))
    cells = np.where(known, runs.criteria.astype(np.int64) * len(LANGUAGE_NAMES) + runs.languages, len(cell_names))
    groupings = [
        _group([Slice("all")], np.zeros(size, dtype=np.int64)),
        _group([Slice("criterion", criterion=name) for name in CRITERION_NAMES], runs.criteria),
        _group([Slice("language", language=name) for name in LANGUAGE_NAMES], runs.languages),
        _group([Slice("subset", subset=name) for name in runs.subset_names], runs.subsets),
        _group([Slice("cell", criterion=one, language=two) for one, two in cell_names], cells),
    ]
    if runs.lengths is not None:
        short, long = runs.lengths.min(axis=0), runs.lengths.max(axis=0)
        matched = (short > 0) & (long <= max_length_ratio * short)
        groupings.append(_group([Slice("length-matched")], np.where(matched, 0, 1)))
    return tuple(groupings)


def code_longer_side(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0 if the chosen response is longer, 1 if the rejected one is, 2 for equal or unknown lengths."""
    known = (lengths > 0).all(axis=0)
    return np.where(~known | (lengths[0] == lengths[1]), 2, np.where(lengths[0] > lengths[1], 0, 1))


def _group(slices: Sequence[Slice], codes: NDArray[np.integer]) -> Grouping:
    """Keep the slices that have pairs; codes beyond the slices are pairs in none."""
    sizes = np.bincount(codes, minlength=len(slices) + 1)[: len(slices)]
    kept = np.flatnonzero(sizes)
    renumbered = np.full(int(max(codes.max(initial=0), len(slices))) + 1, len(kept), dtype=np.int64)
    renumbered[kept] = np.arange(len(kept))
    sized = [replace(slices[index], pairs=int(sizes[index])) for index in kept.tolist()]
    return Grouping(tuple(sized), renumbered[codes])
