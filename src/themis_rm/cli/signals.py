"""Signals that end the program: one line, state kept, 128 plus the number of the signal as exit code."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 128 + signal.SIGINT
"""Exit code after Ctrl-C."""
OUTPUT_CLOSED = 128 + signal.SIGPIPE
"""Exit code where the reader of standard output has ended (``| head``), as that of other programs."""

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

ENDED_BY_SIGNAL = frozenset(128 + number for number in _ENDING)
"""Exit codes of a program that one of these signals has ended."""


class ReceivedSignal:
    """The signal that interrupted the program; SIGINT until another one is received."""

    def __init__(self) -> None:
        self.number: int = signal.SIGINT

    @property
    def exit_code(self) -> int:
        """Return the exit code of the program."""
        return 128 + self.number


@contextmanager
def catch_signals() -> Iterator[ReceivedSignal]:
    """Let SIGTERM and SIGHUP interrupt the body like Ctrl-C, by a ``KeyboardInterrupt``; a second one ends it at once.

    A signal that the caller of the program ignores (``nohup``) stays ignored. Outside of the main thread, nothing is
    changed, as only the main thread receives signals.
    """
    received = ReceivedSignal()

    def interrupt(number: int, _frame: object) -> None:
        received.number = number
        for other in before:
            signal.signal(other, signal.SIG_DFL)
        raise KeyboardInterrupt

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: handler for number in _ENDING if (handler := signal.getsignal(number)) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, interrupt)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
