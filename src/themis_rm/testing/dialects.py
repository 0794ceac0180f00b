"""Contract of server dialects, as checks that a plugin's tests can run.

Example:
    def test_my_dialect(tokenizer_dir):
        check_dialect(DIALECTS.get("my-server")(tokenizer_dir), respond)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from themis_rm.endpoints.client import HttpResponse
from themis_rm.errors import InputError
from themis_rm.models.remote.dialect import DIALECTS, Dialect, RequestItem, ServerInfo
from themis_rm.testing.assertions import require

Respond = Callable[[Sequence[RequestItem], Sequence[object]], HttpResponse]
"""Builds the response of a server to request items from one value per item."""


def check_dialect(dialect: Dialect, respond: Respond) -> None:
    """Run all checks of server dialects.

    Args:
        dialect: The dialect, connected to a tokenizer.
        respond: See :data:`Respond`.

    Raises:
        AssertionError: It is not registered, its request is not JSON, it returns rewards in another order, or it
            accepts a malformed response.
    """
    require(dialect.name in DIALECTS.names(), f"the dialect '{dialect.name}' is not registered")
    items = [RequestItem([1, 2, 3], "a"), RequestItem([4, 5], "b")]
    forms = [{**form, **option} for form in dialect.request_forms for option in ({}, *dialect.logit_options)]
    require(bool(forms), "the dialect has no request form")
    for options in forms:
        json.dumps(dialect.body(ServerInfo("model"), items, options))
    rewards = dialect.parse_rewards(respond(items, [0.5, -2.25]), items)
    require(rewards == [0.5, -2.25], f"the rewards are {rewards}, not [0.5, -2.25]")
    malformed = {
        "too few values": respond(items[:1], [0.5]),
        "a value that is not a number": respond(items, ["text", 0.5]),
        "JSON of another form": HttpResponse("url", b'"text"', {}),
        "not JSON": HttpResponse("url", b"<html>", {}),
    }
    for name, response in malformed.items():
        require(_is_rejected(dialect, response, items), f"a response is accepted: {name}")


def _is_rejected(dialect: Dialect, response: HttpResponse, items: Sequence[RequestItem]) -> bool:
    try:
        dialect.parse_rewards(response, items)
    except InputError:
        return True
    return False
