"""Fixtures that several test packages share."""

import json
import math
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# No deadline per example: the first example fills caches (compiled term lists), which takes long on a busy machine.
settings.register_profile("themis", deadline=None)
settings.load_profile("themis")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the directory of reference data next to the checkout; skip the test if there is none."""
    folder = ROOT.parent / "shared"
    if not (folder / "spec.md").is_file():
        if os.environ.get("CI"):
            pytest.fail(f"CI must have the reference data at {folder}")
        pytest.skip("reference data (../shared) is not part of a user's checkout")
    return folder


GOLDEN_MODELS = ROOT / "tests" / "goldens" / "rm"
"""Tiny random checkpoints with their reference scores; other tests use their tokenizers."""

TINY_ARCHITECTURES = {
    "qwen3": ("seqcls", {"head_dim": 16}),
    "qwen2": ("seqcls", {}),
    "llama": ("seqcls-llama", {}),
    "mistral": ("automodel", {"sliding_window": 64}),
    "gemma2": ("seqcls-gemma2", {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 64}),
    # Two decoders that choose their rotary frequencies for a whole batch, if an input has more than 80 tokens.
    "llama-dynamic": (
        "seqcls-llama",
        {"max_position_embeddings": 80, "rope_parameters": {"rope_type": "dynamic", "factor": 32.0, "rope_theta": 1e4}},
    ),
    "phi3-longrope": (
        "seqcls",
        {
            "original_max_position_embeddings": 80,
            "rope_parameters": {
                "rope_type": "longrope",
                "rope_theta": 1e4,
                "short_factor": [1.0, 1.1, 1.2, 1.3],
                "long_factor": [4.0, 8.0, 16.0, 25.0],
            },
        },
    ),
}
"""Model type -> golden checkpoint that provides the tokenizer, and additional configuration."""


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """Return a function that saves seeded one-label checkpoints; copy a checkpoint before changing it."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    made = {}

    def make(kind: str = "qwen3", hidden: int = 32) -> Path:
        if (kind, hidden) in made:
            return made[kind, hidden]
        tokenizer, extra = TINY_ARCHITECTURES[kind]
        folder = tmp_path_factory.mktemp(kind)
        sizes = {
            "vocab_size": 1032,
            "hidden_size": hidden,
            "intermediate_size": 2 * hidden,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 2048,
        }
        fields = {**sizes, "num_labels": 1, "pad_token_id": None, **extra}
        config = AutoConfig.for_model(kind.partition("-")[0], **fields)
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


@pytest.fixture(scope="session")
def tiny_language_model(tmp_path_factory):
    """Return a function that saves seeded causal language models; copy a checkpoint before changing it."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    made = {}

    def make(kind: str = "llama", tokenizer: str = "seqcls-llama", values: dict | None = None) -> Path:
        if kind in made:
            return made[kind]
        sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
        sizes |= {"vocab_size": 1032, "max_position_embeddings": 2048, "pad_token_id": None}
        sizes |= {} if kind == "gpt2" else {"num_key_value_heads": 2}
        torch.manual_seed(5)
        config = AutoConfig.for_model(kind, **(sizes | (values or {})))
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        with torch.no_grad():
            for weight in model.parameters():
                if weight.dim() > 1:
                    weight.normal_(0.0, 0.3)
        made[kind] = folder = tmp_path_factory.mktemp(f"{kind}-lm")
        model.save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
            (folder / name).write_bytes((GOLDEN_MODELS / tokenizer / name).read_bytes())
        return folder

    return make


class Chat:
    """Responses of the server and the requests that it received.

    Attributes:
        answer: Called with the request body; returns a choice, a list of choices, a status code, or a status code with
            an error message. A choice is a text, a ``(text, finish_reason)`` pair, or the fields of a choice as
            a dict with ``text``, ``reason``, ``reasoning`` and ``tokens``, which are pairs of a token and its
            alternatives' probabilities.
        models: Names that the server lists.
        asked: Request bodies in the order of arrival.
    """

    def __init__(self):
        self.answer = lambda _: "<request>Sum the list.</request>"
        self.models = ["m"]
        self.asked = []
        self.url = ""

    def respond(self, body):
        """Return status and body of the response to a request."""
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
    """Return a choice in the format of the chat API."""
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
    """Return a token with the log-probabilities of its alternatives, given their probabilities."""

    def entry(token, probability):
        logprob = math.log(probability) if probability > 0 else -9999.0
        return {"token": token, "bytes": list(token.encode()), "logprob": logprob}

    others = [entry(token, probability) for token, probability in alternatives.items()]
    return {**entry(text, alternatives.get(text, 1.0)), "top_logprobs": others}


@pytest.fixture
def chat(monkeypatch):
    """Yield a real HTTP server with the chat API, so that tests exercise the complete client."""
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
