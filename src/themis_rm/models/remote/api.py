"""What a server's interface for scalar rewards is to the rest of this package."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from themis_rm.errors import InputError, did_you_mean
from themis_rm.models.remote.client import Client, Reply

Options = Mapping[str, Any]
"""Fields of a request beside the conversations."""


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation as it is sent.

    Attributes:
        ids: The tokens that the server should read.
        text: The text that becomes them, for a server that takes text alone.
    """

    ids: list[int]
    text: str = ""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a server says about the model that it serves.

    Attributes:
        name: Its name there.
        max_length: Most tokens that it reads; ``None`` if it does not say.
        batch: Most conversations of a request; ``None`` for no such limit.
        server: Program and version, as far as it says; else empty.
    """

    name: str
    max_length: int | None = None
    batch: int | None = None
    server: str = ""


class Api(Protocol):
    """One interface of one server program."""

    path: str
    """Where requests go."""
    forms: tuple[Options, ...]
    """Ways to ask for a sequence's reward, the best first; the first that a server takes is used."""
    raw: tuple[Options, ...]
    """Ways to ask for the logit instead of a probability, the newest first; empty where there is nothing to ask for."""

    def row(self, ids: list[int]) -> Row | None:
        """Return what is sent for some tokens, or ``None`` if this interface has no way to say them."""

    def body(self, served: ServerInfo, rows: Sequence[Row], options: Options) -> dict[str, Any]:
        """Return the request for some conversations."""

    def rewards(self, reply: Reply, rows: Sequence[Row]) -> list[float]:
        """Return a reward per row, in their order; ``nan`` where the server has none.

        Raises:
            InputError: The answer is not of the interface's form.
        """


def choose_model(listed: Sequence[str], wanted: str, url: str) -> str:
    """Return the name that was wanted, by default the first.

    Raises:
        InputError: The server does not list it.
    """
    if not listed:
        raise InputError(f"{url} lists no model.", "Is this the address of the model server?")
    if wanted and wanted not in listed:
        raise InputError(f"{url} serves no model '{wanted}'.", did_you_mean(wanted, listed))
    return wanted or listed[0]


def list_models(client: Client) -> dict[str, int | None]:
    """Return name -> longest input of what ``/v1/models`` lists.

    Raises:
        InputError: There is no such list.
    """
    said = client.find("/v1/models")
    rows = said.get("data") if isinstance(said, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("id") for row in rows):
        raise InputError(f"{client.url} has no list of models at /v1/models.", "Check remote.url and remote.api.")
    return {str(row["id"]): row.get("max_model_len") for row in rows}


def find_listed(client: Client, wanted: str) -> tuple[str, int | None]:
    """Return name and longest input of the model that was wanted, by default the first that ``/v1/models`` lists.

    Raises:
        InputError: The server lists no such model.
    """
    models = list_models(client)
    name = choose_model(list(models), wanted, client.url)
    return name, models[name]


class TakesIds:
    """What interfaces that take token ids have in common."""

    def row(self, ids: list[int]) -> Row | None:
        """Return the ids as they are."""
        return Row(ids)


def number(value: object) -> float:
    """Return a reward as a float, ``nan`` for JSON's null.

    Raises:
        ValueError: It is something else.
    """
    if value is None:
        return math.nan
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError(value)


def check_tokens(path: str, read: int | None, rows: Sequence[Row]) -> None:
    """Compare what a server says that it read with what was sent.

    Raises:
        InputError: It read another number of tokens: it adds some of its own, or cuts.
    """
    sent = sum(len(row.ids) for row in rows)
    if read is not None and read != sent:
        raise InputError(
            f"{path} read {read} tokens where {sent} were sent.",
            "The server adds tokens or cuts by itself: switch that off there, or serve the tokenizer of this folder.",
        )


def malformed(path: str, what: str) -> InputError:
    """Return the error for an answer of another form than the interface's."""
    return InputError(f"{path} answers in another form: {what}.", "Is remote.api that of this server?")
