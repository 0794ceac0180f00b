"""The interface between a remote reward model and one server's wire format, and the registry of these dialects."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from themis_rm.endpoints.client import HttpClient, HttpResponse
from themis_rm.errors import InputError, did_you_mean
from themis_rm.registry import Registry

RequestOptions = Mapping[str, Any]
"""Fields of a request other than the conversations."""


@dataclass(frozen=True, slots=True)
class RequestItem:
    """One conversation of a request.

    Attributes:
        ids: Token ids that the server should read.
        text: Text that the server tokenizes to these ids, for a server that accepts only text.
    """

    ids: list[int]
    text: str = ""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server reports about the model that it serves.

    Attributes:
        name: Name of the model on the server.
        max_length: Most tokens of an input; ``None`` if not reported.
        max_batch_size: Most conversations per request; ``None`` for no such limit.
        server: Server program and version; empty if not reported.
    """

    name: str
    max_length: int | None = None
    max_batch_size: int | None = None
    server: str = ""


class Dialect(ABC):
    """One wire format of one server program.

    Args:
        tokenizer: Directory of the tokenizer.
    """

    name: ClassVar[str]
    """Name in the settings (``remote.dialect``)."""
    path: ClassVar[str]
    """Path that requests are sent to."""
    request_forms: ClassVar[tuple[RequestOptions, ...]] = ({},)
    """Options that request the reward of a sequence, best first; the first that a server accepts is used."""
    logit_options: ClassVar[tuple[RequestOptions, ...]] = ()
    """Options that request the logit instead of a probability, newest first; empty if there are none."""

    def __init__(self, tokenizer: Path) -> None:
        self.tokenizer_dir = tokenizer

    @abstractmethod
    def describe(self, client: HttpClient, model_name: str) -> ServerInfo:
        """Find the model on the server.

        Args:
            client: The server.
            model_name: Name of the model on the server; empty for the first.

        Raises:
            InputError: The server does not serve this model, or not as a reward model.
        """

    def to_item(self, ids: list[int]) -> RequestItem | None:
        """Return the request item for token ids, ``None`` if the wire format cannot express them."""
        return RequestItem(ids)

    @abstractmethod
    def body(self, info: ServerInfo, items: Sequence[RequestItem], options: RequestOptions) -> dict[str, Any]:
        """Return the body of a request."""

    @abstractmethod
    def parse_rewards(self, response: HttpResponse, items: Sequence[RequestItem]) -> list[float]:
        """Return one reward per item, in the order of the items; ``nan`` if the server has none.

        Raises:
            InputError: The response does not have the expected form.
        """


DIALECTS: Registry[type[Dialect]] = Registry("server dialect", "themis_rm.dialects", "themis_rm.models.remote.dialects")
"""Dialects by name; a plugin declares its module in the entry-point group ``themis_rm.dialects``."""


def choose_model(listed: Sequence[str], model_name: str, url: str) -> str:
    """Return ``model_name`` if the server lists it, the first listed model if it is empty.

    Raises:
        InputError: The server does not list it.
    """
    if not listed:
        raise InputError(f"{url} lists no model.", "Check that this is the address of the model server.")
    if model_name and model_name not in listed:
        raise InputError(f"{url} does not serve a model '{model_name}'.", did_you_mean(model_name, listed))
    return model_name or listed[0]


def list_models(client: HttpClient) -> dict[str, int | None]:
    """Return model name -> longest input, as listed at ``/v1/models``.

    Raises:
        InputError: There is no such list.
    """
    body = client.find_json("/v1/models")
    models = body.get("data") if isinstance(body, dict) else None
    if not isinstance(models, list) or not all(isinstance(model, dict) and model.get("id") for model in models):
        raise InputError(f"{client.url} has no list of models at /v1/models.", "Check remote.url and remote.dialect.")
    return {str(model["id"]): parse_limit(model.get("max_model_len")) for model in models}


def find_model(client: HttpClient, model_name: str) -> tuple[str, int | None]:
    """Return name and longest input of a model at ``/v1/models``, by default the first.

    Raises:
        InputError: The server does not list it.
    """
    models = list_models(client)
    name = choose_model(list(models), model_name, client.url)
    return name, models[name]


def parse_number(value: object) -> float:
    """Return a reward as a float, ``nan`` for a JSON null.

    Raises:
        ValueError: It is something else.
    """
    if value is None:
        return math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if isinstance(value, float) or abs(value) < 2**1023 else math.nan
    raise ValueError(value)


def parse_limit(value: object) -> int | None:
    """Return a limit that a server reports, ``None`` if it is not a positive integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def check_token_count(path: str, read: int | None, items: Sequence[RequestItem]) -> None:
    """Compare the number of tokens that a server reports with the number that was sent.

    Raises:
        InputError: They differ: the server adds or removes tokens.
    """
    sent = sum(len(item.ids) for item in items)
    if read is not None and read != sent:
        raise InputError(
            f"{path} read {read} tokens, but {sent} were sent.",
            "The server adds or truncates tokens: disable that, or serve the tokenizer of this directory.",
        )


def unexpected_response(path: str, reason: str) -> InputError:
    """Return the error for a response that does not have the form of the dialect."""
    return InputError(f"{path} responded in an unexpected form: {reason}.", "Check remote.dialect.")
