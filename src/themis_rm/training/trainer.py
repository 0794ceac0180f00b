"""Training on ``transformers.Trainer``: the objective normalized over the global batch, exact resumption, logs.

The Trainer brings accumulation, sharding, mixed precision, clipping and checkpoints; what is ours is the order of the
data, the loss and its denominators, the schedule, what is logged, and which checkpoints count.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from functools import partial
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
from themis_rm.training.batches import InOrder, collate, training_order
from themis_rm.training.checkpoints import CompleteCheckpoints
from themis_rm.training.corpus import TokenPairs
from themis_rm.training.model import PairOutput, RewardModel, unaliased
from themis_rm.training.objective import bradley_terry, combine, magnitude
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.schedule import learning_rate, warmup_steps

_SUMS = ("preference", "nll", "magnitude", "reward_chosen", "reward_rejected", "correct", "pairs", "tokens")


def arguments(recipe: TrainRecipe, out: Path, steps: int, ranks: int) -> TrainingArguments:
    """Return the Trainer's arguments for a recipe.

    Args:
        recipe: The run.
        out: Folder for checkpoints.
        steps: Updates.
        ranks: Processes that take part.

    Raises:
        SettingError: The recipe does not fit the number of ranks, or asks for sharding on one.
    """
    sharded = recipe.sharding != "none"
    if sharded and ranks == 1:
        raise SettingError("sharding needs several ranks.", "Start with torchrun, or set sharding: none.")
    return TrainingArguments(
        output_dir=str(out),
        max_steps=steps,
        per_device_train_batch_size=recipe.micro_batch,
        gradient_accumulation_steps=recipe.accumulation(ranks),
        max_grad_norm=recipe.clip,
        bf16=recipe.precision == "bf16",
        use_cpu=not torch.cuda.is_available(),
        seed=recipe.seed,
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="steps",
        eval_steps=recipe.eval_every,
        save_strategy="steps",
        save_steps=recipe.save_every,
        save_total_limit=None,
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
    """The Trainer with the objective of reward models.

    Args:
        model: What to train.
        recipe: The run.
        args: Of :func:`arguments`.
        train: Training pairs.
        validation: Validation pairs, may be empty.
        pad: Id of the token that pads.
        log_file: Gets a line of JSON per update and per evaluate_pairs at the validation split.
    """

    loss_is_scaled_for_ga = True
    optimizer: Any
    lr_scheduler: Any
    control: Any

    def __init__(
        self,
        model: RewardModel,
        recipe: TrainRecipe,
        args: TrainingArguments,
        train: TokenPairs,
        validation: TokenPairs,
        *,
        pad: int,
        log_file: Path | None = None,
    ) -> None:
        self.recipe = recipe
        self.pad = pad
        self.log_file = log_file
        if args.n_gpu > 1:
            raise SettingError(
                f"{args.n_gpu} GPUs are visible to one process.", "Start one process per GPU with torchrun."
            )
        super().__init__(
            model=model, args=args, train_dataset=train, eval_dataset=validation, callbacks=[CompleteCheckpoints()]
        )
        self.sums = torch.zeros(len(_SUMS), dtype=torch.float64)
        self._last_look: tuple[int, dict[str, float]] = (-1, {})
        self.remove_callback(PrinterCallback)  # the log is a file
        self.add_callback(EvaluateOnTrainEnd())

    def create_accelerator_and_postprocess(self) -> None:
        """Keep reductions of gradients in float32 where weights are sharded."""
        super().create_accelerator_and_postprocess()
        plugin = getattr(self.accelerator.state, "fsdp_plugin", None)
        if plugin is not None and self.recipe.precision == "bf16":
            from torch.distributed.fsdp import MixedPrecisionPolicy

            plugin.mixed_precision_policy = MixedPrecisionPolicy(
                param_dtype=torch.bfloat16, reduce_dtype=torch.float32, output_dtype=torch.float32
            )

    def get_train_dataloader(self) -> Any:
        """Deal the order of the whole run out to ranks; to the Trainer it is one long epoch."""
        order = training_order(
            self.train_dataset.lengths,
            steps=self.args.max_steps,
            batch=self.recipe.global_batch,
            window=self.recipe.group_window,
            seed=self.recipe.seed,
        )
        loader = DataLoader(
            self.train_dataset,
            batch_size=self.recipe.micro_batch,
            sampler=InOrder(order),
            collate_fn=partial(collate, pad=self.pad),
            drop_last=True,
        )
        return self.accelerator.prepare(loader)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW (Loshchilov and Hutter, 2019, arXiv 1711.05101) over one group, or two if norms are spared."""
        if self.optimizer is None:
            named = [(n, p) for n, p in (model or self.model).named_parameters() if p.requires_grad]
            spared = [] if self.recipe.decay_all else [p for _, p in named if p.ndim < 2]
            decayed = [p for _, p in named if self.recipe.decay_all or p.ndim >= 2]
            groups = [{"params": decayed, "weight_decay": self.recipe.weight_decay}]
            groups += [{"params": spared, "weight_decay": 0.0}] if spared else []
            self.optimizer = AdamW(
                groups, lr=self.recipe.peak_rate, betas=self.recipe.betas, eps=self.recipe.eps, fused=True
            )
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Cosine with warm-up to the terminal rate."""
        if self.lr_scheduler is None:
            rate = partial(
                learning_rate,
                steps=num_training_steps,
                warmup=warmup_steps(num_training_steps, self.recipe.warmup),
                peak=self.recipe.peak_rate,
                terminal=self.recipe.terminal_rate,
            )
            self.lr_scheduler = LambdaLR(optimizer or self.optimizer, lambda step: rate(step) / self.recipe.peak_rate)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def get_batch_samples(
        self,
        epoch_iterator: Iterator[dict[str, Tensor]],
        num_batches: int,
        device: torch.device,
    ) -> tuple[list[dict[str, Tensor]], Tensor]:
        """Fetch one update's forward passes and count its pairs and completion tokens over all ranks.

        Returns:
            The batches, and ``[pairs, tokens]`` of the global batch as float64.
        """
        batches = list(itertools.islice(epoch_iterator, num_batches))
        counts = torch.zeros(2, dtype=torch.int64, device=device)
        for batch in batches:
            counts[0] += len(batch["completion_mask"])
            counts[1] += batch["completion_mask"].sum()
        if self.args.world_size > 1:
            counts = self.accelerator.reduce(counts, reduction="sum")
        return batches, counts.to(torch.float64)

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Return this forward pass's share of the global objective."""
        completion = inputs["completion_mask"]
        output: PairOutput = model(
            inputs["input_ids"], inputs["attention_mask"], completion if self.recipe.lam > 0 else None
        )
        preference = bradley_terry(output.chosen, output.rejected)
        center = magnitude(output.chosen, output.rejected, self.recipe.magnitude)
        assert isinstance(num_items_in_batch, Tensor)  # noqa: S101
        pairs, tokens = num_items_in_batch.to(preference.dtype)
        loss = combine(
            preference, output.nll, center, pairs=pairs, tokens=tokens, lam=self.recipe.lam, mu=self.recipe.mu
        )
        with torch.no_grad():
            self._count(output, preference, center, completion.sum())
        # Gradients are averaged over ranks, but shares are to be summed.
        loss = loss * self.accelerator.num_processes
        return (loss, output) if return_outputs else loss

    def _count(self, output: PairOutput, preference: Tensor, center: Tensor, tokens: Tensor) -> None:
        wins = (output.chosen > output.rejected).sum() + 0.5 * (output.chosen == output.rejected).sum()
        values = (
            preference.sum(),
            output.nll,
            center.sum(),
            output.chosen.sum(),
            output.rejected.sum(),
            wins,
            preference.new_tensor(len(preference)),
            tokens,
        )
        self.sums = self.sums.to(preference.device) + torch.stack([v.detach().to(torch.float64) for v in values])

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Write the terms of the objective over the global batch of the update."""
        super().log(logs, start_time)
        if "loss" not in logs:
            return
        sums = dict(zip(_SUMS, self.accelerator.reduce(self.sums, reduction="sum").tolist(), strict=True))
        self.sums = torch.zeros(len(_SUMS), dtype=torch.float64)
        pairs = sums["pairs"]
        terms = {key: sums[key] / pairs for key in ("preference", "magnitude", "reward_chosen", "reward_rejected")}
        terms["nll"] = sums["nll"] / max(1.0, sums["tokens"])
        line = {
            "split": "train",
            "loss": terms["preference"] + self.recipe.lam * terms["nll"] + self.recipe.mu * terms["magnitude"],
            **terms,
            "margin": terms["reward_chosen"] - terms["reward_rejected"],
            "accuracy": sums["correct"] / pairs,
            "n": int(pairs),
            "tokens": int(sums["tokens"]),
            "learning_rate": logs["learning_rate"],
            "grad_norm": logs["grad_norm"],
            "epoch": self.state.global_step * self.recipe.global_batch / len(self.train_dataset),
        }
        if not math.isfinite(line["loss"]):
            raise SettingError(
                f"The loss is {line['loss']} at update {self.state.global_step}.", "Lower peak_rate or clip."
            )
        self._write(line)

    def _write(self, line: dict[str, Any]) -> None:
        if self.log_file and self.is_world_process_zero():
            with self.log_file.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps({"step": self.state.global_step, **line}) + "\n")

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> dict[str, float]:
        """Look at the validation split and log it."""
        told = self.evaluate_pairs(eval_dataset if eval_dataset is not None else self.eval_dataset)
        self._last_look = (self.state.global_step, told)
        if told["n"]:
            self._write({"split": "validation", **told})
        metrics = {f"{metric_key_prefix}_{key}": value for key, value in told.items()}
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def final_metrics(self) -> dict[str, float]:
        """Return what the finished model scores on the validation split, see :meth:`evaluate_pairs`."""
        step, told = self._last_look
        return told if step == self.state.global_step else self.evaluate_pairs(self.eval_dataset)

    @torch.no_grad()
    def evaluate_pairs(self, pairs: TokenPairs) -> dict[str, float]:
        """Score up to ``eval_rows`` pairs.

        Returns:
            ``accuracy`` (ties count half), ``strict_accuracy``, ``ties`` (share), ``margin``, ``preference`` (loss)
            and ``n``; only ``n`` if there are none.
        """
        chosen = pairs.sample(self.recipe.eval_rows)
        if not len(chosen):
            return {"n": 0}
        self.model.eval()
        ranks, rank = self.accelerator.num_processes, self.accelerator.process_index
        cuts = [chosen[i : i + self.recipe.micro_batch] for i in range(0, len(chosen), self.recipe.micro_batch)]
        sums = torch.zeros(5, dtype=torch.float64, device=self.accelerator.device)
        for start in range(0, len(cuts), ranks):
            # Every rank takes part in every pass (shards are gathered in it); one without work repeats, uncounted.
            mine = start + rank
            sums += self._look_at(pairs, cuts[min(mine, len(cuts) - 1)]) * (mine < len(cuts))
        wins, ties, margin, preference, n = self.accelerator.reduce(sums, reduction="sum").tolist()
        self.model.train()
        return {
            "accuracy": (wins + 0.5 * ties) / n,
            "strict_accuracy": wins / n,
            "ties": ties / n,
            "margin": margin / n,
            "preference": preference / n,
            "n": int(n),
        }

    def _look_at(self, pairs: TokenPairs, indices: np.ndarray) -> Tensor:
        batch = collate([pairs[int(i)] for i in indices], self.pad)
        device = self.accelerator.device
        output: PairOutput = self.model(batch["input_ids"].to(device), batch["attention_mask"].to(device))
        chosen, rejected = output.chosen.double(), output.rejected.double()
        values = [
            (chosen > rejected).sum(),
            (chosen == rejected).sum(),
            (chosen - rejected).sum(),
            bradley_terry(chosen, rejected).sum(),
            torch.tensor(len(indices), device=device),
        ]
        return torch.stack([value.to(torch.float64) for value in values])

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        # The Trainer's own would stop at tied weights: safetensors stores no tensor twice.
        if not self.args.should_save:
            return
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(unaliased(state_dict or self.model.state_dict()), folder / "model.safetensors")


class EvaluateOnTrainEnd(TrainerCallback):
    """Evaluates at the last step, before the last checkpoint is written, so that a resumed run has the log entry."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Request an evaluation at the last step."""
        # Before the last checkpoint is written, so that the log is whole when the run is resumed from there.
        if state.global_step >= state.max_steps:
            control.should_evaluate = True
            control.should_save = True
