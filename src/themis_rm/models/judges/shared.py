"""Questions that several conversations share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

MOST = 4096
"""Answers kept; the oldest go first."""


class Shared:
    """Answers that are asked for once, also where several threads want the same one at the same time.

    Args:
        ask: Returns an answer and a failure; failures are not kept.
    """

    def __init__(self, ask: Callable[[str], tuple[str, str]]) -> None:
        self._ask = ask
        self._known: OrderedDict[str, Future[tuple[str, str]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question: str) -> tuple[str, str]:
        """Return the answer and the failure; what ``ask`` raises is raised to everyone who waits for it."""
        with self._lock:
            known = self._known.get(question)
            future = known or Future()
            if known is None:
                self._known[question] = future
                if len(self._known) > MOST:
                    self._known.popitem(last=False)
        if known is not None:
            return known.result()
        try:
            answer = self._ask(question)
        except BaseException as error:
            self._forget(question)
            future.set_exception(error)
            raise
        if answer[1]:
            self._forget(question)
        future.set_result(answer)
        return answer

    def _forget(self, question: str) -> None:
        with self._lock:
            self._known.pop(question, None)
