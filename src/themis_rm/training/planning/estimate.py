"""Plan of a training run: memory by part, whether it fits, time, arithmetic, disk space and price."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from themis_rm.errors import SettingError
from themis_rm.results import Result
from themis_rm.training.checks import WeightCounts, checkpoint_bytes, export_bytes
from themis_rm.training.planning.backbones import empty_backbone
from themis_rm.training.planning.devices import CPU, find_device
from themis_rm.training.planning.simulation import COPIES, GRADIENTS, WEIGHTS, simulate_pass
from themis_rm.training.precision import resolve_precision
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.trainable import decoder_layers, select_trainable

OPTIMIZER, GATHERED, REDUCED, OVERHEAD = (
    "optimizer states",
    "gathered weights",
    "gradients before reduction",
    "framework",
)
GPU_OVERHEAD = 2e9
"""Bytes of a GPU for its context, libraries and communication buffers: an assumption, no GPU was measured."""
MFU = {"gpu": 0.33, "cpu": 0.5}
"""Share of the peak speed that training reaches. GPUs: the lower end of 33 to 39 % of torchtitan with FSDP2 and without
torch.compile (Llama 3.1 8B on 8 and 128 H100, docs/performance.md of pytorch/torchtitan). CPU: benchmarks/plan.py."""
FOUR_BIT = 4.127 / 8
"""Bytes per weight in NF4 with double quantization (arXiv 2305.14314)."""
ADAMW_BYTES = 28
"""Bytes that a step of AdamW reads and writes per trained weight: gradient, weight and two moments, in float32."""


@dataclass(frozen=True)
class Workload:
    """Amount of data of a run.

    Attributes:
        pairs: Pairs in the training split; ``None`` if it is not known and the recipe has ``max_steps``.
        tokens: Mean number of tokens of a pair in a forward pass; ``None`` for two responses of ``max_length``.
        completion: Share of these tokens that the language-modeling loss is on.
    """

    pairs: int | None = None
    tokens: int | None = None
    completion: float = 0.5


class TrainingPlan(Result):
    """Plan of a training run; sizes in bytes."""

    kind: ClassVar[str] = "training plan"

    gpu: str
    """Name of the accelerator."""
    source: str
    """Where its figures are from."""
    gpus: int
    """Number of processes, one on each accelerator."""
    weights: int
    """Number of weights of the backbone."""
    trained: int
    """Number of weights that are trained, LoRA matrices included."""
    memory: dict[str, int]
    """Part -> bytes on one accelerator at the moment at which the sum is largest."""
    available: int
    """Memory of the accelerator."""
    host_memory: int
    """Memory of the machine per process: the weights in float32 while they are loaded, and what is offloaded."""
    pairs_per_step: int
    tokens_per_step: int
    """Tokens of the forward passes of a step on all accelerators."""
    tokens_per_pair: int
    """Mean number of tokens of a pair that times are computed for."""
    passes: int
    """Forward passes of each process per step."""
    steps: int | None
    """Number of optimizer steps; ``None`` if the number of pairs is not known."""
    step_flops: float
    """Floating-point operations of one step on all accelerators, without recomputation."""
    recomputed_flops: float
    """Those that activation checkpointing adds."""
    mfu: float
    """Share of the peak speed that the run is assumed to reach, recomputation counted as work."""
    step_seconds: float
    hours: float | None
    """Hours of training and of the evaluations during it."""
    price: float | None = None
    """Price of these hours on all accelerators."""
    checkpoint: int
    """Disk space of a checkpoint to resume from; there are two while one is written."""
    exported: int
    """Disk space of the exported checkpoint."""
    changes: dict[str, int] = {}  # noqa: RUF012
    """If it does not fit: settings to change, in this order, each with the memory that is then needed."""

    @property
    def needed(self) -> int:
        """Memory that is needed on one accelerator."""
        return sum(self.memory.values())

    @property
    def fits(self) -> bool:
        """Whether it has this memory."""
        return self.needed <= self.available

    def records(self) -> Sequence[dict[str, Any]]:
        """Return the memory by part."""
        return [{"part": part, "bytes": size} for part, size in self.memory.items()]

    def summary(self) -> str:
        """Return whether it fits and how long it takes."""
        fits = "fits" if self.fits else "does not fit"
        time = "" if self.hours is None else f", {self.hours:,.1f} hours"
        return f"{fits}: {self.needed / 1e9:.1f} of {self.available / 1e9:.0f} GB on {self.gpus} x {self.gpu}{time}"


def plan(
    recipe: TrainRecipe,
    gpu: str,
    gpus: int,
    workload: Workload | None = None,
    *,
    mfu: float | None = None,
    price_per_gpu_hour: float | None = None,
) -> TrainingPlan:
    """Plan a training run.

    Args:
        recipe: The training recipe.
        gpu: Name of the accelerator, see :func:`~themis_rm.training.planning.devices.find_device`.
        gpus: Number of accelerators.
        workload: Amount of data.
        mfu: Share of the peak speed that the run reaches; by default :data:`MFU`.
        price_per_gpu_hour: Price of one accelerator for one hour.

    Raises:
        SettingError: The recipe does not fit the number of accelerators or has no gradient steps, or the accelerator is
            unknown.
        CheckpointError: Nothing is known about the backbone.
    """
    recipe.require_gradient_steps("A plan")
    if recipe.precision == "auto":
        # All GPUs of the table have bfloat16.
        recipe = resolve_precision(recipe) if gpu == CPU else recipe.model_copy(update={"precision": "bf16"})
    made = _plan(recipe, gpu, gpus, workload or Workload(), mfu)
    if price_per_gpu_hour is not None and made.hours is not None:
        made = made.model_copy(update={"price": made.hours * gpus * price_per_gpu_hour})
    if made.fits:
        return made
    changes: dict[str, int] = {}
    for name, value in _changes(recipe, gpus):
        recipe = TrainRecipe.build({**recipe.model_dump(), name: value})
        passes = _passes(recipe, gpus, made.tokens_per_pair)
        changes[f"{name}={_text(value)}"] = needed = round(sum(_memory(recipe, gpus, gpu, passes).values()))
        if needed <= made.available:
            break
    return made.model_copy(update={"changes": changes})


def _plan(recipe: TrainRecipe, gpu: str, gpus: int, workload: Workload, mfu: float | None) -> TrainingPlan:
    device = find_device(gpu, recipe.precision, gpus)
    if recipe.sharding != "none" and gpus == 1:
        raise SettingError("sharding needs several processes.", "Set sharding=none, or more GPUs.")
    known = workload.pairs is not None or recipe.max_steps is not None
    steps = recipe.total_steps(workload.pairs or 0) if known else None
    tokens = min(workload.tokens or 2 * recipe.max_length, 2 * recipe.max_length)
    passes = _passes(recipe, gpus, tokens)
    memory = _memory(recipe, gpus, gpu, passes)
    counts, _ = _sizes(recipe)
    cost = simulate_pass(
        recipe,
        empty_backbone(recipe),
        2,
        -(-tokens // 2),
        accumulated=False,
        predicted=round(tokens * workload.completion),
    )
    share = mfu or MFU["cpu" if gpu == CPU else "gpu"]
    speed = device.flops(recipe.precision) * share
    per_gpu = recipe.global_batch_size / gpus
    update = ADAMW_BYTES * counts.trained / (gpus if recipe.sharding != "none" else 1)
    seconds = per_gpu * cost.flops / speed + (update / device.bandwidth if device.bandwidth else 0)
    hours = None
    if steps is not None:
        evaluated = (1 + steps // recipe.eval_steps) * min(recipe.max_eval_samples, _validation(recipe, workload))
        evaluation = evaluated * cost.forward_flops / gpus / speed
        hours = (steps * seconds + evaluation) / 3600
    return TrainingPlan(
        gpu=gpu,
        source=device.source,
        gpus=gpus,
        weights=counts.total,
        trained=counts.trained,
        memory={part: round(size) for part, size in memory.items() if size},
        available=round(device.memory),
        host_memory=round(4 * counts.total + _offloaded(recipe, counts, gpus)),
        pairs_per_step=recipe.global_batch_size,
        tokens_per_step=tokens * recipe.global_batch_size,
        tokens_per_pair=tokens,
        passes=passes,
        steps=steps,
        step_flops=float(recipe.global_batch_size * (cost.forward_flops + cost.backward_flops)),
        recomputed_flops=float(recipe.global_batch_size * cost.recomputed_flops),
        mfu=share,
        step_seconds=seconds,
        hours=hours,
        checkpoint=checkpoint_bytes(counts, recipe),
        exported=export_bytes(counts, recipe),
    )


def _validation(recipe: TrainRecipe, workload: Workload) -> int:
    """Return the number of validation pairs, if they are a share of the data."""
    if workload.pairs is None:
        return recipe.max_eval_samples
    return round(workload.pairs * recipe.validation_fraction / (1 - recipe.validation_fraction))


@dataclass(frozen=True)
class _Groups:
    """Numbers of weights in the groups that FSDP2 gathers: the largest layer, and all outside of layers."""

    layer: int
    layer_trained: int
    root: int
    root_trained: int
    linear: int


def _sizes(recipe: TrainRecipe) -> tuple[WeightCounts, _Groups]:
    backbone = empty_backbone(recipe)
    total = _count(backbone.parameters())
    with torch.device("meta"):
        select_trainable(backbone, recipe)
    layers = list(decoder_layers(backbone))
    largest = max(layers, key=lambda layer: _count(layer.parameters()))
    inside = {id(weight) for layer in layers for weight in layer.parameters()}
    outside = [weight for weight in backbone.parameters() if id(weight) not in inside]
    groups = _Groups(
        layer=_count(largest.parameters()),
        layer_trained=_count(w for w in largest.parameters() if w.requires_grad),
        root=_count(outside),
        root_trained=_count(w for w in outside if w.requires_grad),
        linear=sum(_count(iter([m.weight])) for layer in layers for m in layer.modules() if _is_frozen_linear(m)),
    )
    head = backbone.config.get_text_config().hidden_size
    trained = _count(w for w in backbone.parameters() if w.requires_grad) + head
    return WeightCounts(total, trained), groups


def _is_frozen_linear(module: Any) -> bool:
    return isinstance(module, nn.Linear) and not module.weight.requires_grad


def _count(weights: Iterator[Any] | Sequence[Any]) -> int:
    return sum(weight.numel() for weight in weights)


def _passes(recipe: TrainRecipe, gpus: int, tokens: int) -> int:
    """Return the number of forward passes of each process per step."""
    pairs = max(1, recipe.micro_batch_tokens // tokens)
    return -(-recipe.global_batch_size // (pairs * gpus))


def _memory(recipe: TrainRecipe, gpus: int, gpu: str, passes: int) -> dict[str, float]:
    """Return part -> bytes on one accelerator, for the largest pass: full, with responses of ``max_length`` tokens."""
    # A pair that is longer than the budget is a pass of its own.
    responses = 2 * max(1, recipe.micro_batch_tokens // (2 * recipe.max_length))
    cost = simulate_pass(
        recipe,
        empty_backbone(recipe),
        responses,
        recipe.max_length,
        accumulated=passes > 1,
        predicted=responses // 2 * (recipe.max_length - 1),
    )
    counts, groups = _sizes(recipe)
    memory: dict[str, float] = {WEIGHTS: 0, COPIES: 0, GRADIENTS: 0, OPTIMIZER: 8 * counts.trained, **cost.peak}
    if recipe.sharding != "none":
        memory |= _sharded(recipe, counts, groups, gpus)
    elif recipe.peft and recipe.peft.load_in_4bit:
        memory[WEIGHTS] -= groups.linear * (4 - FOUR_BIT)
        memory[COPIES] = 2 * groups.layer  # one layer is dequantized at a time
    memory[OVERHEAD] = 0 if gpu == CPU else GPU_OVERHEAD
    return memory


def _sharded(recipe: TrainRecipe, counts: WeightCounts, groups: _Groups, gpus: int) -> dict[str, float]:
    width = 2 if recipe.precision == "bf16" else 4
    on_gpu = 0 if recipe.sharding == "fsdp2-offload" else 1
    return {
        WEIGHTS: on_gpu * 4 * counts.total / gpus,
        COPIES: 0,
        GRADIENTS: on_gpu * 4 * counts.trained / gpus,
        OPTIMIZER: on_gpu * 8 * counts.trained / gpus,
        # The group outside of the layers stays gathered; the next layer is gathered while one is computed.
        GATHERED: width * (groups.root + 2 * groups.layer),
        REDUCED: width * groups.root_trained + (width + 4) * groups.layer_trained,
    }


def _offloaded(recipe: TrainRecipe, counts: WeightCounts, gpus: int) -> float:
    return (4 * counts.total + 12 * counts.trained) / gpus if recipe.sharding == "fsdp2-offload" else 0


def _changes(recipe: TrainRecipe, gpus: int) -> Iterator[tuple[str, Any]]:
    """Yield settings that save memory, those with the smallest loss of speed or quality first."""
    if not recipe.gradient_checkpointing:
        yield "gradient_checkpointing", True
    if gpus > 1 and recipe.sharding == "none":
        yield "sharding", "fsdp2"
    tokens = recipe.micro_batch_tokens
    while tokens > 2 * recipe.max_length:
        tokens = max(2 * recipe.max_length, tokens // 2)
        yield "micro_batch_tokens", tokens
    if gpus > 1 and recipe.sharding != "fsdp2-offload":
        yield "sharding", "fsdp2-offload"
    if recipe.peft is None and recipe.train_layers is None:
        yield "peft", {"merge": False} if recipe.backbone.name else {}
    if (
        gpus == 1
        and recipe.backbone.name
        and recipe.train_layers is None
        and not (recipe.peft and recipe.peft.load_in_4bit)
    ):
        yield "peft", {"merge": False, "load_in_4bit": True}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
