"""Logs of tasks: what datatrove prints, and the last line of a log file."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from datatrove.utils.logging import logger

from themis_rm.errors import UserError

_TAIL_BYTES = 8 << 10
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f-\x9f]")


def silence_datatrove() -> None:
    """Print only errors of datatrove, because the terminal shows a progress bar; each task logs to a file as well."""
    if not os.environ.get("THEMIS_DEBUG"):
        logger.remove()
        logger.add(sys.stderr, level="ERROR", filter=lambda record: not isinstance(_exception(record), UserError))


def _exception(record: Any) -> BaseException | None:
    return record["exception"].value if record["exception"] else None


def last_line(path: Path) -> str:
    """Return the last line of a log file that is not blank, without control characters; empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    shown = (_CONTROL.sub("", line).strip() for line in reversed(lines))
    return next((line for line in shown if line), "")[:500]
