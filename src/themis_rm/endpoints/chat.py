"""Chat completions of a model behind an OpenAI-compatible URL."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from themis_rm.endpoints.client import EndpointError, EndpointTimeoutError, HttpClient, RequestRejected
from themis_rm.endpoints.settings import ChatSettings
from themis_rm.errors import InputError
from themis_rm.messages import Conversation, conversation

_OPTIONAL = ("chat_template_kwargs", "logprobs", "top_logprobs", "seed", "n", "max_tokens")
"""Parameters that can be omitted, or sent under another name, if a server does not support them."""

_TOO_LONG = ("context_length", "context length", "maximum context", "maximum model length", "too long")
"""Parts of the error messages about a conversation that does not fit into the model."""

_WHOLE_REQUEST = ("timeout", "endpoint-error", "prompt-too-long")
"""Failures that concern all samples of a request, so that requesting the next sample would only repeat them."""


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token.

    Attributes:
        data: Its UTF-8 bytes; a token may end within a character.
        logprob: Natural logarithm of its probability.
        alternatives: The most probable tokens at its position, usually including itself, as ``(bytes, logprob)``.
    """

    data: bytes
    logprob: float
    alternatives: tuple[tuple[bytes, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ChatReply:
    """One sampled response.

    Attributes:
        text: The response, without reasoning that the server returns separately; ``None`` for a failure.
        failure: Why there is no text (``length-cut``, ``refused``, ``empty``, ``timeout``, ``prompt-too-long``,
            ``endpoint-error``).
        tokens: The generated tokens, including those of reasoning if the server includes them; empty if it returns no
            log-probabilities.
        prompt_tokens: Tokens of the prompt, 0 if the server does not report them.
        detail: The server's message about an ``endpoint-error``, in one line.
    """

    text: str | None
    failure: str = ""
    tokens: tuple[TokenLogprob, ...] = ()
    prompt_tokens: int = 0
    detail: str = ""


class ChatEndpoint:
    """A client for chat completions.

    Optional parameters (log-probabilities, seed, several samples per request, chat-template arguments) are omitted
    once a server has reported that it does not support them.

    Args:
        settings: See :class:`ChatSettings`. An empty ``served_model_name`` means the first model that the server
            lists; it is looked up here.
        section: Prefix of the settings in error messages (``judge.``).

    Attributes:
        settings: The settings with the name of the model.

    Raises:
        MissingExtraError: httpx or tenacity is not installed.
        SettingError: The URL is not valid.
        InputError: The model's name has to be looked up, and the server lists none.
    """

    def __init__(self, settings: ChatSettings, section: str = "") -> None:
        self._client = HttpClient(settings, section)
        self._unsupported: set[str] = set()
        self.settings = settings
        if not settings.served_model_name:
            self.settings = settings.model_copy(update={"served_model_name": self.list_models()[0]})

    def list_models(self) -> list[str]:
        """Return the names of the models that the server lists, in its order.

        Raises:
            InputError: The server cannot be reached, rejects the API key, or lists none.
        """
        hint = f"Set {self._client.section}served_model_name, or check {self._client.section}url."
        listed = _mapping(self._client.find_json("/models")).get("data")
        names = [str(model["id"]) for model in _list(listed) if isinstance(model, dict) and model.get("id")]
        if not names:
            raise InputError(f"{self._client.url} lists no models.", hint)
        return names

    def supports_logprobs(self, alternatives: int) -> bool:
        """Send a short prompt and return whether the response has log-probabilities.

        Args:
            alternatives: Alternatives requested for each token.

        Raises:
            InputError: The server cannot be used.
        """
        prompt = conversation(None, "Reply with the word: yes")
        # A reasoning model may need more than a few tokens until it writes the part that has log-probabilities.
        for limit in (16, self.settings.max_tokens):
            reply = self._request(prompt, {"logprobs": True, "top_logprobs": alternatives}, limit)[0]
            if reply.failure in _WHOLE_REQUEST:
                raise InputError(
                    f"{self._client.url} does not respond ({reply.failure}{reply.detail and ': '}{reply.detail}).",
                    f"Check {self._client.section}url, {self._client.section}served_model_name and the server's log.",
                )
            if any(token.alternatives for token in reply.tokens):
                return True
            if reply.failure != "length-cut" or "logprobs" in self._unsupported:
                return False
        return False

    def complete(self, conversation: Conversation) -> ChatReply:
        """Return the model's response; the failure of one request is a failed reply, it does not end the job.

        Raises:
            InputError: The server cannot be reached, does not know the model, or rejects the API key.
        """
        return self.sample(conversation)[0]

    def sample(
        self,
        conversation: Conversation,
        samples: int = 1,
        top_logprobs: int = 0,
        template: Mapping[str, bool] | None = None,
    ) -> list[ChatReply]:
        """Return one or more responses to the same conversation.

        Args:
            conversation: The messages; roles are sent as they are.
            samples: Number of responses. A server that returns one per request is sent further requests with the next
                seeds.
            top_logprobs: Alternatives requested for each token; 0 for no log-probabilities.
            template: Arguments of the chat template, such as ``enable_thinking``.

        Returns:
            ``samples`` replies; fewer, the last of them failed, if a request failed.

        Raises:
            InputError: The server cannot be reached, does not know the model, or rejects the API key.
        """
        optional: dict[str, Any] = {}
        if top_logprobs:
            optional |= {"logprobs": True, "top_logprobs": top_logprobs}
        if template:
            optional["chat_template_kwargs"] = dict(template)
        replies: list[ChatReply] = []
        while len(replies) < samples:
            seed = None if self.settings.seed is None else self.settings.seed + len(replies)
            count = samples if not replies else 1
            replies += self._request(conversation, {**optional, "seed": seed, "n": count if count > 1 else None})
            if replies[-1].failure in _WHOLE_REQUEST:
                break
        return replies[:samples]

    def _request(
        self, conversation: Conversation, optional: Mapping[str, Any], max_tokens: int | None = None
    ) -> list[ChatReply]:
        omitted = set(self._unsupported)
        while True:
            sent = {name: value for name, value in optional.items() if value is not None and name not in omitted}
            limit = "max_completion_tokens" if "max_tokens" in omitted else "max_tokens"
            body = {
                "model": self.settings.served_model_name,
                "messages": list(conversation),
                "temperature": self.settings.temperature,
                limit: max_tokens or self.settings.max_tokens,
                **sent,
            }
            try:
                response = self._client.post("/chat/completions", body)
            except RequestRejected as error:
                message = _describe(error)
                unsupported = _named_parameter(message, {*sent, limit}) if error.status in {400, 422} else set()
                if not unsupported:
                    too_long = any(phrase in message for phrase in _TOO_LONG)
                    return [ChatReply(None, "prompt-too-long" if too_long else "endpoint-error", detail=message)]
                omitted |= unsupported
            except EndpointTimeoutError:
                return [ChatReply(None, "timeout")]
            except EndpointError as error:
                return [ChatReply(None, "endpoint-error", detail=error.message)]
            else:
                # Remembered only now: an error message may name a parameter that did not cause it.
                self._unsupported |= omitted
                return parse_completion(response.content)


def _describe(error: RequestRejected) -> str:
    """Return what a server reports as wrong, in one line: the parameter that it names, and its message."""
    body = _mapping(error.body)
    body = _mapping(body.get("error")) or body
    parts = [str(body[key]) for key in ("param", "code", "message", "detail", "error") if body.get(key)]
    return " ".join(" ".join(parts or [error.message]).split())[:500]


def _named_parameter(message: str, sent: Collection[str]) -> set[str]:
    """Return the first optional parameter that was sent and that an error message names."""
    for name in _OPTIONAL:
        if name in sent and re.search(rf"(?<!\w){name}(?!\w)", message):
            return {"logprobs", "top_logprobs"} if name.endswith("logprobs") else {name}
    return set()


def parse_completion(body: bytes) -> list[ChatReply]:
    """Parse a chat completion into a reply per choice; anything else is one failed reply."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        start = " ".join(body[:200].decode(errors="replace").split())
        return [ChatReply(None, "endpoint-error", detail=f"not a chat completion: {start}")]
    if not choices:
        return [ChatReply(None, "empty")]
    prompt_tokens = _mapping(answer.get("usage")).get("prompt_tokens")
    prompt_tokens = prompt_tokens if isinstance(prompt_tokens, int) else 0
    choices.sort(key=lambda choice: choice["index"] if isinstance(choice.get("index"), int) else 0)
    return [_reply(choice, prompt_tokens) for choice in choices]


def _reply(choice: dict[str, Any], prompt_tokens: int) -> ChatReply:
    message, reason = _mapping(choice.get("message")), choice.get("finish_reason")
    tokens, text = _tokens(_mapping(choice.get("logprobs")).get("content")), message.get("content")
    if reason == "length":
        # The part that was cut off may be the one that counts; parsing the rest would be guessing.
        return ChatReply(None, "length-cut", tokens, prompt_tokens)
    if reason == "content_filter" or message.get("refusal"):
        return ChatReply(None, "refused", tokens, prompt_tokens)
    if not isinstance(text, str) or not text.strip():
        return ChatReply(None, "empty", tokens, prompt_tokens)
    return ChatReply(text, "", tokens, prompt_tokens)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float:
    # An integer may be too large for a float.
    return float(value) if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**53) else math.nan


def _tokens(content: object) -> tuple[TokenLogprob, ...]:
    interned: dict[bytes, bytes] = {}  # the same few thousand tokens are alternatives again and again

    def entry(item: object) -> tuple[bytes, float]:
        values = _mapping(item)
        # The text of a token that ends within a character has a replacement character; its bytes are complete.
        encoded, logprob = values.get("bytes"), values.get("logprob")
        if isinstance(encoded, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in encoded):
            data = bytes(encoded)
        else:
            data = str(values.get("token") or "").encode("utf-8", "surrogatepass")
        return interned.setdefault(data, data), _number(logprob)

    return tuple(
        TokenLogprob(*entry(item), tuple(entry(other) for other in _list(_mapping(item).get("top_logprobs"))))
        for item in _list(content)
    )
