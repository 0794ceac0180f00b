"""Features of the responses of preference pairs from a frozen language model, computed once and kept on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from themis_rm.errors import InputError
from themis_rm.models.adapters import AdaptedCheckpoint
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.criteria_head import response_features
from themis_rm.models.families.criteria_mean import BIAS, WEIGHT
from themis_rm.models.protocol import ModelIdentity
from themis_rm.models.settings import ModelSettings
from themis_rm.models.token_rewards import TokenRewardModel, VocabularyHead, load_token_reward_model
from themis_rm.progress import track
from themis_rm.storage.atomic import atomic_path
from themis_rm.training.ranks import wait_for_all
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.token_cache import TokenizedPairs

_CHUNK = 256
"""Pairs of one file. An interrupted run loses at most the features of one chunk for each process."""


class _Features:
    """Returns the features of a response in place of its rewards."""

    with_closing = True

    def __call__(self, vocabulary: VocabularyHead, hidden: torch.Tensor, tokens: Sequence[int]) -> list[float]:
        values: list[float] = response_features(vocabulary, hidden, tokens).tolist()
        return values


def load_feature_model(checkpoint: Checkpoint, recipe: TrainRecipe, layers: Sequence[int]) -> TokenRewardModel:
    """Load the frozen language model.

    Args:
        checkpoint: The backbone; the tensors of a head are not read.
        recipe: The training recipe: precision, token budget, prefix sharing.
        layers: Numbers of layers, see :func:`~themis_rm.models.hidden_layers.concatenate_layers`.

    Raises:
        CheckpointError: It is not a causal language model, has fewer layers, or cannot be loaded.
    """
    if isinstance(checkpoint, AdaptedCheckpoint):
        checkpoint.check_base()
    settings = ModelSettings(
        dtype="bfloat16" if recipe.precision == "bf16" else "float32",
        share_prefixes=recipe.share_prefixes,
        tokenizer=recipe.tokenizer.path,
    )
    return load_token_reward_model(
        checkpoint,
        _Features(),
        settings,
        lambda _, __: ModelIdentity("features", "features", ""),
        frozenset({WEIGHT, BIAS} & checkpoint.shapes.keys()),
        layers=layers,
    )


def compute_features(
    model: TokenRewardModel, pairs: TokenizedPairs, folder: Path, *, rank: int = 0, processes: int = 1
) -> int:
    """Compute the features of all pairs that have no file yet; every process computes every n-th chunk.

    Args:
        model: A model of :func:`load_feature_model`.
        pairs: The pairs.
        folder: Directory for one file per chunk; all processes must see it.
        rank: Number of this process.
        processes: Number of processes.

    Returns:
        Tokens of both responses of the pairs that were computed here, prompts included.

    Raises:
        InputError: A feature of a pair is not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [chunk for chunk in range(_chunks(pairs)) if chunk % processes == rank]
    missing = [chunk for chunk in chunks if not _file(folder, chunk).is_file()]
    tokens = 0
    for chunk in track(missing, "features"):
        indices = range(chunk * _CHUNK, min(len(pairs), (chunk + 1) * _CHUNK))
        values = _features(model, pairs, indices)
        tokens += sum(len(pairs[index][side]) for index in indices for side in ("chosen", "rejected"))
        with atomic_path(_file(folder, chunk)) as partial, partial.open("wb") as handle:
            np.save(handle, values)
    wait_for_all()
    return tokens


def read_features(pairs: TokenizedPairs, folder: Path) -> npt.NDArray[np.float64]:
    """Return the features of all pairs, shape ``[pairs, 2, features]``, those of the chosen responses first."""
    chunks = [np.load(_file(folder, chunk)).astype(np.float64) for chunk in range(_chunks(pairs))]
    return np.concatenate(chunks) if chunks else np.zeros((0, 2, 0))


def _chunks(pairs: TokenizedPairs) -> int:
    return -(-len(pairs) // _CHUNK)


def _file(folder: Path, chunk: int) -> Path:
    return folder / f"{chunk:05d}.npy"


def _features(model: TokenRewardModel, pairs: TokenizedPairs, indices: range) -> npt.NDArray[np.float32]:
    ids, answers = [], []
    for index in indices:
        pair = pairs[index]
        for side, prompt in (("chosen", "prompt_length"), ("rejected", "rejected_prompt_length")):
            tokens = pair[side].tolist()
            ids.append(tokens)
            answers.append(range(max(1, pair[prompt]), len(tokens)))
    values = np.array(model.outputs(ids, answers), np.float32).reshape(len(indices), 2, -1)
    if not np.isfinite(values).all():
        wrong = next(index for index, row in zip(indices, values, strict=True) if not np.isfinite(row).all())
        raise InputError(
            f"The hidden states of pair '{pairs.idx(wrong) or wrong}' are not finite.",
            "Set precision=fp32, or use another backbone.",
        )
    return values
