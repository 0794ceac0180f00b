"""Sharding of weights, gradients and optimizer states with FSDP2, through accelerate."""

from __future__ import annotations

from typing import Any

import torch
from accelerate import Accelerator, PartialState
from accelerate.utils import DistributedType, FullyShardedDataParallelPlugin
from torch.distributed.fsdp import MixedPrecisionPolicy
from transformers import TrainingArguments


def configure_sharding(accelerator: Accelerator, args: TrainingArguments, precision: str) -> bool:
    """Set up FSDP2 as the arguments of a run ask for it; gradients are reduced in float32.

    On processes without GPUs accelerate ignores the request without a word and replicates the weights; here they are
    sharded as well, so that a machine without GPUs tests what GPUs run.

    Args:
        accelerator: Accelerator of the trainer, before it prepares the model.
        args: Arguments of the run.
        precision: ``precision`` of the recipe.

    Returns:
        Whether weights are sharded.
    """
    if not args.fsdp:
        return False
    state: Any = accelerator.state
    if state.distributed_type == DistributedType.MULTI_CPU:
        # Everything is in CPU memory without offloading it.
        state.fsdp_plugin = FullyShardedDataParallelPlugin(**args.fsdp_plugin_args | {"cpu_offload": False})
        # Every AcceleratorState copies the type of PartialState.
        state.distributed_type = PartialState._shared_state["distributed_type"] = DistributedType.FSDP  # noqa: SLF001
    # In float32 weights are gathered as they are. In bfloat16 inputs and outputs are left to autocast, as without
    # sharding: accelerate's policy would cast the hidden states to and fro at every layer.
    state.fsdp_plugin.mixed_precision_policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if precision == "bf16" else None,
        reduce_dtype=torch.float32 if precision == "bf16" else None,
        cast_forward_inputs=False,
    )
    return True
