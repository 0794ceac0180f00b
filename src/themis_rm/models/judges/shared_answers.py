"""Answers to prompts that several conversations share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future

MAX_ANSWERS = 4096
"""Answers kept in memory; the oldest are removed first."""


class SharedAnswers:
    """Requests each answer once, also if several threads need it at the same time.

    Args:
        request: Returns the answer to a prompt and a failure; failures are not kept.
    """

    def __init__(self, request: Callable[[str], tuple[str, str]]) -> None:
        self._request = request
        self._futures: OrderedDict[str, Future[tuple[str, str]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, prompt: str) -> tuple[str, str]:
        """Return answer and failure, as the request returned them; its exception is raised in every waiting thread."""
        with self._lock:
            pending = self._futures.get(prompt)
            future = pending or Future()
            if pending is None:
                self._futures[prompt] = future
                if len(self._futures) > MAX_ANSWERS:
                    self._futures.popitem(last=False)
        if pending is not None:
            return pending.result()
        try:
            answer = self._request(prompt)
        except BaseException as error:
            self._remove(prompt)
            future.set_exception(error)
            raise
        if answer[1]:
            self._remove(prompt)
        future.set_result(answer)
        return answer

    def _remove(self, prompt: str) -> None:
        with self._lock:
            self._futures.pop(prompt, None)
