"""Language-modeling term: negative log-likelihood of the chosen response."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision


def completion_nll(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the summed negative log-likelihood of completion tokens, in nats.

    The language-modeling regularizer of Yang et al. (2024, arXiv 2406.10216): it keeps the backbone's hidden states
    useful for predicting the chosen text. A sum, so that the caller divides by the tokens of the global batch.

    Args:
        logits: Predictions for the completion positions only, shape ``[tokens, vocabulary]``.
        targets: The tokens at these positions, shape ``[tokens]``.

    Returns:
        A scalar, float32 (float64 if the logits are float64).
    """
    return F.cross_entropy(full_precision(logits), targets, reduction="sum")


def _from_output(output: PairOutput) -> Tensor:
    return output.nll


LOSSES.register(LossTerm("lm", _from_output, mean_over="tokens", needs_nll=True))
