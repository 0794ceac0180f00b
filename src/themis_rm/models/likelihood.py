"""Baseline: how likely a causal language model finds an answer, without any training on preferences.

The reward is the mean (or the sum) of the log-probabilities of the answer's tokens, given the prompt. Which tokens
these are follows from the rendered conversation; tokens that the chat template writes after the answer do not count.
The sum prefers short answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from themis_rm.models.adapters import open_checkpoint
from themis_rm.models.chat import ChatEncoder
from themis_rm.models.config_counts import require_plausible_counts
from themis_rm.models.decoder import default_name
from themis_rm.models.family import require_complete_model
from themis_rm.models.layouts import BatchLayout
from themis_rm.models.protocol import ModelIdentity
from themis_rm.models.settings import ModelSettings
from themis_rm.models.token_rewards import (
    TokenRewardModel,
    VocabularyHead,
    load_token_reward_model,
    token_model_facts,
)
from themis_rm.storage.digests import stable_id

Reduction = Literal["mean", "sum"]


@dataclass(frozen=True)
class Likelihood:
    """The mean or the sum of the log-probabilities of the tokens.

    Attributes:
        reduction: Mean or sum.
        with_closing: See :class:`~themis_rm.models.token_rewards.TokenReward`.
    """

    reduction: Reduction = "mean"
    with_closing: bool = False

    def __call__(self, vocabulary: VocabularyHead, hidden: torch.Tensor, tokens: Sequence[int]) -> tuple[float]:
        """Return the reward, see :class:`~themis_rm.models.token_rewards.TokenReward`."""
        total = math.fsum(vocabulary.log_probabilities(hidden[:-1], tokens).tolist())
        return (total if self.reduction == "sum" else total / len(tokens),)


def load(
    folder: Path, settings: ModelSettings, reduction: Reduction = "mean", name: str = "", repository: str = ""
) -> TokenRewardModel:
    """Load a causal language model as a baseline.

    Args:
        folder: Directory of the checkpoint.
        settings: Device, precision, limits, chat template.
        reduction: Mean or sum over the tokens of an answer.
        name: Name of the model; by default that of its directory.
        repository: ``owner/name@commit`` of a model from the hub, for results.

    Raises:
        CheckpointError: The checkpoint is not a causal language model, or cannot be loaded.
        SettingError: The device does not exist.
    """
    checkpoint = open_checkpoint(folder, settings)
    require_complete_model(checkpoint)
    require_plausible_counts(checkpoint)
    kind = "likelihood" if reduction == "mean" else "likelihood-sum"

    def identify(layout: BatchLayout, encoder: ChatEncoder) -> ModelIdentity:
        facts = token_model_facts(checkpoint, layout, encoder, repository)
        return ModelIdentity(
            f"{kind}-{(name or default_name(folder)).rpartition('/')[2]}",
            "likelihood",
            stable_id(kind, checkpoint.digest(*encoder.template_files)),
            facts | {"log_probability": reduction},
        )

    return load_token_reward_model(checkpoint, Likelihood(reduction), settings, identify)
