"""Reward as a mean over the tokens of a response, trained through the model's own log-probabilities."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TokenScore(nn.Module):
    """Computes ``mean(w . h_t + c * log p_t)`` over the completion tokens of each response.

    The family ``token-mean`` (:mod:`themis_rm.models.families.token_mean`) scores with the same formula. An averaged
    log-probability is the implicit reward of SimPO (Meng et al., 2024, arXiv 2405.14734).

    Args:
        width: Size of the hidden states.
        log_probability: Initial value of ``c``; with 0 it is not trained.
        init_std: Standard deviation of the initial ``w``.
        dtype: Dtype of the weights.
        device: Device of the weights.

    Attributes:
        weight: ``w``, shape ``[1, width]``.
        log_probability: ``c``, shape ``[1]``.
    """

    def __init__(
        self, width: int, log_probability: float, init_std: float, dtype: torch.dtype, device: torch.device
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, width, dtype=dtype, device=device))
        nn.init.normal_(self.weight, std=init_std) if init_std else None
        value = torch.full((1,), log_probability, dtype=dtype, device=device)
        self.log_probability = nn.Parameter(value, requires_grad=log_probability != 0)

    @property
    def needs_log_probabilities(self) -> bool:
        """Whether ``c`` is trained."""
        return self.log_probability.requires_grad

    def forward(self, hidden: Tensor, log_probabilities: Tensor | None, owners: Tensor, responses: int) -> Tensor:
        """Return the reward of each response, shape ``[responses]``, float32 (float64 if the weights are float64).

        Args:
            hidden: Hidden states at the completion tokens, shape ``[tokens, width]``.
            log_probabilities: Log-probabilities of the tokens, shape ``[tokens]``; ``None`` to leave them out.
            owners: Response of each token, ascending, shape ``[tokens]``.
            responses: Number of responses; each has at least one token.
        """
        dtype = torch.float64 if hidden.dtype == torch.float64 else torch.float32
        with torch.autocast(hidden.device.type, enabled=False):
            values = nn.functional.linear(hidden.to(dtype), self.weight.to(dtype)).squeeze(-1)
            if log_probabilities is not None:
                values = values + self.log_probability.to(dtype) * log_probabilities.to(dtype)
            lengths = torch.bincount(owners, minlength=responses)
            return torch.segment_reduce(values, "mean", lengths=lengths)
