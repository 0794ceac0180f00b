"""The wire format of an imaginary server: ``POST /rewards {"inputs": [[id, ...]]}`` -> ``{"rewards": [...]}``."""

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
    find_model,
    parse_number,
    unexpected_response,
)


@DIALECTS.register
class ExampleRewards(Dialect):
    """``/rewards``: one reward per input."""

    name = "example-rewards"
    path = "/rewards"

    def describe(self, client: HttpClient, wanted: str) -> ServerInfo:
        """Find the model at ``/v1/models``."""
        name, length = find_model(client, wanted)
        return ServerInfo(name, length, server="example")

    def body(self, info: ServerInfo, items: Sequence[RequestItem], options: RequestOptions) -> dict[str, Any]:
        """Return the request."""
        return {"model": info.name, "inputs": [item.ids for item in items], **options}

    def parse_rewards(self, response: HttpResponse, items: Sequence[RequestItem]) -> list[float]:
        """Read the list ``rewards``."""
        body = response.json()
        rewards = body.get("rewards") if isinstance(body, dict) else None
        if not isinstance(rewards, list) or len(rewards) != len(items):
            raise unexpected_response(self.path, "no list 'rewards' with one entry per input")
        return [parse_number(reward) for reward in rewards]
