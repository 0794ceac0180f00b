"""The HTTP client against real servers: deadlines, size limits, redirects, retries, keys and concurrency."""

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from themis_rm.endpoints.client import (
    EndpointError,
    EndpointTimeoutError,
    EndpointUnavailableError,
    HttpClient,
    RequestRejected,
    _retry_after,
)
from themis_rm.endpoints.settings import EndpointSettings
from themis_rm.errors import InputError, SettingError


class Server:
    """A server whose handlers are a list of functions; each takes the next request, the last one all further ones."""

    def __init__(self):
        self.handlers, self.requests, self.active, self.most_active = [], [], 0, 0
        self.lock = threading.Lock()
        self.url = ""

    def next_handler(self, request):
        with self.lock:
            self.requests.append((request.command, request.path, dict(request.headers)))
            self.active += 1
            self.most_active = max(self.most_active, self.active)
            return self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]


@pytest.fixture
def server(monkeypatch):
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.do_POST()

        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                state.next_handler(self)(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
            finally:
                with state.lock:
                    state.active -= 1

        def log_message(self, *args):
            pass

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


def respond(status=200, values=None, headers=None, wait=0.0):
    """Return a handler that responds with JSON."""

    def handler(request):
        time.sleep(wait)
        data = json.dumps({"ok": True} if values is None else values).encode()
        request.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    return handler


def drip(part):
    """Return a handler that sends one byte every 0.1 seconds: of its headers, or of its body."""

    def handler(request):
        request.wfile.write(
            b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 100\r\n\r\n" if part == "body" else b"X-Slow: ")
        )
        for _ in range(100):
            request.wfile.write(b"a")
            request.wfile.flush()
            time.sleep(0.1)

    return handler


def client(server, *, limit=10_000, **settings):
    settings = {"url": server.url, "max_retries": 2, "retry_backoff": 0.01, "timeout": 5.0} | settings
    return HttpClient(EndpointSettings(**settings), "remote.", limit)


def test_a_post_returns_body_and_headers(server):
    server.handlers = [respond(values={"a": 1}, headers={"X-Tokens": "7"})]
    response = client(server).post("/p", {"q": 1})
    assert (response.json(), response.headers["x-tokens"]) == ({"a": 1}, "7")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_retryable_status_is_retried(server, status):
    server.handlers = [respond(status), respond(status), respond()]
    assert client(server).post("/p", {}).json() == {"ok": True}
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_a_rejected_request_is_not_retried_and_has_the_servers_message(server, status):
    server.handlers = [respond(status, {"error": {"message": "Too\nlong."}})]
    with pytest.raises(RequestRejected) as error:
        client(server).post("/p", {})
    assert (error.value.status, error.value.message) == (status, "Too long")
    assert len(server.requests) == 1


def test_the_error_after_the_last_attempt_names_the_settings_to_change(server):
    server.handlers = [respond(503, {"detail": "busy"})]
    with pytest.raises(EndpointError, match=r"does not respond: status 503, busy \(3 attempts\)") as error:
        client(server).post("/p", {})
    assert "remote.timeout" in error.value.hint
    assert len(server.requests) == 3


def test_waits_grow_exponentially(server):
    server.handlers = [respond(503)]
    started = time.monotonic()
    with pytest.raises(EndpointError):
        client(server, retry_backoff=0.1).post("/p", {})
    assert 0.3 <= time.monotonic() - started < 3


def test_retry_after_is_respected(server):
    server.handlers = [respond(429, headers={"Retry-After": "0.4"}), respond()]
    started = time.monotonic()
    client(server).post("/p", {})
    assert time.monotonic() - started >= 0.4


def test_retry_after_may_be_a_date():
    assert _retry_after("Wed, 21 Oct 2015 07:28:00 GMT") < 0
    assert _retry_after("soon") == 0
    assert _retry_after("7") == 7


@pytest.mark.parametrize("part", ["headers", "body"])
def test_the_timeout_covers_a_whole_response_that_arrives_byte_by_byte(server, part):
    server.handlers = [drip(part)]
    started = time.monotonic()
    with pytest.raises(EndpointTimeoutError, match=r"no response within 0\.5 seconds"):
        client(server, timeout=0.5, max_retries=0).post("/p", {})
    assert time.monotonic() - started < 3


def test_a_timeout_is_retried(server):
    server.handlers = [respond(wait=1.0), respond()]
    assert client(server, timeout=0.5).get("/p").json() == {"ok": True}


def test_a_response_over_the_size_limit_is_an_error(server):
    server.handlers = [respond(values="a" * 5000)]
    with pytest.raises(EndpointError, match="more than 1,000 bytes"):
        client(server, limit=1000).post("/p", {})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(server, status):
    server.handlers = [respond(status, headers={"Location": "/elsewhere"}), respond()]
    with pytest.raises(EndpointError, match=rf"status {status}.*redirect to /elsewhere"):
        client(server).post("/p", {})
    assert [path for _, path, _ in server.requests] == ["/p"]


def test_the_api_key_comes_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("RM_KEY", "s3cret")
    server.handlers = [respond()]
    client(server, api_key_env="RM_KEY").post("/p", {})
    assert server.requests[0][2]["Authorization"] == "Bearer s3cret"


def test_no_key_sends_no_authorization(server):
    server.handlers = [respond()]
    client(server).post("/p", {})
    assert "Authorization" not in server.requests[0][2]


@pytest.mark.parametrize("status", [401, 403])
def test_a_rejected_key_names_the_environment_variable(server, status):
    server.handlers = [respond(status)]
    with pytest.raises(EndpointUnavailableError, match="rejects the API key") as error:
        client(server, api_key_env="RM_KEY").post("/p", {})
    assert "RM_KEY" in error.value.hint


def test_a_missing_path_is_an_error_for_post_and_none_for_find_json(server):
    server.handlers = [respond(404)]
    with pytest.raises(EndpointUnavailableError, match="was not found"):
        client(server).post("/p", {})
    assert client(server).find_json("/p") is None


def test_an_unreachable_server_is_an_error():
    dead = HttpClient(EndpointSettings(url="http://127.0.0.1:9", max_retries=1, retry_backoff=0.01))
    with pytest.raises(EndpointUnavailableError, match=r"does not respond: .*\(2 attempts\)"):
        dead.get("/p")


def test_a_response_that_is_not_json_is_an_error(server):
    def handler(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")

    server.handlers = [handler]
    with pytest.raises(InputError, match="did not respond with JSON"):
        client(server).get("/p").json()


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x", "http://", "http://[::1"])
def test_an_invalid_url_is_an_error(url):
    with pytest.raises(SettingError, match="not a valid URL"):
        HttpClient(EndpointSettings(url=url))


def test_concurrency_is_bounded_whatever_the_number_of_threads(server):
    server.handlers = [respond(wait=0.05)]
    shared = client(server, max_concurrency=2)
    threads = [threading.Thread(target=shared.get, args=("/p",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(server.requests), server.most_active) == (8, 2)


def raw(*parts):
    """Return a handler that writes bytes as they are."""

    def handler(request):
        request.close_connection = True
        request.wfile.write(b"".join(parts))

    return handler


HEAD = b"HTTP/1.1 200 OK\r\n"
BOMB = gzip.compress(bytes(10**7))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((HEAD, b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB), BOMB), "more than 10,000 bytes"),
        ((HEAD, b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\nab"), "is encoded as 'br'"),
        ((HEAD, b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab"), "is damaged"),
        ((HEAD, b"Content-Length: 99999999999999999999\r\n\r\n{"), "more than 10,000 bytes"),
        ((HEAD, b"Content-Length: -5\r\n\r\n{"), "does not respond"),
        (
            (HEAD, b"Transfer-Encoding: chunked\r\n\r\n", b"fff\r\n" + b"a" * 4095 + b"\r\n" + b"zz\r\n"),
            "does not respond",
        ),
        ((HEAD, b"Transfer-Encoding: chunked\r\n\r\n", (b"fff\r\n" + b"a" * 4095 + b"\r\n") * 9), "more than 10,000"),
        ((HEAD, b"X-Large: " + b"a" * 10**6 + b"\r\n\r\n"), "does not respond"),
        ((HEAD, b"X: 1\r\n" * 10**5), "does not respond"),
        ((b"SSH-2.0-OpenSSH_9.6\r\n",), "does not respond"),
        ((b"",), "does not respond"),
    ],
)
def test_a_response_that_is_not_http_or_too_large_is_one_line(server, parts, message):
    server.handlers = [raw(*parts)]
    with pytest.raises(InputError, match=message) as error:
        client(server, max_retries=0).post("/p", {})
    assert "\n" not in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"[" * 10**5, b'{"a": ' + b"9" * 5000 + b"}", b"", b"\x00"])
def test_a_body_that_is_not_json_is_an_error(server, body):
    server.handlers = [raw(HEAD, b"Content-Length: %d\r\n\r\n" % len(body), body)]
    with pytest.raises(InputError, match="did not respond with JSON"):
        client(server, limit=10**6).get("/p").json()


@pytest.mark.parametrize(
    ("name", "value"), [("HTTP_PROXY", "foo:bar"), ("ALL_PROXY", "gopher://x:1"), ("SSL_CERT_FILE", "/nonexistent.pem")]
)
def test_an_invalid_environment_is_one_line(server, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    server.handlers = [respond()]
    with pytest.raises((InputError, SettingError), match=r"does not respond|cannot be set up") as error:
        client(server, url="https://127.0.0.1:9", max_retries=0).get("/p")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("url", ["http://a..b", "http://x:0", "http://x:99999", "http://" + "a" * 70 + ".invalid"])
def test_an_impossible_host_is_one_line(url):
    with pytest.raises((SettingError, InputError)) as error:
        HttpClient(EndpointSettings(url=url, max_retries=0)).get("/p")
    assert "\n" not in str(error.value)


def test_tls_with_a_server_that_has_none_is_one_line(server):
    server.handlers = [respond()]
    with pytest.raises(InputError, match="does not respond") as error:
        client(server, url=server.url.replace("http:", "https:"), max_retries=0).get("/p")
    assert "\n" not in str(error.value)


def test_a_password_in_the_url_is_not_shown():
    with pytest.raises(InputError) as error:
        HttpClient(EndpointSettings(url="http://me:s3cret@127.0.0.1:9", max_retries=0)).get("/p")
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines"])
def test_a_key_that_no_header_can_have_is_an_error_without_the_key(monkeypatch, key):
    monkeypatch.setenv("RM_KEY", key)
    with pytest.raises(SettingError, match="RM_KEY") as error:
        HttpClient(EndpointSettings(url="http://127.0.0.1:9", api_key_env="RM_KEY"))
    assert key not in str(error.value)


def test_the_line_end_of_a_key_is_removed(server, monkeypatch):
    monkeypatch.setenv("RM_KEY", "s3cret\n")
    server.handlers = [respond()]
    client(server, api_key_env="RM_KEY").get("/p")
    assert server.requests[0][2]["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("value", ["nan", "1e999", "-5", "Wed, 99 Foo 99999 99:99:99 GMT", "\x00"])
def test_any_retry_after_is_read(server, value):
    server.handlers = [respond(503, headers={"Retry-After": value}) if value in {"nan", "-5"} else respond(), respond()]
    assert client(server).get("/p").json() == {"ok": True}
    _retry_after(value)
