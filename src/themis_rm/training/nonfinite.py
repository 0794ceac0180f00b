"""Stop a run at a loss or gradient that is not finite: before the weights are updated, with the rows named."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import TrainerCallback

from themis_rm.errors import SettingError
from themis_rm.storage.atomic import write_json
from themis_rm.training.resume import COMPLETE_MARKER
from themis_rm.training.token_cache import TokenizedPairs

if TYPE_CHECKING:
    from themis_rm.training.trainer import PairTrainer

BATCH_FILE = "nonfinite_batch.json"
"""File in the output directory with the rows of the batch at which a run was stopped."""


class StopAtNonFinite(TrainerCallback):
    """Checks loss and gradient of every step before the weights are updated.

    Args:
        trainer: The trainer.
    """

    def __init__(self, trainer: PairTrainer) -> None:
        self.trainer = trainer
        self.random_state: dict[str, Any] = {}

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Keep the state of the random numbers, which belongs to the checkpoint of the step before."""
        self.random_state["cpu"] = torch.random.get_rng_state()
        if torch.cuda.is_available():
            self.random_state["cuda"] = torch.cuda.get_rng_state()

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop the run if the loss or the gradient is not finite.

        Raises:
            SettingError: One of them is not.
        """
        line, grad_norm = self.trainer.finish_step(), self.trainer.grad_norm
        if math.isfinite(line["loss"]) and (grad_norm is None or math.isfinite(grad_norm)):
            return
        saved = self._save(state.global_step)
        rows = self._rows(state.global_step)
        if self.trainer.is_world_process_zero() and self.trainer.log_file:
            found = {"step": state.global_step + 1, "loss": line["loss"], "grad_norm": grad_norm}
            values = {key: v if v is None or math.isfinite(v) else str(v) for key, v in found.items()}
            write_json(self.trainer.log_file.parent / BATCH_FILE, {**values, "rows": rows})
        remedy = "lower learning_rate or max_grad_norm"
        if not all(row["finite"] for row in rows):
            remedy = f"leave these rows out, or {remedy}"
        raise SettingError(
            describe(state.global_step + 1, line, grad_norm, self.trainer.weights, rows),
            f"In a new run, {remedy}.{saved}",
        )

    def _save(self, step: int) -> str:
        """Save the state before this step, unless it was saved after the last one; return where it is, in words."""
        trainer = self.trainer
        folder = Path(trainer.args.output_dir) / f"checkpoint-{step}"
        if not step or not trainer.has_finite_weights():
            return ""
        if not (folder / COMPLETE_MARKER).is_file():
            torch.random.set_rng_state(self.random_state["cpu"])
            if "cuda" in self.random_state:
                torch.cuda.set_rng_state(self.random_state["cuda"])
            trainer.save_checkpoint()
        return f" The state after step {step} is in {folder}."

    def _rows(self, step: int) -> list[dict[str, Any]]:
        """Return the rows of the batch of a step, those without finite rewards first."""
        trainer = self.trainer
        indices = trainer.batch_indices(step)
        rewards = trainer.score_pairs(trainer.train_dataset, indices)
        rows = batch_rows(trainer.train_dataset, indices, rewards)
        return sorted(rows, key=lambda row: row["finite"])


def batch_rows(pairs: TokenizedPairs, indices: np.ndarray, rewards: np.ndarray) -> list[dict[str, Any]]:
    """Return what is known of the pairs of a batch.

    Args:
        pairs: The training split.
        indices: Indices of the pairs.
        rewards: Their rewards, shape ``[2, pairs]``.
    """
    rows = []
    for index, (chosen, rejected) in zip(indices.tolist(), rewards.T.tolist(), strict=True):
        pair = pairs[index]
        finite = all(map(math.isfinite, (chosen, rejected, pair["margin"], pair["weight"])))
        values = {"reward_chosen": chosen, "reward_rejected": rejected} | {k: pair[k] for k in ("margin", "weight")}
        rows.append(
            {
                "index": index,
                "idx": pairs.idx(index),
                "criterion": pairs.criteria.names[pairs.criteria.codes[index]],
                "language": pairs.languages.names[pairs.languages.codes[index]],
                "tokens": int(pairs.lengths[index]),
                "finite": finite,
                # JSON has no NaN.
                **{key: value if math.isfinite(value) else str(value) for key, value in values.items()},
            }
        )
    return rows


def describe(
    step: int,
    line: Mapping[str, Any],
    grad_norm: float | None,
    terms: Iterable[str],
    rows: Sequence[Mapping[str, Any]],
) -> str:
    """Return in one line what is not finite, and in which rows."""
    broken = [name for name in terms if not math.isfinite(line[name])]
    what = f"The loss is {line['loss']}" if not math.isfinite(line["loss"]) else f"The gradient norm is {grad_norm}"
    of = f" ({', '.join(broken)})" if broken else ""
    named = [row for row in rows if not row["finite"]]
    shown = ", ".join(row["idx"] for row in (named or rows)[:5]) + (", ..." if len(named or rows) > 5 else "")
    which = (
        f"{len(named)} of its {len(rows)} pairs have no finite rewards" if named else "all its pairs have finite ones"
    )
    return f"{what} at step {step}{of}; {which} (idx {shown}), see {BATCH_FILE}."


def count_nonfinite(model: torch.nn.Module) -> torch.Tensor:
    """Return the number of trained weights of this process that are not finite, a scalar in float64."""
    trained = (weight.detach() for weight in model.parameters() if weight.requires_grad)
    # Of sharded weights, each process counts its own.
    counts = [(~getattr(weight, "_local_tensor", weight).isfinite()).sum() for weight in trained]
    return torch.stack(counts).sum().double()
