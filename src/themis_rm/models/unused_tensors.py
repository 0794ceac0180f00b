"""Tensors of language models that no reward needs."""

UNUSED = frozenset({"lm_head.weight", "lm_head.bias", "embed_out.weight"})
"""Tensors that are not read."""
