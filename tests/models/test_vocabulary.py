"""Tokenizers with more tokens than the decoder has embeddings: said at loading, and a row with one fails alone."""

import json
import shutil

import pytest

from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import UNKNOWN_TOKEN
from themis_rm.models.settings import ModelSettings


@pytest.fixture(params=[1032, 5_000_000], ids=["first-id-too-large", "id-far-beyond"])
def folder(request, tiny_checkpoint, tmp_path):
    """Return a checkpoint with 1,032 embeddings whose tokenizer has a token <extra> with an id above."""
    folder = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")
    path = folder / "tokenizer.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    values["added_tokens"].append({"id": request.param, "content": "<extra>", **flags})
    values["model"]["vocab"]["<extra>"] = request.param
    path.write_text(json.dumps(values), encoding="utf-8")
    return folder


GOOD = [conversation(None, "Add.", f"a + {n}") for n in range(4)]
BAD = conversation(None, "Add.", "a <extra> b")


@pytest.mark.parametrize("share_prefixes", [True, False])
def test_a_row_with_a_token_without_embedding_fails_alone(folder, share_prefixes, caplog):
    model = load_model(folder, ModelSettings(share_prefixes=share_prefixes))
    # The way to such a token is what is tested here, not how text of control tokens is encoded.
    encode = model.encoder.encode
    model.encoder.encode = lambda talks: [
        type(item)([[*item.ids, model.encoder.tokenizer.convert_tokens_to_ids("<extra>")]]) if talk is BAD else item
        for item, talk in zip(encode(talks), talks, strict=True)
    ]
    scores = model.score([GOOD[0], BAD, *GOOD[1:]])
    assert [score.failure for score in scores] == ["", UNKNOWN_TOKEN, "", "", ""]
    assert "0 to 1031" in scores[1].detail
    expected = model.score(GOOD)
    rewards = [score.reward for score in scores if score.reward is not None]
    assert rewards == pytest.approx([score.reward for score in expected], abs=1e-5)
    assert model.identity.facts["tokens_without_embedding"] == 1
    assert UNKNOWN_TOKEN in caplog.text


def test_more_embeddings_than_tokens_are_normal(tiny_checkpoint, caplog):
    model = load_model(tiny_checkpoint("qwen3"))
    assert "tokens_without_embedding" not in model.identity.facts
    assert not caplog.text
