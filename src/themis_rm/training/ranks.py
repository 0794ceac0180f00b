"""Processes of a run that torchrun or accelerate started."""

from __future__ import annotations

import os


def is_main_process() -> bool:
    """Return whether this is the only process of the run, or the first one."""
    return os.environ.get("RANK", "0") == "0"
