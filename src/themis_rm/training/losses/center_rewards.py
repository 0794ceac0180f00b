"""Centering terms: penalties on the magnitude of rewards that keep them near zero."""

from __future__ import annotations

from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision


def center_rewards(chosen: Tensor, rejected: Tensor) -> Tensor:
    """Return ``(r_c + r_r)^2`` for each pair.

    The auxiliary loss of Eisenstein et al. (2023, arXiv 2312.09244, eq. 2). It fixes the offset that the preference
    term leaves free and does not change the margin.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are float64).
    """
    return (full_precision(chosen) + full_precision(rejected)).square()


def center_rewards_absolute(chosen: Tensor, rejected: Tensor) -> Tensor:
    """Return ``(|r_c| + |r_r|)^2`` for each pair: a variant found in public code, which also shrinks margins.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are float64).
    """
    return (full_precision(chosen).abs() + full_precision(rejected).abs()).square()


def _from_output(output: PairOutput) -> Tensor:
    return center_rewards(output.chosen, output.rejected)


def _absolute_from_output(output: PairOutput) -> Tensor:
    return center_rewards_absolute(output.chosen, output.rejected)


LOSSES.register(LossTerm("center_rewards", _from_output))
LOSSES.register(LossTerm("center_rewards_absolute", _absolute_from_output))
