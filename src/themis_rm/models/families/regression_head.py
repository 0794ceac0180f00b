"""Eurus-RM (Mistral) and UltraRM (Llama 2): a linear ``regression_head`` without bias on the last token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import linear_head_tensors, load_linear_head

if TYPE_CHECKING:
    from themis_rm.models.checkpoint import Checkpoint

HEAD = "regression_head.weight"

# UltraRM's tokenizer has no chat template; this is the format of its model card, after the BOS token that its tokenizer
# adds.
_HUMAN_ASSISTANT = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{{ ('Human: ' if m['role'] == 'user' else 'Assistant: ') + m['content'] }}"
    "{% if not loop.last %}{{ '\\n\\n' if m['role'] == 'user' else '\\n' }}{% endif %}{% endfor %}"
)


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the linear head."""
    names = linear_head_tensors(checkpoint, HEAD)
    return HeadSpec(load_linear_head(checkpoint, HEAD), names, template=_HUMAN_ASSISTANT)


FAMILIES.register(Family("regression-head", load_head, tensors=(HEAD,)))
