"""JSON files of model directories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from themis_rm.errors import CheckpointError, InputError
from themis_rm.storage.json_text import read_json_object

_MAX_BYTES = 256 << 20
"""Largest JSON file that is read; the largest known tokenizers and indices have under 40 MB."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a model directory.

    Raises:
        CheckpointError: The file is not a JSON object, is too large, or is nested too deeply.
    """
    try:
        return read_json_object(path, hint="Download the model again.", max_bytes=_MAX_BYTES)
    except InputError as error:
        raise CheckpointError(error.message, error.hint) from error
