"""Loss terms: named pure functions of a forward pass over pairs, which a recipe combines with weights.

A term is one module of this package, or a plugin's module under the entry-point group ``themis_rm.losses``, that
registers a :class:`LossTerm`. A recipe uses it by name, in place of the Bradley-Terry term
(``preference_loss: my-term``) or in addition to it (``extra_losses: {my-term: 0.1}``); the trainer needs no edit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from themis_rm.registry import Registry


@dataclass
class PairOutput:
    """Model output for the pairs of one forward pass; the input of every loss term.

    Attributes:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.
        nll: Summed negative log-likelihood of the completion tokens of the chosen responses, in nats, a scalar; 0
            where no term of the objective needs it.
        margin: By how much the chosen reward should exceed the rejected one, shape ``[pairs]``; ``None`` for 0. An
            unknown margin is 0.
        weight: Weight of each pair, shape ``[pairs]``; ``None`` for 1. The objective applies it, not the term.
        tie: Whether the two responses of a pair are equally good, bool, shape ``[pairs]``; ``None`` for no ties. There
            are none unless all terms that compare the responses have ``LossTerm.ties``.
    """

    chosen: Tensor
    rejected: Tensor
    nll: Tensor
    margin: Tensor | None = None
    weight: Tensor | None = None
    tie: Tensor | None = None


@dataclass(frozen=True)
class LossTerm:
    """One term of the objective.

    Attributes:
        name: Name in recipes and in the training log.
        function: Returns the term's values, shape ``[pairs]``, or their sum, a scalar, in float32 or float64. A sum
            and not a mean, because the trainer divides by the counts of the global batch. Weights of pairs apply to
            terms that return a value for each pair. Called with the ``PairOutput``, and with ``parameters`` by name.
        mean_over: Whether the sum is divided by the pairs (the sum of their weights) or by the completion tokens of the
            global batch.
        needs_nll: Whether the function reads ``PairOutput.nll``.
        preference: Whether the function compares the two responses, so that the term can be the ``preference_loss`` of
            a recipe. It must not depend on the offset of the rewards, and must not grow with the chosen one.
        ties: Whether the function reads ``PairOutput.tie``.
        needs_margin: Whether the term is the Bradley-Terry term for pairs without a margin.
        parameters: Settings of the recipe that the function takes as keyword arguments; each has a default.
    """

    name: str
    function: Callable[..., Tensor]
    mean_over: Literal["pairs", "tokens"] = "pairs"
    needs_nll: bool = False
    preference: bool = False
    ties: bool = False
    needs_margin: bool = False
    parameters: tuple[str, ...] = ()


LOSSES: Registry[LossTerm] = Registry("loss term", "themis_rm.losses", "themis_rm.training.losses")
"""All loss terms by name."""


def full_precision(values: Tensor) -> Tensor:
    """Return values in float32; float64 stays float64."""
    return values if values.dtype == torch.float64 else values.float()
