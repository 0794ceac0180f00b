"""text-embeddings-inference's ``/predict``, which accepts only text and adds the tokenizer's special tokens to it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from themis_rm.endpoints.client import HttpClient, HttpResponse
from themis_rm.errors import CheckpointError, InputError
from themis_rm.models.remote.dialect import (
    DIALECTS,
    Dialect,
    RequestItem,
    RequestOptions,
    ServerInfo,
    check_token_count,
    choose_model,
    parse_limit,
    parse_number,
    unexpected_response,
)

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@DIALECTS.register
class TeiPredict(Dialect):
    """``/predict``: a list of labels per conversation, each with a ``score``.

    Args:
        tokenizer: Directory of the tokenizer.

    Raises:
        CheckpointError: It has no ``tokenizer.json``.
    """

    name = "tei"
    path = "/predict"
    logit_options = ({"raw_scores": True},)

    def __init__(self, tokenizer: Path) -> None:
        super().__init__(tokenizer)
        self._file = tokenizer / "tokenizer.json"
        if not self._file.is_file():
            raise CheckpointError(f"{tokenizer} has no tokenizer.json.", "Use the tokenizer that the server uses.")

    def describe(self, client: HttpClient, model_name: str) -> ServerInfo:
        """Find the model at ``/info``."""
        info = client.find_json("/info")
        if not isinstance(info, dict) or "model_id" not in info:
            raise InputError(
                f"{client.url} has no /info of text-embeddings-inference.", "Check remote.url and remote.dialect."
            )
        kind = info.get("model_type")
        if isinstance(kind, dict) and not {"classifier", "reranker"} & {str(name).lower() for name in kind}:
            raise InputError(
                f"{client.url} serves {info['model_id']} as {'/'.join(kind)}, not as a classifier.",
                "Its config.json must name a *ForSequenceClassification class with one label.",
            )
        names = [str(info[key]) for key in ("served_model_name", "model_id") if info.get(key)]
        return ServerInfo(
            choose_model(names, model_name, client.url),
            parse_limit(info.get("max_input_length")),
            parse_limit(info.get("max_client_batch_size")),
            f"text-embeddings-inference {info.get('version', '')}".strip(),
        )

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        # The server reads this file directly; the class of transformers may add other tokens.
        tokenizer = Tokenizer.from_file(str(self._file))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _special_tokens(self) -> tuple[list[int], list[int]]:
        """Ids that the tokenizer adds before and after each text."""
        plain, complete = (self._tokenizer.encode("a", add_special_tokens=added).ids for added in (False, True))
        starts = range(len(complete) - len(plain) + 1)
        start = next((first for first in starts if complete[first : first + len(plain)] == plain), 0)
        return complete[:start], complete[start + len(plain) :]

    def to_item(self, ids: list[int]) -> RequestItem | None:
        """Return the text that the server tokenizes to exactly these ids, if there is one.

        The special tokens that the tokenizer adds at both ends are not part of the text. There is no such text if the
        chat template does not write these tokens, or if truncation has split a character or a word.
        """
        before, after = self._special_tokens
        first, last = len(before), len(ids) - len(after)
        if ids[:first] != before or ids[last:] != after:
            return None
        text = self._tokenizer.decode(ids[first:last], skip_special_tokens=False)
        return RequestItem(ids, text) if self._tokenizer.encode(text).ids == ids else None

    def body(self, info: ServerInfo, items: Sequence[RequestItem], options: RequestOptions) -> dict[str, Any]:
        """Return the request; each text is in a list of one, because a list of two would be a text pair."""
        return {"inputs": [[item.text] for item in items], "truncate": False, **options}

    def parse_rewards(self, response: HttpResponse, items: Sequence[RequestItem]) -> list[float]:
        """Read the lists in their order."""
        predictions = response.json()
        if not isinstance(predictions, list) or not all(isinstance(labels, list) for labels in predictions):
            raise unexpected_response(self.path, "not a list of lists")
        if len(predictions) != len(items):
            raise unexpected_response(self.path, f"{len(predictions)} predictions for {len(items)} conversations")
        read = response.headers.get("x-compute-tokens", "")
        check_token_count(self.path, int(read) if read.isascii() and read.isdigit() else None, items)
        return [self._parse_labels(labels) for labels in predictions]

    def _parse_labels(self, labels: list[Any]) -> float:
        if len(labels) != 1 or not isinstance(labels[0], dict):
            raise unexpected_response(self.path, f"{len(labels)} labels, but a reward model has one")
        try:
            return parse_number(labels[0].get("score"))
        except ValueError:
            raise unexpected_response(self.path, "a score is not a number") from None
