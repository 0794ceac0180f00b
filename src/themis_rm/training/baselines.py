"""Baselines next to a trained model: length and n-grams, on the pairs that the model is evaluated on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from themis_rm.messages import conversation
from themis_rm.models.baselines import LengthBaseline
from themis_rm.models.ngrams import NGramModel, can_fit_ngrams, fit_ngrams
from themis_rm.models.protocol import RewardModel
from themis_rm.training.metrics import PairMetrics, measure
from themis_rm.training.splits import PreferenceSplits
from themis_rm.training.token_cache import TokenizedPairs, pair_key


def fit_baseline(splits: PreferenceSplits) -> NGramModel | None:
    """Return the n-gram baseline of the training rows, ``None`` if no two responses of a row differ in their n-grams.

    Args:
        splits: Files of the dataset.
    """
    return fit_ngrams(splits.rows("train")) if can_fit_ngrams(splits.rows("train")) else None


def measure_baselines(
    rows: Iterable[Mapping[str, Any]], pairs: TokenizedPairs, indices: np.ndarray, ngrams: NGramModel | None
) -> dict[str, PairMetrics]:
    """Return the metrics of the baselines on a sample of pairs.

    Args:
        rows: Rows of the split with their texts.
        pairs: The split.
        indices: Indices of the sample, shape ``[sample]``.
        ngrams: The fitted n-gram baseline, if there is one.

    Returns:
        Name of a baseline -> metrics; empty for an empty sample.
    """
    if not len(indices):
        return {}
    models: dict[str, RewardModel] = {"length": LengthBaseline()}
    if ngrams is not None:
        models["ngrams"] = ngrams
    rewards = {name: np.full((2, len(indices)), np.nan) for name in models}
    # Rows with equal texts have equal rewards, so that the last of them fills in all.
    positions: dict[int, list[int]] = {}
    for position, key in enumerate(pairs.keys[indices].tolist()):
        positions.setdefault(key, []).append(position)
    for row in rows:
        if (found := positions.get(pair_key(row))) is None:
            continue
        talks = [conversation(row.get("system"), row["input"], row[side]) for side in ("chosen", "rejected")]
        for name, model in models.items():
            rewards[name][:, found] = np.array([[score.reward] for score in model.score(talks)])
    return {name: measure(values[0], values[1], pairs, indices) for name, values in rewards.items()}
