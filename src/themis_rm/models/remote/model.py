"""A scalar reward model behind a server: encoded here, scored there, in order despite concurrent requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from themis_rm.endpoints.client import HttpClient, RequestRejected
from themis_rm.errors import CheckpointError, SettingError
from themis_rm.messages import Conversation
from themis_rm.models.chat import ChatEncoder, EncodedConversation, load_encoder, tokenizer_dir
from themis_rm.models.checkpoint import model_digest
from themis_rm.models.json_files import read_json
from themis_rm.models.length_limits import LengthLimit, raw_position_limit
from themis_rm.models.protocol import ModelIdentity, Score
from themis_rm.models.remote.dialect import DIALECTS, Dialect, RequestItem, RequestOptions, ServerInfo
from themis_rm.models.remote.probe import PROBES, check_order, find_logit_options
from themis_rm.models.settings import ModelSettings, RemoteSettings
from themis_rm.storage.digests import stable_id
from themis_rm.threads import thread_pool

REJECTED = "rejected-by-server"
"""The server does not accept this conversation; its log says why."""
NO_TEXT = "no-text-for-tokens"
"""A server that accepts only text would read other tokens than these."""

QUEUED_REQUESTS = 4
"""Requests that are encoded in advance for each request in flight."""


class Encoder(Protocol):
    """Converts conversations to token ids."""

    def encode(self, conversations: Sequence[Conversation]) -> list[EncodedConversation]:
        """Return the token ids of each conversation."""


@dataclass(frozen=True)
class RewardServer:
    """A model on a server, and the requests that return its rewards.

    Attributes:
        dialect: The wire format.
        client: The server.
        info: The model on the server.
        options: Fields of each request.
    """

    dialect: Dialect
    client: HttpClient
    info: ServerInfo
    options: RequestOptions

    def score(self, items: Sequence[RequestItem]) -> list[float]:
        """Return one reward per item, ``nan`` if there is none.

        Raises:
            RequestRejected: The server does not accept these items.
            InputError: See :meth:`HttpClient.post`.
        """
        body = self.dialect.body(self.info, items, self.options)
        return self.dialect.parse_rewards(self.client.post(self.dialect.path, body), items)


class RemoteModel:
    """A reward model with a local tokenizer and remote weights.

    Args:
        encoder: Converts conversations to token ids.
        server: Converts token ids to rewards.
        settings: Size and number of requests.
        identity: The model's entry in results.
    """

    def __init__(
        self, encoder: Encoder, server: RewardServer, settings: RemoteSettings, identity: ModelIdentity
    ) -> None:
        self.encoder = encoder
        self.server = server
        self.identity = identity
        self._batch_size = min(settings.batch_size, server.info.max_batch_size or settings.batch_size)
        self._max_concurrency = settings.max_concurrency

    def score(self, conversations: Sequence[Conversation]) -> list[Score]:
        """Return one score per conversation, in their order.

        Raises:
            InputError: The server no longer responds, or not as before.
        """
        scores: list[Score] = []
        step = QUEUED_REQUESTS * self._max_concurrency * self._batch_size
        for first in range(0, len(conversations), step):
            scores += self._score_part(conversations[first : first + step])
        return scores

    def _score_part(self, conversations: Sequence[Conversation]) -> list[Score]:
        encoded = self.encoder.encode(conversations)
        items = [self.server.dialect.to_item(ids) for entry in encoded for ids in entry.sequences]
        sent = [item for item in items if item is not None]
        batches = [sent[first : first + self._batch_size] for first in range(0, len(sent), self._batch_size)]
        with thread_pool(min(self._max_concurrency, len(batches)) or 1) as pool:
            futures = [pool.submit(self._score_batch, batch) for batch in batches]
            rewards = iter([reward for future in futures for reward in future.result()])
        outcomes = iter([NO_TEXT if item is None else next(rewards) for item in items])
        return [_as_score(entry, [next(outcomes) for _ in entry.sequences]) for entry in encoded]

    def _score_batch(self, items: Sequence[RequestItem]) -> list[float | str]:
        """Return a reward or a failure per item; a rejected batch is halved until the rejected item is alone."""
        try:
            return list(self.server.score(items))
        except RequestRejected:
            if len(items) == 1:
                return [REJECTED]
        middle = len(items) // 2
        return [*self._score_batch(items[:middle]), *self._score_batch(items[middle:])]


def _as_score(entry: EncodedConversation, outcomes: Sequence[float | str]) -> Score:
    """Return the score of a conversation from a reward or a failure per sequence."""
    failure = next((outcome for outcome in outcomes if isinstance(outcome, str)), "")
    if failure:
        return Score.failed(failure)
    return entry.score([outcome for outcome in outcomes if not isinstance(outcome, str)])


def load(folder: Path, settings: ModelSettings, name: str = "") -> RemoteModel:
    """Connect a local tokenizer, chat template and configuration to a server that has the weights.

    Args:
        folder: Directory of the model; it needs no weights.
        settings: The server, and everything that determines the tokens.
        name: Name of the model in results; by default the directory's.

    Raises:
        SettingError: ``settings.remote`` is not set, its URL is not valid, or its dialect is unknown.
        CheckpointError: The directory has no usable tokenizer, or the dialect cannot express its chat template.
        InputError: The server does not respond, or does not return this kind of reward.
        MissingExtraError: httpx or tenacity is not installed.
    """
    if settings.remote is None:
        raise SettingError("No server is given.", "Set remote.url and remote.dialect.")
    remote = settings.remote
    kind = DIALECTS.get(remote.dialect)
    base_url = remote.url.rstrip("/").removesuffix("/v1")
    client = HttpClient(remote.model_copy(update={"url": base_url}), "remote.")
    dialect = kind(tokenizer_dir(folder, settings))
    info = dialect.describe(client, remote.served_model_name)
    encoder = load_encoder(folder, settings, _length_limit(folder, info))
    options, proven = _probe(dialect, client, info, encoder, remote)
    tokenizer = dialect.tokenizer_dir
    files = [] if tokenizer == folder else [tokenizer / "tokenizer.json", tokenizer / "tokenizer_config.json"]
    files += encoder.template_files
    facts: dict[str, str | int] = {
        "dialect": remote.dialect,
        "served_model_name": info.name,
        "server": info.server,
        "server_max_length": info.max_length or 0,
        "options": ", ".join(f"{name}={value}" for name, value in options.items()),
        "values": "logits" if proven else "between 0 and 1, as served",
        **encoder.facts(),
    }
    digest = stable_id(model_digest(folder, files), info.name, remote.dialect)
    identity = ModelIdentity(name or folder.resolve().name, "remote", digest, facts)
    return RemoteModel(encoder, RewardServer(dialect, client, info, options), remote, identity)


def _length_limit(folder: Path, info: ServerInfo) -> LengthLimit | None:
    config: dict[str, Any] = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    text_config = config.get("text_config")
    limits = [raw_position_limit(text_config if isinstance(text_config, dict) else config)]
    limits += [LengthLimit(info.max_length, "the server's limit")] if info.max_length else []
    return min((limit for limit in limits if limit is not None), key=lambda limit: limit.tokens, default=None)


def _probe(
    dialect: Dialect, client: HttpClient, info: ServerInfo, encoder: ChatEncoder, remote: RemoteSettings
) -> tuple[RequestOptions, bool]:
    encoded = [dialect.to_item(entry.ids) for entry in encoder.encode(PROBES) if not entry.failure]
    items = [item for item in encoded if item is not None]
    if not items:
        raise CheckpointError(
            f"{dialect.path} cannot be sent the conversations of this directory: its tokenizer adds tokens that the "
            "chat template does not write, or does not reproduce its text.",
            "Serve with vLLM or SGLang, which accept token ids.",
        )
    size = min(remote.batch_size, info.max_batch_size or remote.batch_size)

    def score(options: RequestOptions, order: Sequence[RequestItem] = items) -> list[float]:
        server = RewardServer(dialect, client, info, options)
        return [value for first in range(0, len(order), size) for value in server.score(order[first : first + size])]

    where = f"{client.url}{dialect.path}"
    options, proven = find_logit_options(dialect, score, where, remote.probabilities)
    check_order(score(options), score(options, items[::-1]), where)
    return options, proven
