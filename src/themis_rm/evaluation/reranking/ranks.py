"""Metrics of a ranking by reward: Hits@K, rank correlation with the pass rate, variance of rewards."""

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
    """Metrics of one problem."""

    id: str
    """Id of the problem."""
    language: str
    """Programming language as in the file."""
    candidates: int
    """Number of candidates."""
    passing: int
    """Number of correct candidates."""
    unscored: int
    """Number of candidates without a reward; they are ranked last."""
    tied: int
    """Number of candidates with the same reward as another one."""
    variance: float | None
    """Population variance of the rewards."""
    hits: dict[int, float] | None
    """K -> probability that a correct candidate is among the first K; ``None`` if there is no correct one."""
    forced: list[int]
    """K for which every order hits, since fewer than K candidates are incorrect."""
    spearman: float | None
    """Rank correlation of reward and pass rate; 0 for equal rewards; ``None`` if all pass rates are equal."""
    published: dict[str, float | None]
    """The metrics as the published evaluation computes them."""


def rank_problem(problem: Problem, rewards: Sequence[float | None], depths: Sequence[int]) -> RankedProblem:
    """Rank the candidates of a problem by reward.

    Args:
        problem: The problem.
        rewards: Reward of each candidate, ``None`` for a missing one.
        depths: Values of K of Hits@K.
    """
    values = np.array([-math.inf if reward is None else reward for reward in rewards], dtype=float)
    correct = np.array(problem.correct, dtype=bool)
    scored = np.isfinite(values)
    _, sizes = np.unique(values, return_counts=True)
    return RankedProblem(
        id=problem.id,
        language=problem.language,
        candidates=len(values),
        passing=int(correct.sum()),
        unscored=int((~scored).sum()),
        tied=int(sizes[sizes > 1].sum()),
        variance=float(values[scored].var()) if scored.any() else None,
        hits={k: expected_hit(values, correct, k) for k in depths} if correct.any() else None,
        forced=[k for k in depths if correct.any() and int((~correct).sum()) < k],
        spearman=_spearman(values, problem.pass_rates),
        published=_published_metrics(np.where(scored, values, np.nan), correct, problem.pass_rates, depths),
    )


def expected_hit(rewards: NDArray[np.float64], correct: NDArray[np.bool_], k: int) -> float:
    """Return the probability that a correct candidate is among the first ``k``, ties broken at random.

    Args:
        rewards: Shape ``[candidates]``.
        correct: Shape ``[candidates]``.
        k: Depth.
    """
    if k >= len(rewards):
        return float(correct.any())
    threshold = np.sort(rewards)[::-1][k - 1]
    above, level = rewards > threshold, rewards == threshold
    if (above & correct).any():
        return 1.0
    places, tied, good = k - int(above.sum()), int(level.sum()), int((level & correct).sum())
    return 1.0 - comb(tied - good, places) / comb(tied, places)


def _spearman(rewards: NDArray[np.float64], rates: NDArray[np.float64]) -> float | None:
    if len(rates) < 2 or (rates == rates[0]).all():
        return None
    if (rewards == rewards[0]).all():
        return 0.0
    return float(np.corrcoef(rankdata(rewards), rankdata(rates))[0, 1])


def _published_metrics(
    rewards: NDArray[np.float64], correct: NDArray[np.bool_], rates: NDArray[np.float64], depths: Sequence[int]
) -> dict[str, float | None]:
    # Published order: an ascending stable sort, reversed. Later candidates win ties; a missing reward comes first.
    order = np.argsort(rewards, kind="stable")[::-1]
    metrics: dict[str, float | None] = {
        f"hits_at_{k}": float(correct[order[:k]].any()) if correct.any() else None for k in depths
    }
    complete = not np.isnan(rewards).any()
    varied = complete and len(rewards) > 1 and bool((rewards != rewards[0]).any() and (rates != rates[0]).any())
    metrics["spearman"] = float(np.corrcoef(rankdata(rewards), rankdata(rates))[0, 1]) if varied else None
    for name, statistic in (("mean", rewards.mean), ("std", rewards.std), ("variance", rewards.var)):
        metrics[f"reward_{name}"] = float(statistic()) if complete else None
    return metrics


class BootstrapFigure(ResultPart):
    """A statistic over problems with its bootstrap interval."""

    n: int
    """Number of problems."""
    value: float | None
    """The statistic; ``None`` for no problems."""
    low: float | None
    """Lower end of the interval."""
    high: float | None
    """Upper end of the interval."""

    @classmethod
    def from_values(cls, values: Sequence[float], statistic: str, resampling: Resampling) -> Self:
        """Compute a statistic and its percentile interval over problems (Efron & Tibshirani, 1993, chapter 13).

        Args:
            values: One value per problem.
            statistic: ``mean`` or ``median``.
            resampling: Parameters of the bootstrap.
        """
        if not values:
            return cls(n=0, value=None, low=None, high=None)
        data, compute = np.array(values), np.median if statistic == "median" else np.mean
        rng = np.random.default_rng(resampling.seed)
        samples = rng.integers(len(data), size=(resampling.n_resamples, len(data)))
        low, high = np.quantile(compute(data[samples], axis=1), resampling.quantiles)
        return cls(n=len(data), value=float(compute(data)), low=float(low), high=float(high))


class RerankFigures(ResultPart):
    """Metrics over the problems of one language, or of all."""

    problems: int
    """Number of problems."""
    candidates: int
    """Number of candidates."""
    unscored: int
    """Number of candidates without a reward."""
    tied: float
    """Share of candidates with the same reward as another one of their problem."""
    hits: dict[int, BootstrapFigure]
    """K -> share of problems with a correct candidate that have one among the first K."""
    hits_open: dict[int, BootstrapFigure]
    """The same over only those problems on which an order can miss."""
    chance: dict[int, float | None]
    """K -> expected Hits@K of a random order on the problems of ``hits``."""
    spearman: BootstrapFigure
    """Median over problems whose pass rates differ; equal rewards count as 0."""
    constant: int
    """Number of these problems whose rewards are all equal."""
    variance: BootstrapFigure
    """Median over problems of the variance of rewards."""

    @classmethod
    def from_problems(cls, rows: Sequence[RankedProblem], depths: Sequence[int], resampling: Resampling) -> Self:
        """Compute the metrics of several problems."""
        solvable = [row for row in rows if row.hits is not None]

        def hits(k: int, open_only: bool) -> BootstrapFigure:
            kept = [row for row in solvable if not (open_only and k in row.forced)]
            return BootstrapFigure.from_values([(row.hits or {})[k] for row in kept], "mean", resampling)

        total = sum(row.candidates for row in rows)
        correlations = [row.spearman for row in rows if row.spearman is not None]
        variances = [row.variance for row in rows if row.variance is not None]
        return cls(
            problems=len(rows),
            candidates=total,
            unscored=sum(row.unscored for row in rows),
            tied=sum(row.tied for row in rows) / total if total else 0.0,
            hits={k: hits(k, open_only=False) for k in depths},
            hits_open={k: hits(k, open_only=True) for k in depths},
            chance={k: _random_hits(solvable, k) for k in depths},
            spearman=BootstrapFigure.from_values(correlations, "median", resampling),
            constant=sum(row.variance == 0 and row.spearman is not None for row in rows),
            variance=BootstrapFigure.from_values(variances, "median", resampling),
        )


def _random_hits(rows: Sequence[RankedProblem], k: int) -> float | None:
    if not rows:
        return None
    missed = [comb(r.candidates - r.passing, k) / comb(r.candidates, k) if k <= r.candidates else 0.0 for r in rows]
    return 1.0 - sum(missed) / len(missed)


def _sample_std(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def published_summary(rows: Sequence[RankedProblem], depths: Iterable[int]) -> dict[str, float | None]:
    """Return the published summary metrics: undefined values dropped, rounded as published."""

    def column(name: str) -> NDArray[np.float64]:
        return np.array([value for row in rows if (value := row.published[name]) is not None])

    summary: dict[str, float | None] = {
        "n_questions": len(rows),
        "n_questions_with_positive": sum(row.hits is not None for row in rows),
        "total_completions": sum(row.candidates for row in rows),
    }
    variances = column("reward_variance")
    for name, statistic in (("mean", np.mean), ("median", np.median), ("std", _sample_std)):
        summary[f"reward_variance_{name}"] = round(float(statistic(variances)), 6) if len(variances) else None
    for k in depths:
        hits = column(f"hits_at_{k}")
        summary[f"hits_at_{k}"] = round(float(hits.mean()), 4) if len(hits) else None
    correlations = column("spearman")
    for name, statistic in (("mean", np.mean), ("median", np.median)):
        summary[f"spearman_{name}"] = round(float(statistic(correlations)), 4) if len(correlations) else None
    return summary
