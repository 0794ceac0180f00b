"""Preference term: negative log-likelihood of the preferences under a Bradley-Terry model."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision


def bradley_terry(chosen: Tensor, rejected: Tensor, margin: Tensor | None = None) -> Tensor:
    """Return ``-log sigmoid(r_c - r_r - m)`` for each pair.

    The model of Bradley and Terry (1952) on reward differences, as in Ouyang et al. (2022, arXiv 2203.02155, eq. 1);
    the margin is that of Touvron et al. (2023, arXiv 2307.09288, eq. 2).

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.
        margin: By how much the chosen reward should exceed the rejected one, shape ``[pairs]``; ``None`` for 0.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are float64).
    """
    difference = full_precision(chosen) - full_precision(rejected)
    return -F.logsigmoid(difference if margin is None else difference - margin)


def _from_output(output: PairOutput) -> Tensor:
    return bradley_terry(output.chosen, output.rejected, output.margin)


LOSSES.register(LossTerm("bradley_terry", _from_output))
