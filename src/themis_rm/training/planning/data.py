"""Amount of training data of a plan: pairs are counted, lengths are measured on a sample."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np

from themis_rm.errors import CheckpointError, InputError
from themis_rm.training.batches import shared_prefix
from themis_rm.training.planning.estimate import Workload
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.splits import find_splits
from themis_rm.training.tokenization import Dropped, PairEncoder
from themis_rm.training.tokenizers import load_recipe_tokenizer

SAMPLE = 500
"""Pairs whose length is measured."""


def measure_workload(recipe: TrainRecipe, data: str | Path) -> Workload:
    """Count the pairs of a dataset's training split, and measure their lengths on a sample.

    Args:
        recipe: The training recipe. If its tokenizer is trained with the model or is not on this machine, lengths are
            not measured.
        data: The dataset.

    Raises:
        InputError: There is no usable pair.
    """
    rng, count = random.Random(0), 0
    sample: list[dict[str, Any]] = []
    for row in find_splits(data, recipe.validation_fraction, recipe.reader_settings()).rows("train"):
        count += 1
        if len(sample) < SAMPLE:
            sample.append(row)
        elif (place := rng.randrange(count)) < SAMPLE:
            sample[place] = row
    if not count:
        raise InputError(f"{data} has no pair to train on.")
    encoder = _encoder(recipe)
    pairs = [pair for pair in encoder.encode_pairs(sample) if not isinstance(pair, Dropped)] if encoder else []
    if not pairs:
        return Workload(count)
    tokens = completions = 0
    for pair in pairs:
        chosen, rejected = np.array(pair.chosen.ids), np.array(pair.rejected.ids)
        if recipe.share_prefixes:
            tokens += len(chosen) + len(rejected) - shared_prefix(chosen, rejected)
        else:
            tokens += 2 * max(len(chosen), len(rejected))
        completions += len(chosen) - pair.chosen.prompt_length
    return Workload(count, -(-tokens // len(pairs)), completions / tokens)


def _encoder(recipe: TrainRecipe) -> Any:
    if recipe.tokenizer.train_bpe:
        return None
    try:
        tokenizer = load_recipe_tokenizer(recipe)
    except CheckpointError:
        return None
    choice = recipe.tokenizer.chat_template
    return PairEncoder(tokenizer, recipe.max_length, recipe.overflow, recipe.system_role, choice)
