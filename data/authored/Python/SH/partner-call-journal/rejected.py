"""Calls to the services of insurance partners, with a line in the log for each."""

import logging
import time
from collections.abc import Callable, Mapping

Response = tuple[int, Mapping[str, str], bytes]
Send = Callable[[str, str, Mapping[str, str], bytes], Response]


class PartnerClient:
    """Sends requests and writes down what became of them."""

    def __init__(self, send: Send, log: logging.Logger) -> None:
        self._send = send
        self._log = log

    def _describe(self, method: str, url: str, headers: Mapping[str, str]) -> str:
        """Return what was asked, as support likes to read it."""
        listed = "; ".join(f"{name}: {value}" for name, value in sorted(headers.items()))
        return f"{method} {url} [{listed}]"

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Send one request and return the answer."""
        request = self._describe(method, url, headers)
        started = time.monotonic()
        try:
            response = self._send(method, url, headers, body)
        except Exception as error:
            self._log.error("%s failed: %s: %s", request, type(error).__name__, error)
            raise
        duration = (time.monotonic() - started) * 1000
        self._log.info("%s: %d in %.0f ms", request, response[0], duration)
        return response
