"""Counting tokens, exactly and by estimate."""

import json
import pickle
import re
import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.tokens import TokenCounter, estimate
from themis_rm.errors import InputError

tokenizers = pytest.importorskip("tokenizers")

# Pre-tokenization of Qwen2 and Qwen3.
_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@pytest.fixture(scope="module")
def qwen3(shared):
    folder = shared / "tokenizers" / "qwen3"
    model = tokenizers.models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer = tokenizers.Tokenizer(model)
    split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(_PATTERN), "isolated")
    level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence([split, level])
    return tokenizer


def samples(shared: Path) -> list[str]:
    """Return functions in five languages and modules of this package; the estimate was fitted on neither."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((Path(__file__).parents[2] / "src").rglob("*.py"))]
    for file in sorted((shared / "sources" / "mdeval").rglob("*.jsonl"))[:8]:
        for line in file.read_text(encoding="utf-8").splitlines()[:25]:
            texts += [v for v in json.loads(line).values() if isinstance(v, str) and len(v) > 300][:2]
    return [text for text in texts if len(text) > 300]


def test_the_estimate_is_close_to_the_real_tokenizer(qwen3, shared):
    errors = [estimate(text) / len(qwen3.encode(text).ids) - 1 for text in samples(shared)]
    assert len(errors) > 50
    assert abs(statistics.mean(errors)) < 0.05
    assert statistics.mean(map(abs, errors)) < 0.10
    assert statistics.quantiles([abs(error) for error in errors], n=20)[-1] < 0.25


def test_a_tokenizer_file_counts_exactly(qwen3, tmp_path):
    file = tmp_path / "tokenizer.json"
    qwen3.save(str(file))
    count = TokenCounter(file)
    text = "def f(x):\n    return 'größer' if x > 10 else None\n"
    assert count(text) == len(qwen3.encode(text).ids)
    assert pickle.loads(pickle.dumps(count))(text) == count(text)
    assert count.name == "tokenizer.json"


def test_lone_surrogates_are_counted(qwen3, tmp_path):
    file = tmp_path / "tokenizer.json"
    qwen3.save(str(file))
    assert TokenCounter(file)("a \udc80 b") > 0
    assert TokenCounter()("a \udc80 b") > 0


def test_a_file_that_is_not_a_tokenizer_is_a_user_error(tmp_path):
    file = tmp_path / "tokenizer.json"
    file.write_text('{"no": "tokenizer"}', encoding="utf-8")
    with pytest.raises(InputError, match="not a tokenizer"):
        TokenCounter(file)


def test_a_missing_file_is_a_user_error(tmp_path):
    with pytest.raises(InputError, match="Cannot read"):
        TokenCounter(tmp_path / "none.json")


def test_an_empty_text_has_no_tokens():
    assert estimate("") == 0


_FEATURES = (
    (r"[A-Za-z]+", 0.928), (r"(?<=[a-z])[A-Z]", 0.931), (r"[0-9]", 1.623), (r"[^\sA-Za-z0-9]+", 0.625),
    (r"[^\sA-Za-z0-9]{4}", 0.313), (r"\n\s*", 0.225), (r"\n[ \t]+(?=\S)", 1.622), (r"(?<=\S)[ \t]{2,}", 2.255),
)  # fmt: skip
_LETTERS = ((r"[A-Z]{3,}", 0.110), (r"[a-z]{8,}", 0.047))


@given(st.text(alphabet="abzABZ019 \t\n\r\x0b\x1c.;(){}_é\xa0\u2003\u3000😀\ud800\u212aªß", max_size=60))
def test_the_estimate_is_the_sum_of_its_features(text):
    expected = sum(weight * len(re.findall(pattern, text)) for pattern, weight in _FEATURES)
    expected += sum(weight * len("".join(re.findall(pattern, text))) for pattern, weight in _LETTERS)
    expected += 0.322 * (len(text.encode("utf-8", "surrogatepass")) - len(text))
    assert abs(estimate(text) - expected) <= 0.5 + 1e-9
