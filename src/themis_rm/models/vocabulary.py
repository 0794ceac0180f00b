"""Tokens of a tokenizer that a decoder has no embedding for."""

from __future__ import annotations

from typing import Any


def tokens_without_embedding(tokenizer: Any, embeddings: int) -> int:
    """Return the number of tokens whose id is not below the number of embeddings.

    Args:
        tokenizer: A tokenizer of transformers; its ids may have gaps.
        embeddings: Number of rows of the input embeddings.
    """
    return sum(index >= embeddings for index in tokenizer.get_vocab().values())
