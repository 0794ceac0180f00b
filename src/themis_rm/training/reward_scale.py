"""Spread of a model's rewards on a sample of preference data."""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from themis_rm.dataset.preferences import DataSettings, PreferenceReader, RejectedRow
from themis_rm.errors import CheckpointError
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.records import pair_conversations
from themis_rm.storage.digests import stable_id


def measure_reward_std(
    model: str | Path, data: str | Path, samples: int, settings: ModelSettings | None = None
) -> float:
    """Return the standard deviation of a model's rewards over both responses of a sample of pairs.

    Args:
        model: See :func:`~themis_rm.models.loading.load_model`.
        data: Preference data in any known format; its training split is used.
        samples: Number of pairs, sampled by a hash of their text.
        settings: How the model is loaded.

    Raises:
        InputError: The data cannot be read.
        CheckpointError: The model cannot be loaded, or its rewards do not vary.
    """
    talks = [talk for row in _sample(data, samples) for talk in pair_conversations(row, row["system"], row["input"])]
    scores = load_model(model, settings or ModelSettings()).score(talks)
    rewards = [score.reward for score in scores if score.reward is not None]
    std = statistics.pstdev(rewards) if len(rewards) > 1 else 0.0
    if not std:
        raise CheckpointError(
            f"The rewards of {model} on {data} are all equal, so that they cannot be normalized.",
            "Remove normalize_rewards, or set it to other data.",
        )
    return std


def _sample(data: str | Path, samples: int) -> list[dict[str, Any]]:
    keyed = ((stable_id(row["input"], row["chosen"], row["rejected"]), row) for row in _rows(data))
    return [row for _, row in heapq.nsmallest(samples, keyed, key=lambda item: item[0])]


def _rows(data: str | Path) -> Iterator[dict[str, Any]]:
    files = DataSettings().find_files(data)
    reader = PreferenceReader(files.train or files.validation or files.test)
    return (row.to_dict() for row in reader.rows() if not isinstance(row, RejectedRow))
