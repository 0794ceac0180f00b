"""Arithmetic of a training run."""

from __future__ import annotations

import torch

from themis_rm.models.bfloat16 import supports_bfloat16
from themis_rm.training.recipe import TrainRecipe


def resolve_precision(recipe: TrainRecipe) -> TrainRecipe:
    """Return a recipe with the precision that ``auto`` means on this machine.

    A run that is resumed on a machine with another precision is therefore another run, and is refused.
    """
    if recipe.precision != "auto":
        return recipe
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return recipe.model_copy(update={"precision": "bf16" if supports_bfloat16(device) else "fp32"})
