"""Chat completions of a model behind an OpenAI-compatible URL."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from themis_rm.endpoints.client import EndpointError, EndpointTimeoutError, HttpClient, RequestRejected, one_line
from themis_rm.endpoints.settings import ChatSettings
from themis_rm.errors import InputError
from themis_rm.messages import Conversation, fold_system

_OPTIONAL = (
    "chat_template_kwargs",
    "logprobs",
    "top_logprobs",
    "seed",
    "n",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
)
"""Parameters that can be changed or left out if a server does not support them."""

_FEW_ALTERNATIVES = 5
"""Alternatives of a token that are requested from a server that does not return as many as wanted."""

_RESPONSE_BYTES = 4 * 2**20
_TOKEN_BYTES = 64
_ALTERNATIVES_BYTES = 4096
"""Most bytes of a response without its tokens, of a token, and of its alternatives."""

_TOO_LONG = ("context_length", "context length", "maximum context", "maximum model length", "too long")
"""Parts of the error messages about a conversation that does not fit into the model."""

_SHORT = 16
"""Tokens of the response to a short conversation."""

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
        refused: The server refused the request, so that it would do so again.
    """

    text: str | None
    failure: str = ""
    tokens: tuple[TokenLogprob, ...] = ()
    prompt_tokens: int = 0
    detail: str = ""
    refused: bool = False


class ChatEndpoint:
    """A client for chat completions.

    Optional parameters (temperature, log-probabilities, seed, several samples per request, chat-template arguments) are
    changed or left out once a server has reported that it does not support them.

    Args:
        settings: See :class:`ChatSettings`. An empty ``served_model_name`` means the first model that the server
            lists; it is looked up here.
        section: Prefix of the settings in error messages (``judge.``).

    Attributes:
        settings: The settings with the name of the model.
        changes: Parameter -> the value that is sent instead, ``None`` for a parameter that is left out.
        system_role: ``native``, ``folded`` (put in front of the first user message) or ``dropped``.

    Raises:
        MissingExtraError: httpx or tenacity is not installed.
        SettingError: The URL is not valid.
        InputError: The model's name has to be looked up, and the server lists none.
    """

    def __init__(self, settings: ChatSettings, section: str = "") -> None:
        self._client = HttpClient(settings, section)
        self.changes: dict[str, Any] = {}
        self.system_role: Literal["native", "folded", "dropped"] = "native"
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
        return self.try_out(("user",), alternatives)

    def try_out(
        self,
        roles: Sequence[str],
        top_logprobs: int = 0,
        template: Mapping[str, bool] | None = None,
        refused_system: Literal["folded", "dropped"] | None = None,
    ) -> bool:
        """Send a short conversation with the roles and parameters that will be used, and adapt to the server.

        Args:
            roles: Roles of the messages.
            top_logprobs: See :meth:`sample`.
            template: See :meth:`sample`.
            refused_system: What to do with a system message if the server refuses one; ``None`` for an error.

        Returns:
            Whether the response has log-probabilities.

        Raises:
            InputError: The server cannot be used with these roles.
        """
        prompt: Conversation = [{"role": role, "content": "Reply with the word: yes"} for role in roles]
        optional = {**self._optional(top_logprobs, template), "seed": self.settings.seed}
        reply = self._first_accepted(prompt, optional, refused_system)
        # A reasoning model may need more than a few tokens until it writes the part that has log-probabilities.
        if top_logprobs and reply.failure == "length-cut" and not reply.tokens and "logprobs" not in self.changes:
            reply = self._request(prompt, optional)[0]
        return any(token.alternatives for token in reply.tokens)

    def _first_accepted(
        self,
        prompt: Conversation,
        optional: Mapping[str, Any],
        refused_system: Literal["folded", "dropped"] | None,
    ) -> ChatReply:
        """Return the first response to a short conversation that is not refused; keep what had to be changed for it."""
        first = self._request(prompt, optional, _SHORT)[0]
        if first.failure not in _WHOLE_REQUEST:
            return first
        if refused_system and self.system_role == "native" and any(message["role"] == "system" for message in prompt):
            self.system_role = refused_system
            reply = self._request(prompt, optional, _SHORT)[0]
            if reply.failure not in _WHOLE_REQUEST:
                return reply
            self.system_role = "native"
        for changes, limit in _attempts(optional) if first.refused else ():
            reply = self._request(prompt, optional, limit, changes)[0]
            if reply.failure not in _WHOLE_REQUEST:
                return reply
        raise self._unusable(prompt, first)

    def _unusable(self, prompt: Conversation, reply: ChatReply) -> InputError:
        section = self._client.section
        if not reply.refused:
            return InputError(
                f"{self._client.url} does not respond ({reply.failure}{reply.detail and ': '}{reply.detail}).",
                f"Check {section}url, {section}served_model_name and the server's log.",
            )
        roles = ", ".join(message["role"] for message in prompt)
        message = f"{self._client.url} refuses a short conversation with the roles {roles}: {reply.detail}"
        fix = f"set {section}system_role=fold, or " if "system" in roles else ""
        return InputError(
            f"{message.rstrip('.')}.",
            f"Check {section}url and {section}served_model_name; {fix}serve the model with a chat template that has "
            "these roles.",
        )

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
        optional = self._optional(top_logprobs, template)
        replies: list[ChatReply] = []
        while len(replies) < samples:
            seed = None if self.settings.seed is None else self.settings.seed + len(replies)
            count = samples if not replies else 1
            replies += self._request(conversation, {**optional, "seed": seed, "n": count if count > 1 else None})
            if replies[-1].failure in _WHOLE_REQUEST:
                break
        return replies[:samples]

    @staticmethod
    def _optional(top_logprobs: int, template: Mapping[str, bool] | None) -> dict[str, Any]:
        optional: dict[str, Any] = {"logprobs": True, "top_logprobs": top_logprobs} if top_logprobs else {}
        return {**optional, "chat_template_kwargs": dict(template)} if template else optional

    def _request(
        self,
        conversation: Conversation,
        optional: Mapping[str, Any],
        max_tokens: int | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> list[ChatReply]:
        changes = {**self.changes, **(changes or {})}
        while True:
            wanted = {
                "temperature": self.settings.temperature,
                "max_tokens": max_tokens or self.settings.max_tokens,
                **optional,
            }
            parameters = _changed(wanted, changes)
            messages = _without_system(conversation, self.system_role)
            body = {"model": self.settings.served_model_name, "messages": messages, **parameters}
            reply: ChatReply
            try:
                response = self._client.post("/chat/completions", body, self._most_bytes(parameters))
            except RequestRejected as error:
                message = _describe(error)
                too_long = any(phrase in message for phrase in _TOO_LONG)
                reply = ChatReply(
                    None, "prompt-too-long" if too_long else "endpoint-error", detail=message, refused=True
                )
            except EndpointTimeoutError:
                return [ChatReply(None, "timeout")]
            except EndpointError as error:
                reply = ChatReply(None, "endpoint-error", detail=error.message)
            else:
                # Remembered only now: an error message may name a parameter that did not cause it.
                self.changes.update(changes)
                return parse_completion(response.content)
            found = _unsupported(reply.detail, parameters)
            if not found or found.items() <= changes.items():
                return [reply]
            changes |= found

    def _most_bytes(self, parameters: Mapping[str, Any]) -> int:
        token = _TOKEN_BYTES + (_ALTERNATIVES_BYTES if "logprobs" in parameters else 0)
        limit = parameters.get("max_tokens") or parameters.get("max_completion_tokens") or self.settings.max_tokens
        return int(_RESPONSE_BYTES + limit * parameters.get("n", 1) * token)


def _attempts(optional: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], int | None]]:
    """Yield changes and lengths for a server that refuses a request without naming the reason."""
    if "logprobs" in optional:
        yield {"logprobs": None, "top_logprobs": None}, _SHORT
    for name in ("seed", "temperature", "chat_template_kwargs"):
        if name == "temperature" or optional.get(name) is not None:
            yield {name: None}, _SHORT
    yield {}, None


def _changed(parameters: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a request, without those that are ``None``."""
    changed = {**parameters, **{name: value for name, value in changes.items() if name in parameters}}
    if changed["max_tokens"] is None and "max_completion_tokens" not in changes:
        changed["max_completion_tokens"] = parameters["max_tokens"]
    return {name: value for name, value in changed.items() if value is not None}


def _without_system(conversation: Conversation, system_role: str) -> Conversation:
    """Return the messages in a form for servers that refuse a system message."""
    if system_role == "native" or not conversation or conversation[0]["role"] != "system":
        return conversation
    return fold_system(conversation) if system_role == "folded" else conversation[1:]


def _describe(error: RequestRejected) -> str:
    """Return what a server reports as wrong, in one line: the parameter that it names, and its message."""
    body = _mapping(error.body)
    body = _mapping(body.get("error")) or body
    parts = [str(body[key]) for key in ("param", "code", "message", "detail", "error") if body.get(key)]
    return one_line(" ".join(parts or [error.message]))


def _unsupported(message: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the change for the first optional parameter that was sent and that an error message names."""
    for name in _OPTIONAL:
        if name in sent and re.search(rf"(?<!\w){name}(?!\w)", message):
            if not name.endswith("logprobs"):
                return {name: None}
            if sent.get("top_logprobs", 0) > _FEW_ALTERNATIVES and re.search(r"\d", message):
                return {"top_logprobs": _FEW_ALTERNATIVES}
            return {"logprobs": None, "top_logprobs": None}
    return {}


def parse_completion(body: bytes) -> list[ChatReply]:
    """Parse a chat completion into a reply per choice; anything else is one failed reply."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        start = one_line(body[:200].decode(errors="replace"))
        return [ChatReply(None, "endpoint-error", detail=f"not a chat completion: {start}")]
    if not choices:
        return [ChatReply(None, "empty")]
    counted = _mapping(answer.get("usage")).get("prompt_tokens")
    prompt_tokens = counted if isinstance(counted, int) and 0 <= counted < 2**31 else 0
    choices.sort(key=lambda choice: choice["index"] if isinstance(choice.get("index"), int) else 0)
    return [_reply(choice, prompt_tokens) for choice in choices]


def _reply(choice: dict[str, Any], prompt_tokens: int) -> ChatReply:
    message, reason = _mapping(choice.get("message")), choice.get("finish_reason")
    tokens, text = _tokens(_mapping(choice.get("logprobs")).get("content")), _text(message.get("content"))
    if reason == "length":
        # The part that was cut off may be the one that counts; parsing the rest would be guessing.
        return ChatReply(None, "length-cut", tokens, prompt_tokens)
    if reason == "content_filter" or message.get("refusal"):
        return ChatReply(None, "refused", tokens, prompt_tokens)
    if not text.strip():
        return ChatReply(None, "empty", tokens, prompt_tokens)
    return ChatReply(text, "", tokens, prompt_tokens)


def _text(content: object) -> str:
    """Return a text, or the text parts of a list of parts."""
    if isinstance(content, list):
        parts = [_mapping(part) for part in content]
        return "".join(_text(part.get("text")) for part in parts if part.get("type") in {"text", "output_text"})
    return content if isinstance(content, str) else ""


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
