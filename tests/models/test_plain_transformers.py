"""Acceptance test: scores equal those of AutoModelForSequenceClassification with the chat template."""

import pytest

from themis_rm.messages import conversation
from themis_rm.models.loading import load_model

ANSWERS = ["x = 1", "def f(values):\n    return sorted(values)[-1]\n" * 3, "return None  # ünïcode 😀"]
SYSTEM = "Grade the answer by its speed."


def plain_rewards(folder, conversations):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    rewards = []
    for item in conversations:
        ids = tokenizer.apply_chat_template(item, tokenize=True, return_tensors="pt", return_dict=True)["input_ids"]
        with torch.no_grad():
            rewards.append(float(model(input_ids=ids).logits[0, 0]))
    return rewards


@pytest.mark.parametrize("kind", ["qwen3", "qwen2", "llama", "mistral", "gemma2"])
def test_scores_equal_those_of_plain_transformers(kind, tiny_checkpoint):
    folder = tiny_checkpoint(kind)
    system = SYSTEM if kind in {"qwen3", "qwen2", "llama"} else None
    conversations = [conversation(system, "Do it.", answer) for answer in ANSWERS]
    rewards = [score.reward for score in load_model(folder).score(conversations)]
    assert rewards == pytest.approx(plain_rewards(folder, conversations), abs=1e-5)


@pytest.mark.parametrize("kind", ["mistral", "gemma2"])
def test_a_system_message_that_the_template_rejects_is_put_into_the_request(kind, tiny_checkpoint):
    folder = tiny_checkpoint(kind)
    model = load_model(folder)
    scores = model.score([conversation(SYSTEM, "Do it.", answer) for answer in ANSWERS])
    folded = [conversation(None, f"{SYSTEM}\n\nDo it.", answer) for answer in ANSWERS]
    assert [score.reward for score in scores] == pytest.approx(plain_rewards(folder, folded), abs=1e-5)
    assert model.identity.facts["system_role"] == "folded"
