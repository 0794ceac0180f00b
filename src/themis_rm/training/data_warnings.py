"""Warnings about the data of a run before its first step: settings without an effect, lost pairs, repeated groups."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from themis_rm.training.losses import LOSSES
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.sampling import group_shares
from themis_rm.training.token_cache import Categories, TokenizationCounts
from themis_rm.training.tokenization import SAME_AFTER_TRUNCATION

LOST_SHARE = 0.1
"""Share of the rows from which on pairs that truncation makes identical are reported."""
MANY_PASSES = 10
"""Passes over the pairs of a sampled group from which on they are reported."""


def data_warnings(
    recipe: TrainRecipe, counts: TokenizationCounts, groups: Categories | None, steps: int
) -> dict[str, str]:
    """Return the warnings about the training pairs of a run.

    Args:
        recipe: The training recipe.
        counts: Counts of its training split.
        groups: Groups of its pairs, from :func:`~themis_rm.training.sampling.sampling_groups`; ``None`` without
            ``sampling``.
        steps: Number of optimizer steps.

    Returns:
        Name -> message.
    """
    found = _without_effect(recipe, counts)
    lost = counts.dropped.get(SAME_AFTER_TRUNCATION, 0)
    if lost >= LOST_SHARE * counts.read:
        window = "overflow=window, or " if recipe.overflow == "truncate" else ""
        found["lost-differences"] = (
            f"{lost:,} of {counts.read:,} rows are dropped, because their responses differ only in what truncation "
            f"removes. Set {window}a larger max_length than {recipe.max_length:,}."
        )
    if groups is not None and recipe.sampling:
        passes = _passes(groups, recipe.sampling.temperature, steps * recipe.global_batch_size)
        repeated = {name: count for name, count in passes.items() if count > MANY_PASSES}
        if repeated:
            name = max(repeated, key=lambda group: repeated[group])
            found["repeated-groups"] = (
                f"{len(repeated)} of {len(passes)} groups of sampling are repeated more than {MANY_PASSES} times "
                f"({name}: {repeated[name]:.0f} times): the model may overfit their pairs. Set a lower "
                "sampling.temperature, fewer steps, or coarser groups in sampling.by."
            )
    return found


def _without_effect(recipe: TrainRecipe, counts: TokenizationCounts) -> dict[str, str]:
    term = LOSSES.get(recipe.preference_loss)
    found = {}
    if term.ties and not counts.ties:
        found["no-ties"] = (
            f"preference_loss={term.name}, but no training pair is a tie: it is the Bradley-Terry loss with a margin. "
            "Mark ties in the column tie."
        )
    if term.needs_margin and not (counts.margins and recipe.margin_coefficient):
        found["no-margins"] = (
            f"preference_loss={term.name}, but no training pair has a margin: all pairs count alike. Name their column "
            "with columns.margin=NAME, and set margin_coefficient above 0."
        )
    return found


def _passes(groups: Categories, temperature: float, draws: int) -> Mapping[str, float]:
    sizes = np.bincount(groups.codes, minlength=len(groups.names))
    passes = group_shares(sizes, temperature) * draws / sizes
    return dict(zip(groups.names, passes.tolist(), strict=True))
