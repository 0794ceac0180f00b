"""The record that training writes into a checkpoint or adapter: ``training.json``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from themis_rm.models.json_files import read_json

TRAINING_RECORD = "training.json"


def read_training_record(folder: Path) -> dict[str, Any]:
    """Return the record in the directory of a model; empty if there is none.

    Raises:
        CheckpointError: The file is not a JSON object.
    """
    file = folder / TRAINING_RECORD
    return read_json(file) if file.is_file() else {}


def recorded_base_digest(folder: Path) -> str:
    """Return the digest of the weights that a model was trained from, as its record has it; empty if unknown.

    It is a :attr:`~themis_rm.models.checkpoint.Checkpoint.weights_digest`.

    Raises:
        CheckpointError: The record is not a JSON object.
    """
    base = read_training_record(folder).get("base")
    digest = base.get("weights_digest") if isinstance(base, dict) else None
    return digest if isinstance(digest, str) else ""
