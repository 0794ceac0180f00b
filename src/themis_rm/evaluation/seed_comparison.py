"""Paired comparison of two training recipes, each trained with several seeds and scored on the same pairs.

Two things vary: the pairs, and the models that another seed gives. A test over pairs alone answers whether these
trained models differ; it finds differences that other seeds would not have. So there are two tests, and a difference
counts as shown only if both find it:

- ``p_pairs``: the exact randomization test over pairs, of outcomes averaged over seeds. Its units are tasks where pairs
  share a task.
- ``p_value``: min F' (Clark, 1973, "The language-as-fixed-effect fallacy"), whose variance is the sum of that over
  pairs and that over seeds, with the degrees of freedom of Welch and Satterthwaite.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from themis_rm.errors import InputError
from themis_rm.evaluation.statistics import (
    LOSS,
    TIE,
    WIN,
    clustered_sign_flip_test,
    mean_interval,
    pair_outcome,
    sum_by_task,
)
from themis_rm.records import PairScore

Runs = Sequence[Sequence[PairScore]]
"""Scores of one recipe: a list of pairs for each seed, in the order of the seeds."""


@dataclass(frozen=True, slots=True)
class SeedAccuracy:
    """Accuracy of a recipe, a tie counting half, as the mean over its seeds.

    Attributes:
        n: Number of pairs, failed ones included.
        seeds: Number of seeds.
        value: Mean accuracy.
        low: Lower end of the bootstrap interval over pairs (tasks) of ``value``.
        high: Upper end.
        seed_std: Standard deviation of the accuracies of the seeds; ``None`` for one seed.
        strict: Mean share of pairs that are ranked strictly correctly.
        tie_rate: Mean share of ties.
        failed: Number of pairs without two scores, over all seeds; they count as losses.
        tasks: Number of tasks that the interval resamples; ``None`` if these are pairs.
    """

    n: int
    seeds: int
    value: float
    low: float
    high: float
    seed_std: float | None
    strict: float
    tie_rate: float
    failed: int
    tasks: int | None


@dataclass(frozen=True, slots=True)
class SeedComparison:
    """Difference of two recipes with the same seeds on the same pairs.

    Attributes:
        difference: Mean accuracy of the first minus that of the second.
        low: Lower end of the interval of ``difference``, over pairs and seeds; over pairs alone for one seed.
        high: Upper end.
        p_pairs: Two-sided p-value of the randomization test over pairs (tasks).
        p_value: Two-sided p-value over pairs and seeds; ``None`` for one seed.
    """

    difference: float
    low: float
    high: float
    p_pairs: float
    p_value: float | None


def mean_accuracy(runs: Runs, level: float, tasks: Mapping[str, str] | None = None) -> SeedAccuracy:
    """Return the accuracy of a recipe over its seeds.

    Args:
        runs: Scores of the same pairs for each seed.
        level: Confidence level.
        tasks: Pair id -> task.

    Raises:
        InputError: The runs have other pairs, or none.
    """
    ids, outcomes, raw = _outcomes(runs)
    seeds = len(runs)
    scale = tuple(k / (2 * seeds) for k in range(2 * seeds + 1))
    low, high, n_tasks = mean_interval(ids, _averages(outcomes), scale, level, tasks)
    by_seed = outcomes.mean(axis=1)
    return SeedAccuracy(
        n=len(ids),
        seeds=seeds,
        value=float(outcomes.mean()),
        low=low,
        high=high,
        seed_std=float(by_seed.std(ddof=1)) if seeds > 1 else None,
        strict=float((outcomes == WIN).mean()),
        tie_rate=float((outcomes == TIE).mean()),
        failed=sum(value is None for row in raw for value in row),
        tasks=n_tasks,
    )


def compare_recipes(first: Runs, second: Runs, level: float, tasks: Mapping[str, str] | None = None) -> SeedComparison:
    """Compare two recipes that were trained with the same seeds, in the same order.

    Args:
        first: Scores of the first recipe for each seed.
        second: Scores of the second.
        level: Confidence level.
        tasks: Pair id -> task. Pairs of a task are one unit of the tests.

    Raises:
        InputError: The recipes have other pairs or another number of seeds.
    """
    ids, one, _ = _outcomes(first)
    others, two, _ = _outcomes(second)
    if ids != others or len(one) != len(two):
        raise InputError("Two recipes were not scored on the same pairs with the same seeds.")
    differences, seeds = one - two, len(one)
    averages = _averages(differences)
    center = float(differences.mean())
    sums, sizes = sum_by_task(ids, averages, tasks or {}) or (np.array(averages), np.ones(len(ids), np.int64))
    p_pairs = clustered_sign_flip_test(np.rint(2 * seeds * sums).astype(np.int64))
    if seeds == 1:
        scale = (-1.0, -0.5, 0.0, 0.5, 1.0)
        low, high, _ = mean_interval(ids, averages, scale, level, tasks)
        return SeedComparison(center, low, high, p_pairs, None)
    error, freedom = _combined_error(differences.mean(axis=1), sums, sizes)
    if not error:
        return SeedComparison(center, center, center, p_pairs, 1.0 if not center else p_pairs)
    width = float(student.ppf((1 + level) / 2, freedom)) * error
    p_value = float(2 * student.sf(abs(center) / error, freedom))
    return SeedComparison(center, max(-1.0, center - width), min(1.0, center + width), p_pairs, p_value)


def _combined_error(
    by_seed: NDArray[np.float64], sums: NDArray[np.float64], sizes: NDArray[np.int64]
) -> tuple[float, float]:
    """Return the standard error of the mean difference over pairs and seeds, and its degrees of freedom.

    Args:
        by_seed: Shape ``[seeds]``: difference of each seed.
        sums: Shape ``[tasks]``: sum of the differences of each task, averaged over seeds.
        sizes: Shape ``[tasks]``: number of its pairs.
    """
    seeds, units, pairs = len(by_seed), len(sums), int(sizes.sum())
    over_seeds = float(by_seed.var(ddof=1)) / seeds
    residuals = sums - sums.sum() / pairs * sizes
    over_pairs = float((residuals**2).sum()) / pairs**2 * (units / (units - 1)) if units > 1 else 0.0
    total = over_seeds + over_pairs
    if not total:
        return 0.0, 1.0
    spread = over_seeds**2 / (seeds - 1) + (over_pairs**2 / (units - 1) if units > 1 else 0.0)
    return math.sqrt(total), total**2 / spread


def _outcomes(runs: Runs) -> tuple[list[str], NDArray[np.float64], list[list[float | None]]]:
    """Return pair ids, outcomes of shape ``[seeds, pairs]`` with failures as losses, and outcomes with ``None``."""
    ids = [row.id for row in runs[0]] if runs else []
    by_id = [{row.id: pair_outcome(row) for row in rows} for rows in runs]
    if not ids or any(outcomes.keys() != by_id[0].keys() for outcomes in by_id):
        raise InputError("The runs of a recipe were not scored on the same pairs.")
    raw = [[outcomes[key] for key in ids] for outcomes in by_id]
    return ids, np.array([[value or LOSS for value in row] for row in raw]), raw


def _averages(values: NDArray[np.float64]) -> list[float]:
    """Return the mean over seeds of each pair, as multiples of half an outcome, so that equal means are equal."""
    seeds = len(values)
    return [int(total) / (2 * seeds) for total in np.rint(2 * values.sum(axis=0))]
