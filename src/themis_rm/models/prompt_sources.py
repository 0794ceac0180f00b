"""Whose criteria prompts a model is used with: those of a file, of its checkpoint, or the built-in ones."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from themis_rm.models import published
from themis_rm.models.loading import find_prompts_file, is_checkpoint
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import PromptSet, built_in

_log = logging.getLogger(__name__)

BUILT_IN = "built-in prompts of this project"
TRAINED_WITH_OTHERS = (
    f"{BUILT_IN}, not those that the checkpoint was trained with: give the published data with --set prompt_set=DATASET"
)
TRAINED_WITHOUT = f"{BUILT_IN}; the checkpoint was not trained with criteria prompts"
UNKNOWN = (
    f"{BUILT_IN}; the checkpoint has no prompts.json: if it was trained with other prompts, give these or the data "
    "with --set prompt_set=PATH"
)


@dataclass(frozen=True)
class ModelPrompts:
    """A prompt set for a model, and where it comes from.

    Attributes:
        prompts: The prompt set.
        source: Where it comes from, for results.
        expected: The model was trained with these prompts, the user gave them, or no training decides.
    """

    prompts: PromptSet
    source: str
    expected: bool = True

    def warn(self) -> None:
        """Log a warning if the model was trained with other prompts, or may have been."""
        if not self.expected:
            _log.warning("Criteria prompts: %s.", self.source)


def find_prompts(
    model: str | Path, file: str | Path | None = None, settings: ModelSettings | None = None
) -> ModelPrompts:
    """Return the prompt set of a file, by default that of the checkpoint, otherwise the built-in one.

    Args:
        model: Checkpoint directory, hub id, or name of a published model or baseline.
        file: File with a prompt set, or preference data that contains one.
        settings: Settings of the model.

    Raises:
        InputError: The file is not a prompt set.
        CheckpointError: The files of the model cannot be found.
    """
    if file is not None:
        return ModelPrompts(PromptSet.load(Path(file)), f"from {file}")
    if not is_checkpoint(model, settings):
        return ModelPrompts(built_in(), BUILT_IN)
    own = find_prompts_file(model, settings)
    if own is not None:
        return ModelPrompts(PromptSet.from_file(own), f"{own.name} of the checkpoint")
    return ModelPrompts(built_in(), _fallback(model), expected=False)


def _fallback(model: str | Path) -> str:
    row = published.find(model) if isinstance(model, str) and not Path(model).is_dir() else None
    if row is None:
        return UNKNOWN
    return TRAINED_WITH_OTHERS if {"own", "all"} & set(row.prompts) else TRAINED_WITHOUT
