"""Fixtures of scoring: a tiny checkpoint, a baseline, and requests."""

import json

import pytest

from themis_rm.serve.scorer import Scorer


@pytest.fixture(scope="session")
def tiny(tiny_checkpoint):
    return Scorer.load(tiny_checkpoint("qwen3"))


@pytest.fixture
def length():
    return Scorer.load("length")


@pytest.fixture(scope="session")
def jsonl():
    def encode(*rows):
        return [(row if isinstance(row, str) else json.dumps(row)).encode() + b"\n" for row in rows]

    return encode


@pytest.fixture(scope="session")
def request_row():
    def make(number, **more):
        return {"id": f"r{number}", "prompt": "Sum it.", "response": f"return {number}" + " + 0" * number, **more}

    return make
