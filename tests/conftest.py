"""Fixtures that every room's tests share."""

import json
import math
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# A deadline times an example, and the first one pays for what is then cached (compiling the term lists): on a busy
# machine it failed where nothing was wrong.
settings.register_profile("themis", deadline=None)
settings.load_profile("themis")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data beside the checkout; skip where a user's checkout has none."""
    folder = ROOT.parent / "shared"
    if not (folder / "spec.md").is_file():
        if os.environ.get("CI"):
            pytest.fail(f"CI must have the reference data at {folder}")
        pytest.skip("reference data (../shared) is not part of a user's checkout")
    return folder


GOLDEN_MODELS = ROOT / "tests" / "goldens" / "rm"
"""Tiny random checkpoints with the scores that they should give; their tokenizers serve other tests too."""

TINY_ARCHITECTURES = {
    "qwen3": ("seqcls", {"head_dim": 16}),
    "qwen2": ("seqcls", {}),
    "llama": ("seqcls-llama", {}),
    "mistral": ("automodel", {"sliding_window": 64}),
    "gemma2": ("seqcls-gemma2", {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 64}),
}
"""Model type -> whose tokenizer, and what its configuration needs beyond the common sizes."""


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """Return a maker of one-label checkpoints from seeded configurations; copy before you change one."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    made = {}

    def make(kind: str = "qwen3", hidden: int = 32) -> Path:
        if (kind, hidden) in made:
            return made[kind, hidden]
        tokenizer, extra = TINY_ARCHITECTURES[kind]
        folder = tmp_path_factory.mktemp(kind)
        config = AutoConfig.for_model(
            kind,
            vocab_size=1032,
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=2048,
            num_labels=1,
            pad_token_id=None,
            **extra,
        )
        torch.manual_seed(7)
        model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
        with torch.no_grad():
            for name, weight in model.named_parameters():
                if weight.dim() > 1:
                    weight.normal_(0.0, 0.5 if name == "score.weight" else 0.3)
        model.save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
            (folder / name).write_bytes((GOLDEN_MODELS / tokenizer / name).read_bytes())
        made[kind, hidden] = folder
        return folder

    return make


class Chat:
    """What the server answers and what it was asked.

    Attributes:
        answer: Called with the request's body; returns a choice, a list of them, a status code, or a status code with
            what the server says. A choice is a text, a ``(text, finish_reason)`` pair, or the fields of a choice as
            a dict with ``text``, ``reason``, ``reasoning`` and ``tokens``, which are pairs of a token and its
            alternatives' probabilities.
        models: What the server lists.
        asked: Bodies, in the order in which they came.
    """

    def __init__(self):
        self.answer = lambda _: "<request>Sum the list.</request>"
        self.models = ["m"]
        self.asked = []
        self.url = ""

    def respond(self, body):
        """Return status and body of the answer to a request."""
        self.asked.append(body)
        said = self.answer(body)
        if isinstance(said, int):
            return said, {}
        if isinstance(said, tuple) and isinstance(said[0], int):
            return said[0], {"error": {"message": said[1], "type": "BadRequestError", "code": said[0]}}
        choices = [choice_of(one, index) for index, one in enumerate(said if isinstance(said, list) else [said])]
        usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        head = {"id": "1", "object": "chat.completion", "created": 0, "model": body["model"]}
        return 200, {**head, "choices": choices, "usage": usage}


def choice_of(said, index):
    """Return a choice as the chat interface has it."""
    if isinstance(said, str):
        said = {"text": said}
    elif isinstance(said, tuple):
        said = {"text": said[0], "reason": said[1]}
    message = {"role": "assistant", "content": said["text"]}
    if "reasoning" in said:
        message["reasoning_content"] = said["reasoning"]
    logprobs = {"content": [token_of(*token) for token in said["tokens"]]} if "tokens" in said else None
    reason = said.get("reason", "stop")
    return {"index": index, "message": message, "finish_reason": reason, "logprobs": logprobs}


def token_of(text, alternatives):
    """Return a token with its alternatives' log-probabilities out of their probabilities."""

    def entry(token, probability):
        logprob = math.log(probability) if probability > 0 else -9999.0
        return {"token": token, "bytes": list(token.encode()), "logprob": logprob}

    others = [entry(token, probability) for token, probability in alternatives.items()]
    return {**entry(text, alternatives.get(text, 1.0)), "top_logprobs": others}


@pytest.fixture
def chat(monkeypatch):
    """Yield a real HTTP server that speaks the chat interface, so that the client is tested as it is used."""
    state = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            listed = [{"id": name, "object": "model", "created": 0, "owned_by": "tests"} for name in state.models]
            self.send(200, {"object": "list", "data": listed})

        def do_POST(self):
            self.send(*state.respond(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def send(self, status, values):
            data = json.dumps(values).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield state
    server.shutdown()
    server.server_close()
