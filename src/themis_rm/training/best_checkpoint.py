"""Early stopping, and the checkpoint with the best validation metric.

The callback of transformers counts evaluations without improvement in memory; here the count follows from the state of
the trainer, so that a resumed run stops at the same step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from themis_rm.storage.json_text import read_json_object
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.resume import checkpoint_step

GREATER_IS_BETTER = {"accuracy": True, "bradley_terry": False}
"""Value of ``metric_for_best_model`` -> whether larger values are better."""
_STATE_FILE = "trainer_state.json"


def tracks_best(recipe: TrainRecipe) -> bool:
    """Return whether a run compares its evaluations."""
    return recipe.load_best_model_at_end or recipe.early_stopping_patience is not None


class TrackBest(TrainerCallback):
    """Requests a checkpoint at a new best evaluation, and stops after too many evaluations without one.

    Args:
        recipe: The training recipe.
    """

    def __init__(self, recipe: TrainRecipe) -> None:
        self.recipe = recipe

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: dict[str, float], **kwargs: Any) -> None:
        """Compare an evaluation with the best one before it, which the trainer updates afterward."""
        if _improves(metrics[f"eval_{self.recipe.metric_for_best_model}"], state.best_metric, self.recipe):
            control.should_save = control.should_save or self.recipe.load_best_model_at_end
        elif has_stopped(self.recipe, state.global_step, state.best_global_step):
            control.should_training_stop = True
            control.should_save = True  # so that a run that is killed before the export does not train again


def _improves(value: float, best: float | None, recipe: TrainRecipe) -> bool:
    if best is None:
        return True
    return value > best if GREATER_IS_BETTER[recipe.metric_for_best_model] else value < best


def has_stopped(recipe: TrainRecipe, step: int, best_step: int | None) -> bool:
    """Return whether a run ends at this step because the last evaluations did not improve.

    Args:
        recipe: The training recipe.
        step: Number of steps so far.
        best_step: Step of the best evaluation; ``None`` or 0 if there was none.
    """
    if recipe.early_stopping_patience is None or not best_step:
        return False
    return step // recipe.eval_steps - best_step // recipe.eval_steps >= recipe.early_stopping_patience


def stopped_step(checkpoint: Path | None, recipe: TrainRecipe) -> int | None:
    """Return the last step of a run that stopped early and wrote this checkpoint; ``None`` if it did not stop."""
    if checkpoint is None or not tracks_best(recipe):
        return None
    step = checkpoint_step(checkpoint)
    best = read_json_object(checkpoint / _STATE_FILE).get("best_global_step")
    return step if has_stopped(recipe, step, best) else None
