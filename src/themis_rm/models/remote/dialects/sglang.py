"""SGLang's native ``/classify``, which returns the output of the head unchanged.

``/v1/classify`` is not usable: it applies a softmax over the labels, which makes every reward 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from themis_rm.endpoints.client import HttpClient, HttpResponse
from themis_rm.models.remote.dialect import (
    DIALECTS,
    Dialect,
    RequestItem,
    RequestOptions,
    ServerInfo,
    check_token_count,
    find_model,
    parse_number,
    unexpected_response,
)


@DIALECTS.register
class SglangClassify(Dialect):
    """``/classify``: one object per conversation, the reward in ``embedding``."""

    name = "sglang"
    path = "/classify"

    def describe(self, client: HttpClient, model_name: str) -> ServerInfo:
        """Find the model at ``/v1/models``."""
        name, length = find_model(client, model_name)
        # An input as long as the context is rejected: the server reserves one token for generation.
        return ServerInfo(name, None if length is None else length - 1, server="sglang")

    def body(self, info: ServerInfo, items: Sequence[RequestItem], options: RequestOptions) -> dict[str, Any]:
        """Return the request; a server has one model, which the request does not name."""
        return {"input_ids": [item.ids for item in items], **options}

    def parse_rewards(self, response: HttpResponse, items: Sequence[RequestItem]) -> list[float]:
        """Read the objects in their order."""
        entries = response.json()
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise unexpected_response(self.path, "not a list of objects")
        if len(entries) != len(items):
            raise unexpected_response(self.path, f"{len(entries)} objects for {len(items)} conversations")
        rewards = []
        for entry, item in zip(entries, items, strict=True):
            meta = entry.get("meta_info")
            check_token_count(self.path, meta.get("prompt_tokens") if isinstance(meta, dict) else None, [item])
            rewards.append(self._parse_value(entry.get("embedding")))
        return rewards

    def _parse_value(self, values: object) -> float:
        if isinstance(values, list) and len(values) != 1:
            raise unexpected_response(self.path, f"{len(values)} values, but a reward model has one")
        try:
            return parse_number(values[0] if isinstance(values, list) else values)
        except ValueError:
            raise unexpected_response(self.path, "'embedding' is not a number") from None
