"""InternLM2-Reward: a linear ``v_head`` on a reward token that is put behind the conversation.

InternLM2 is a Llama under other names: queries, keys and values of each group of heads lie in one matrix, one after
the other. Read into a Llama, it needs no code of its own. Its dynamic rotary base depends on the longest input of a
batch beyond ``max_position_embeddings``; inputs end there, so that no score depends on its company.
"""

from __future__ import annotations

import re
from typing import Any

import torch
from transformers import LlamaConfig

from themis_rm.errors import CheckpointError
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import HeadSpec
from themis_rm.models.heads import LinearHead, one_output

HEAD = "v_head.weight"

_KEPT = (
    "bos_token_id",
    "eos_token_id",
    "hidden_act",
    "hidden_size",
    "intermediate_size",
    "max_position_embeddings",
    "num_attention_heads",
    "num_hidden_layers",
    "num_key_value_heads",
    "rms_norm_eps",
    "rope_theta",
    "torch_dtype",
    "vocab_size",
)
_NAMES = (
    (r"^model\.tok_embeddings\.", "embed_tokens."),
    (r"\.attention\.wo\.", ".self_attn.o_proj."),
    (r"\.attention_norm\.", ".input_layernorm."),
    (r"\.ffn_norm\.", ".post_attention_layernorm."),
    (r"\.feed_forward\.w1\.", ".mlp.gate_proj."),
    (r"\.feed_forward\.w3\.", ".mlp.up_proj."),
    (r"\.feed_forward\.w2\.", ".mlp.down_proj."),
    (r"^model\.", ""),
)


def parts(checkpoint: Checkpoint) -> HeadSpec:
    """Return the decoder as a Llama, its linear head and the token that it reads."""
    one_output(checkpoint, HEAD)
    config = checkpoint.config
    try:
        suffix, grouped = int(config["reward_token_id"]), _llama(config)
    except KeyError as error:
        raise CheckpointError(f"{checkpoint.folder}/config.json lacks {error}.") from None
    return HeadSpec(
        LinearHead(checkpoint.tensors([HEAD])[HEAD]),
        frozenset({HEAD}),
        config=grouped,
        weights=lambda: _as_llama(checkpoint, grouped),
        suffix=suffix,
    )


def _llama(config: dict[str, Any]) -> LlamaConfig:
    values = {name: config[name] for name in _KEPT if name in config}
    if scaling := config.get("rope_scaling"):
        # Written as transformers spells it; 'dynamic' with a factor.
        kind = scaling.get("rope_type", scaling.get("type"))
        values["rope_parameters"] = {"rope_type": kind, "factor": scaling["factor"], "rope_theta": config["rope_theta"]}
    bias = bool(config.get("bias", False))
    return LlamaConfig(**values, attention_bias=bias, mlp_bias=False, tie_word_embeddings=False)


def _as_llama(checkpoint: Checkpoint, config: LlamaConfig) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    names = [name for name in checkpoint.shapes if name != HEAD]
    for name, value in checkpoint.tensors(names).items():
        if ".attention.wqkv." in name:
            found |= _split(name, value, config)
        else:
            found[_llama_name(name)] = value
    return found


def _split(name: str, value: torch.Tensor, config: LlamaConfig) -> dict[str, torch.Tensor]:
    """Take ``[groups * (queries + 2) * head, hidden]`` apart into queries, keys and values."""
    groups = config.num_key_value_heads
    queries = config.num_attention_heads // groups
    size = config.hidden_size // config.num_attention_heads
    blocks = value.reshape(groups, queries + 2, size, *value.shape[1:])
    pieces = {"q_proj": blocks[:, :queries], "k_proj": blocks[:, queries], "v_proj": blocks[:, queries + 1]}
    stem = _llama_name(name)
    return {
        stem.replace("attention.wqkv", f"self_attn.{part}"): piece.reshape(-1, *value.shape[1:]).contiguous()
        for part, piece in pieces.items()
    }


def _llama_name(name: str) -> str:
    for pattern, replacement in _NAMES:
        name = re.sub(pattern, replacement, name)
    return name
