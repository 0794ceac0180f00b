"""Settings of an HTTP endpoint and of a chat model behind one."""

from __future__ import annotations

from pydantic import Field

from themis_rm.settings import Settings


class EndpointSettings(Settings):
    """An HTTP server, and how patiently it is used."""

    url: str
    """Base URL, such as ``http://localhost:8000/v1``."""
    served_model_name: str = ""
    """Name of the model on the server; by default the first that it lists."""
    api_key_env: str = "OPENAI_API_KEY"
    """Environment variable with the API key; a local server may need none."""
    timeout: float = Field(default=120.0, gt=0)
    """Most seconds for one attempt of a request, from connecting to the last byte of the response."""
    max_retries: int = Field(default=4, ge=0)
    """Further attempts after a timeout, a lost connection or a retryable status code."""
    retry_backoff: float = Field(default=0.5, ge=0)
    """Seconds before the first retry; doubled for each further one, with jitter. A longer ``Retry-After`` of the server
    is respected."""
    max_concurrency: int = Field(default=16, ge=1)
    """Most requests in flight at the same time."""


class ChatSettings(EndpointSettings):
    """A chat model behind an OpenAI-compatible URL."""

    temperature: float = Field(default=0.0, ge=0)
    """Sampling temperature."""
    max_tokens: int = Field(default=1024, ge=1)
    """Most tokens of a response."""
    seed: int | None = 0
    """Sampling seed, sent to servers that accept one."""

    def cache_key(self) -> str:
        """Return the settings that responses depend on, as text: equal text, same model sampled in the same way."""
        transport = {"timeout": 1.0, "max_retries": 0, "retry_backoff": 0.0, "max_concurrency": 1, "api_key_env": ""}
        return self.model_copy(update=transport).canonical()
