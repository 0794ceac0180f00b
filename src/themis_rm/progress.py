"""Progress of long jobs: bars and spinners on standard error, in terminals and notebooks.

Nothing is shown when standard error is neither a terminal nor a notebook, inside :func:`suppress_progress`, or while
another bar is already displayed: the outermost one wins.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from themis_rm.terminal import TerminalConsole, one_line

T = TypeVar("T")
REFRESH_SECONDS = 0.5

_suppressed: ContextVar[bool] = ContextVar("suppressed", default=False)
_display = threading.Lock()  # rich can update one live display at a time


@contextmanager
def suppress_progress() -> Iterator[None]:
    """Show no bars or spinners while the body runs."""
    token = _suppressed.set(True)
    try:
        yield
    finally:
        _suppressed.reset(token)


def track(
    iterable: Iterable[T], description: str, total: int | None = None, size: Callable[[T], int] | None = None
) -> Generator[T, None, None]:
    """Yield the items of an iterable and show a progress bar meanwhile.

    Args:
        iterable: The items.
        description: Short name of the work, shown in front of the bar.
        total: Number of steps until the end; by default the length of the iterable, if it has one.
        size: Returns the number of steps that an item completes (the length of a batch); by default 1.
    """
    if total is None and isinstance(iterable, Sized):
        total = len(iterable)
    with progress_counter(description, total) as advance:
        for item in iterable:
            yield item
            advance(1 if size is None else size(item))


@contextmanager
def progress_counter(description: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar while the body runs.

    Args:
        description: Short name of the work, shown in front of the bar.
        total: Number of steps until the end, if known.

    Yields:
        A function that the body calls with the number of steps it has completed since the last call.
    """
    with _exclusive_console() as console:
        if console is None:
            yield _ignore
            return
        with _progress(console) as progress:
            task = progress.add_task(description, total=total)
            yield lambda steps: progress.advance(task, steps)


@contextmanager
def progress_bar(stage: str, logs: Path, tasks: int) -> Iterator[None]:
    """Show a bar of a data stage's finished tasks while the body runs.

    Args:
        stage: Name of the stage, shown in front of the bar.
        logs: The stage's log directory, in which each finished task writes a completion marker.
        tasks: Number of tasks.
    """
    with _exclusive_console() as console:
        if console is None:
            yield
            return
        with _progress(console) as progress:
            task = progress.add_task(stage, total=tasks)
            with poll(lambda: progress.update(task, completed=tasks_done(logs))):
                yield


@contextmanager
def status_spinner(title: str, message: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Show a spinner with a status line while the body runs.

    Args:
        title: Short name of the work.
        message: Called twice a second; returns the status shown after the title.
    """
    with _exclusive_console() as console:
        if console is None:
            yield
            return
        with console.status(Text(title)) as status, poll(lambda: status.update(_status_line(title, message()))):
            yield


@contextmanager
def poll(callback: Callable[[], None]) -> Iterator[None]:
    """Call a function twice a second while the body runs, and once at the end."""
    finished = threading.Event()

    def loop() -> None:
        while not finished.wait(REFRESH_SECONDS):
            callback()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
        callback()


def tasks_done(logs: Path) -> int:
    """Return how many tasks of a data stage have written their completion marker."""
    directory = logs / "completions"
    return sum(1 for _ in directory.iterdir()) if directory.is_dir() else 0


@contextmanager
def _exclusive_console() -> Iterator[TerminalConsole | None]:
    """Yield the console to draw on, or ``None`` where nothing is to be shown."""
    console = None if _suppressed.get() else _stderr_console()
    if console is None or not _display.acquire(blocking=False):
        yield None
        return
    try:
        yield console
    finally:
        _display.release()


def _stderr_console() -> TerminalConsole | None:
    console = TerminalConsole(stderr=True)
    if console.is_jupyter:
        # Notebooks render terminal codes; rich's own notebook display needs ipywidgets and cannot update without.
        return TerminalConsole(stderr=True, force_terminal=True, force_jupyter=False)
    return console if console.is_terminal else None


def _progress(console: TerminalConsole) -> Progress:
    columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn()]
    columns += [MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()]
    return Progress(*columns, console=console, transient=True)


def _ignore(_steps: int) -> None:
    """Do nothing: progress is not shown."""


def _status_line(title: str, message: str) -> Text:
    return Text(one_line(f"{title}: {message}" if message else title))
