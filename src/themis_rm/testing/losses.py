"""Contract of loss terms: what the trainer relies on, as checks that a plugin's tests can run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
    if term.preference:
        check_preference(term, pairs)
    if term.ties:
        check_ties(term, pairs)


def random_output(pairs: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> PairOutput:
    """Return random rewards, margins and ties, and a random negative log-likelihood."""
    generator = torch.Generator().manual_seed(seed)
    chosen, rejected, margin = torch.randn(3, pairs, generator=generator, dtype=torch.float64).to(dtype)
    # The model sums the likelihood in float32 for every precision of the rewards.
    nll = torch.rand((), generator=generator, dtype=torch.float64).to(torch.promote_types(dtype, torch.float32))
    return PairOutput(chosen, rejected, nll, margin.abs(), tie=torch.arange(pairs) % 3 == 0)


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
    parts = [_part(output, part) for part in (slice(0, pairs // 2), slice(pairs // 2, pairs))]
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


def check_preference(term: LossTerm, pairs: int) -> None:
    """Check that preferences get a loss per pair that depends on the difference of rewards only.

    Raises:
        AssertionError: There is no value per pair, it changes with the offset of the rewards, or it grows with the
            chosen reward.
    """
    output = random_output(pairs)
    output.tie = None
    values = term.function(output)
    require(values.shape == (pairs,), f"{term.name}: no value per pair")
    moved = replace(output, chosen=output.chosen + 3, rejected=output.rejected + 3)
    require(_close(term.function(moved), values), f"{term.name}: depends on the offset of the rewards")
    better = replace(output, chosen=output.chosen + 0.5)
    require(bool((term.function(better) <= values).all()), f"{term.name}: a larger chosen reward has a larger loss")


def check_ties(term: LossTerm, pairs: int) -> None:
    """Check that the loss of ties does not depend on the order of the responses, and is least for equal rewards.

    Raises:
        AssertionError: It is not.
    """
    output = replace(random_output(pairs), tie=torch.ones(pairs, dtype=torch.bool))
    values = term.function(output)
    exchanged = replace(output, chosen=output.rejected, rejected=output.chosen)
    require(_close(term.function(exchanged), values), f"{term.name}: the loss of a tie depends on its order")
    equal = term.function(replace(output, chosen=output.rejected))
    require(bool((equal <= values).all()), f"{term.name}: the loss of a tie is not least for equal rewards")


def _close(one: torch.Tensor, other: torch.Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-9, atol=1e-9)


def _part(output: PairOutput, part: slice) -> PairOutput:
    cut: dict[str, Any] = {
        name: None if (value := getattr(output, name)) is None else value[part]
        for name in ("chosen", "rejected", "margin", "weight", "tie")
    }
    return replace(output, **cut)
