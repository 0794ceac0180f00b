"""Checkpoints that count only when whole: a run may be killed at any moment, also while one is being written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

MARKER = "complete"


def last_complete(folder: Path) -> Path | None:
    """Return the newest whole checkpoint and remove what was left half-written."""
    found: list[tuple[int, Path]] = []
    for path in folder.glob("checkpoint-*"):
        if (path / MARKER).is_file():
            found.append((int(path.name.rpartition("-")[2]), path))
        else:
            shutil.rmtree(path)
    return max(found)[1] if found else None


class CompleteCheckpoints(TrainerCallback):
    """Marks a checkpoint once all of it is on disk, and only then removes the one before."""

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Runs on every rank when its part of a checkpoint is written."""
        if args.world_size > 1:
            import torch.distributed

            torch.distributed.barrier()
        if not state.is_world_process_zero:
            return
        new = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        for file in sorted(f for f in new.rglob("*") if f.is_file()):
            _sync(file)
        (new / MARKER).touch()
        _sync(new)
        for old in Path(args.output_dir).glob("checkpoint-*"):
            if old != new:
                (old / MARKER).unlink(missing_ok=True)  # first, so that a half-removed one never counts
                shutil.rmtree(old)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
