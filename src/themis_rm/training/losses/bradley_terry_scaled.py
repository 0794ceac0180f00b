"""Preference term: Bradley-Terry loss times the margin of each pair."""

from __future__ import annotations

import torch
from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput
from themis_rm.training.losses.bradley_terry import bradley_terry


def bradley_terry_scaled(
    chosen: Tensor, rejected: Tensor, margin: Tensor | None = None, label_smoothing: float = 0.0
) -> Tensor:
    """Return ``-m log sigmoid(r_c - r_r)`` for each pair; a pair without a margin has the factor 1.

    The scaled Bradley-Terry loss of Wang et al. (2024, HelpSteer2-Preference, arXiv 2410.01257): a preference
    that is twice as strong counts twice, and no difference of rewards is prescribed. The mean is over pairs and not
    over margins, as there.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.
        margin: By how much the chosen response is better, shape ``[pairs]``, 0 where that is unknown; ``None`` for 0.
        label_smoothing: As in :func:`~themis_rm.training.losses.bradley_terry.bradley_terry`.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are float64).
    """
    loss = bradley_terry(chosen, rejected, label_smoothing=label_smoothing)
    return loss if margin is None else loss * torch.where(margin > 0, margin, 1.0).to(loss.dtype)


def _from_output(output: PairOutput, label_smoothing: float = 0.0) -> Tensor:
    return bradley_terry_scaled(output.chosen, output.rejected, output.margin, label_smoothing)


LOSSES.register(
    LossTerm("bradley_terry_scaled", _from_output, preference=True, needs_margin=True, parameters=("label_smoothing",))
)
