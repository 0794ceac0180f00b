"""Preference term: Bradley-Terry loss that counts pairs less the better they are separated."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision

GAMMA = 2.0
"""Exponent of the factor in the paper."""


def focal(chosen: Tensor, rejected: Tensor, margin: Tensor | None = None, gamma: float = GAMMA) -> Tensor:
    """Return ``-(1 - 2 max(0, p - 1/2))^gamma log p`` with ``p = sigmoid(r_c - r_r - m)`` for each pair.

    The focal ranking loss of Cai et al. (2024, InternLM2, arXiv 2403.17297), without its penalty on large
    rewards (``center_rewards_coefficient`` has that purpose). Pairs in the wrong order count as in the Bradley-Terry
    loss.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.
        margin: By how much the chosen reward should exceed the rejected one, shape ``[pairs]``; ``None`` for 0.
        gamma: Exponent, at least 0; with 0 it is the Bradley-Terry loss.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are float64).
    """
    difference = full_precision(chosen) - full_precision(rejected)
    difference = difference if margin is None else difference - margin
    # 1 - 2 (p - 1/2) = 2 (1 - p), which keeps its precision where p is near 1.
    factor = (2 * torch.sigmoid(-difference)).clamp(max=1)
    return -(factor**gamma) * F.logsigmoid(difference)


def _from_output(output: PairOutput) -> Tensor:
    return focal(output.chosen, output.rejected, output.margin)


LOSSES.register(LossTerm("focal", _from_output, preference=True))
