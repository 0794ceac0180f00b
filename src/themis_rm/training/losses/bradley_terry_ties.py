"""Preference term: Bradley-Terry model with ties."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision
from themis_rm.training.recipe import TIE_THRESHOLD


def bradley_terry_ties(
    chosen: Tensor,
    rejected: Tensor,
    tie: Tensor | None = None,
    margin: Tensor | None = None,
    threshold: float = TIE_THRESHOLD,
) -> Tensor:
    """Return the negative log-likelihood of each pair, which is a preference or a tie.

    The model of Rao and Kupper (1967, "Ties in paired-comparison experiments", JASA 62): one response is preferred only
    if it is better by a threshold ``t``, ``P(c > r) = sigmoid(r_c - r_r - t)``, and otherwise the pair is a tie,
    ``P(tie) = (1 - exp(-2 t)) sigmoid(t + r_c - r_r) sigmoid(t - r_c + r_r)``. Used for reward models by Liu et al.
    (2024, arXiv 2410.05328) and in DPO by Chen et al. (2024, arXiv 2409.17431). Chosen over the model of Davidson
    (1970) because its threshold is a difference of rewards, like a margin: the loss of a preference is the
    Bradley-Terry loss with the margin ``t``. The threshold is a setting, since an exported checkpoint has no weight for
    it.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.
        tie: Whether the two responses are equally good, bool, shape ``[pairs]``; ``None`` for no ties.
        margin: By how much more than the threshold the chosen reward should exceed the rejected one, shape ``[pairs]``;
            ``None`` for 0. Ties ignore it.
        threshold: The threshold ``t``, above 0; ``exp(t)`` is the parameter of the paper.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are float64).
    """
    difference = full_precision(chosen) - full_precision(rejected)
    preference = -F.logsigmoid(difference - threshold - (0.0 if margin is None else margin))
    if tie is None:
        return preference
    equal = -F.logsigmoid(threshold + difference) - F.logsigmoid(threshold - difference)
    return torch.where(tie, equal - math.log(-math.expm1(-2 * threshold)), preference)


def _from_output(output: PairOutput, tie_threshold: float = TIE_THRESHOLD) -> Tensor:
    return bradley_terry_ties(output.chosen, output.rejected, output.tie, output.margin, tie_threshold)


LOSSES.register(LossTerm("bradley_terry_ties", _from_output, preference=True, ties=True, parameters=("tie_threshold",)))
