"""Tokens of a tokenizer that a decoder has no embedding for."""

from __future__ import annotations

from typing import Any

from themis_rm.errors import CheckpointError


def tokens_without_embedding(tokenizer: Any, embeddings: int) -> int:
    """Return the number of tokens whose id is not below the number of embeddings.

    Args:
        tokenizer: A tokenizer of transformers; its ids may have gaps.
        embeddings: Number of rows of the input embeddings.
    """
    return sum(index >= embeddings for index in tokenizer.get_vocab().values())


def embedding_rows(model: Any) -> int:
    """Return the number of rows of the input embeddings of a model.

    Raises:
        CheckpointError: It has no embeddings of tokens.
    """
    weight = getattr(model.get_input_embeddings(), "weight", None)
    if weight is None or not hasattr(weight, "shape"):
        raise CheckpointError(f"{type(model).__name__} has no embeddings of tokens.", "Use a model that reads text.")
    rows: int = weight.shape[0]
    return rows
