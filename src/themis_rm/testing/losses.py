"""Contract of loss terms: what the trainer relies on, as checks that a plugin's tests can run."""

from __future__ import annotations

import torch

from themis_rm.testing.assertions import require
from themis_rm.training.losses import LossTerm, PairOutput


def check_loss(term: LossTerm, pairs: int = 6) -> None:
    """Check a loss term against the whole contract.

    Args:
        term: The term.
        pairs: Number of random pairs to try.

    Raises:
        AssertionError: The term breaks the contract; the message says where.
    """
    check_values(term, pairs)
    check_sum_over_pairs(term, pairs)
    check_gradients(term, pairs)


def random_output(pairs: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> PairOutput:
    """Return random rewards and margins, and a random negative log-likelihood."""
    generator = torch.Generator().manual_seed(seed)
    chosen, rejected, margin = torch.randn(3, pairs, generator=generator, dtype=torch.float64).to(dtype)
    # The model sums the likelihood in float32 for every precision of the rewards.
    nll = torch.rand((), generator=generator, dtype=torch.float64).to(torch.promote_types(dtype, torch.float32))
    return PairOutput(chosen, rejected, nll, margin.abs())


def check_values(term: LossTerm, pairs: int) -> None:
    """Check that values are finite, of shape ``[pairs]`` or ``[]``, and computed in float32 for bfloat16 rewards.

    Raises:
        AssertionError: They are not.
    """
    values = term.function(random_output(pairs, torch.bfloat16))
    require(values.shape in {(pairs,), ()}, f"{term.name}: shape {list(values.shape)}")
    require(values.dtype == torch.float32, f"{term.name}: computed in {values.dtype} for bfloat16 rewards")
    require(bool(torch.isfinite(values).all()), f"{term.name}: a value is not finite")


def check_sum_over_pairs(term: LossTerm, pairs: int) -> None:
    """Check that the sum over a batch is the sum over its parts, so that micro-batches do not change the objective.

    Raises:
        AssertionError: It is not.
    """
    if term.needs_nll:
        return  # its sum is over tokens, which the model computes
    output = random_output(pairs)
    margin = output.margin if output.margin is not None else torch.zeros(pairs, dtype=torch.float64)
    parts = [
        PairOutput(output.chosen[part], output.rejected[part], output.nll, margin[part])
        for part in (slice(0, pairs // 2), slice(pairs // 2, pairs))
    ]
    total = sum(float(term.function(part).sum()) for part in parts)
    require(abs(float(term.function(output).sum()) - total) < 1e-9, f"{term.name}: not a sum over pairs")


def check_gradients(term: LossTerm, pairs: int) -> None:
    """Check that gradients of the rewards and of the negative log-likelihood are finite.

    Raises:
        AssertionError: One is not, or the term depends on none of them.
    """
    output = random_output(pairs)
    inputs = [value.requires_grad_() for value in (output.chosen, output.rejected, output.nll)]
    gradients = torch.autograd.grad(term.function(output).sum(), inputs, allow_unused=True)
    found = [gradient for gradient in gradients if gradient is not None]
    require(bool(found), f"{term.name}: no gradient")
    require(all(bool(torch.isfinite(g).all()) for g in found), f"{term.name}: a gradient is not finite")
