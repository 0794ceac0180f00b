"""A loss term: the exponential loss ``exp(-(r_c - r_r))`` of RankBoost (Freund et al., 2003) on pairs."""

from __future__ import annotations

from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision


def exponential(output: PairOutput) -> Tensor:
    """Return the exponential loss of each pair, shape ``[pairs]``."""
    return (full_precision(output.rejected) - full_precision(output.chosen)).exp()


LOSSES.register(LossTerm("exponential", exponential, preference=True))
