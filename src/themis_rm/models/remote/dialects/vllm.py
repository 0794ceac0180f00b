"""vLLM's ``/classify`` and ``/pooling``: both accept token ids and neither add nor truncate tokens unless asked to."""

from __future__ import annotations

import base64
import binascii
import math
import struct
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
class VllmClassify(Dialect):
    """``/classify``: one entry per conversation with one value per label in ``probs``."""

    name = "vllm-classify"
    path = "/classify"
    value_field = "probs"
    # By default one label goes through a sigmoid. The field that disables it has changed its name. Never send both:
    # of the releases that know both, some take the presence of the old one, not its value, for "yes".
    logit_options = ({"use_activation": False}, {"activation": False}, {"softmax": False})

    def describe(self, client: HttpClient, model_name: str) -> ServerInfo:
        """Find the model at ``/v1/models``."""
        name, length = find_model(client, model_name)
        body = client.find_json("/version")
        version = body.get("version") if isinstance(body, dict) else None
        return ServerInfo(name, length, server=f"vllm {version}" if version else "")

    def body(self, info: ServerInfo, items: Sequence[RequestItem], options: RequestOptions) -> dict[str, Any]:
        """Return the request."""
        return {"model": info.name, "input": [item.ids for item in items], **options}

    def parse_rewards(self, response: HttpResponse, items: Sequence[RequestItem]) -> list[float]:
        """Read the entries by their ``index``."""
        body = response.json()
        body = body if isinstance(body, dict) else {}
        entries = body.get("data")
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise unexpected_response(self.path, "no list 'data'")
        by_index = {entry["index"]: entry for entry in entries if isinstance(entry.get("index"), int)}
        if len(entries) != len(items) or set(by_index) != set(range(len(items))):
            raise unexpected_response(self.path, f"{len(entries)} entries for {len(items)} conversations")
        usage = body.get("usage")
        check_token_count(self.path, usage.get("prompt_tokens") if isinstance(usage, dict) else None, items)
        return [self.parse_value(by_index[index].get(self.value_field), item) for index, item in enumerate(items)]

    def parse_value(self, values: object, _: RequestItem) -> float:
        """Return the only value of a conversation.

        Raises:
            InputError: There are several, or none.
        """
        if not isinstance(values, list) or len(values) != 1:
            labels = len(values) if isinstance(values, list) else "no"
            raise unexpected_response(self.path, f"{labels} labels, but a reward model has one")
        try:
            return parse_number(values[0])
        except ValueError:
            raise unexpected_response(self.path, "a label's value is not a number") from None


@DIALECTS.register
class VllmPooling(VllmClassify):
    """``/pooling``: the pooler's output, one value for the sequence or one for each of its tokens."""

    name = "vllm-pooling"
    path = "/pooling"
    value_field = "data"
    # A model that was converted to a sequence classifier supports both tasks, one with a token-wise reward head only
    # the second; releases before named tasks ignore the field.
    request_forms = ({"task": "classify"}, {"task": "token_classify"}, {})

    def body(self, info: ServerInfo, items: Sequence[RequestItem], options: RequestOptions) -> dict[str, Any]:
        """Return the request."""
        return super().body(info, items, {"encoding_format": "float", **options})

    def parse_value(self, values: object, item: RequestItem) -> float:
        """Return the value of the sequence, or that of its last token.

        Raises:
            InputError: There are several per token, or not one per token.
        """
        if isinstance(values, str):
            values = _decode(self.path, values)
        if isinstance(values, list) and len(values) in {1, len(item.ids)}:
            last = values[-1]
            return super().parse_value(last if isinstance(last, list) else [last], item)
        return super().parse_value(values, item)


def _decode(path: str, text: str) -> list[float]:
    # Some gateways ignore encoding_format and respond in base64, by default of little-endian float32.
    try:
        data = base64.b64decode(text, validate=True)
        return [value if math.isfinite(value) else math.nan for (value,) in struct.iter_unpack("<f", data)]
    except (binascii.Error, struct.error):
        raise unexpected_response(path, "text that is not base64 of float32") from None
