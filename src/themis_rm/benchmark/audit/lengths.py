"""Length bias: how far the lengths of the responses predict the labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Self

import numpy as np

from themis_rm.benchmark.intervals import proportion_interval
from themis_rm.records import CompiledPair
from themis_rm.results import ResultPart


class LengthBias(ResultPart):
    """Length bias of a set of pairs; lengths are in characters."""

    n: int
    """Number of pairs."""
    longer: int
    """Pairs whose chosen response is longer."""
    shorter: int
    """Pairs whose chosen response is shorter."""
    share: float | None
    """Share of ``longer`` among pairs of unequal length; ``None`` if there are none."""
    low: float | None
    """Lower bound of the Clopper-Pearson interval of ``share``."""
    high: float | None
    """Upper bound."""
    log_ratio: float
    """Median of ``ln(chosen / rejected)``."""
    explained: float
    """Accuracy of the better of the rules "the longer response wins" and "the shorter response wins"; equal lengths
    count half."""

    @classmethod
    def of(cls, pairs: Iterable[CompiledPair], level: float) -> Self:
        """Measure the length bias of one or more pairs.

        Args:
            pairs: The pairs.
            level: Confidence level of the interval.
        """
        ratios = np.array([math.log(len(pair.chosen) / len(pair.rejected)) for pair in pairs])
        longer, shorter = int((ratios > 0).sum()), int((ratios < 0).sum())
        low, high = proportion_interval(longer, longer + shorter, level)
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
        """Whether the interval excludes one half."""
        return self.low is not None and self.high is not None and not self.low <= 0.5 <= self.high


class LengthBiases(ResultPart):
    """Length bias of a benchmark, overall and by group."""

    overall: LengthBias
    """All pairs."""
    by_aspect: dict[str, LengthBias]
    """By criterion."""
    by_subset: dict[str, LengthBias]
    """By subset."""
    by_source: dict[str, LengthBias]
    """By source."""
    cells: dict[str, dict[str, LengthBias]]
    """Criterion -> language -> bias; cells without pairs are absent."""
    explained: float
    """Accuracy over all pairs if the better rule is chosen per criterion and language."""
    by_source_explained: float
    """The same if the better rule is chosen per source and criterion: what length predicts once the source is known."""

    @classmethod
    def of(cls, pairs: list[CompiledPair], level: float) -> Self:
        """Measure the length bias of a benchmark."""

        def by(key: Callable[[CompiledPair], str], group: Iterable[CompiledPair] = pairs) -> dict[str, LengthBias]:
            return {name: LengthBias.of(members, level) for name, members in _group_by(group, key).items()}

        aspects = _group_by(pairs, lambda pair: pair.aspect)
        cells = {aspect: by(lambda pair: pair.language, group) for aspect, group in aspects.items()}
        by_source_and_aspect = by(lambda pair: f"{pair.source}\x1f{pair.aspect}")
        return cls(
            overall=LengthBias.of(pairs, level),
            by_aspect=by(lambda pair: pair.aspect),
            by_subset=by(lambda pair: pair.subset),
            by_source=by(lambda pair: pair.source),
            cells=cells,
            explained=sum(cell.explained * cell.n for row in cells.values() for cell in row.values()) / len(pairs),
            by_source_explained=sum(group.explained * group.n for group in by_source_and_aspect.values()) / len(pairs),
        )


def _group_by(pairs: Iterable[CompiledPair], key: Callable[[CompiledPair], str]) -> Mapping[str, list[CompiledPair]]:
    groups: dict[str, list[CompiledPair]] = defaultdict(list)
    for pair in pairs:
        groups[key(pair)].append(pair)
    return dict(sorted(groups.items()))
