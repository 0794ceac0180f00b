"""The training objective as pure functions on tensors; no model, no batch layout, no normalization hidden inside.

``L = -log sigmoid(r_c - r_r) + lambda * NLL(y_c | p, x) + mu * (r_c + r_r)^2``

The preference and magnitude terms are means over pairs, the language-modeling term is a mean over completion tokens,
each over the *global* batch. The functions therefore return per-pair values or sums, and :func:`combine` takes the
global counts: a mean taken per micro-batch would make the objective depend on accumulation and on the number of ranks.

Arithmetic is in float32 whatever the activations are (float64 stays float64).
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

MagnitudeForm = Literal["sum", "absolute"]


def _exact(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()


def bradley_terry(chosen: Tensor, rejected: Tensor) -> Tensor:
    """Return the negative log-likelihood that the chosen response wins, pair by pair.

    The model is that of Bradley and Terry (1952), on reward differences as in Ouyang et al. (2022, arXiv 2203.02155,
    eq. 1): ``-log sigmoid(r_c - r_r)``.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are).
    """
    return -F.logsigmoid(_exact(chosen) - _exact(rejected))


def magnitude(chosen: Tensor, rejected: Tensor, form: MagnitudeForm = "sum") -> Tensor:
    """Return the penalty that keeps rewards centered at zero, pair by pair.

    ``sum`` is ``(r_c + r_r)^2``, the auxiliary loss of Eisenstein et al. (2023, arXiv 2312.09244): it pins the offset
    that the preference term leaves free and does not touch the margin. ``absolute`` is ``(|r_c| + |r_r|)^2``, which is
    in circulation too: it also shrinks margins.

    Args:
        chosen: Rewards of the chosen responses, shape ``[pairs]``.
        rejected: Rewards of the rejected responses, shape ``[pairs]``.
        form: Which of the two.

    Returns:
        Shape ``[pairs]``, float32 (float64 if the rewards are).
    """
    first, second = _exact(chosen), _exact(rejected)
    if form == "absolute":
        first, second = first.abs(), second.abs()
    return (first + second).square()


def completion_nll(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the summed negative log-likelihood of completion tokens, in nats.

    The language-modeling regulariser of Yang et al. (2024, arXiv 2406.10216): it keeps the backbone's hidden states
    those of a model of the chosen text. A sum, so that the caller divides by the tokens of the global batch.

    Args:
        logits: Predictions for the completion positions alone, shape ``[tokens, vocabulary]``.
        targets: The tokens that stand there, shape ``[tokens]``.

    Returns:
        A scalar, float32 (float64 if the logits are).
    """
    return F.cross_entropy(_exact(logits), targets, reduction="sum")


def combine(  # the terms of one formula, by name
    preference: Tensor,
    nll: Tensor,
    center: Tensor,
    *,
    pairs: Tensor | float,
    tokens: Tensor | float,
    lam: float,
    mu: float,
) -> Tensor:
    """Return this part's share of the global objective; the shares of all parts sum to it.

    Args:
        preference: Values of :func:`bradley_terry`, shape ``[pairs here]``.
        nll: Sum of :func:`completion_nll` here, scalar.
        center: Values of :func:`magnitude`, shape ``[pairs here]``.
        pairs: Pairs in the global batch: all ranks, all accumulation steps.
        tokens: Completion tokens in the global batch.
        lam: Weight of the language-modeling term.
        mu: Weight of the magnitude term.
    """
    return (preference.sum() + mu * center.sum()) / pairs + lam * nll / tokens
