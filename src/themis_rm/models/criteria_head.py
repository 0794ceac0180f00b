"""Reward heads with one output for each criterion, on features of the whole response.

The features are the mean log-probability of the response's tokens and the mean of their hidden states in some layers:
those in the middle have more about the text than the last ones, which predict the next token. The criteria prompts of
the checkpoint select outputs; the language model does not read them, so that the rewards of one response under all
criteria cost one forward pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

from themis_rm.criteria import criterion
from themis_rm.errors import SettingError
from themis_rm.messages import Conversation
from themis_rm.models.heads import TensorHead
from themis_rm.models.protocol import system_of
from themis_rm.prompts import PromptSet

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from themis_rm.models.token_rewards import VocabularyHead

LOG_PROBABILITY = 0
"""Index of the mean log-probability in the features."""


def response_features(vocabulary: VocabularyHead, hidden: torch.Tensor, tokens: Sequence[int]) -> torch.Tensor:
    """Return the features of a response.

    Args:
        vocabulary: Computes log-probabilities.
        hidden: Hidden states of the token before the response and of its ``n`` tokens, shape ``[n + 1, layers *
            width]``; those of several layers follow each other, the last layer first.
        tokens: The tokens of the response, length ``n``, at least one.

    Returns:
        The mean log-probability of the tokens and the mean of their hidden states, shape ``[1 + layers * width]``,
        float64.
    """
    import torch

    log_probability = vocabulary.log_probabilities(hidden[:-1, : vocabulary.width], tokens).double().mean()
    return torch.cat([log_probability[None], hidden[1:].double().mean(0)])


@dataclass
class CriteriaHead(TensorHead):
    """Linear outputs, one for each criterion.

    Attributes:
        weight: Shape ``[criteria, 1 + layers * width]``, for the features of :func:`response_features`.
        bias: Shape ``[criteria]``.
        with_closing: See :class:`~themis_rm.models.token_rewards.TokenReward`.
    """

    weight: Tensor
    bias: Tensor
    with_closing: bool = True

    def __call__(self, vocabulary: VocabularyHead, hidden: torch.Tensor, tokens: Sequence[int]) -> list[float]:
        """Return the outputs, see :class:`~themis_rm.models.token_rewards.TokenReward`."""
        features = response_features(vocabulary, hidden, tokens)
        outputs = self.weight.to(features.device).double() @ features + self.bias.to(features.device).double()
        values: list[float] = outputs.tolist()
        return values


class CriteriaPrompts:
    """Selects outputs by the criteria prompt of a conversation, which the model does not read.

    A prompt for one criterion selects its output, a prompt for several their mean. Without a system message the reward
    is the mean of all outputs; with one that is not a criteria prompt too, but the model reads it.

    Args:
        prompts: Criteria prompts of the checkpoint.
        criteria: Short name of each output.
    """

    def __init__(self, prompts: PromptSet, criteria: Sequence[str]) -> None:
        self._all = [1 / len(criteria)] * len(criteria)
        self._weights: dict[str, list[float]] = {}
        for count in range(1, len(criteria) + 1):
            for chosen in permutations(criteria, count):
                try:
                    text = prompts.render([criterion(name) for name in chosen])
                except SettingError:  # a set that was read from a dataset has prompts for some selections only
                    continue
                self._weights[text] = [float(name in chosen) / count for name in criteria]
        self._weights |= dict.fromkeys(prompts.everything, self._all)

    def __call__(self, conversation: Conversation) -> tuple[Conversation, list[float]]:
        """Return the conversation without its criteria prompt, and the weight of each output."""
        weights = self._weights.get(system_of(conversation))
        return (conversation, self._all) if weights is None else (conversation[1:], weights)
