"""Length bias: how much of the labels does the length of the answers tell?"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Self

import numpy as np

from themis_rm.records import CompiledPair
from themis_rm.results import ResultPart


class LengthBias(ResultPart):
    """The lengths, in characters, of the answers of some pairs."""

    n: int
    """Pairs."""
    longer: int
    """Pairs whose chosen answer is the longer one."""
    shorter: int
    """Pairs whose chosen answer is the shorter one."""
    share: float | None
    """``longer`` among pairs of unequal length; ``None`` where there are none."""
    low: float | None
    """Lower end of the Clopper-Pearson interval of ``share``."""
    high: float | None
    """Upper end."""
    log_ratio: float
    """Median of ``ln(chosen / rejected)``."""
    explained: float
    """Share of pairs that the better of the rules "longer wins" and "shorter wins" has right; equal lengths count
    half."""

    @classmethod
    def of(cls, pairs: Iterable[CompiledPair], level: float) -> Self:
        """Measure pairs, at least one.

        Args:
            pairs: The pairs.
            level: What the interval should cover.
        """
        ratios = np.array([math.log(len(pair.chosen) / len(pair.rejected)) for pair in pairs])
        longer, shorter = int((ratios > 0).sum()), int((ratios < 0).sum())
        low, high = clopper_pearson(longer, longer + shorter, level)
        return cls(
            n=len(ratios),
            longer=longer,
            shorter=shorter,
            share=longer / (longer + shorter) if longer + shorter else None,
            low=low,
            high=high,
            log_ratio=float(np.median(ratios)),
            explained=(max(longer, shorter) + (len(ratios) - longer - shorter) / 2) / len(ratios),
        )

    @property
    def biased(self) -> bool:
        """Whether the interval leaves out one half."""
        return self.low is not None and self.high is not None and not self.low <= 0.5 <= self.high


class LengthBiases(ResultPart):
    """Length bias of a benchmark, whole and cut."""

    overall: LengthBias
    """All pairs."""
    by_aspect: dict[str, LengthBias]
    """By criterion."""
    by_subset: dict[str, LengthBias]
    """By subset."""
    by_source: dict[str, LengthBias]
    """By source."""
    cells: dict[str, dict[str, LengthBias]]
    """Criterion -> language; a cell without pairs is absent."""
    explained: float
    """Share of all pairs that the better of the two rules has right if it may be chosen for each cell."""
    by_source_explained: float
    """The same, chosen for each criterion of each source: what length tells one who knows the source."""

    @classmethod
    def of(cls, pairs: list[CompiledPair], level: float) -> Self:
        """Measure a benchmark."""

        def cut(key: Callable[[CompiledPair], str], of: Iterable[CompiledPair] = pairs) -> dict[str, LengthBias]:
            return {name: LengthBias.of(group, level) for name, group in _grouped(of, key).items()}

        aspects = _grouped(pairs, lambda pair: pair.aspect)
        cells = {aspect: cut(lambda pair: pair.language, group) for aspect, group in aspects.items()}
        sourced = cut(lambda pair: f"{pair.source}\x1f{pair.aspect}")
        return cls(
            overall=LengthBias.of(pairs, level),
            by_aspect=cut(lambda pair: pair.aspect),
            by_subset=cut(lambda pair: pair.subset),
            by_source=cut(lambda pair: pair.source),
            cells=cells,
            explained=sum(cell.explained * cell.n for row in cells.values() for cell in row.values()) / len(pairs),
            by_source_explained=sum(group.explained * group.n for group in sourced.values()) / len(pairs),
        )


def _grouped(pairs: Iterable[CompiledPair], key: Callable[[CompiledPair], str]) -> Mapping[str, list[CompiledPair]]:
    groups: dict[str, list[CompiledPair]] = defaultdict(list)
    for pair in pairs:
        groups[key(pair)].append(pair)
    return dict(sorted(groups.items()))


def clopper_pearson(wins: int, n: int, level: float) -> tuple[float | None, float | None]:
    """Return the exact interval of a share (Clopper & Pearson, 1934); ``None`` for no trials."""
    from scipy.special import betaincinv

    if not n:
        return None, None
    tail = (1 - level) / 2
    low = float(betaincinv(wins, n - wins + 1, tail)) if wins else 0.0
    high = float(betaincinv(wins + 1, n - wins, 1 - tail)) if wins < n else 1.0
    return low, high
