"""A chat model behind any OpenAI-compatible URL."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from themis_rm.errors import InputError, MissingExtraError, SettingError
from themis_rm.prompts import Conversation
from themis_rm.settings import Settings


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
class Reply:
    """What came back.

    Attributes:
        text: The answer; ``None`` if there is none.
        failure: Why there is none (``length-cut``, ``refused``, ``empty``, ``endpoint-error``).
    """

    text: str | None
    failure: str = ""


class Endpoint:
    """Asks a chat model.

    Args:
        settings: See :class:`EndpointSettings`.

    Raises:
        MissingExtraError: The openai package is not installed.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        try:
            import openai  # noqa: PLC0415
        except ModuleNotFoundError:
            raise MissingExtraError("openai", "judge") from None
        if not settings.url.startswith(("http://", "https://")):
            raise SettingError(f"'{settings.url}' is no URL.", "Give one such as http://localhost:8000/v1.")
        self.settings = settings
        self._faults = openai
        # A server of one's own asks for no key, but the client insists on one.
        key = os.environ.get(settings.key_variable) or "none"
        self._client = openai.OpenAI(
            base_url=settings.url, api_key=key, timeout=settings.seconds, max_retries=settings.retries
        )

    def ask(self, conversation: Conversation) -> Reply:
        """Return the model's answer; a fault of one request is a failed reply, not the end of the job.

        Raises:
            InputError: The server is not there, does not know the model, or refuses the key.
        """
        chosen = self.settings
        try:
            answer = self._client.chat.completions.create(
                model=chosen.model,
                messages=list(conversation),  # type: ignore[arg-type]
                temperature=chosen.temperature,
                max_tokens=chosen.max_tokens,
                seed=chosen.seed,
            )
        except (self._faults.AuthenticationError, self._faults.PermissionDeniedError, self._faults.NotFoundError) as e:
            raise InputError(f"{chosen.url} refuses: {_first_line(e)}.", "Check url, model and key.") from e
        except self._faults.APITimeoutError:
            return Reply(None, "timeout")
        except self._faults.APIConnectionError as error:
            raise InputError(f"Cannot reach {chosen.url}: {_first_line(error)}.", "Is the server up?") from error
        except self._faults.APIStatusError:
            return Reply(None, "endpoint-error")
        return _reply(answer.choices)


def _reply(choices: Sequence[Any]) -> Reply:
    if not choices:
        return Reply(None, "empty")
    choice = choices[0]
    text, reason = choice.message.content, choice.finish_reason
    if reason == "length":
        # What was cut may lack the part that counts; reading what is left would be guessing.
        return Reply(None, "length-cut")
    if reason == "content_filter":
        return Reply(None, "refused")
    return Reply(text) if text and text.strip() else Reply(None, "empty")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
