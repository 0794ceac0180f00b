"""vLLM's ``/classify`` and ``/pooling``: both take token ids, neither adds to them or cuts them unasked."""

from __future__ import annotations

import base64
import binascii
import math
import struct
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
    version = client.find("/version")
    told = f"vllm {version['version']}" if isinstance(version, dict) and version.get("version") else ""
    return ServerInfo(name, length, server=told)


class Classify(TakesIds):
    """``/classify``: one item per conversation with a value per label in ``probs``."""

    path = "/classify"
    value = "probs"
    forms: tuple[Options, ...] = ({},)
    # By default one label goes through a sigmoid. The field that leaves it out has changed its name. Never both
    # fields at once: of the releases that know both, some take the old one's presence, not its value, for "yes".
    raw: tuple[Options, ...] = ({"use_activation": False}, {"activation": False}, {"softmax": False})

    def body(self, served: ServerInfo, rows: Sequence[Row], options: Options) -> dict[str, Any]:
        """Return the request."""
        return {"model": served.name, "input": [row.ids for row in rows], **options}

    def rewards(self, reply: Reply, rows: Sequence[Row]) -> list[float]:
        """Read the items by their ``index``."""
        said = reply.body if isinstance(reply.body, dict) else {}
        items = said.get("data")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise malformed(self.path, "no list 'data'")
        placed = {item.get("index"): item for item in items}
        if len(items) != len(rows) or set(placed) != set(range(len(rows))):
            raise malformed(self.path, f"{len(items)} items for {len(rows)} conversations")
        usage = said.get("usage")
        check_tokens(self.path, usage.get("prompt_tokens") if isinstance(usage, dict) else None, rows)
        return [self.reward(placed[index].get(self.value), row) for index, row in enumerate(rows)]

    def reward(self, values: object, _: Row) -> float:
        """Return the one value of a conversation.

        Raises:
            InputError: There are several, or none.
        """
        if not isinstance(values, list) or len(values) != 1:
            labels = len(values) if isinstance(values, list) else "no"
            raise malformed(self.path, f"{labels} labels, where a reward model has one")
        try:
            return number(values[0])
        except ValueError:
            raise malformed(self.path, "a label's value is no number") from None


class Pooling(Classify):
    """``/pooling``: the pooler's output, a value for the sequence or one for each of its tokens."""

    path = "/pooling"
    value = "data"
    # A model converted to a sequence classifier knows both tasks, one with a token-wise reward head the second alone;
    # releases before tasks had names ignore the field.
    forms: tuple[Options, ...] = ({"task": "classify"}, {"task": "token_classify"}, {})

    def body(self, served: ServerInfo, rows: Sequence[Row], options: Options) -> dict[str, Any]:
        """Return the request."""
        return super().body(served, rows, {"encoding_format": "float", **options})

    def reward(self, values: object, row: Row) -> float:
        """Return the value of the sequence, or that of its last token.

        Raises:
            InputError: There are several per token, or not one per token.
        """
        if isinstance(values, str):
            values = _decode(self.path, values)
        if isinstance(values, list) and len(values) in {1, len(row.ids)}:
            last = values[-1]
            return super().reward(last if isinstance(last, list) else [last], row)
        return super().reward(values, row)


def _decode(path: str, text: str) -> list[float]:
    # Gateways are known to answer in base64 whatever was asked for; it is little-endian float32 unless asked otherwise.
    try:
        held = base64.b64decode(text, validate=True)
        return [value if math.isfinite(value) else math.nan for (value,) in struct.iter_unpack("<f", held)]
    except (binascii.Error, struct.error):
        raise malformed(path, "text that is no base64 of float32") from None
