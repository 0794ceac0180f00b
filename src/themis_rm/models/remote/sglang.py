"""SGLang's native ``/classify``, which gives the head's output as it is.

Its ``/v1/classify`` will not do: a softmax over the labels makes 1 of every reward.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from themis_rm.models.remote.api import (
    Options,
    Row,
    ServerInfo,
    TakesIds,
    check_tokens,
    find_listed,
    malformed,
    number,
)
from themis_rm.models.remote.client import Client, Reply


def describe(client: Client, wanted: str) -> ServerInfo:
    """Find the model in ``/v1/models``.

    Args:
        client: The server.
        wanted: Name of the model there; empty for the first.

    Raises:
        InputError: It serves no such model.
    """
    name, length = find_listed(client, wanted)
    # It refuses an input as long as the context: it keeps room for one token to be generated.
    return ServerInfo(name, None if length is None else length - 1, server="sglang")


class Classify(TakesIds):
    """``/classify``: one object per conversation, the reward in ``embedding``."""

    path = "/classify"
    forms: tuple[Options, ...] = ({},)
    raw: tuple[Options, ...] = ()

    def body(self, served: ServerInfo, rows: Sequence[Row], options: Options) -> dict[str, Any]:
        """Return the request; a server has one model, which is not named in it."""
        return {"input_ids": [row.ids for row in rows], **options}

    def rewards(self, reply: Reply, rows: Sequence[Row]) -> list[float]:
        """Read the objects in their order."""
        items = reply.body
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise malformed(self.path, "no list of objects")
        if len(items) != len(rows):
            raise malformed(self.path, f"{len(items)} objects for {len(rows)} conversations")
        found = []
        for item, row in zip(items, rows, strict=True):
            told = item.get("meta_info")
            check_tokens(self.path, told.get("prompt_tokens") if isinstance(told, dict) else None, [row])
            found.append(self._reward(item.get("embedding")))
        return found

    def _reward(self, values: object) -> float:
        if isinstance(values, list) and len(values) != 1:
            raise malformed(self.path, f"{len(values)} values, where a reward model has one")
        try:
            return number(values[0] if isinstance(values, list) else values)
        except ValueError:
            raise malformed(self.path, "'embedding' is no number") from None
