"""Language-modeling term: negative log-likelihood of the chosen response."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from themis_rm.training.losses import LOSSES, LossTerm, PairOutput, full_precision


def token_nll(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the negative log-likelihood of completion tokens, in nats.

    Their sum over the chosen response is the language-modeling regularizer of Yang et al. (2024, arXiv 2406.10216): it
    keeps the backbone's hidden states useful for predicting the chosen text.

    Args:
        logits: Predictions for the completion positions only, shape ``[tokens, vocabulary]``.
        targets: The tokens at these positions, shape ``[tokens]``.

    Returns:
        Shape ``[tokens]``, float32 (float64 if the logits are float64).
    """
    return F.cross_entropy(full_precision(logits), targets, reduction="none")


def _from_output(output: PairOutput) -> Tensor:
    return output.nll


LOSSES.register(LossTerm("lm", _from_output, mean_over="tokens", needs_nll=True))
