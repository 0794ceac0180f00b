"""The training objective: a weighted sum of loss terms, normalized over the global batch.

``L = -log sigmoid(r_c - r_r) + lm_loss_weight * NLL(y_c | p, x) + center_rewards_coefficient * (r_c + r_r)^2``

``preference_loss`` names another preference term in place of the first one, and ``extra_losses`` further terms. The
preference and centering terms are means over pairs, weighted by the ``weight`` of each row and divided by the
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
        SettingError: ``preference_loss`` or ``extra_losses`` names an unknown term, ``preference_loss`` one that does
            not compare responses, or ``extra_losses`` one that another setting already weights; terms differ in how
            they treat ties; or a parameter is set that no term reads.
    """
    main = LOSSES.get(recipe.preference_loss)
    if not main.preference:
        known = ", ".join(term.name for term in LOSSES if term.preference)
        raise SettingError(f"preference_loss '{main.name}' does not compare two responses.", f"Use one of: {known}.")
    centering = "center_rewards" if recipe.center_rewards_form == "sum" else "center_rewards_absolute"
    weights = {main.name: 1.0, centering: recipe.center_rewards_coefficient}
    if recipe.lm_loss_weight > 0:
        weights["lm"] = recipe.lm_loss_weight
    for name, weight in recipe.extra_losses.items():
        if LOSSES.get(name).name in {*weights, "lm"}:
            raise SettingError(f"extra_losses names '{name}', which the recipe already weights by another setting.")
        weights[name] = weight
    _check_ties(weights)
    _check_parameters(recipe, weights)
    return weights


def _check_ties(weights: Mapping[str, float]) -> None:
    terms = [LOSSES.get(name) for name in weights if LOSSES.get(name).preference]
    reads = [term.name for term in terms if term.ties]
    others = [term.name for term in terms if not term.ties]
    if reads and others:
        raise SettingError(
            f"The loss term '{others[0]}' has no value for ties, which '{reads[0]}' keeps in the data.",
            f"Use one of them only: preference_loss={reads[0]} replaces the Bradley-Terry term.",
        )


def _check_parameters(recipe: TrainRecipe, weights: Mapping[str, float]) -> None:
    used = {parameter for name in weights for parameter in LOSSES.get(name).parameters}
    for name in sorted({parameter for term in LOSSES for parameter in term.parameters} - used):
        if getattr(recipe, name) != type(recipe).model_fields[name].default:
            readers = ", ".join(term.name for term in LOSSES if name in term.parameters)
            raise SettingError(
                f"{name} has no effect with preference_loss '{recipe.preference_loss}'.", f"It belongs to: {readers}."
            )


def keeps_ties(weights: Mapping[str, float]) -> bool:
    """Return whether a term of the objective reads ties, so that tied pairs are trained on."""
    return any(LOSSES.get(name).ties for name in weights)


def needs_nll(weights: Mapping[str, float]) -> bool:
    """Return whether a term of the objective reads the negative log-likelihood of the chosen responses."""
    return any(LOSSES.get(name).needs_nll for name in weights)


def term_sums(output: PairOutput, weights: Mapping[str, float], recipe: TrainRecipe) -> dict[str, Tensor]:
    """Return each term's sum over the pairs of one forward pass, scalars.

    Args:
        output: Rewards and negative log-likelihood of the pairs.
        weights: Names of the terms, from :func:`objective_weights`.
        recipe: Recipe with the parameters of the terms.
    """
    return {name: _weighted(_values(LOSSES.get(name), output, recipe), output.weight).sum() for name in weights}


def _values(term: LossTerm, output: PairOutput, recipe: TrainRecipe) -> Tensor:
    return term.function(output, **{name: getattr(recipe, name) for name in term.parameters})


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
