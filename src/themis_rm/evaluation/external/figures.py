"""Figures of external benchmarks: weighted sums of means over prompts, and their bootstrap intervals.

Every figure that these benchmarks publish is such a sum: an accuracy is the mean of per-prompt outcomes, a section is a
weighted mean of accuracies, an overall score is a mean of sections. Intervals therefore resample the prompts of each
subset (a stratified bootstrap: the sizes of subsets are fixed by the benchmark's design; Davison & Hinkley, 1997,
"Bootstrap methods and their application", section 3.2) and compute the sum again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from themis_rm.evaluation.statistics import Resampling

_BATCH = 1 << 22  # resampling counts in memory at a time


@dataclass(frozen=True, slots=True)
class Term:
    """The mean of a value over the prompts of a subset, with its weight in a figure.

    Attributes:
        subset: The subset whose prompts are resampled together.
        values: Prompt -> value; prompts of the subset without an entry are not in the mean.
        weight: Weight of the mean.
    """

    subset: str
    values: Mapping[str, float]
    weight: float = 1.0

    def scaled(self, factor: float) -> Term:
        """Return the term with its weight multiplied by a factor."""
        return Term(self.subset, self.values, self.weight * factor)

    @property
    def mean(self) -> float:
        """Return the mean of the values."""
        return float(np.mean(list(self.values.values())))


@dataclass(frozen=True, slots=True)
class FigureTerms:
    """A figure by its definition.

    Attributes:
        name: Name of the figure, such as ``Chat Hard``.
        level: ``overall``, ``section`` or ``subset``.
        terms: Their weighted means add up to the figure.
    """

    name: str
    level: str
    terms: tuple[Term, ...]

    @classmethod
    def mean_of(cls, name: str, level: str, parts: Sequence[FigureTerms]) -> FigureTerms:
        """Return the unweighted mean of other figures."""
        return cls(name, level, tuple(term.scaled(1 / len(parts)) for part in parts for term in part.terms))

    @property
    def value(self) -> float:
        """Return the figure, as a share (not in percent)."""
        return sum(term.weight * term.mean for term in self.terms)

    @property
    def prompts(self) -> int:
        """Return the number of distinct prompts behind the figure."""
        return len({(term.subset, prompt) for term in self.terms for prompt in term.values})


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile bootstrap interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Subset:
    """Values of all terms of one subset: shape ``[prompts, terms]``, NaN where a prompt is not in a mean."""

    keys: list[int] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)

    def matrix(self) -> NDArray[np.float64]:
        prompts = sorted({prompt for term in self.terms for prompt in term.values})
        return np.array([[term.values.get(prompt, np.nan) for term in self.terms] for prompt in prompts])


def bootstrap_intervals(figures: Sequence[FigureTerms], resampling: Resampling | None = None) -> list[Interval]:
    """Return one interval per figure; a subset with a single prompt gives an interval without width.

    Args:
        figures: Figures over the same prompts; all are computed from the same bootstrap samples.
        resampling: Number of samples, confidence level and seed.
    """
    resampling = resampling or Resampling()
    distinct = _distinct_terms(figures)
    means = np.empty((resampling.n_resamples, len(distinct)))
    generator = np.random.default_rng(resampling.seed)
    for subset in _by_subset(distinct).values():
        means[:, subset.keys] = _resampled_means(subset.matrix(), resampling.n_resamples, generator)
    positions = {_identity(term): index for index, term in enumerate(distinct)}
    intervals = []
    for figure in figures:
        columns = [positions[_identity(term)] for term in figure.terms]
        drawn = means[:, columns] @ np.array([term.weight for term in figure.terms])
        low, high = np.quantile(drawn, resampling.quantiles)
        intervals.append(Interval(float(low), float(high)))
    return intervals


def _identity(term: Term) -> tuple[str, int]:
    return term.subset, id(term.values)


def _distinct_terms(figures: Iterable[FigureTerms]) -> list[Term]:
    """Return the means that the figures use, each once; figures of figures share the values of their parts."""
    return list({_identity(term): term for figure in figures for term in figure.terms}.values())


def _by_subset(terms: Sequence[Term]) -> dict[str, _Subset]:
    subsets: dict[str, _Subset] = {}
    for index, term in enumerate(terms):
        subset = subsets.setdefault(term.subset, _Subset())
        subset.keys.append(index)
        subset.terms.append(term)
    return subsets


def _resampled_means(
    values: NDArray[np.float64], n_resamples: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return means over bootstrap samples of prompts, shape ``[n_resamples, terms]``."""
    prompts = len(values)
    present = (~np.isnan(values)).astype(np.float64)
    filled = np.nan_to_num(values)
    shares = np.full(prompts, 1 / prompts)
    means = []
    for size in _batch_sizes(n_resamples, prompts):
        counts = generator.multinomial(prompts, shares, size=size).astype(np.float64)
        drawn = counts @ present
        # A sample that draws no prompt of a mean keeps the observed mean.
        observed = filled.sum(axis=0) / present.sum(axis=0)
        means.append(np.where(drawn > 0, counts @ filled / np.maximum(drawn, 1), observed))
    return np.concatenate(means)


def _batch_sizes(n_resamples: int, prompts: int) -> list[int]:
    size = max(1, _BATCH // prompts)
    return [min(size, n_resamples - first) for first in range(0, n_resamples, size)]
