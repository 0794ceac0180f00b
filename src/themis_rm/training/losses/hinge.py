"""Preference term: hinge loss on the difference of rewards."""

from __future__ import annotations

from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision


def hinge(chosen: Tensor, rejected: Tensor, margin: Tensor | None = None) -> Tensor:
    """Return ``max(0, 1 - (r_c - r_r - m))`` for each pair.

    The loss of the ranking SVM (Joachims, 2002, "Optimizing search engines using clickthrough data", KDD), used on
    preferences as the calibration loss of Zhao et al. (2023, SLiC-HF, arXiv 2305.10425) and in DPO by Liu et al. (2023,
    RSO, arXiv 2309.06657). Pairs that are separated by ``1 + m`` have no gradient.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.
        margin: By how much more than 1 the chosen reward should exceed the rejected one, shape ``[pairs]``; ``None``
            for 0.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are float64).
    """
    missing = 1 - (full_precision(chosen) - full_precision(rejected))
    return (missing if margin is None else missing + margin).clamp(min=0)


def _from_output(output: PairOutput) -> Tensor:
    return hinge(output.chosen, output.rejected, output.margin)


LOSSES.register(LossTerm("hinge", _from_output, preference=True))
