"""Golden data of the training tests."""

import json
import os
from pathlib import Path

import pytest

# Some virtual machines report support for matrix tiles but cannot run them, and bfloat16 would crash the process.
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE")

GOLDENS = Path(__file__).resolve().parents[1] / "goldens" / "train"


@pytest.fixture(scope="session")
def goldens() -> Path:
    return GOLDENS


@pytest.fixture(scope="session")
def golden_pairs() -> list[dict]:
    return [json.loads(line) for line in (GOLDENS / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="session")
def golden_tokens() -> dict:
    return json.loads((GOLDENS / "tokenization.tf4.57.6.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def golden_tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(GOLDENS / "qwen3_tied_true")
