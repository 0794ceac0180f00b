"""A loss term: the hinge loss ``max(0, 1 - (r_c - r_r))`` on pairs."""

from __future__ import annotations

from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision


def hinge(output: PairOutput) -> Tensor:
    """Return the hinge loss of each pair, shape ``[pairs]``."""
    difference = full_precision(output.chosen) - full_precision(output.rejected)
    return (1 - difference).clamp(min=0)


LOSSES.register(LossTerm("hinge", hinge))
