"""InternLM2-Reward: a linear ``v_head`` on a reward token that is appended to the conversation.

InternLM2 is a Llama with other tensor names and one matrix for the queries, keys and values of each group of heads; it
is loaded as a Llama, without code of the repository. Its dynamic rotary base depends on the longest input of a batch
beyond ``max_position_embeddings``; inputs are limited to that length, so that no score depends on the batch.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from themis_rm.errors import CheckpointError
from themis_rm.models.family import FAMILIES, Family, HeadSpec
from themis_rm.models.heads import linear_head_tensors, load_linear_head

if TYPE_CHECKING:
    import torch
    from transformers import LlamaConfig

    from themis_rm.models.checkpoint import Checkpoint

HEAD = "v_head.weight"

_CONFIG_KEYS = (
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
_RENAMES = (
    (r"^model\.tok_embeddings\.", "embed_tokens."),
    (r"\.attention\.wo\.", ".self_attn.o_proj."),
    (r"\.attention_norm\.", ".input_layernorm."),
    (r"\.ffn_norm\.", ".post_attention_layernorm."),
    (r"\.feed_forward\.w1\.", ".mlp.gate_proj."),
    (r"\.feed_forward\.w3\.", ".mlp.up_proj."),
    (r"\.feed_forward\.w2\.", ".mlp.down_proj."),
    (r"^model\.", ""),
)


def load_head(checkpoint: Checkpoint) -> HeadSpec:
    """Read the linear head, the id of its reward token and the decoder as a Llama."""
    head = load_linear_head(checkpoint, HEAD)
    try:
        suffix, config = int(checkpoint.config["reward_token_id"]), _llama_config(checkpoint.config)
    except KeyError as error:
        raise CheckpointError(f"{checkpoint.folder}/config.json lacks {error}.", "Download the model again.") from None
    return HeadSpec(
        head,
        linear_head_tensors(checkpoint, HEAD),
        config=config,
        weights=lambda: _llama_weights(checkpoint, config),
        suffix=suffix,
    )


def _llama_config(config: dict[str, Any]) -> LlamaConfig:
    from transformers import LlamaConfig

    values = {name: config[name] for name in _CONFIG_KEYS if name in config}
    if scaling := config.get("rope_scaling"):
        # 'dynamic' with a factor, under the names of transformers.
        kind = scaling.get("rope_type", scaling.get("type"))
        values["rope_parameters"] = {"rope_type": kind, "factor": scaling["factor"], "rope_theta": config["rope_theta"]}
    bias = bool(config.get("bias", False))
    return LlamaConfig(**values, attention_bias=bias, mlp_bias=False, tie_word_embeddings=False)


def _llama_weights(checkpoint: Checkpoint, config: LlamaConfig) -> dict[str, torch.Tensor]:
    weights: dict[str, torch.Tensor] = {}
    names = [name for name in checkpoint.shapes if name != HEAD]
    for name, value in checkpoint.tensors(names).items():
        if ".attention.wqkv." in name:
            weights |= _split(name, value, config)
        else:
            weights[_llama_name(name)] = value
    return weights


def _split(name: str, value: torch.Tensor, config: LlamaConfig) -> dict[str, torch.Tensor]:
    """Split ``[groups * (queries + 2) * head, hidden]`` into queries, keys and values."""
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
    for pattern, replacement in _RENAMES:
        name = re.sub(pattern, replacement, name)
    return name


FAMILIES.register(
    Family(
        "internlm2",
        load_head,
        tensors=("model.tok_embeddings.weight", HEAD),
        config_keys=("reward_token_id",),
    )
)
