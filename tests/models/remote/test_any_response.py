"""Any response of a server is read completely, or refused with an error of the user."""

import contextlib
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import GOLDEN_MODELS

from themis_rm.endpoints.client import HttpResponse
from themis_rm.errors import InputError
from themis_rm.models.remote.dialect import DIALECTS, RequestItem

ITEMS = [RequestItem([1, 2, 3], "a"), RequestItem([4, 5], "b")]
NAMES = [
    "data",
    "index",
    "probs",
    "embedding",
    "meta_info",
    "prompt_tokens",
    "usage",
    "score",
    "label",
    "id",
    "model_id",
]
NAMES += ["max_model_len", "max_input_length", "max_client_batch_size", "model_type", "version", "served_model_name"]
LEAVES = st.sampled_from([None, True, 0, 1, -1, 0.5, 10**400, math.nan, math.inf, "1", "", "AAAA", "text", "\ud800"])
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=10,
)
ROW = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("index", "probs", "data", "embedding", "meta_info", "score"), JSON)
)
ROWS = st.lists(ROW, min_size=2, max_size=2)
BODIES = (
    JSON
    | ROWS
    | st.fixed_dictionaries({"data": ROWS, "usage": JSON})
    | st.lists(ROW.map(lambda row: [row]), min_size=2)
)


class Listing:
    """A client whose paths all have the same JSON."""

    url = "http://x"

    def __init__(self, values):
        self.values = values

    def find_json(self, _):
        return self.values


@pytest.fixture(scope="module", params=DIALECTS.names())
def dialect(request):
    return DIALECTS.get(request.param)(GOLDEN_MODELS / "seqcls")


@settings(max_examples=60)
@given(body=BODIES, tokens=st.sampled_from(["", "5", "²", "x"]))
def test_rewards(dialect, body, tokens):
    response = HttpResponse("url", json.dumps(body).encode(), {"x-compute-tokens": tokens})
    with contextlib.suppress(InputError):
        rewards = dialect.parse_rewards(response, ITEMS)
        assert [type(reward) for reward in rewards] == [float, float]


@settings(max_examples=60)
@given(values=JSON | st.fixed_dictionaries({"data": ROWS.map(lambda rows: [{**row, "id": "m"} for row in rows])}) | ROW)
def test_descriptions(dialect, values):
    with contextlib.suppress(InputError):
        info = dialect.describe(Listing(values), "")
        assert all(limit is None or limit >= 0 for limit in (info.max_length, info.max_batch_size))
