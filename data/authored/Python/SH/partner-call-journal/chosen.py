"""Calls to the services of insurance partners, with a line in the log for each."""

import logging
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit, urlunsplit

Response = tuple[int, Mapping[str, str], bytes]
Send = Callable[[str, str, Mapping[str, str], bytes], Response]
LOGGED_HEADERS = {"accept", "content-type", "content-length", "user-agent", "x-request-id"}


class PartnerClient:
    """Sends requests and writes down what became of them."""

    def __init__(self, send: Send, log: logging.Logger) -> None:
        self._send = send
        self._log = log

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Send one request and return the answer."""
        parts = urlsplit(url)
        address = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        shown = {
            name: value if name.lower() in LOGGED_HEADERS else "..."
            for name, value in headers.items()
        }
        started = time.monotonic()
        try:
            response = self._send(method, url, headers, body)
        except Exception as error:
            self._log.error("%s %s failed: %s, headers %s", method, address, type(error).__name__, shown)
            raise
        duration = (time.monotonic() - started) * 1000
        self._log.info("%s %s: %d in %.0f ms, headers %s", method, address, response[0], duration, shown)
        return response
