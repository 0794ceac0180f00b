"""JSON files of model directories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from themis_rm.errors import CheckpointError

_MAX_BYTES = 256 << 20
"""Largest JSON file that is read; the largest known tokenizers and indices have under 40 MB."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a model directory.

    Raises:
        CheckpointError: The file is not a JSON object, is too large, or is nested too deeply.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CheckpointError(f"{path} has {path.stat().st_size:,} bytes; at most {_MAX_BYTES:,} are read.")
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} is not readable JSON ({str(error).splitlines()[0]}).") from error
    except RecursionError as error:
        raise CheckpointError(f"{path} is nested too deeply.", "Download the model again.") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} is not a JSON object.")
    return values
