"""Logs of tasks: what datatrove prints, and the last line of a log file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from datatrove.executor import base
from datatrove.utils.logging import logger

_TAIL_BYTES = 8 << 10
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f-\x9f]")


def silence_datatrove() -> None:
    """Print nothing of datatrove, because the terminal shows a progress bar, and an error ends the stage."""
    if not os.environ.get("THEMIS_DEBUG"):
        logger.remove()


@contextmanager
def file_logs_only() -> Iterator[None]:
    """Let datatrove log the tasks that run in the body to their files only, and not fail where a disk is full."""
    if os.environ.get("THEMIS_DEBUG"):
        yield
        return
    original = base.add_task_logger
    base.add_task_logger = _add_file_logger
    try:
        yield
    finally:
        base.add_task_logger = original
        silence_datatrove()  # closing a task's log restores the default one


def _add_file_logger(logging_dir: Any, rank: int, *_args: int, **_options: int) -> Any:
    def write(message: str) -> None:
        with suppress(OSError):
            file.write(message)

    logger.remove()
    file = logging_dir.open(f"logs/task_{rank:05d}.log", "w")
    logger.add(write, level="DEBUG", format="{time:YYYY-MM-DD HH:mm:ss.SSS} | {level: <8} | {name}:{line} - {message}")
    return file


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
