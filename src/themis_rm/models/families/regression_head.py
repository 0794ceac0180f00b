"""Eurus-RM (Mistral) and UltraRM (Llama 2): a bias-free linear ``regression_head`` on the last token."""

from __future__ import annotations

from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import LinearHead, one_output

HEAD = "regression_head.weight"

# UltraRM's tokenizer has no template; this is the form that its model card states, behind the BOS that its
# tokenizer adds.
_HUMAN_ASSISTANT = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if m['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "{{ ('Human: ' if m['role'] == 'user' else 'Assistant: ') + m['content'] }}"
    "{% if not loop.last %}{{ '\\n\\n' if m['role'] == 'user' else '\\n' }}{% endif %}{% endfor %}"
)


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder with its linear head."""
    one_output(checkpoint, HEAD)
    return HeadSpec(LinearHead(checkpoint.tensors([HEAD])[HEAD]), frozenset({HEAD}), template=_HUMAN_ASSISTANT)
