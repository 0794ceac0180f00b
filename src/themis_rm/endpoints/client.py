"""HTTP client for model servers: total timeouts, a size limit, retries and bounded concurrency."""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from themis_rm.endpoints.bodies import ACCEPTED, Body, BodyError
from themis_rm.endpoints.settings import EndpointSettings
from themis_rm.errors import InputError, MissingExtraError, SettingError

RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Status codes after which the same request may succeed."""

MAX_BACKOFF = 60.0
"""Most seconds between two attempts, also where a server asks for more."""

MAX_RESPONSE_BYTES = 64 * 2**20
"""Most bytes of a response, decompressed."""

_CONNECT_TIMEOUT = 10.0


class RequestRejected(Exception):  # noqa: N818
    """A request that the server refuses with a status code from 400 to 499, such as an input that is too long.

    Args:
        status: HTTP status code.
        message: The server's message, in one line.
        body: The JSON of the response, ``None`` if it was not JSON.
    """

    def __init__(self, status: int, message: str, body: Any = None) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message
        self.body = body


class EndpointError(InputError):
    """A request failed after all retries for a reason that may not affect the next one, such as a server error."""


class EndpointTimeoutError(EndpointError):
    """The server did not respond within the timeout, in any attempt."""


class EndpointUnavailableError(InputError):
    """No connection, a missing path or a rejected API key: every further request would fail too."""


@dataclass(frozen=True, slots=True)
class _Request:
    """A request, and the most bytes of the response to it."""

    method: str
    path: str
    content: bytes | None
    limit: int


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response with status code 200.

    Attributes:
        url: Where it came from.
        content: The body, decompressed.
        headers: Header name, in lower case -> value.
    """

    url: str
    content: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        """Return the parsed body.

        Raises:
            InputError: It is not JSON.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise InputError(
                f"{self.url} did not respond with JSON.", "Check that this is the address of the model server."
            ) from None


class HttpClient:
    """A client for one server; several threads may share it.

    Redirects are not followed, so that an API key is sent to the configured server only.

    Args:
        settings: See :class:`EndpointSettings`.
        section: Prefix of the settings in error messages (``remote.``).
        max_response_bytes: See :data:`MAX_RESPONSE_BYTES`.

    Raises:
        MissingExtraError: httpx or tenacity is not installed.
        SettingError: The URL is not valid.
    """

    def __init__(
        self, settings: EndpointSettings, section: str = "", max_response_bytes: int = MAX_RESPONSE_BYTES
    ) -> None:
        try:
            import httpx
            import tenacity
        except ModuleNotFoundError as error:
            raise MissingExtraError(str(error.name), "judge") from None
        self.settings = settings
        self.section = section
        self.url = _without_password(settings.url.rstrip("/"))
        self._limit = max_response_bytes
        self._httpx = httpx
        self._slots = threading.BoundedSemaphore(settings.max_concurrency)
        self._http = _open(settings)
        self._retry = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(settings.max_retries + 1),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type(_AttemptFailed),
            reraise=True,
        )
        backoff = settings.retry_backoff
        self._backoff = tenacity.wait_exponential(backoff, MAX_BACKOFF) + tenacity.wait_random(0, backoff)

    def get(self, path: str) -> HttpResponse:
        """Send a GET request.

        Raises:
            RequestRejected: The server has no such path, or refuses the request.
            EndpointUnavailableError: It cannot be reached, or rejects the API key.
            EndpointError: It failed in every attempt.
        """
        return self._request(_Request("GET", path, None, self._limit))

    def find_json(self, path: str) -> Any | None:
        """Return the JSON at a path, or ``None`` if the server has no such path.

        Raises:
            InputError: See :meth:`get`; or the response is not JSON.
        """
        try:
            return self.get(path).json()
        except RequestRejected:
            return None

    def post(self, path: str, body: Mapping[str, Any], max_response_bytes: int | None = None) -> HttpResponse:
        """Send a POST request with a JSON body.

        Args:
            path: Path behind the URL of the settings.
            body: The JSON.
            max_response_bytes: Most bytes of the response; by default the client's limit.

        Raises:
            RequestRejected: The server refuses this body.
            EndpointUnavailableError: It cannot be reached, has no such path, or rejects the API key.
            EndpointError: It failed in every attempt.
        """
        try:
            return self._request(_Request("POST", path, json.dumps(body).encode(), max_response_bytes or self._limit))
        except RequestRejected as error:
            if error.status not in {404, 405}:
                raise
            raise EndpointUnavailableError(
                f"{self.url}{path} was not found ({error.message}).",
                f"Check {self.section}url, {self.section}served_model_name and what the server serves.",
            ) from error

    def _request(self, request: _Request) -> HttpResponse:
        try:
            return self._retry(self._attempt, request)
        except _AttemptFailed as error:
            attempts = f"{self.settings.max_retries + 1} attempts" if self.settings.max_retries else "one attempt"
            raise error.kind(
                f"{self.url}{request.path} does not respond: {error} ({attempts}).",
                f"Check that the server is running. If it is slow, raise {self.section}timeout or "
                f"{self.section}max_retries, or lower {self.section}max_concurrency.",
            ) from error

    def _attempt(self, request: _Request) -> HttpResponse:
        with self._slots:
            status, headers, body = self._send(request)
        if status == 200:
            return HttpResponse(f"{self.url}{request.path}", body, headers)
        message, values = _error_message(status, body)
        if status in RETRYABLE_STATUS:
            raise _AttemptFailed(
                f"status {status}, {message}", EndpointError, _retry_after(headers.get("retry-after", ""))
            )
        if status in {401, 403}:
            raise EndpointUnavailableError(
                f"{self.url} rejects the API key ({message}).",
                f"Set the environment variable {self.settings.api_key_env} to the server's key.",
            )
        if 400 <= status < 500:
            raise RequestRejected(status, message, values)
        if 300 <= status < 400:
            target = _without_password(one_line(headers.get("location", "another address"), 200))
            message = f"{message}, a redirect to {target}, which is not followed"
        raise EndpointError(
            f"{self.url}{request.path} responded with status {status}: {message}.",
            "Check that this is the address of the model server.",
        )

    def _send(self, request: _Request) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of one request; translate the failures of a connection."""
        coroutine = self._exchange(request)
        future = asyncio.run_coroutine_threadsafe(coroutine, _event_loop())
        try:
            return future.result()
        except (TimeoutError, self._httpx.TimeoutException):
            seconds = f"{self.settings.timeout:g} seconds"
            raise _AttemptFailed(f"no response within {seconds}", EndpointTimeoutError) from None
        except BodyError as error:
            raise EndpointError(
                f"{self.url}{request.path} cannot be read: its response {error}.",
                "Check that this is the address of the model server.",
            ) from None
        except (self._httpx.RequestError, self._httpx.InvalidURL, OSError, UnicodeError, OverflowError) as error:
            reason = one_line(error, 300) or type(error).__name__
            raise _AttemptFailed(reason, EndpointUnavailableError) from error
        finally:
            future.cancel()  # effective only where this thread was interrupted

    async def _exchange(self, request: _Request) -> tuple[int, dict[str, str], bytes]:
        async with (
            asyncio.timeout(self.settings.timeout),
            self._http.stream(request.method, request.path, content=request.content) as response,
        ):
            headers = {name.lower(): value for name, value in response.headers.items()}
            body = Body(headers.get("content-encoding", ""), request.limit)
            if int(headers.get("content-length", 0)) > request.limit:
                raise BodyError(f"has more than {request.limit:,} bytes")
            async for piece in response.aiter_raw():
                body.add(piece)
            return response.status_code, headers, body.content()

    def _wait(self, state: Any) -> float:
        error = state.outcome.exception()
        return min(max(self._backoff(state), error.retry_after), MAX_BACKOFF)


class _AttemptFailed(Exception):  # noqa: N818
    """One attempt failed and may be repeated; ``kind`` is the error to raise after the last one."""

    def __init__(self, message: str, kind: type[InputError], retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after


def _open(settings: EndpointSettings) -> Any:
    import httpx

    url = settings.url.rstrip("/")
    if not _is_valid(url):
        raise SettingError(
            f"'{_without_password(settings.url)}' is not a valid URL.", "Give one such as http://localhost:8000/v1."
        )
    headers = {"Content-Type": "application/json", "Accept-Encoding": ACCEPTED, **_authorization(settings)}
    connections = settings.max_concurrency
    try:
        return httpx.AsyncClient(
            base_url=url,
            headers=headers,
            # The total timeout is set per attempt; a server that is down should be detected earlier.
            timeout=httpx.Timeout(settings.timeout, connect=min(_CONNECT_TIMEOUT, settings.timeout), pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )
    except (httpx.InvalidURL, ValueError, ImportError, OSError) as error:
        raise SettingError(
            f"The HTTP client cannot be set up: {one_line(error, 300).rstrip('.')}.",
            "Check the environment variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from None


def _is_valid(url: str) -> bool:
    import httpx

    try:
        parsed = httpx.URL(url)
        port = parsed.port
    except (httpx.InvalidURL, ValueError):
        return False
    return url.startswith(("http://", "https://")) and bool(parsed.host) and (port is None or 0 < port < 65536)


def _authorization(settings: EndpointSettings) -> dict[str, str]:
    key = os.environ.get(settings.api_key_env, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise SettingError(
            f"The API key in the environment variable {settings.api_key_env} has characters that no header can have.",
            "Copy the key again.",
        )
    return {"Authorization": f"Bearer {key}"} if key else {}


def _without_password(url: str) -> str:
    return re.sub(r"(?<=://)[^/@?#]*@", "", url)


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop of all clients, in a daemon thread; a running request can only be canceled in its loop."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="themis-http", daemon=True).start()
    return loop


os.register_at_fork(after_in_child=_event_loop.cache_clear)


def one_line(text: object, limit: int = 500) -> str:
    """Return what a server says in one line, without control characters of terminals."""
    start = str(text)[: 4 * limit]
    return " ".join("".join(part if part.isprintable() else " " for part in start).split())[:limit]


def _retry_after(value: str) -> float:
    """Return the seconds of a ``Retry-After`` header, which holds seconds or a date (RFC 9110, section 10.2.3)."""
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return email.utils.parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0


def _error_message(status: int, body: bytes) -> tuple[str, Any]:
    """Return a server's error message in one line, and its JSON; vLLM, SGLang, TEI and FastAPI each differ in form."""
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        values = None
    message = body.decode(errors="replace") if values is None else values
    for name in ("error", "message", "detail"):
        message = message.get(name) or message if isinstance(message, dict) else message
    if isinstance(message, list) and message and isinstance(message[0], dict):
        message = message[0].get("msg", message[0])
    return one_line(message, 200).rstrip(".") or f"status {status}", values
