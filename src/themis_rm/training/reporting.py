"""Experiment trackers: TensorBoard, Weights & Biases, trackio and the others that transformers supports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers.integrations import (
    TensorBoardCallback,
    get_available_reporting_integrations,
    get_reporting_integration_callbacks,
)
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

from themis_rm.errors import SettingError, did_you_mean

TENSORBOARD = "tensorboard"
"""Name of a tracker, and of its directory in the output directory."""


def check_trackers(names: Sequence[str]) -> None:
    """Check that the trackers of a recipe are known and installed.

    Raises:
        SettingError: One of them is not.
    """
    for name in names:
        if name not in INTEGRATION_TO_CALLBACK:
            raise SettingError(
                f"report_to: transformers has no tracker '{name}'.", did_you_mean(name, INTEGRATION_TO_CALLBACK)
            )
        if name not in get_available_reporting_integrations():
            raise SettingError(
                f"report_to: the package of the tracker '{name}' is not installed.",
                f"Run: pip install {name.replace('_', '-')}, or leave it out.",
            )


def tracker_callbacks(names: Sequence[str], out: Path, resumed_step: int, main_process: bool) -> list[TrainerCallback]:
    """Return the callbacks of trackers.

    TensorBoard writes to ``out/tensorboard``, because the trainer's directory is that of the checkpoints. Steps that a
    resumed run repeats replace those that were written before.

    Args:
        names: Names of trackers.
        out: Output directory of the run.
        resumed_step: Step of the checkpoint that the run resumes from, 0 for none.
        main_process: Whether this process reports.
    """
    callbacks: list[Any] = [
        callback() for callback in get_reporting_integration_callbacks([n for n in names if n != TENSORBOARD])
    ]
    if TENSORBOARD in names and main_process:
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter(str(out / TENSORBOARD), purge_step=resumed_step + 1 if resumed_step else None)
        callbacks.append(TensorBoardCallback(writer))
    return callbacks
