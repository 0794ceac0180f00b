"""Memory and arithmetic of one forward and backward pass, counted on the real model without running it.

The model is run on fake tensors of torch, which have shapes and no data. So every architecture, LoRA, frozen layers,
activation checkpointing and bfloat16 are counted as they are trained, in seconds and without memory for any size.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry, sdpa_backward_flop_count, sdpa_flop_count
from torch.utils.weak import WeakIdKeyDictionary

from themis_rm.training.backbone import freeze_unused_lm_head
from themis_rm.training.losses import PairOutput
from themis_rm.training.objective import combine, needs_nll, objective_weights, term_sums
from themis_rm.training.pair_model import PairRewardModel
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.trainable import select_trainable

WEIGHTS, COPIES, GRADIENTS, ACTIVATIONS, LOSS, TEMPORARY = (
    "weights",
    "bfloat16 copies of weights",
    "gradients",
    "activations",
    "logits and loss",
    "temporary",
)


@dataclass(frozen=True)
class PassCost:
    """Cost of one forward and backward pass of one process, without sharding.

    Attributes:
        peak: Part -> bytes at the moment at which the sum is largest. Parts are the constants of this module; weights
            are those in memory, gradients those of the weights that are trained.
        forward_flops: Floating-point operations of the forward pass; a multiplication and an addition are two.
        backward_flops: Those of the backward pass, without recomputation.
        recomputed_flops: Those of the second forward pass with activation checkpointing.
    """

    peak: dict[str, int]
    forward_flops: int
    backward_flops: int
    recomputed_flops: int

    @property
    def flops(self) -> int:
        """All floating-point operations."""
        return self.forward_flops + self.backward_flops + self.recomputed_flops


def simulate_pass(
    recipe: TrainRecipe, backbone: Any, responses: int, tokens: int, *, accumulated: bool, predicted: int
) -> PassCost:
    """Count the memory and the operations of one forward and backward pass.

    Responses are rows without padding. A pack of as many tokens costs the same, but for the attention to prefixes.

    Args:
        recipe: The training recipe. With ``sharding``, weights are in the precision in which FSDP2 gathers them, and
            the gradient of a weight is freed as soon as it is complete.
        backbone: Its backbone on the meta device, see :func:`~themis_rm.training.backbone.build_empty_backbone`. It is
            changed and cannot be used again.
        responses: Number of responses, even.
        tokens: Tokens of each response with its prompt.
        accumulated: Whether gradients of an earlier pass are in memory.
        predicted: Number of tokens that the language-modeling loss is on.
    """
    with torch.device("meta"):
        select_trainable(backbone, recipe)
        model = PairRewardModel(backbone, recipe.backbone.head_init_std)
    weights = objective_weights(recipe)
    freeze_unused_lm_head(backbone, recipe)
    if recipe.gradient_checkpointing:
        model.enable_gradient_checkpointing()
    model.train()
    sharded = recipe.sharding != "none"
    with FakeTensorMode():
        _make_fake(model, torch.bfloat16 if sharded and recipe.precision == "bf16" else None)
        ids = torch.zeros(responses, tokens, dtype=torch.long)
        return _run(model, recipe, weights, ids, accumulated and not sharded, predicted)


def _make_fake(model: nn.Module, dtype: torch.dtype | None) -> None:
    """Replace weights and buffers on the meta device by fake ones on the CPU, shared as before."""
    made: dict[int, Tensor] = {}
    for module in model.modules():
        for table in (module._parameters, module._buffers):  # noqa: SLF001
            for name, value in table.items():
                if value is None:
                    continue
                if id(value) not in made:
                    kind = dtype if dtype and isinstance(value, nn.Parameter) else value.dtype
                    fake = torch.empty(value.shape, dtype=kind, device="cpu")
                    is_weight = isinstance(value, nn.Parameter)
                    made[id(value)] = nn.Parameter(fake, requires_grad=value.requires_grad) if is_weight else fake
                table[name] = made[id(value)]  # type: ignore[assignment]


def _run(
    model: PairRewardModel,
    recipe: TrainRecipe,
    weights: dict[str, float],
    ids: Tensor,
    accumulated: bool,
    predicted: int,
) -> PassCost:
    tracker = _MemoryTracker(model, keep_gradients=recipe.sharding == "none", accumulated=accumulated)
    cast = torch.autocast("cpu", torch.bfloat16) if recipe.precision == "bf16" else nullcontext()
    with tracker, cast:
        output = model.backbone.base_model(input_ids=ids, attention_mask=None, use_cache=False)
        hidden = output.last_hidden_state.flatten(0, 1)
        body = tracker.flops
        tracker.phase = LOSS
        chosen, rejected = model.rewards(hidden[: len(ids)]).chunk(2)
        pairs = PairOutput(chosen, rejected, chosen.new_zeros(()))
        if needs_nll(weights):
            pairs.nll = model.nll(hidden[:predicted], ids.flatten()[:predicted])
        ones = torch.ones(2)
        loss = combine(term_sums(pairs, weights, recipe), weights, pairs=ones[0], tokens=ones[1])
        forward = tracker.flops
        tracker.phase = TEMPORARY
        del hidden, output, pairs, chosen, rejected
    with tracker:
        loss.backward()  # type: ignore[no-untyped-call]
    recomputed = body if recipe.gradient_checkpointing else 0
    return PassCost(tracker.at_peak, forward, tracker.flops - forward - recomputed, recomputed)


_ATEN = torch.ops.aten


def _attention_flops(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    return sdpa_flop_count(query.shape, key.shape, value.shape)  # type: ignore[no-untyped-call]


def _attention_backward_flops(grad: Tensor, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    return sdpa_backward_flop_count(grad.shape, query.shape, key.shape, value.shape)  # type: ignore[no-untyped-call]


# The registry of torch lacks the attention of CPUs, which is counted for all devices.
_FLOPS: dict[Any, Callable[..., int]] = {
    **flop_registry,
    _ATEN._scaled_dot_product_flash_attention_for_cpu: _attention_flops,  # noqa: SLF001
    _ATEN._scaled_dot_product_flash_attention_for_cpu_backward: _attention_backward_flops,  # noqa: SLF001
}


@dataclass
class _Block:
    """Memory of one tensor and of its views."""

    part: str
    size: int


class _MemoryTracker(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sum of the live tensors' sizes by part, and its largest value.

    Args:
        model: Model with fake weights.
        keep_gradients: Keep the gradients, or free each as soon as it is complete.
        accumulated: Gradients of an earlier pass exist.
    """

    def __init__(self, model: nn.Module, *, keep_gradients: bool, accumulated: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.phase = ACTIVATIONS
        self.flops = 0
        self.at_peak: dict[str, int] = {}
        self._live: Counter[str] = Counter()
        self._largest = 0
        self._blocks: Any = WeakIdKeyDictionary()
        for tensor in (*model.parameters(), *model.buffers()):
            self._add(tensor, WEIGHTS)
        for weight in model.parameters():
            if not weight.requires_grad:
                continue
            if accumulated:
                weight.grad = torch.empty_like(weight)
                self._add(weight.grad, GRADIENTS)
            hook = self._count_gradient if keep_gradients else _free_gradient
            weight.register_post_accumulate_grad_hook(hook)  # type: ignore[no-untyped-call]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if count := _FLOPS.get(func._overloadpacket):  # noqa: SLF001
            self.flops += count(*args, **(kwargs or {}), out_val=result)
        is_copy = func is _ATEN._to_copy.default and self._is_weight(args[0])  # noqa: SLF001
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._add(tensor, COPIES if is_copy else self.phase)
        return result

    def _is_weight(self, tensor: Tensor) -> bool:
        block = self._blocks.get(tensor.untyped_storage())
        return block is not None and block.part == WEIGHTS

    def _add(self, tensor: Tensor, part: str) -> None:
        storage = tensor.untyped_storage()
        if storage in self._blocks:
            return
        block = self._blocks[storage] = _Block(part, storage.nbytes())
        self._live[part] += block.size
        weakref.finalize(storage, self._release, block)
        if (total := sum(self._live.values())) > self._largest:
            self._largest, self.at_peak = total, dict(self._live)

    def _release(self, block: _Block) -> None:
        self._live[block.part] -= block.size

    def _count_gradient(self, weight: Tensor) -> None:
        assert weight.grad is not None  # noqa: S101
        block = self._blocks[weight.grad.untyped_storage()]
        self._live[block.part] -= block.size
        block.part = GRADIENTS
        self._live[GRADIENTS] += block.size


def _free_gradient(weight: Tensor) -> None:
    weight.grad = None
