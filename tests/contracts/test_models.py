"""Every kind of reward model passes the same checks."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.models import golden_cases as golden

from themis_rm.models.families import criteria_mean
from themis_rm.models.families.token_mean import COEFFICIENT, WEIGHT
from themis_rm.models.loading import load_model
from themis_rm.models.ngrams import NGramSettings, fit_ngrams
from themis_rm.models.remote_code import code_digest
from themis_rm.models.settings import ModelSettings
from themis_rm.testing import models as checks

ROWS = [
    {"system": None, "input": str(n), "chosen": f"return checked({n})", "rejected": f"return value({n} % {n + 1})"}
    for n in range(20)
]
DECODERS = ["qwen3", "qwen2", "llama", "mistral", "gemma2", "llama-dynamic", "phi3-longrope"]
BASELINES = ["length", "random", "ngrams", "ngrams-crossed"]
KINDS = [*DECODERS, *BASELINES, *golden.NAMES, "remote-code", "likelihood", "token-mean", "criteria-mean"]


@pytest.fixture(params=KINDS)
def load(request, tiny_checkpoint, tiny_language_model, tmp_path):
    """Return a function that loads the model under test with model settings."""
    name = request.param
    if name in golden.NAMES:
        return lambda **settings: golden.model_of(name, tmp_path, **settings)
    if name == "remote-code":
        folder = golden.FOLDER / "automodel"
        trust = {"trust_remote_code": code_digest(folder)}
        return lambda **settings: load_model(folder, ModelSettings(**trust | settings))
    if name == "token-mean":
        shutil.copytree(tiny_language_model(), tmp_path / "model")
        tensors = load_file(tmp_path / "model/model.safetensors")
        head = {WEIGHT: torch.linspace(-1, 1, 32)[None], COEFFICIENT: torch.tensor([2.0])}
        save_file(tensors | head, tmp_path / "model/model.safetensors", metadata={"format": "pt"})
        model = tmp_path / "model"
    elif name == "criteria-mean":
        shutil.copytree(tiny_language_model(), tmp_path / "model")
        tensors = load_file(tmp_path / "model/model.safetensors")
        head = {criteria_mean.WEIGHT: torch.linspace(-1, 1, 130).reshape(2, 65), criteria_mean.BIAS: torch.ones(2)}
        save_file(tensors | head, tmp_path / "model/model.safetensors", metadata={"format": "pt"})
        (tmp_path / "model" / criteria_mean.HEAD_FILE).write_text('{"criteria": ["FC", "SH"], "layers": [1]}')
        model = tmp_path / "model"
    elif name == "likelihood":
        model = f"likelihood:{tiny_language_model()}"
    elif name.startswith("ngrams"):
        fit_ngrams(ROWS, NGramSettings(bits=12, crossed=name.endswith("crossed"))).save(tmp_path / "model")
        model = tmp_path / "model"
    else:
        model = name if name in {"length", "random"} else tiny_checkpoint(name)
    return lambda **settings: load_model(model, ModelSettings(**settings))


def test_it_implements_the_protocol(load):
    checks.check_protocol(load())


def test_rewards_are_finite_and_differ(load):
    checks.check_rewards(load())


def test_scores_do_not_depend_on_the_order(load):
    checks.check_order_invariance(load())


@pytest.mark.parametrize("budget", [1, 300, 100_000])
def test_scores_do_not_depend_on_the_batch(load, budget):
    checks.check_batch_invariance(load(batch_tokens=budget))


def test_prefix_sharing_does_not_change_scores(load):
    checks.check_prefix_sharing(load)


def test_long_responses_are_truncated_and_marked(load):
    checks.check_truncation(load)


def test_long_responses_can_be_split_into_windows(load):
    checks.check_windows(load)


def test_a_conversation_that_cannot_be_scored_fails_alone(load):
    checks.check_failures(load())


def test_an_empty_list_has_no_scores(load):
    checks.check_empty_input(load())


def test_loading_again_gives_the_same_scores_and_identity(load):
    checks.check_reload(load)


class BatchDependent:
    """A model with a fault: the reward depends on the number of conversations."""

    def __init__(self, model):
        self.identity, self.model = model.identity, model

    def score(self, conversations):
        return [
            type(score)(score.reward + len(conversations) / 100) if score.reward is not None else score
            for score in self.model.score(conversations)
        ]


def test_a_faulty_model_fails_the_checks():
    with pytest.raises(AssertionError, match="with the other conversations of the batch"):
        checks.check_reward_model(lambda **settings: BatchDependent(load_model("length", ModelSettings(**settings))))


def test_all_checks_pass_for_a_correct_model():
    checks.check_reward_model(lambda **settings: load_model("random", ModelSettings(**settings)))
