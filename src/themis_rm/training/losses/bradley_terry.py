"""Preference term: negative log-likelihood of the preferences under a Bradley-Terry model."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision


def bradley_terry(
    chosen: Tensor, rejected: Tensor, margin: Tensor | None = None, label_smoothing: float = 0.0
) -> Tensor:
    """Return ``-log sigmoid(r_c - r_r - m)`` for each pair, or its expectation over labels that may be wrong.

    The model of Bradley and Terry (1952) on reward differences, as in Ouyang et al. (2022, arXiv 2203.02155, eq. 1);
    the margin is that of Touvron et al. (2023, arXiv 2307.09288, eq. 2). With label smoothing ``e`` the loss is
    ``(1 - e)`` times that of the label plus ``e`` times that of the exchanged responses, as in conservative DPO
    (Mitchell, 2023, "A note on DPO with noisy preferences & relationship to IPO"): without a margin it is least
    where the probability of the label is ``1 - e``, so that rewards do not grow without limit.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.
        margin: By how much the chosen reward should exceed the rejected one, shape ``[pairs]``; ``None`` for 0.
        label_smoothing: Probability that a label is wrong, at least 0 and below 0.5.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are float64).
    """
    difference = full_precision(chosen) - full_precision(rejected)
    loss = -F.logsigmoid(_minus(difference, margin))
    if not label_smoothing:
        return loss
    return (1 - label_smoothing) * loss - label_smoothing * F.logsigmoid(_minus(-difference, margin))


def _minus(difference: Tensor, margin: Tensor | None) -> Tensor:
    return difference if margin is None else difference - margin


def _from_output(output: PairOutput, label_smoothing: float = 0.0) -> Tensor:
    return bradley_terry(output.chosen, output.rejected, output.margin, label_smoothing)


LOSSES.register(LossTerm("bradley_terry", _from_output, preference=True, parameters=("label_smoothing",)))
