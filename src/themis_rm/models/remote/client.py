"""JSON over HTTP to a server of one's own: connections are kept, passing faults are waited out, lasting ones told."""

from __future__ import annotations

import email.utils
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from themis_rm.errors import InputError, MissingExtraError, SettingError
from themis_rm.models.settings import RemoteSettings

RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Status codes after which the same request may succeed."""

LONGEST_PAUSE = 60.0
"""Seconds; a server that asks for a longer one is asked again after this one."""


class RequestRejected(Exception):  # noqa: N818
    """A request that this server takes at no time, such as a conversation that is too long for it.

    Args:
        status: HTTP status.
        message: What the server said, in one line.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        body: Its JSON.
        headers: Names in lower case.
    """

    body: Any
    headers: Mapping[str, str]


class Client:
    """Asks one server; may be used by several threads at once.

    Args:
        settings: Where it answers, how long and how often to wait for it.

    Raises:
        MissingExtraError: httpx is not installed.
        SettingError: The URL is none.
    """

    def __init__(self, settings: RemoteSettings) -> None:
        try:
            import httpx
        except ModuleNotFoundError:
            raise MissingExtraError("httpx", "judge") from None
        self.url = settings.url.rstrip("/").removesuffix("/v1")
        self.settings = settings
        self._faults = httpx
        key = os.environ.get(settings.key_variable)
        try:
            # No reply is redirected: what asks with a key should not follow a stranger's pointer.
            self._http = httpx.Client(
                base_url=self.url,
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=httpx.Timeout(settings.seconds, connect=min(10.0, settings.seconds), pool=None),
                limits=httpx.Limits(max_connections=settings.parallel, max_keepalive_connections=settings.parallel),
            )
        except httpx.InvalidURL:
            raise _no_url(settings.url) from None
        if not self.url.startswith(("http://", "https://")) or not self._http.base_url.host:
            raise _no_url(settings.url)

    def find(self, path: str) -> Any | None:
        """Return the JSON at a path, or ``None`` where the server has no such path.

        Raises:
            InputError: The server is not there or refuses the key.
        """
        try:
            return self._ask("GET", path, None).body
        except RequestRejected:
            return None

    def post(self, path: str, body: Mapping[str, Any]) -> Reply:
        """Send a request.

        Raises:
            RequestRejected: The server will not take this body.
            InputError: It is not there, has no such path, refuses the key, or fails again and again.
        """
        try:
            return self._ask("POST", path, json.dumps(body).encode())
        except RequestRejected as refusal:
            if refusal.status not in {404, 405}:
                raise
            raise InputError(
                f"{self.url} has nothing at {path} ({refusal.message}).",
                "Check remote.api, remote.served_as and that the model is served as a classifier.",
            ) from refusal

    def _ask(self, method: str, path: str, content: bytes | None) -> Reply:
        pause, fault = self.settings.pause, ""
        for attempt in range(self.settings.retries + 1):
            if attempt:
                time.sleep(min(pause, LONGEST_PAUSE))
            pause = self.settings.pause * 2**attempt
            try:
                response = self._http.request(
                    method, path, content=content, headers={"Content-Type": "application/json"}
                )
            except self._faults.TimeoutException:
                fault = f"no answer within {self.settings.seconds:g} seconds"
                continue
            except self._faults.TransportError as error:
                fault = " ".join(str(error).split()) or type(error).__name__
                continue
            if response.status_code not in RETRYABLE_STATUS:
                return self._read(path, response)
            fault = f"status {response.status_code}, {_message(response)}"
            pause = max(pause, _asked_for(response.headers.get("retry-after", "")))
        tries = f"{self.settings.retries + 1} tries" if self.settings.retries else "one try"
        raise InputError(
            f"{self.url}{path} does not answer: {fault} ({tries}).",
            "Is the server up? Raise remote.seconds or remote.retries, or lower remote.parallel, if it is slow.",
        )

    def _read(self, path: str, response: Any) -> Reply:
        status = response.status_code
        if status in {401, 403}:
            raise InputError(
                f"{self.url} refuses the key ({_message(response)}).",
                f"Put the server's key into the environment variable {self.settings.key_variable}.",
            )
        if 400 <= status < 500:
            raise RequestRejected(status, _message(response))
        try:
            if status != 200:
                raise ValueError
            return Reply(response.json(), {name.lower(): value for name, value in response.headers.items()})
        except ValueError:
            raise InputError(
                f"{self.url}{path} answers no JSON (status {status}).", "Is this the address of the model server?"
            ) from None


def _no_url(url: str) -> SettingError:
    return SettingError(f"'{url}' is no URL.", "Give one such as http://localhost:8000.")


def _asked_for(value: str) -> float:
    """Return the seconds that a ``Retry-After`` header asks for; it holds seconds or a date (RFC 9110, 10.2.3)."""
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return 0.0


def _message(response: Any) -> str:
    """Return what a server says about a fault, in one line: vLLM, SGLang, TEI and FastAPI each have a form of it."""
    try:
        said = response.json()
    except ValueError:
        said = response.text
    for name in ("error", "message", "detail"):
        said = said.get(name) or said if isinstance(said, dict) else said
    if isinstance(said, list) and said and isinstance(said[0], dict):
        said = said[0].get("msg", said[0])
    return " ".join(str(said).split())[:200].rstrip(".") or f"status {response.status_code}"
