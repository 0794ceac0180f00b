"""The training objective: a weighted sum of loss terms, normalized over the global batch.

``L = -log sigmoid(r_c - r_r) + lm_loss_weight * NLL(y_c | p, x) + center_rewards_coefficient * (r_c + r_r)^2``

The Bradley-Terry and centering terms are means over pairs, weighted by the ``weight`` of each row and divided by the
sum of the weights; a row's ``margin`` times ``margin_coefficient`` is subtracted from ``r_c - r_r``. The
language-modeling term is a mean over completion tokens without weights. Each mean is over the *global* batch: all
processes and all accumulation steps. A mean per micro-batch would make the objective depend on the accumulation and on
the number of processes.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from themis_rm.errors import SettingError
from themis_rm.training.losses import LOSSES, LossTerm, PairOutput
from themis_rm.training.recipe import TrainRecipe


def objective_weights(recipe: TrainRecipe) -> dict[str, float]:
    """Return the name and the weight of each loss term of a recipe.

    The language-modeling term is included only if its weight is positive, because it is expensive to compute.

    Raises:
        SettingError: ``extra_losses`` names an unknown term, or one that another setting already weights.
    """
    centering = "center_rewards" if recipe.center_rewards_form == "sum" else "center_rewards_absolute"
    weights = {"bradley_terry": 1.0, centering: recipe.center_rewards_coefficient}
    if recipe.lm_loss_weight > 0:
        weights["lm"] = recipe.lm_loss_weight
    for name, weight in recipe.extra_losses.items():
        if LOSSES.get(name).name in {*weights, "lm"}:
            raise SettingError(f"extra_losses names '{name}', which the recipe already weights by another setting.")
        weights[name] = weight
    return weights


def needs_nll(weights: Mapping[str, float]) -> bool:
    """Return whether a term of the objective reads the negative log-likelihood of the chosen responses."""
    return any(LOSSES.get(name).needs_nll for name in weights)


def term_sums(output: PairOutput, weights: Mapping[str, float]) -> dict[str, Tensor]:
    """Return each term's sum over the pairs of one forward pass, scalars.

    Args:
        output: Rewards and negative log-likelihood of the pairs.
        weights: Names of the terms, from :func:`objective_weights`.
    """
    return {name: _weighted(LOSSES.get(name).function(output), output.weight).sum() for name in weights}


def _weighted(values: Tensor, weight: Tensor | None) -> Tensor:
    return values * weight.to(values.dtype) if weight is not None and values.ndim else values


def combine(
    sums: Mapping[str, Tensor],
    weights: Mapping[str, float],
    *,
    pairs: Tensor | float,
    tokens: Tensor | float,
) -> Tensor:
    """Return one forward pass's share of the global objective, a scalar; the shares of all passes sum to it.

    Args:
        sums: Sums of the terms over this forward pass, from :func:`term_sums`.
        weights: Weights of the terms, at least one.
        pairs: Pairs in the global batch, by weight.
        tokens: Completion tokens in the global batch.
    """
    shares = [weights[name] * total / _count(LOSSES.get(name), pairs, tokens) for name, total in sums.items()]
    loss = shares[0]
    for share in shares[1:]:
        loss = loss + share
    return loss


def _count(term: LossTerm, pairs: Tensor | float, tokens: Tensor | float) -> Tensor | float:
    return pairs if term.mean_over == "pairs" else tokens
