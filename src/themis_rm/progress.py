"""Progress of long work on a terminal: one bar that follows the completion markers of a stage's tasks.

Nothing is shown where standard error is no terminal, or while a wider view (that of a whole run) is on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_wider_view: ContextVar[bool] = ContextVar("suppress_progress", default=False)


@contextmanager
def suppress_progress() -> Iterator[None]:
    """Keep the bars of single stages off while a view of all of them is shown."""
    token = _wider_view.set(True)
    try:
        yield
    finally:
        _wider_view.reset(token)


def tasks_done(logs: Path) -> int:
    """Return how many tasks of a stage have left their completion marker."""
    folder = logs / "completions"
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


@contextmanager
def status_spinner(title: str, told: Callable[[], str]) -> Iterator[None]:
    """Show a spinner with a line that says how far the work is while the body runs.

    Args:
        title: What to call the work.
        told: Asked twice a second for the line.
    """
    console = Console(stderr=True)
    if _wider_view.get() or not console.is_terminal:
        yield
        return
    with console.status(title) as status, poll(lambda: status.update(f"{title}: {told()}")):
        yield


@contextmanager
def poll(look: Callable[[], None]) -> Iterator[None]:
    """Call ``look`` twice a second while the body runs, and once at its end."""
    over = threading.Event()

    def follow() -> None:
        while not over.wait(0.5):
            look()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        look()


@contextmanager
def progress_bar(stage: str, logs: Path, tasks: int) -> Iterator[None]:
    """Show a bar of finished tasks while the body runs.

    Args:
        stage: What to call it.
        logs: The stage's log folder, where the markers appear.
        tasks: How many there will be.
    """
    console = Console(stderr=True)
    if _wider_view.get() or not console.is_terminal:
        yield
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(stage, total=tasks)
        with poll(lambda: progress.update(bar, completed=tasks_done(logs))):
            yield
