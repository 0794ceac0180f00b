"""What went wrong lately in the import worker."""

import traceback
from collections import deque
from collections.abc import Callable


class FailureJournal:
    """Runs jobs and remembers the latest failures.

    Args:
        size: How many failures to remember.
    """

    def __init__(self, size: int) -> None:
        self._failures: deque[tuple[str, Exception]] = deque(maxlen=size)

    def run(self, name: str, job: Callable[[], object]) -> bool:
        """Run a job and return whether it went through."""
        try:
            job()
        except Exception as error:
            self._failures.appendleft((name, error))
            return False
        return True

    def report(self) -> list[tuple[str, str, str]]:
        """Return name, message and traceback of the failures, newest first."""
        return [
            (name, str(error), "".join(traceback.format_exception(error)))
            for name, error in self._failures
        ]
