"""Trainer of pair reward models: ``transformers.Trainer`` with an objective normalized over the global batch.

The base class does accumulation, sharding, mixed precision, clipping and checkpoints. This subclass adds the order of
the data, the loss and its denominators, the schedule, the log, and checkpoints that count only when complete.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from themis_rm.errors import SettingError
from themis_rm.training.batches import BatchBuilder, PairBatch, StepBatch, StepBatches, training_order
from themis_rm.training.best_checkpoint import GREATER_IS_BETTER, TrackBest, tracks_best
from themis_rm.training.losses import LOSSES, PairOutput
from themis_rm.training.metrics import PairMetrics, measure
from themis_rm.training.monitoring import Monitor, TrainingWarning
from themis_rm.training.nonfinite import StopAtNonFinite, count_nonfinite
from themis_rm.training.objective import combine, keeps_ties, needs_nll, objective_weights, term_sums
from themis_rm.training.pair_model import PairRewardModel, without_tied_weights
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.resume import MarkCompleteCheckpoints
from themis_rm.training.sampling import GroupDraws, draws_by_group, sampling_groups
from themis_rm.training.schedule import learning_rate_at
from themis_rm.training.sharding import configure_sharding
from themis_rm.training.token_cache import TokenizedPairs
from themis_rm.training.trainable import count_weights, without_frozen
from themis_rm.training.write_errors import named_write_errors

_log = logging.getLogger(__name__)
_EVALUATION_PAIRS = 256
"""Pairs of which the forward passes of an evaluation are formed together."""
_STATISTICS = (
    *("reward_chosen", "reward_rejected", "reward_squared", "margin", "margin_squared"),
    *("correct", "equal", "pairs", "ties", "weight", "tokens"),
)


def training_arguments(recipe: TrainRecipe, checkpoints: Path, steps: int) -> TrainingArguments:
    """Return the arguments of ``transformers.Trainer`` for a recipe.

    Args:
        recipe: The training recipe.
        checkpoints: Directory for checkpoints.
        steps: Number of optimizer steps.
    """
    sharded = recipe.sharding != "none"
    return TrainingArguments(
        output_dir=str(checkpoints),
        max_steps=steps,
        per_device_train_batch_size=1,
        # The forward passes of a step are one batch for the base class, see PairTrainer.training_step.
        gradient_accumulation_steps=1,
        max_grad_norm=recipe.max_grad_norm,
        bf16=recipe.precision == "bf16",
        use_cpu=not torch.cuda.is_available(),
        seed=recipe.seed,
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="steps",
        eval_steps=recipe.eval_steps,
        save_strategy="steps",
        save_steps=recipe.save_steps,
        save_total_limit=None,
        metric_for_best_model=recipe.metric_for_best_model if tracks_best(recipe) else None,
        greater_is_better=GREATER_IS_BETTER[recipe.metric_for_best_model] if tracks_best(recipe) else None,
        run_name=recipe.run_name,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=[],
        ddp_find_unused_parameters=False,
        ddp_timeout=6 * 3600,
        fsdp=True if sharded else None,
        fsdp_config={
            "version": 2,
            "reshard_after_forward": True,
            "cpu_offload": recipe.sharding == "fsdp2-offload",
            "state_dict_type": "SHARDED_STATE_DICT",
            "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
        }
        if sharded
        else None,
    )


class PairTrainer(Trainer):
    """Trainer with the objective of a recipe.

    Args:
        model: The model to train.
        recipe: The training recipe.
        args: Arguments from :func:`training_arguments`.
        train: Training pairs.
        validation: Validation pairs; may be empty.
        pad_token_id: Token to pad with.
        monitor: Looks for signs that the run does not learn; by default there are no warnings.
        log_file: JSONL file to append to: one line per optimizer step, per evaluation on the validation split and per
            warning.

    Raises:
        SettingError: ``extra_losses`` names an unknown loss term.
        InputError: No pair has the criterion or language by which pairs are to be sampled.
    """

    loss_is_scaled_for_ga = True
    optimizer: Any
    lr_scheduler: Any
    control: Any
    order: np.ndarray
    _step: dict[str, Any]

    def __init__(
        self,
        model: PairRewardModel,
        recipe: TrainRecipe,
        args: TrainingArguments,
        train: TokenizedPairs,
        validation: TokenizedPairs,
        *,
        pad_token_id: int,
        monitor: Monitor | None = None,
        log_file: Path | None = None,
    ) -> None:
        self.recipe = recipe
        self.pair_model = model
        # Before they are sharded.
        self.num_parameters = count_weights(model)
        self.num_trained = count_weights(model, trained=True)
        self.weights = objective_weights(recipe)
        self.pad_token_id = pad_token_id
        self.log_file = log_file
        self.groups = sampling_groups(train, recipe.sampling) if recipe.sampling else None
        self.monitor = monitor
        self.grad_norm: float | None = None
        callbacks = [MarkCompleteCheckpoints(recipe.load_best_model_at_end)]
        super().__init__(model=model, args=args, train_dataset=train, eval_dataset=validation, callbacks=callbacks)
        self.sums = torch.zeros(len(self.weights) + len(_STATISTICS), dtype=torch.float64)
        self._last_evaluation: tuple[int, PairMetrics] = (-1, PairMetrics({}))
        self.remove_callback(PrinterCallback)  # the log goes to a file
        self.add_callback(EvaluateOnTrainEnd())
        self.add_callback(StopAtNonFinite(self))
        if tracks_best(recipe):
            self.add_callback(TrackBest(recipe))

    def create_accelerator_and_postprocess(self) -> None:
        """Create the accelerator, with the sharding of the recipe on CPUs too."""
        super().create_accelerator_and_postprocess()
        self.is_fsdp_enabled = configure_sharding(self.accelerator, self.args, self.recipe.precision)

    def autocast_smart_context_manager(self, cache_enabled: bool | None = True) -> Any:
        """Return the autocast of a sharded model, which accelerate does not wrap into its forward pass."""
        return self.accelerator.autocast() if self.is_fsdp_enabled else nullcontext()

    def get_train_dataloader(self) -> Any:
        """Return the batches of all steps in the order of the run; for the base class it is one long epoch."""
        self.order = training_order(
            self.train_dataset.lengths,
            steps=self.args.max_steps,
            global_batch_size=self.recipe.global_batch_size,
            length_group_size=self.recipe.length_group_size,
            seed=self.recipe.seed,
            groups=self.groups.codes if self.groups else None,
            temperature=self.recipe.sampling.temperature if self.recipe.sampling else 1.0,
        )
        steps = StepBatches(self.train_dataset, self.order, self.recipe.global_batch_size, self._batch_builder())
        workers = 1 if self.accelerator.device.type == "cuda" else 0
        return DataLoader(steps, batch_size=1, collate_fn=itemgetter(0), num_workers=workers)

    def _batch_builder(self) -> BatchBuilder:
        return BatchBuilder(
            self.recipe.micro_batch_tokens,
            self.pad_token_id,
            share_prefixes=self.pair_model.packed,
            both_sides=self.pair_model.pooling == "mean",
            process=self.accelerator.process_index,
            processes=self.accelerator.num_processes,
        )

    def draws(self) -> dict[str, GroupDraws]:
        """Return how often the pairs of each group were drawn so far; empty if they are not sampled by group."""
        if self.groups is None:
            return {}
        return draws_by_group(self.groups, self.order[: self.state.global_step * self.recipe.global_batch_size])

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Create AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101).

        Weights without decay and a reward head with its own learning rate are groups of their own.
        """
        if self.optimizer is None:
            named = [(n, p) for n, p in (model or self.model).named_parameters() if p.requires_grad]
            decay_all = self.recipe.decay_norm_and_bias
            head = [p for n, p in named if self.recipe.head_learning_rate and "backbone." not in n]
            apart = {id(p) for p in head}
            decayed = [p for _, p in named if (decay_all or p.ndim >= 2) and id(p) not in apart]
            without_decay = [p for _, p in named if not decay_all and p.ndim < 2 and id(p) not in apart]
            groups = [
                {"params": decayed, "weight_decay": self.recipe.weight_decay},
                {"params": without_decay, "weight_decay": 0.0},
                {"params": head, "weight_decay": self.recipe.weight_decay, "lr": self.recipe.head_learning_rate},
            ]
            groups = [group for group in groups if group["params"]]
            self.optimizer = AdamW(
                groups,
                lr=self.recipe.learning_rate,
                betas=(self.recipe.adam_beta1, self.recipe.adam_beta2),
                eps=self.recipe.adam_epsilon,
                fused=True,
            )
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Create the schedule of the recipe."""
        if self.lr_scheduler is None:
            recipe = self.recipe
            rate = partial(
                learning_rate_at,
                steps=num_training_steps,
                peak=recipe.learning_rate,
                minimum=recipe.min_learning_rate,
                warmup_ratio=recipe.warmup_ratio,
                schedule=recipe.lr_scheduler_type,
                decay_ratio=recipe.decay_ratio,
                decay_type=recipe.decay_type,
            )
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, lambda step: rate(step) / recipe.learning_rate)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def get_batch_samples(
        self, epoch_iterator: Iterator[StepBatch], num_batches: int, device: torch.device
    ) -> tuple[list[list[PairBatch]], Tensor]:
        """Fetch the forward passes of the next step.

        Returns:
            A list with one item, the forward passes of this process, and a float64 tensor with the sum of the weights
            and the number of completion tokens of the global batch.
        """
        step = next(epoch_iterator)
        return [step.passes], torch.tensor([step.weight, step.tokens], dtype=torch.float64, device=device)

    def training_step(
        self, model: Any, inputs: list[PairBatch], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Run the forward and backward passes of a step, and return the sum of their losses.

        Gradients are reduced over the processes after the last pass.
        """
        losses = []
        for batch in inputs[:-1]:
            # Without reduction every process would keep the gradients of all weights of a sharded model, in float32.
            with nullcontext() if self.is_fsdp_enabled else self.accelerator.no_sync(model):
                losses.append(super().training_step(model, {"batch": batch}, num_items_in_batch))
        losses.append(super().training_step(model, {"batch": inputs[-1]}, num_items_in_batch))
        return torch.stack(losses).sum()

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, PairBatch],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Return the share of one forward pass in the global objective, a scalar."""
        batch = inputs["batch"].to(self.accelerator.device)
        output: PairOutput = model(batch, needs_nll(self.weights))
        output.margin = batch.margin * self.recipe.margin_coefficient
        output.weight = batch.weight
        output.tie = batch.tie
        sums = term_sums(output, self.weights, self.recipe)
        assert isinstance(num_items_in_batch, Tensor)  # noqa: S101
        pairs, tokens = num_items_in_batch.to(sums[self.recipe.preference_loss].dtype)
        loss = combine(sums, self.weights, pairs=pairs, tokens=tokens)
        if batch.counted:
            with torch.no_grad():
                self._accumulate(output, sums, batch.chosen_tokens)
        # Gradients are averaged over processes, but the shares have to be summed.
        loss = loss * (self.accelerator.num_processes * batch.counted)
        return (loss, output) if return_outputs else loss

    def _accumulate(self, output: PairOutput, sums: dict[str, Tensor], tokens: int) -> None:
        decided = torch.ones_like(output.chosen, dtype=torch.bool) if output.tie is None else ~output.tie
        chosen, rejected = output.chosen.double(), output.rejected.double()
        difference = (chosen - rejected)[decided]
        equal = (difference == 0).sum()
        pairs, counted_tokens = torch.tensor([len(chosen), tokens], device=chosen.device)
        weight = pairs if output.weight is None else output.weight.sum(dtype=torch.float64)
        rewards = chosen.sum(), rejected.sum(), (chosen**2).sum() + (rejected**2).sum()
        counts = (difference > 0).sum() + 0.5 * equal, equal, pairs, (~decided).sum(), weight, counted_tokens
        values = (*sums.values(), *rewards, difference.sum(), (difference**2).sum(), *counts)
        self.sums = self.sums.to(chosen.device) + torch.stack([v.detach().to(torch.float64) for v in values])

    def finish_step(self) -> dict[str, Any]:
        """Return the loss terms and statistics of the current step over its global batch, before the update."""
        totals = self.accelerator.reduce(self.sums, reduction="sum").tolist()
        sums = dict(zip((*self.weights, *_STATISTICS), totals, strict=True))
        self.sums = torch.zeros_like(self.sums)
        pairs, tokens = sums["pairs"], sums["tokens"]
        decided = max(1.0, pairs - sums["ties"])
        counts = {"pairs": sums["weight"], "tokens": max(1.0, tokens)}
        terms = {name: sums[name] / counts[LOSSES.get(name).mean_over] for name in self.weights}
        chosen, rejected = sums["reward_chosen"] / pairs, sums["reward_rejected"] / pairs
        margin, reward = sums["margin"] / decided, (chosen + rejected) / 2
        self._step = {
            "split": "train",
            "loss": sum(weight * terms[name] for name, weight in self.weights.items()),
            **terms,
            "reward_chosen": chosen,
            "reward_rejected": rejected,
            "reward_std": math.sqrt(max(0.0, sums["reward_squared"] / (2 * pairs) - reward**2)),
            "margin": margin,
            "margin_std": math.sqrt(max(0.0, sums["margin_squared"] / decided - margin**2)),
            "accuracy": sums["correct"] / decided,
            "equal_rate": sums["equal"] / decided,
            "n": int(pairs),
            **({"ties": int(sums["ties"])} if keeps_ties(self.weights) else {}),
            "tokens": int(tokens),
        }
        return self._step

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Write the loss terms and statistics of one step, over its global batch, and pass them to trackers.

        The history in the state of the base class stays empty, because checkpoints would contain it.
        """
        if "loss" in logs:
            line = {
                **self._step,
                "learning_rate": logs["learning_rate"],
                "grad_norm": logs["grad_norm"],
                "epoch": self.state.global_step * self.recipe.global_batch_size / len(self.train_dataset),
            }
            self._write(line)
            found = self.monitor.update({"step": self.state.global_step, **line}) if self.monitor else []
            for warning in found:
                self.warn(warning)
            logs = {name: value for name, value in line.items() if isinstance(value, int | float)}
        self.control = self.callback_handler.on_log(self.args, self.state, self.control, logs)

    def warn(self, warning: TrainingWarning) -> None:
        """Log a warning and write it to the log of the run."""
        if self.is_world_process_zero():
            _log.warning("step %d: %s", warning.step, warning.message)
            self._write({"split": "warning", **warning.model_dump()})

    def _write(self, line: dict[str, Any]) -> None:
        if self.log_file and self.is_world_process_zero():
            with self.log_file.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps({"step": self.state.global_step, **line}) + "\n")

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        norm = super()._get_grad_norm(model, grad_norm)
        self.grad_norm = float(norm)
        return norm

    def batch_indices(self, step: int) -> np.ndarray:
        """Return the indices of the training pairs of a step, from 0."""
        size = self.recipe.global_batch_size
        return self.order[step * size : (step + 1) * size]

    def save_checkpoint(self) -> None:
        """Save the current state, as after a step."""
        self._save_checkpoint(self.model_wrapped, None)
        self.control = self.callback_handler.on_save(self.args, self.state, self.control)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        if not self.has_finite_weights():
            raise SettingError(
                f"Weights are not finite after step {self.state.global_step}; the checkpoint before it is kept.",
                "Lower learning_rate in a new run.",
            )
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        with named_write_errors(folder):
            super()._save_checkpoint(model, trial)

    def has_finite_weights(self) -> bool:
        """Return whether all trained weights are finite; every process has to call this."""
        return not self.accelerator.reduce(count_nonfinite(self.model), reduction="sum").item()

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Evaluate on the validation split and log the metrics."""
        result = self.evaluate_pairs(eval_dataset if eval_dataset is not None else self.eval_dataset)
        self._last_evaluation = (self.state.global_step, result)
        if result.overall["n"]:
            self._write({"split": "validation", **result.overall, **result.groups()})
        metrics = {f"{metric_key_prefix}_{key}": value for key, value in result.flat().items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def load_best(self) -> int:
        """Load the weights of the best evaluation after the last step, if the recipe asks for them.

        Returns:
            The step of the weights.
        """
        last, best = self.state.global_step, self.state.best_global_step
        if not self.recipe.load_best_model_at_end or best == last:
            return last
        self.state.best_model_checkpoint = str(Path(self.args.output_dir) / f"checkpoint-{best}")
        self._load_best_model()
        return int(best)

    def final_metrics(self, step: int) -> PairMetrics:
        """Return the metrics of the weights of a step, which are loaded, on the validation split."""
        evaluated, metrics = self._last_evaluation
        return metrics if evaluated == step else self.evaluate_pairs(self.eval_dataset)

    def evaluate_pairs(self, pairs: TokenizedPairs) -> PairMetrics:
        """Score up to ``max_eval_samples`` pairs.

        Raises:
            SettingError: No pair has two finite rewards.
        """
        sample = pairs.sample(self.recipe.max_eval_samples)
        chosen, rejected = self.score_pairs(pairs, sample)
        result = measure(chosen, rejected, pairs, sample)
        if len(sample) and not result.overall["n"]:
            raise SettingError(
                f"None of {len(sample)} pairs has finite rewards at step {self.state.global_step}.",
                "Lower learning_rate, or set precision=fp32.",
            )
        return result

    @torch.no_grad()
    def score_pairs(self, pairs: TokenizedPairs, indices: np.ndarray) -> np.ndarray:
        """Return the rewards of pairs; every process has to call this with the same pairs.

        Args:
            pairs: The split.
            indices: Indices of the pairs.

        Returns:
            Rewards of the chosen and the rejected responses, shape ``[2, pairs]``, in float64.
        """
        if not len(indices):
            return np.zeros((2, 0))
        self.model.eval()
        builder = self._batch_builder()
        rewards = torch.zeros(2, len(indices), dtype=torch.float64, device=self.accelerator.device)
        for first in range(0, len(indices), _EVALUATION_PAIRS):
            step = builder.build([pairs[int(i)] for i in indices[first : first + _EVALUATION_PAIRS]])
            for batch in step.passes:
                with self.compute_loss_context_manager():
                    output: PairOutput = self.model(batch.to(self.accelerator.device))
                if batch.counted:
                    columns = first + torch.tensor(batch.indices, device=rewards.device)
                    rewards[:, columns] = torch.stack([output.chosen, output.rejected]).double()
        self.model.train()
        return np.asarray(self.accelerator.reduce(rewards, reduction="sum").cpu())

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        # The base class fails on tied weights, because safetensors stores no tensor twice.
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        state = without_frozen(state_dict or self.model.state_dict(), self.pair_model)
        save_file(without_tied_weights(state), folder / "model.safetensors")


class EvaluateOnTrainEnd(TrainerCallback):
    """Evaluates at the last step, before the last checkpoint is written, so that a resumed run has the log entry."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Request an evaluation and a checkpoint at the last step."""
        if state.global_step >= state.max_steps:
            control.should_evaluate = True
            control.should_save = True
