"""Heads with one output for each criterion: which outputs a criteria prompt selects, and the checkpoint's files."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from themis_rm.criteria import CRITERIA
from themis_rm.errors import CheckpointError
from themis_rm.messages import conversation
from themis_rm.models.criteria_head import CriteriaPrompts
from themis_rm.models.families.criteria_mean import BIAS, HEAD_FILE, WEIGHT
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import PromptSet, built_in

NAMES = ["FC", "EE", "SH"]
BY_NAME = {row.short: row for row in CRITERIA}


def prompt(*names):
    return built_in().render([BY_NAME[name] for name in names])


def talk(system):
    return conversation(system, "Add two numbers.", "return a + b")


@pytest.mark.parametrize(
    ("system", "weights"),
    [
        (prompt("EE"), [0, 1, 0]),
        (prompt("SH", "FC"), [0.5, 0, 0.5]),
        (prompt("EE", "SH", "FC"), [1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_a_criteria_prompt_selects_outputs_and_is_not_read(system, weights):
    assert CriteriaPrompts(built_in(), NAMES)(talk(system)) == (talk(None), weights)


@pytest.mark.parametrize("system", [None, "Be brief.", prompt("ME")])
def test_other_conversations_are_read_as_they_are(system):
    assert CriteriaPrompts(built_in(), NAMES)(talk(system)) == (talk(system), [1 / 3] * 3)


def test_a_set_of_complete_texts_selects_outputs():
    prompts = PromptSet("fixed", own={"FC": "Correct?", "EE": "Fast?"}, everything=("All?",))
    select = CriteriaPrompts(prompts, ["FC", "EE"])
    assert select(talk("Fast?")) == (talk(None), [0, 1])
    assert select(talk("All?")) == (talk(None), [0.5, 0.5])


@pytest.fixture
def folder(tiny_language_model, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(tiny_language_model(), model)
    head = {WEIGHT: torch.randn(3, 65, generator=torch.Generator().manual_seed(0)), BIAS: torch.tensor([0.1, 0.2, 0.3])}
    tensors = load_file(model / "model.safetensors")
    save_file(tensors | head, model / "model.safetensors", metadata={"format": "pt"})
    (model / HEAD_FILE).write_text(json.dumps({"criteria": NAMES, "layers": [1]}))
    return model


def load(folder, **settings):
    return load_model(folder, ModelSettings(device="cpu", **settings))


def test_the_reward_is_the_output_of_the_criterion(folder):
    model = load(folder)
    scores = model.score([talk(prompt("FC")), talk(prompt("EE")), talk(prompt("SH")), talk(None)])
    values = [score.reward for score in scores]
    ids = [item.sequences[0] for item in model.encoder.encode([talk(None)])]
    answer = model.encoder.encode([talk(None)])[0].answers[0]
    (outputs,) = model.outputs(ids, [range(answer.start, len(ids[0]))])
    assert values[:3] == pytest.approx(outputs, abs=1e-6)
    assert values[3] == pytest.approx(sum(outputs) / 3, abs=1e-6)


def test_one_response_under_all_criteria_is_computed_once(folder, monkeypatch):
    model = load(folder)
    sizes = []
    token_states = type(model.layout).token_states
    monkeypatch.setattr(
        type(model.layout),
        "token_states",
        lambda self, ids, *rest: sizes.append(len(ids)) or token_states(self, ids, *rest),
    )
    model.score([talk(prompt(name)) for name in NAMES])
    assert sizes == [1]


def test_a_baseline_of_another_criterion_is_the_mean(folder):
    model = load(folder)
    assert model.identity.facts["outputs"] == "FC, EE, SH"


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        '{"criteria": []}',
        '{"criteria": ["FC", "XX"], "layers": []}',
        '{"criteria": ["FC"], "layers": ["1"]}',
        "[]",
    ],
)
def test_a_file_of_criteria_that_cannot_be_used_is_an_error(folder, content):
    (folder / HEAD_FILE).write_text(content)
    with pytest.raises(CheckpointError, match=r"criteria_head\.json|JSON"):
        load(folder)


def test_a_missing_file_of_criteria_is_an_error(folder):
    (folder / HEAD_FILE).unlink()
    with pytest.raises(CheckpointError, match=r"no criteria_head\.json"):
        load(folder)


@pytest.mark.parametrize("layers", [[], [1, 1], [7]])
def test_layers_that_do_not_fit_the_head_are_an_error(folder, layers):
    (folder / HEAD_FILE).write_text(json.dumps({"criteria": NAMES, "layers": layers}))
    with pytest.raises(CheckpointError, match=r"of shape|no layer 7"):
        load(folder)
