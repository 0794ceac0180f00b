"""Every server dialect passes the same checks."""

import json

import pytest
from tests.conftest import GOLDEN_MODELS

from themis_rm.endpoints.client import HttpResponse
from themis_rm.models.remote.dialect import DIALECTS
from themis_rm.testing.dialects import check_dialect


def vllm(field):
    def values(items, rewards):
        entries = [{"index": index, field: [reward]} for index, reward in enumerate(rewards)]
        return {"data": entries, "usage": {"prompt_tokens": sum(len(item.ids) for item in items)}}

    return values


def sglang(items, rewards):
    return [
        {"embedding": [reward], "meta_info": {"prompt_tokens": len(item.ids)}}
        for item, reward in zip(items, rewards, strict=True)
    ]


def tei(items, rewards):
    return [[{"score": reward, "label": "LABEL_0"}] for reward in rewards]


SERVERS = {"vllm-classify": vllm("probs"), "vllm-pooling": vllm("data"), "sglang": sglang, "tei": tei}


@pytest.fixture(params=DIALECTS.names())
def name(request):
    return request.param


def responder(build):
    return lambda items, rewards: HttpResponse("url", json.dumps(build(items, rewards)).encode(), {})


def test_it_passes_the_checks(name):
    check_dialect(DIALECTS.get(name)(GOLDEN_MODELS / "seqcls"), responder(SERVERS[name]))


def test_a_dialect_that_reverses_rewards_fails_the_checks():
    dialect = DIALECTS.get("sglang")(GOLDEN_MODELS / "seqcls")
    with pytest.raises(AssertionError, match="the rewards are"):
        check_dialect(dialect, responder(lambda items, rewards: sglang(items, rewards[::-1])))
