"""Every kind of reward model keeps the same promises."""

import math
import random

import pytest
from tests.conversations import ANSWERS, CONVERSATIONS
from tests.models import golden_cases as golden

from themis_rm.models.loading import load_model
from themis_rm.models.ngrams import NGramSettings, fit_ngrams
from themis_rm.models.protocol import RewardModel
from themis_rm.models.remote_code import code_digest
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import conversation

ROWS = [
    {"system": None, "input": str(n), "chosen": f"return checked({n})", "rejected": f"return value({n} % {n + 1})"}
    for n in range(20)
]
DECODERS = ["qwen3", "qwen2", "llama", "mistral", "gemma2"]
BASELINES = ["length", "random", "ngrams", "ngrams-crossed"]
KINDS = [*DECODERS, *BASELINES, *golden.NAMES, "remote-code"]


@pytest.fixture(params=KINDS)
def reload(request, tiny_checkpoint, tmp_path):
    """Return a loader of the model under test that takes model settings."""
    name = request.param
    if name in golden.NAMES:
        return lambda **settings: golden.model_of(name, tmp_path, **settings)
    if name == "remote-code":
        folder = golden.FOLDER / "automodel"
        trust = {"trust_remote_code": code_digest(folder)}
        return lambda **settings: load_model(folder, ModelSettings(**trust | settings))
    if name.startswith("ngrams"):
        fit_ngrams(ROWS, NGramSettings(bits=12, crossed=name.endswith("crossed"))).save(tmp_path / "model")
        where = tmp_path / "model"
    else:
        where = name if name in {"length", "random"} else tiny_checkpoint(name)
    return lambda **settings: load_model(where, ModelSettings(**settings))


def rewards(model, conversations=CONVERSATIONS):
    return [score.reward for score in model.score(conversations)]


def test_it_keeps_to_the_protocol(reload):
    assert isinstance(reload(), RewardModel)


def test_scores_are_finite_and_tell_answers_apart(reload):
    values = rewards(reload())
    assert all(math.isfinite(value) for value in values)
    assert len(set(values)) > len(ANSWERS) // 2


def test_order_does_not_matter(reload):
    model, order = reload(), list(range(len(CONVERSATIONS)))
    random.Random(3).shuffle(order)
    shuffled = rewards(model, [CONVERSATIONS[index] for index in order])
    straight = rewards(model)
    assert shuffled == pytest.approx([straight[index] for index in order], abs=1e-5)


@pytest.mark.parametrize("budget", [1, 300, 100_000])
def test_company_in_a_batch_does_not_matter(reload, budget):
    model = reload(batch_tokens=budget)
    alone = [reward for item in CONVERSATIONS for reward in rewards(model, [item])]
    assert rewards(model) == pytest.approx(alone, abs=1e-5)


def test_sharing_beginnings_does_not_matter(reload):
    assert rewards(reload(share_prefixes=False)) == pytest.approx(rewards(reload()), abs=1e-5)


def test_a_cut_answer_says_so_and_the_prompt_stays_whole(reload):
    model = reload()
    if not hasattr(model, "encoder"):
        pytest.skip("reads no tokens")
    long = conversation(None, "Request", "x = 1\n" * 400)
    (whole,) = model.score([long])
    cut, short, hopeless = reload(max_length=100).score([long, CONVERSATIONS[2], conversation(None, "no " * 200, "x")])
    assert (cut.truncated, cut.tokens) == (True, 100)
    assert cut.reward != whole.reward
    assert not short.truncated
    assert hopeless.failure == "prompt-too-long"


def test_an_answer_with_a_lone_surrogate_fails_alone(reload):
    model = reload()
    if not hasattr(model, "encoder"):
        pytest.skip("reads no tokens")
    scores = model.score([CONVERSATIONS[0], conversation(None, "Request", "\ud800")])
    assert [score.failure for score in scores] == ["", "not-unicode"]


def test_a_conversation_without_an_answer_fails_alone(reload):
    scores = reload().score([CONVERSATIONS[0], conversation(None, "Only a request"), CONVERSATIONS[1]])
    assert [score.failure for score in scores] == ["", "no-response", ""]
    assert [score.reward is None for score in scores] == [False, True, False]


def test_nothing_in_nothing_out(reload):
    assert reload().score([]) == []


def test_loading_again_gives_the_same_scores_and_identity(reload):
    assert rewards(reload()) == rewards(reload())
    assert reload().identity == reload().identity
