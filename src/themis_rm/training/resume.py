"""Checkpoints to resume from: a checkpoint counts only once it is completely on disk, however a run is interrupted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from themis_rm.errors import InputError
from themis_rm.storage.atomic import atomic_path, remove, write_text
from themis_rm.storage.digests import file_sha256
from themis_rm.storage.json_lines import read_json_lines
from themis_rm.storage.json_text import parse_json, read_json_object
from themis_rm.storage.output_dir import JOB_FILE
from themis_rm.training.ranks import wait_for_all
from themis_rm.training.report import LOG_FILE

COMPLETE_MARKER = "complete"
"""File in a checkpoint directory whose files are all on disk: their sizes, and the run that wrote them."""


def find_resume_checkpoint(out: Path) -> Path | None:
    """Return the newest complete checkpoint of a run, and remove what is newer: partial checkpoints and log lines.

    Args:
        out: Output directory of the run.

    Raises:
        InputError: A file of a checkpoint was removed or changed later, or another run wrote it.
    """
    complete = _complete(out / "checkpoints")
    for path in complete:
        _require_unchanged(path)
    checkpoint = max(complete, key=checkpoint_step, default=None)
    step = checkpoint_step(checkpoint)
    log = out / LOG_FILE
    if log.is_file():
        # The steps after the checkpoint are run and logged again.
        rows = [row for row in read_log(log) if row.get("step", 0) <= step]
        write_text(log, "".join(f"{json.dumps(row)}\n" for row in rows))
    return checkpoint


def _require_unchanged(checkpoint: Path) -> None:
    marker = read_json_object(checkpoint / COMPLETE_MARKER)
    hint = "Remove the checkpoint to resume from an earlier one or from the start."
    sizes = _sizes(checkpoint)
    for name, size in marker["files"].items():
        if sizes.get(name) != size:
            what = "has another size than when it was written" if name in sizes else "is missing"
            raise InputError(f"{checkpoint / name} {what}.", hint)
    if marker["run"] != _run_digest(checkpoint.parent):
        raise InputError(f"{checkpoint} was written by a run with other settings or data.", hint)


def _sizes(checkpoint: Path) -> dict[str, int]:
    files = (path for path in checkpoint.rglob("*") if path.is_file() and path.name != COMPLETE_MARKER)
    return {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in sorted(files)}


def _run_digest(checkpoints: Path) -> str:
    """Return the digest of settings and data of the run to which a directory of checkpoints belongs."""
    job = checkpoints.parent / JOB_FILE
    return file_sha256(job) if job.is_file() else ""


def read_log(file: Path) -> list[dict[str, Any]]:
    """Return the lines of the log of a run, none if there is no log; a line that was cut off is left out."""
    return [row for _, row in read_json_lines(file) if isinstance(row, dict)] if file.is_file() else []


def checkpoint_step(checkpoint: Path | None) -> int:
    """Return the step at which a checkpoint was written; 0 without one."""
    return int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0


def _complete(folder: Path) -> list[Path]:
    """Return the complete checkpoints of a run, and remove the others."""
    complete = []
    for path in sorted(folder.glob("checkpoint-*")):
        if _is_complete(path):
            complete.append(path)
        else:
            remove(path)
    return complete


def _is_complete(checkpoint: Path) -> bool:
    try:
        return isinstance(parse_json((checkpoint / COMPLETE_MARKER).read_bytes()), dict)
    except (OSError, ValueError):
        return False


class MarkCompleteCheckpoints(TrainerCallback):
    """Marks a checkpoint once all its files are on disk, and only then removes the previous one.

    Args:
        keep_best: Whether the checkpoint of the best evaluation is kept too.
    """

    def __init__(self, keep_best: bool = False) -> None:
        self.keep_best = keep_best

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Mark the checkpoint; called on every process after its part of the checkpoint is written."""
        wait_for_all()
        if not state.is_world_process_zero:
            return
        folder = Path(args.output_dir)
        new = folder / f"checkpoint-{state.global_step}"
        for file in sorted(path for path in new.rglob("*") if path.is_file()):
            _sync(file)
        with atomic_path(new / COMPLETE_MARKER) as partial:
            partial.write_text(json.dumps({"run": _run_digest(folder), "files": _sizes(new)}), encoding="utf-8")
            _sync(partial)
        _sync(new)
        kept = {new, folder / f"checkpoint-{state.best_global_step}"} if self.keep_best else {new}
        for old in folder.glob("checkpoint-*"):
            if old not in kept:
                (old / COMPLETE_MARKER).unlink(missing_ok=True)  # first: a partly removed checkpoint must not count
                remove(old)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
