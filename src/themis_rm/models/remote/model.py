"""A scalar reward model behind a server: encoded here, scored there, in order whatever the network does."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.models.chat import ChatEncoder, Encoded, load_encoder
from themis_rm.models.checkpoint import digest, read_json
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.models.remote import sglang, vllm
from themis_rm.models.remote.api import Api, Options, Row, ServerInfo
from themis_rm.models.remote.client import Client, RequestRejected
from themis_rm.models.remote.probe import PROBES, find_options, require_order
from themis_rm.models.settings import ModelSettings, RemoteSettings
from themis_rm.prompts import Conversation

REFUSED = "refused-by-server"
"""The server does not take this one conversation; it says why in its log."""
NO_TEXT = "no-text-for-tokens"
"""A server that takes text alone would read other tokens than these."""

WINDOW = 4
"""Requests held ready for each that is under way."""


class Encoder(Protocol):
    """What turns conversations into token ids."""

    def encode(self, conversations: Sequence[Conversation]) -> list[Encoded]:
        """Return the ids of each conversation."""


@dataclass(frozen=True)
class Endpoint:
    """A server's interface, and how it is asked for the reward itself.

    Attributes:
        api: The interface.
        client: The server.
        served: The model there.
        options: Fields of each request.
    """

    api: Api
    client: Client
    served: ServerInfo
    options: Options

    def ask(self, rows: Sequence[Row]) -> list[float]:
        """Return the reward of each row, ``nan`` where there is none.

        Raises:
            RequestRejected: The server will not take these rows.
            InputError: See :class:`Client`.
        """
        body = self.api.body(self.served, rows, self.options)
        return self.api.rewards(self.client.post(self.api.path, body), rows)


class RemoteModel:
    """A reward model of which the tokenizer is here and the weights are elsewhere.

    Args:
        encoder: Turns conversations into token ids.
        endpoint: Turns token ids into rewards.
        settings: Size and number of requests.
        identity: What results say about it.
    """

    def __init__(self, encoder: Encoder, endpoint: Endpoint, settings: RemoteSettings, identity: ModelIdentity) -> None:
        self.encoder = encoder
        self.endpoint = endpoint
        self.identity = identity
        self._batch = min(settings.batch, endpoint.served.batch or settings.batch)
        self._parallel = settings.parallel

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return a score per conversation, in their order.

        Raises:
            InputError: The server is gone, or is not what it was.
        """
        scores: list[Score] = []
        held = WINDOW * self._parallel * self._batch
        for first in range(0, len(conversations), held):
            scores += self._score_part(conversations[first : first + held])
        return scores

    def _score_part(self, conversations: Sequence[Conversation]) -> list[Score]:
        encoded = self.encoder.encode(conversations)
        rows = [None if item.failure else self.endpoint.api.row(item.ids) for item in encoded]
        sent = [row for row in rows if row is not None]
        batches = [sent[first : first + self._batch] for first in range(0, len(sent), self._batch)]
        pool = ThreadPoolExecutor(min(self._parallel, len(batches)) or 1)
        try:
            waiting = [pool.submit(self._ask, batch) for batch in batches]
            answers = iter([answer for future in waiting for answer in future.result()])
        finally:
            pool.shutdown(cancel_futures=True)
        return [
            _as_score(item, NO_TEXT if row is None else next(answers)) for item, row in zip(encoded, rows, strict=True)
        ]

    def _ask(self, rows: Sequence[Row]) -> list[float | str]:
        """Return a reward or the reason for none per row; a batch is halved until the row that is refused is alone."""
        try:
            return list(self.endpoint.ask(rows))
        except RequestRejected:
            if len(rows) == 1:
                return [REFUSED]
        middle = len(rows) // 2
        return [*self._ask(rows[:middle]), *self._ask(rows[middle:])]


def _as_score(item: Encoded, answer: float | str) -> Score:
    if isinstance(answer, str):
        return Score.failed(item.failure or answer)
    return item.scored(answer)


def load(folder: Path, settings: ModelSettings, name: str = "") -> RemoteModel:
    """Connect the tokenizer, template and configuration in a folder with a server that has the weights.

    Args:
        folder: The model's files; weights are not looked for.
        settings: The server, and what else decides about tokens.
        name: What results call the model; by default the folder's name.

    Raises:
        SettingError: ``settings.remote`` is not set, or its URL is none.
        CheckpointError: The folder has no usable tokenizer, or the interface cannot say what it writes.
        InputError: The server is not there, or does not give this kind of reward.
        MissingExtraError: httpx is not installed.
    """
    if settings.remote is None:
        raise SettingError("There is no server.", "Set remote.url and remote.api.")
    remote = settings.remote
    client = Client(remote)
    served = _describe(remote, client)
    encoder = load_encoder(folder, settings, _limit(folder, served))
    tokenizer = Path(encoder.tokenizer.name_or_path)
    api = _api(remote, tokenizer)
    options, proven = _probe(api, client, served, encoder, remote)
    files = [] if tokenizer == folder else [tokenizer / "tokenizer.json", tokenizer / "tokenizer_config.json"]
    files += [settings.chat_template] if settings.chat_template else []
    local = f"{digest(folder, files)}\0{served.name}\0{remote.api}"
    facts: dict[str, str | int] = {
        "api": remote.api,
        "served_as": served.name,
        "server": served.server,
        "server_max_length": served.max_length or 0,
        "options": ", ".join(f"{name}={value}" for name, value in options.items()),
        "values": "logits" if proven else "between 0 and 1, as served",
        "max_length": encoder.max_length,
        "system_role": encoder.system_role,
    }
    mark = hashlib.blake2b(local.encode(), digest_size=16).hexdigest()
    identity = ModelIdentity(name or folder.resolve().name, "remote", mark, facts)
    return RemoteModel(encoder, Endpoint(api, client, served, options), remote, identity)


def _describe(remote: RemoteSettings, client: Client) -> ServerInfo:
    if remote.api == "predict":
        from themis_rm.models.remote import tei

        return tei.describe(client, remote.served_as)
    return (sglang if remote.api == "sglang" else vllm).describe(client, remote.served_as)


def _api(remote: RemoteSettings, tokenizer: Path) -> Api:
    if remote.api == "predict":
        from themis_rm.models.remote import tei

        return tei.Predict(tokenizer)
    others: dict[str, Api] = {"classify": vllm.Classify(), "pooling": vllm.Pooling(), "sglang": sglang.Classify()}
    return others[remote.api]


def _limit(folder: Path, served: ServerInfo) -> int | None:
    config: dict[str, Any] = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    text = config.get("text_config")
    own = (text if isinstance(text, dict) else config).get("max_position_embeddings")
    known = [limit for limit in (own, served.max_length) if isinstance(limit, int)]
    return min(known, default=None)


def _probe(
    api: Api, client: Client, served: ServerInfo, encoder: ChatEncoder, remote: RemoteSettings
) -> tuple[Options, bool]:
    rows = [api.row(item.ids) for item in encoder.encode(PROBES) if not item.failure]
    known = [row for row in rows if row is not None]
    if not known:
        raise CheckpointError(
            f"{api.path} cannot be given the conversations of this folder: its tokenizer adds tokens at the ends "
            "that the chat template does not write, or does not give back its own text.",
            "Serve with vLLM or SGLang, which take token ids.",
        )
    size = min(remote.batch, served.batch or remote.batch)

    def ask(options: Options, order: Sequence[Row] = known) -> list[float]:
        endpoint = Endpoint(api, client, served, options)
        return [value for first in range(0, len(order), size) for value in endpoint.ask(order[first : first + size])]

    where = f"{client.url}{api.path}"
    options, proven = find_options(api, ask, where, remote.probabilities)
    require_order(ask(options), ask(options, known[::-1]), where)
    return options, proven
