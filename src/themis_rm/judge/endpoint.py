"""A chat model behind any OpenAI-compatible URL."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field

from themis_rm.errors import InputError, MissingExtraError, SettingError
from themis_rm.prompts import Conversation
from themis_rm.settings import Settings

if TYPE_CHECKING:
    from openai import APIStatusError


class EndpointSettings(Settings):
    """Where a chat model answers, and how it is asked."""

    url: str
    """Base URL, such as ``http://localhost:8000/v1``."""
    model: str
    """Name of the model there."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key; a server of one's own may need none."""
    temperature: float = Field(default=0.0, ge=0)
    """Sampling temperature."""
    max_tokens: int = Field(default=1024, ge=1)
    """Most tokens of an answer."""
    seconds: float = Field(default=120.0, gt=0)
    """Longest wait for an answer."""
    retries: int = Field(default=4, ge=0)
    """How often a request is sent again after a fault of the server or the network, with growing waits."""
    parallel: int = Field(default=16, ge=1)
    """Requests under way at the same time."""
    seed: int | None = 0
    """Sent along where the server knows seeds."""

    def answers(self) -> str:
        """Return as text the settings on which answers depend; equal text, same model asked in the same way."""
        return self.model_copy(update={"parallel": 1, "retries": 0, "seconds": 1.0, "key_variable": ""}).canonical()


@dataclass(frozen=True, slots=True)
class Token:
    """One token of an answer.

    Attributes:
        data: Its UTF-8 bytes; a token may end within a character.
        logprob: Natural logarithm of its probability.
        alternatives: The likeliest tokens at its place, itself among them, as ``(bytes, logprob)``.
    """

    data: bytes
    logprob: float
    alternatives: tuple[tuple[bytes, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    Attributes:
        text: The answer without thoughts that the server keeps apart; ``None`` if there is none.
        failure: Why there is none (``length-cut``, ``refused``, ``empty``, ``timeout``, ``prompt-too-long``,
            ``endpoint-error``).
        tokens: The tokens, thoughts included where the server counts them in; empty where it gives none.
        read: Tokens of the prompt, 0 where the server does not tell.
        detail: What the server said about an ``endpoint-error``, in one line.
    """

    text: str | None
    failure: str = ""
    tokens: tuple[Token, ...] = ()
    read: int = 0
    detail: str = ""


class Endpoint:
    """Asks a chat model.

    What an answer does not depend on is left out once a server has said that it does not know it: log-probabilities,
    seeds, several answers to one request, switches of the chat template.

    Args:
        settings: See :class:`EndpointSettings`.

    Raises:
        MissingExtraError: The openai package is not installed.
        SettingError: The URL is none.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        try:
            import openai
        except ModuleNotFoundError:
            raise MissingExtraError("openai", "judge") from None
        if not settings.url.startswith(("http://", "https://")):
            raise SettingError(f"'{settings.url}' is no URL.", "Give one such as http://localhost:8000/v1.")
        self.settings = settings
        self._faults = openai
        self._unknown: set[str] = set()
        # A server of one's own asks for no key, but the client insists on one.
        key = os.environ.get(settings.key_variable) or "none"
        self._client = openai.OpenAI(
            base_url=settings.url, api_key=key, timeout=settings.seconds, max_retries=settings.retries
        )

    def models(self) -> list[str]:
        """Return the names of the models that the server lists, in its order.

        Raises:
            InputError: The server is not there, refuses, or lists none.
        """
        try:
            listed = [model.id for model in self._client.models.list()]
        except self._faults.APIConnectionError as error:
            raise self._unreachable(error) from error
        except (self._faults.APIStatusError, ValueError, AttributeError, TypeError) as error:
            raise InputError(
                f"{self.settings.url} lists no models: {_first_line(error)}.", "Name the model, or check url and key."
            ) from error
        if not listed:
            raise InputError(f"{self.settings.url} lists no models.", "Name the model that it serves.")
        return listed

    def gives_logprobs(self, alternatives: int) -> bool:
        """Ask something trifling and return whether log-probabilities come with the answer.

        Args:
            alternatives: How many are wanted for each token.

        Raises:
            InputError: The server cannot be used.
        """
        question = [{"role": "user", "content": "Reply with the word: yes"}]
        # A model that thinks may need more than a few tokens to come to what has log-probabilities.
        for limit in (16, self.settings.max_tokens):
            reply = self._request(question, {"logprobs": True, "top_logprobs": alternatives}, limit)[0]
            if reply.failure in _WHOLE:
                raise InputError(
                    f"{self.settings.url} does not answer ({reply.failure}{reply.detail and ': '}{reply.detail}).",
                    "Check url, model and settings.",
                )
            if any(token.alternatives for token in reply.tokens):
                return True
            if reply.failure != "length-cut" or "logprobs" in self._unknown:
                return False
        return False

    def ask(self, conversation: Conversation) -> Reply:
        """Return the model's answer; a fault of one request is a failed reply, not the end of the job.

        Raises:
            InputError: The server is not there, does not know the model, or refuses the key.
        """
        return self.ask_for(conversation)[0]

    def ask_for(
        self,
        conversation: Conversation,
        samples: int = 1,
        top_logprobs: int = 0,
        template: Mapping[str, bool] | None = None,
    ) -> list[Reply]:
        """Return one or more answers to the same question.

        Args:
            conversation: The messages; roles are sent as they are.
            samples: Answers wanted. A server that gives one at a time is asked again with the next seeds.
            top_logprobs: Alternatives wanted for each token; 0 for no log-probabilities.
            template: Switches of the chat template, such as ``enable_thinking``.

        Returns:
            As many replies as wanted; fewer, the last of them failed, where a request as a whole failed.

        Raises:
            InputError: The server is not there, does not know the model, or refuses the key.
        """
        optional: dict[str, Any] = {}
        if top_logprobs:
            optional |= {"logprobs": True, "top_logprobs": top_logprobs}
        if template:
            optional["chat_template_kwargs"] = dict(template)
        replies: list[Reply] = []
        while len(replies) < samples:
            seed = None if self.settings.seed is None else self.settings.seed + len(replies)
            more = samples if not replies else 1
            come = self._request(conversation, {**optional, "seed": seed, "n": more if more > 1 else None})
            replies += come
            if come[-1].failure in _WHOLE:
                break
        return replies[:samples]

    def _request(
        self, conversation: Conversation, optional: Mapping[str, Any], most_tokens: int | None = None
    ) -> list[Reply]:
        chosen = self.settings
        left_out = set(self._unknown)
        while True:
            sent = {name: value for name, value in optional.items() if value is not None and name not in left_out}
            limit = "max_completion_tokens" if "max_tokens" in left_out else "max_tokens"
            call: dict[str, Any] = {"temperature": chosen.temperature, limit: most_tokens or chosen.max_tokens, **sent}
            template = call.pop("chat_template_kwargs", None)
            try:
                raw = self._client.chat.completions.with_raw_response.create(
                    model=chosen.model,
                    messages=list(conversation),  # type: ignore[arg-type]
                    extra_body={"chat_template_kwargs": template} if template else None,
                    **call,
                )
            except (self._faults.BadRequestError, self._faults.UnprocessableEntityError) as error:
                told = _told(error)
                unknown = _named(told, {*sent, limit})
                if not unknown:
                    too_long = any(sign in told for sign in _TOO_LONG)
                    return [Reply(None, "prompt-too-long" if too_long else "endpoint-error", detail=told)]
                left_out |= unknown
            except (self._faults.OpenAIError, ValueError) as error:
                return [self._fault(error)]
            else:
                # Remembered only now: an error may name what is no reason for it.
                self._unknown |= left_out
                return _replies(raw.content)

    def _fault(self, error: Exception) -> Reply:
        """Return a fault of one request as a failed reply; raise what would befall every request."""
        if isinstance(error, self._faults.APITimeoutError):
            return Reply(None, "timeout")
        if isinstance(error, self._faults.APIConnectionError):
            raise self._unreachable(error) from error
        whole = (self._faults.AuthenticationError, self._faults.PermissionDeniedError, self._faults.NotFoundError)
        if isinstance(error, whole):
            raise InputError(
                f"{self.settings.url} refuses: {_first_line(error)}.", "Check url, model and key."
            ) from error
        return Reply(None, "endpoint-error", detail=_first_line(error))

    def _unreachable(self, error: Exception) -> InputError:
        return InputError(f"Cannot reach {self.settings.url}: {_first_line(error)}.", "Is the server up?")


_OPTIONAL = ("chat_template_kwargs", "logprobs", "top_logprobs", "seed", "n", "max_tokens")
"""What a request can do without, or be sent under another name, if the server does not know it."""

_TOO_LONG = ("context_length", "context length", "maximum context", "maximum model length", "too long")
"""What servers say of a conversation that does not fit into the model."""

_WHOLE = ("timeout", "endpoint-error", "prompt-too-long")
"""Failures of a request as a whole, which asking again for the next sample would but repeat."""


def _told(error: APIStatusError) -> str:
    """Return what the server says was wrong, in one line: the parameter that it names, and its message."""
    body = error.body if isinstance(error.body, dict) else {}
    parts = [str(body[key]) for key in ("param", "code", "message", "detail", "error") if body.get(key)]
    return " ".join(" ".join(parts or [str(error)]).split())[:500]


def _named(told: str, sent: Collection[str]) -> set[str]:
    """Return the first of what was sent and can be left out that the server speaks of."""
    for name in _OPTIONAL:
        if name in sent and re.search(rf"(?<!\w){name}(?!\w)", told):
            return {"logprobs", "top_logprobs"} if name.endswith("logprobs") else {name}
    return set()


def _replies(body: bytes) -> list[Reply]:
    """Read a chat completion.

    The client's own types would do, but hold eight times as much for the log-probabilities of a long answer.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        told = " ".join(body[:200].decode(errors="replace").split())
        return [Reply(None, "endpoint-error", detail=f"no chat completion: {told}")]
    if not choices:
        return [Reply(None, "empty")]
    read = _mapping(answer.get("usage")).get("prompt_tokens")
    read = read if isinstance(read, int) else 0
    choices.sort(key=lambda choice: choice["index"] if isinstance(choice.get("index"), int) else 0)
    return [_reply(choice, read) for choice in choices]


def _reply(choice: dict[str, Any], read: int) -> Reply:
    message, reason = _mapping(choice.get("message")), choice.get("finish_reason")
    tokens, text = _tokens(_mapping(choice.get("logprobs")).get("content")), message.get("content")
    if reason == "length":
        # What was cut may lack the part that counts; reading what is left would be guessing.
        return Reply(None, "length-cut", tokens, read)
    if reason == "content_filter" or message.get("refusal"):
        return Reply(None, "refused", tokens, read)
    if not isinstance(text, str) or not text.strip():
        return Reply(None, "empty", tokens, read)
    return Reply(text, "", tokens, read)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _number(value: object) -> float:
    # An integer may be too large for a float.
    return float(value) if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**53) else math.nan


def _tokens(content: object) -> tuple[Token, ...]:
    known: dict[bytes, bytes] = {}  # the same few thousand tokens stand among the alternatives again and again

    def entry(item: object) -> tuple[bytes, float]:
        values = _mapping(item)
        # The text of a token that ends within a character holds a replacement character; its bytes are whole.
        spelled, logprob = values.get("bytes"), values.get("logprob")
        if isinstance(spelled, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in spelled):
            data = bytes(spelled)
        else:
            data = str(values.get("token") or "").encode("utf-8", "surrogatepass")
        return known.setdefault(data, data), _number(logprob)

    return tuple(
        Token(*entry(item), tuple(entry(other) for other in _list(_mapping(item).get("top_logprobs"))))
        for item in _list(content)
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
