"""HTTP servers with the wire formats of inference servers, which compute rewards with a real checkpoint.

The server programs cannot be installed where these tests run. The formats are those of the public sources of vLLM 0.9
to 0.15, SGLang 0.5 and text-embeddings-inference 1.8; faults are set by name.
"""

import base64
import functools
import json
import math
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tokenizers import Tokenizer

from themis_rm.models.loading import load_model
from themis_rm.models.remote.model import load
from themis_rm.models.settings import ModelSettings, RemoteSettings
from themis_rm.testing.models import CONVERSATIONS

NAME = "themis-tiny"

WITH_CONTROL_TOKENS = [talk for talk in CONVERSATIONS if "<|endoftext|>" in talk[-1]["content"]]
WITHOUT_CONTROL_TOKENS = [talk for talk in CONVERSATIONS if talk not in WITH_CONTROL_TOKENS]
"""Conversations that can be sent as text too: servers that accept text would read control tokens in it."""


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


class State:
    """State of a server that a test sets and reads.

    Attributes:
        faults: Name -> value of its faults.
        asked: ``(path, body)`` of each POST request.
        ports: Client port of each POST request: one per connection.
    """

    def __init__(self, folder, model):
        self.model = model
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.faults, self.asked, self.ports, self.headers = {}, [], [], []
        self.max_length, self.url = 2048, ""
        self.lock = threading.Lock()

    def logits(self, rows):
        with self.lock:
            values = self.model.rewards(rows)
        return [
            math.nan if len(row) == self.faults.get("nan") else value for row, value in zip(rows, values, strict=True)
        ]

    def values(self, rows, logits):
        values = self.logits(rows)
        if "constant" in self.faults:
            return [1.0] * len(rows)
        if not logits or "sigmoid" in self.faults:
            values = [sigmoid(value) for value in values]
        return values[::-1] if "reversed" in self.faults else values


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def do_GET(self):
        if self.path in self.state.faults.get("absent", ()):
            return self.reply(404, {"detail": "Not Found"})
        values = self.describe()
        return self.reply(*((200, values) if values else (404, {"detail": "Not Found"})))

    def do_POST(self):
        state = self.state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with state.lock:
            state.asked.append((self.path, body))
            state.ports.append(self.client_address[1])
            state.headers.append(dict(self.headers))
            temporary = state.faults.get("temporary", [])
            fault = temporary.pop(0) if temporary else state.faults.get("always")
        if fault == "cut":
            self.close_connection = True
            return self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{")
        if fault == "slow":
            time.sleep(state.faults["seconds"])
        elif fault:
            return self.reply(fault, {"error": {"message": "Too busy."}}, state.faults.get("headers", {}))
        if state.faults.get("key") and self.headers["Authorization"] != f"Bearer {state.faults['key']}":
            return self.reply(401, {"error": "Unauthorized"})
        if self.path != self.takes or self.path in state.faults.get("absent", ()):
            return self.reply(404, {"detail": "Not Found"})
        if self.field not in body:
            return self.reply(422, {"detail": [{"type": "missing", "loc": [self.field], "msg": "Field required"}]})
        return self.reply(*self.answer(body))

    def reply(self, status, values, headers=None):
        data = values.encode() if isinstance(values, str) else json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


def bad_request(message):
    return 400, {"error": {"message": message, "type": "BadRequestError", "param": None, "code": 400}}


class VllmClassify(Handler):
    """``/classify``; faults ``flag`` (the option that this release supports) and ``trap`` (old options mean yes)."""

    takes, field = "/classify", "input"

    def describe(self):
        listed = [{"id": NAME, "object": "model", "max_model_len": self.state.max_length}, {"id": "other"}]
        known = {"/v1/models": {"object": "list", "data": listed}, "/version": {"version": "0.15.1"}}
        return known.get(self.path)

    def returns_logits(self, body):
        faults = self.state.faults
        if "trap" in faults and ("activation" in body or "softmax" in body):
            return False
        return body.get(faults.get("flag", "use_activation")) is False

    def answer(self, body):
        state, rows = self.state, body["input"]
        if body["model"] != NAME:
            return 404, {"error": {"message": f"The model `{body['model']}` does not exist.", "code": 404}}
        if any(len(row) > state.max_length for row in rows):
            return bad_request(f"This model's maximum context length is {state.max_length} tokens.")
        if (banned := state.faults.get("rejects")) and any(len(row) == banned for row in rows):
            return bad_request("The input cannot be processed.")
        items = self.items(body, rows)
        if "shuffled" in state.faults:
            items = items[::-1]
        if "few" in state.faults and len(rows) > 1:
            items = items[:-1]
        extra = state.faults.get("adds", 0) * len(rows)
        tokens = sum(map(len, rows)) + extra
        return 200, {
            "id": "classify-1",
            "object": "list",
            "created": 0,
            "model": NAME,
            "data": items,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0},
        }

    def items(self, body, rows):
        labels = self.state.faults.get("labels", 1)
        return [
            {"index": index, "label": "LABEL_0", "probs": [value] * labels, "num_classes": labels}
            for index, value in enumerate(self.state.values(rows, self.returns_logits(body)))
        ]


class VllmPooling(VllmClassify):
    """``/pooling``; faults ``tasks`` (the supported ones) and ``base64``."""

    takes, field = "/pooling", "input"

    def answer(self, body):
        task = body.get("task", "classify")
        if task not in self.state.faults.get("tasks", ("classify", "token_classify")):
            return bad_request(f"Unsupported task: '{task}'")
        return super().answer(body)

    def items(self, body, rows):
        values = self.state.values(rows, self.returns_logits(body))
        if body.get("task") == "token_classify":
            shaped = [[[0.25]] * (len(row) - 1) + [[value]] for row, value in zip(rows, values, strict=True)]
        else:
            shaped = [[value] for value in values]
        if "base64" in self.state.faults:
            shaped = [base64.b64encode(struct.pack("<f", value)).decode() for (value,) in shaped]
        return [{"index": index, "object": "pooling", "data": data} for index, data in enumerate(shaped)]


class Sglang(Handler):
    takes, field = "/classify", "input_ids"

    def describe(self):
        return {"/v1/models": {"data": [{"id": NAME, "max_model_len": self.state.max_length}]}}.get(self.path)

    def answer(self, body):
        state, rows = self.state, body["input_ids"]
        limit = state.max_length
        if any(len(row) >= limit for row in rows):
            if "cuts" not in state.faults:
                longest = max(map(len, rows))
                return bad_request(f"The input ({longest} tokens) is longer than the model's context length ({limit}).")
            rows = [row[:limit] for row in rows]
        values = state.values(rows, logits=True)
        extra = state.faults.get("adds", 0)
        return 200, [
            {
                "embedding": [None if math.isnan(value) else value],
                "meta_info": {"id": str(index), "finish_reason": None, "prompt_tokens": len(row) + extra},
            }
            for index, (row, value) in enumerate(zip(rows, values, strict=True))
        ]


class Tei(Handler):
    takes, field = "/predict", "inputs"

    def describe(self):
        labels = {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
        info = {
            "model_id": NAME,
            "model_sha": None,
            "model_dtype": "float32",
            "model_type": self.state.faults.get("kind", {"reranker": labels}),
            "max_concurrent_requests": 512,
            "max_input_length": self.state.max_length,
            "max_client_batch_size": self.state.faults.get("client_batch", 32),
            "auto_truncate": True,
            "version": "1.8.2",
        }
        return {"/info": info}.get(self.path)

    def answer(self, body):
        state = self.state
        if len(body["inputs"]) > state.faults.get("client_batch", 32):
            return 422, {"error": "batch size > maximum allowed batch size", "error_type": "Validation"}
        rows = [state.tokenizer.encode(text).ids for (text,) in body["inputs"]]
        if max(map(len, rows)) > state.max_length:
            if not body.get("truncate", True):
                return 413, {"error": f"`inputs` must have less than {state.max_length} tokens", "error_type": "V"}
            rows = [row[: state.max_length] for row in rows]
        values = state.values(rows, body.get("raw_scores", False))
        if any(map(math.isnan, values)):
            return 424, {"error": "score is NaN", "error_type": "Backend"}
        headers = {"x-compute-tokens": str(sum(map(len, rows)))}
        return 200, [[{"score": value, "label": "LABEL_0"}] for value in values], headers


SERVERS = {"vllm-classify": VllmClassify, "vllm-pooling": VllmPooling, "sglang": Sglang, "tei": Tei}


@pytest.fixture(scope="session")
def local():
    """Return a cached loader of checkpoints into this process."""
    return functools.cache(lambda folder: load_model(folder, ModelSettings(device="cpu")))


@pytest.fixture
def serve(monkeypatch, tiny_checkpoint, local):
    """Return a function that starts a server: ``serve(dialect, checkpoint=..., **faults)`` returns its state."""
    started = []
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def start(dialect, checkpoint=None, **faults):
        folder = checkpoint or tiny_checkpoint("qwen3")
        state = State(folder, local(folder))
        state.faults.update(faults)
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (SERVERS[dialect],), {"state": state}))
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        state.url = f"http://127.0.0.1:{server.server_port}"
        return state

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture
def connect(tiny_checkpoint):
    """Return a loader of remote models: ``connect(state, dialect, checkpoint=..., **remote_settings)``."""

    def connected(state, dialect, checkpoint=None, max_length=None, long_inputs="end", **remote):
        defaults = {
            "retry_backoff": 0.01,
            "max_retries": 3,
            "timeout": 20.0,
            "max_concurrency": 2,
            "batch_size": 4,
        } | remote
        settings = ModelSettings(
            max_length=max_length,
            long_inputs=long_inputs,
            remote=RemoteSettings(url=state.url, dialect=dialect, **defaults),
        )
        return load(checkpoint or tiny_checkpoint("qwen3"), settings)

    return connected
