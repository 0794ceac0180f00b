"""What an order by reward is worth: hits among the first K, rank correlation with the pass rate, spread of rewards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from math import comb
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from themis_rm.evaluation.reranking.problems import Problem
from themis_rm.evaluation.statistics import Resampling
from themis_rm.results import ResultPart


class RankedProblem(ResultPart):
    """What a model makes of one problem."""

    id: str
    """The problem."""
    language: str
    """As the file says."""
    candidates: int
    """How many."""
    passing: int
    """Of them right."""
    unscored: int
    """Without a reward; ranked last."""
    tied: int
    """Candidates that share their reward with another one."""
    variance: float | None
    """Population variance of the rewards."""
    hits: dict[int, float] | None
    """K -> probability that a right one is among the first K; ``None`` if none is right."""
    forced: list[int]
    """K for which every order hits, since fewer than K candidates are wrong."""
    spearman: float | None
    """Rank correlation of reward and pass rate; 0 for equal rewards; ``None`` where all pass rates are equal."""
    published: dict[str, float | None]
    """The figures as the published evaluation computes them."""


def rank_problem(problem: Problem, rewards: Sequence[float | None], depths: Sequence[int]) -> RankedProblem:
    """Rank the candidates of a problem by their rewards."""
    values = np.array([-math.inf if reward is None else reward for reward in rewards], dtype=float)
    right = np.array(problem.verdict, dtype=bool)
    scored = np.isfinite(values)
    _, sizes = np.unique(values, return_counts=True)
    return RankedProblem(
        id=problem.id,
        language=problem.language,
        candidates=len(values),
        passing=int(right.sum()),
        unscored=int((~scored).sum()),
        tied=int(sizes[sizes > 1].sum()),
        variance=float(values[scored].var()) if scored.any() else None,
        hits={k: expected_hit(values, right, k) for k in depths} if right.any() else None,
        forced=[k for k in depths if right.any() and int((~right).sum()) < k],
        spearman=_spearman(values, problem.rates),
        published=_published(np.where(scored, values, np.nan), right, problem.rates, depths),
    )


def expected_hit(rewards: NDArray[np.float64], right: NDArray[np.bool_], k: int) -> float:
    """Return the probability that a right candidate is among the first ``k``, ties broken at random.

    Args:
        rewards: Shape ``[candidates]``.
        right: Shape ``[candidates]``.
        k: Depth.
    """
    if k >= len(rewards):
        return float(right.any())
    edge = np.sort(rewards)[::-1][k - 1]
    above, level = rewards > edge, rewards == edge
    if (above & right).any():
        return 1.0
    places, tied, good = k - int(above.sum()), int(level.sum()), int((level & right).sum())
    return 1.0 - comb(tied - good, places) / comb(tied, places)


def _spearman(rewards: NDArray[np.float64], rates: NDArray[np.float64]) -> float | None:
    if len(rates) < 2 or (rates == rates[0]).all():
        return None
    if (rewards == rewards[0]).all():
        return 0.0
    return float(np.corrcoef(rankdata(rewards), rankdata(rates))[0, 1])


def _published(
    rewards: NDArray[np.float64], right: NDArray[np.bool_], rates: NDArray[np.float64], depths: Sequence[int]
) -> dict[str, float | None]:
    # An ascending sort read backwards: of equal rewards the later one comes first, and one that is missing before all.
    order = np.argsort(rewards, kind="stable")[::-1]
    found: dict[str, float | None] = {
        f"hits_at_{k}": float(right[order[:k]].any()) if right.any() else None for k in depths
    }
    whole = not np.isnan(rewards).any()
    varied = whole and len(rewards) > 1 and bool((rewards != rewards[0]).any() and (rates != rates[0]).any())
    found["spearman"] = float(np.corrcoef(rankdata(rewards), rankdata(rates))[0, 1]) if varied else None
    for name, figure in (("mean", rewards.mean), ("std", rewards.std), ("variance", rewards.var)):
        found[f"reward_{name}"] = float(figure()) if whole else None
    return found


class BootstrapFigure(ResultPart):
    """A statistic over problems with its bootstrap interval."""

    n: int
    """Problems behind it."""
    value: float | None
    """The statistic."""
    low: float | None
    """Lower end of the interval."""
    high: float | None
    """Upper end."""

    @classmethod
    def of(cls, values: Sequence[float], statistic: str, how: Resampling) -> Self:
        """Compute a mean or a median and its percentile interval over problems (Efron & Tibshirani, 1993, ch. 13)."""
        if not values:
            return cls(n=0, value=None, low=None, high=None)
        data, take = np.array(values), np.median if statistic == "median" else np.mean
        picks = np.random.default_rng(how.seed).integers(len(data), size=(how.resamples, len(data)))
        low, high = np.quantile(take(data[picks], axis=1), how.quantiles)
        return cls(n=len(data), value=float(take(data)), low=float(low), high=float(high))


class RerankFigures(ResultPart):
    """Figures over the problems of one language, or of all."""

    problems: int
    """Problems."""
    candidates: int
    """Their candidates."""
    unscored: int
    """Candidates without a reward."""
    tied: float
    """Share of candidates that share their reward with another one of their problem."""
    hits: dict[int, BootstrapFigure]
    """K -> share of problems with a right candidate that have one among the first K."""
    hits_open: dict[int, BootstrapFigure]
    """The same over those problems alone on which an order can miss."""
    chance: dict[int, float | None]
    """K -> what a random order gets on the problems of ``hits``."""
    spearman: BootstrapFigure
    """Median over problems whose pass rates differ; equal rewards count as 0."""
    constant: int
    """Problems among them whose rewards are all equal."""
    variance: BootstrapFigure
    """Median over problems of the variance of rewards."""

    @classmethod
    def of(cls, rows: Sequence[RankedProblem], depths: Sequence[int], how: Resampling) -> Self:
        """Sum up some problems."""
        withright = [row for row in rows if row.hits is not None]

        def hits(k: int, open_only: bool) -> BootstrapFigure:
            kept = [row for row in withright if not (open_only and k in row.forced)]
            return BootstrapFigure.of([(row.hits or {})[k] for row in kept], "mean", how)

        total = sum(row.candidates for row in rows)
        correlations = [row.spearman for row in rows if row.spearman is not None]
        return cls(
            problems=len(rows),
            candidates=total,
            unscored=sum(row.unscored for row in rows),
            tied=sum(row.tied for row in rows) / total if total else 0.0,
            hits={k: hits(k, open_only=False) for k in depths},
            hits_open={k: hits(k, open_only=True) for k in depths},
            chance={k: _chance(withright, k) for k in depths},
            spearman=BootstrapFigure.of(correlations, "median", how),
            constant=sum(row.variance == 0 and row.spearman is not None for row in rows),
            variance=BootstrapFigure.of([row.variance for row in rows if row.variance is not None], "median", how),
        )


def _chance(rows: Sequence[RankedProblem], k: int) -> float | None:
    if not rows:
        return None
    missed = [comb(r.candidates - r.passing, k) / comb(r.candidates, k) if k <= r.candidates else 0.0 for r in rows]
    return 1.0 - sum(missed) / len(missed)


def _sample_std(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def published_summary(rows: Sequence[RankedProblem], depths: Iterable[int]) -> dict[str, float | None]:
    """Return the published summary: undefined figures dropped, rounded as there."""

    def collected(name: str) -> NDArray[np.float64]:
        return np.array([value for row in rows if (value := row.published[name]) is not None])

    found: dict[str, float | None] = {
        "n_questions": len(rows),
        "n_questions_with_positive": sum(row.hits is not None for row in rows),
        "total_completions": sum(row.candidates for row in rows),
    }
    variances = collected("reward_variance")
    for name, figure in (("mean", np.mean), ("median", np.median), ("std", _sample_std)):
        found[f"reward_variance_{name}"] = round(float(figure(variances)), 6) if len(variances) else None
    for k in depths:
        hits = collected(f"hits_at_{k}")
        found[f"hits_at_{k}"] = round(float(hits.mean()), 4) if len(hits) else None
    correlations = collected("spearman")
    for name, figure in (("mean", np.mean), ("median", np.median)):
        found[f"spearman_{name}"] = round(float(figure(correlations)), 4) if len(correlations) else None
    return found
