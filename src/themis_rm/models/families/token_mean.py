"""Reward models of this package that average a reward per token over the response.

The reward is ``mean(w . h_t + c * log p(y_t | y_<t))`` over the tokens of the response and those that close it: ``h_t``
is the last hidden state at a token, ``p`` the model's own prediction of the token. With ``w = 0`` it is the likelihood
baseline; training moves all three. The checkpoint is a causal language model with two tensors more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from themis_rm.errors import CheckpointError
from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import TensorHead

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from themis_rm.models.chat import ChatEncoder
    from themis_rm.models.checkpoint import Checkpoint
    from themis_rm.models.layouts import BatchLayout
    from themis_rm.models.protocol import RewardModel
    from themis_rm.models.settings import ModelSettings
    from themis_rm.models.token_rewards import VocabularyHead

NAME = "token-mean"
WEIGHT, COEFFICIENT = "token_score.weight", "token_score.log_probability"
"""Names of the tensors of ``w``, shape ``[1, hidden]``, and of ``c``, shape ``[1]``."""


@dataclass
class TokenMeanHead(TensorHead):
    """The mean of a reward per token.

    Attributes:
        weight: Shape ``[1, hidden]``, float32.
        coefficient: Factor of the log-probabilities.
        with_closing: See :class:`~themis_rm.models.token_rewards.TokenReward`.
    """

    weight: Tensor
    coefficient: float
    with_closing: bool = True

    def __call__(self, vocabulary: VocabularyHead, hidden: torch.Tensor, tokens: Sequence[int]) -> tuple[float]:
        """Return the reward, see :class:`~themis_rm.models.token_rewards.TokenReward`."""
        states = (hidden[1:].double() @ self.weight[0].to(hidden.device).double()).mean().item()
        if not self.coefficient:
            return (states,)
        total = math.fsum(vocabulary.log_probabilities(hidden[:-1], tokens).tolist())
        return (states + self.coefficient * total / len(tokens),)


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the tensors of the reward.

    Raises:
        CheckpointError: One of them has another shape.
    """
    names = frozenset({WEIGHT, COEFFICIENT})
    tensors = checkpoint.tensors(names)
    weight, coefficient = tensors[WEIGHT], tensors[COEFFICIENT]
    if weight.dim() != 2 or weight.shape[0] != 1 or tuple(coefficient.shape) != (1,):
        raise CheckpointError(
            f"{checkpoint.folder} has '{WEIGHT}' of shape {list(weight.shape)} and '{COEFFICIENT}' of shape "
            f"{list(coefficient.shape)}, but a {NAME} model has [1, hidden size] and [1].",
            "Export the model again.",
        )
    return HeadSpec(TokenMeanHead(weight, float(coefficient[0])), names)


def load(
    checkpoint: Checkpoint, head: HeadSpec, settings: ModelSettings, name: str = "", repository: str = ""
) -> RewardModel:
    """Load the language model and the reward on its tokens, see :attr:`~themis_rm.models.family.Family.load`."""
    from themis_rm.models.decoder import default_name
    from themis_rm.models.protocol import ModelIdentity
    from themis_rm.models.token_rewards import load_token_reward_model, token_model_facts

    def identify(layout: BatchLayout, encoder: ChatEncoder) -> ModelIdentity:
        facts = token_model_facts(checkpoint, layout, encoder, repository)
        digest = checkpoint.digest(*encoder.template_files)
        return ModelIdentity(name or default_name(checkpoint.folder), NAME, digest, facts)

    return load_token_reward_model(checkpoint, head.head, settings, identify, head.head_tensors)


FAMILIES.register(Family(NAME, load_head, tensors=(WEIGHT, COEFFICIENT), priority=1, load=load))
