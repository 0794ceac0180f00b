"""Merged checkpoints: their weights, what identifies them, and models that cannot be merged."""

import json
import shutil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tests.command_line import cli, error_line
from tests.training.pairs import recipe, write

import themis_rm
from themis_rm.errors import CheckpointError, InputError, SettingError
from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import PromptSet
from themis_rm.training import merging
from themis_rm.training.merging import MergeReport, MergeSettings, average, merge, merge_ties
from themis_rm.training.runner import train

TALKS = [conversation(None, "Add.", answer) for answer in ("return a + b", "pass", "return a")]


def changed(source, folder, change):
    """Copy a checkpoint and change its tensors with ``change(name, tensor)``."""
    shutil.copytree(source, folder)
    tensors = load_file(folder / "model.safetensors")
    save_file({name: change(name, value) for name, value in tensors.items()}, folder / "model.safetensors")
    return folder


def with_noise(seed, std=0.05):
    generator = torch.Generator().manual_seed(seed)
    return lambda _, value: value + std * torch.randn(value.shape, generator=generator)


@pytest.fixture(scope="module")
def models(tiny_checkpoint, tmp_path_factory):
    """A base and two models that were trained from it."""
    folder = tmp_path_factory.mktemp("models")
    base = tiny_checkpoint("qwen3")
    return base, [changed(base, folder / name, with_noise(seed)) for seed, name in enumerate(("one", "two"))]


def weights_of(folder):
    return {name: value for file in folder.glob("*.safetensors") for name, value in load_file(file).items()}


def test_linear_averages_all_tensors_by_weight(models, tmp_path):
    _, parents = models
    report = merge(parents, tmp_path, MergeSettings(weights=[3, 1]))
    one, two = map(weights_of, parents)
    merged = weights_of(report.checkpoint)
    assert merged.keys() == one.keys()
    for name, value in merged.items():
        torch.testing.assert_close(value, 0.75 * one[name] + 0.25 * two[name])


def test_a_model_merged_with_itself_has_its_rewards(models, tmp_path):
    _, (one, _) = models
    merged = load_model(merge([one, one], tmp_path).checkpoint)
    rewards = [[score.reward for score in model.score(TALKS)] for model in (merged, load_model(one))]
    assert rewards[0] == pytest.approx(rewards[1], abs=1e-6)


def ties_by_definition(differences, density, scale=1.0):
    """TIES as in section 3.2 of the paper, value by value, with equal weights."""
    size = differences[0].numel()
    kept = []
    for difference in differences:
        flat = difference.flatten().tolist()
        largest = set(sorted(range(size), key=lambda i: -abs(flat[i]))[: int(density * size)])
        kept.append([value if i in largest else 0.0 for i, value in enumerate(flat)])
    merged = []
    for values in zip(*kept, strict=True):
        sign = 1 if sum(values) >= 0 else -1
        agreeing = [value for value in values if value * sign > 0]
        merged.append(scale * sum(agreeing) / len(agreeing) if agreeing else 0.0)
    return torch.tensor(merged).reshape(differences[0].shape)


@given(st.integers(0, 1000), st.integers(2, 5), st.sampled_from([0.2, 0.5, 1.0]), st.sampled_from([0.5, 1.0]))
def test_ties_is_that_of_the_paper(seed, models, density, scale):
    generator = torch.Generator().manual_seed(seed)
    base, *values = (torch.randn(4, 5, generator=generator) for _ in range(models + 1))
    weights = torch.full((models,), 1 / models)
    expected = base + ties_by_definition([value - base for value in values], density, scale)
    torch.testing.assert_close(merge_ties(values, base, weights, density, scale), expected)


def test_ties_keeps_a_value_of_a_tiny_tensor():
    merged = merge_ties([torch.tensor([1.0, 2.0])] * 2, torch.zeros(2), torch.tensor([0.5, 0.5]), 0.2, 1.0)
    assert merged.tolist() == [0.0, 2.0]


def test_ties_of_one_difference_at_full_density_is_that_model():
    value, base = torch.randn(3, 3), torch.randn(3, 3)
    weights = torch.tensor([0.5, 0.5])
    torch.testing.assert_close(merge_ties([value, value], base, weights, 1.0, 1.0), value)


def test_ties_averages_reward_heads(models, tmp_path):
    base, parents = models
    settings = MergeSettings(method="ties", base=str(base), density=0.2)
    merged, one, two = map(weights_of, (merge(parents, tmp_path, settings).checkpoint, *parents))
    torch.testing.assert_close(merged["score.weight"], (one["score.weight"] + two["score.weight"]) / 2)
    name = "model.layers.0.mlp.up_proj.weight"
    start = weights_of(base)[name]
    torch.testing.assert_close(
        merged[name], merge_ties([one[name], two[name]], start, torch.tensor([0.5, 0.5]), 0.2, 1.0)
    )


def test_ties_takes_a_language_model_as_base(tiny_language_model, tiny_checkpoint, tmp_path):
    base = tiny_language_model("llama")
    assert "lm_head.weight" in weights_of(base)
    parents = []
    for seed in (1, 2):
        folder = changed(tiny_checkpoint("llama"), tmp_path / str(seed), with_noise(seed))
        parents.append(folder)
    report = merge(parents, tmp_path / "out", MergeSettings(method="ties", base=str(base)))
    assert set(weights_of(report.checkpoint)) == set(weights_of(parents[0]))


def test_weights_are_written_in_shards(models, tmp_path, monkeypatch):
    _, parents = models
    whole = weights_of(merge(parents, tmp_path / "whole").checkpoint)
    monkeypatch.setattr(merging, "SHARD_BYTES", 20_000)
    folder = merge(parents, tmp_path / "shards").checkpoint
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    assert len(set(index["weight_map"].values())) > 2
    assert index["metadata"]["total_size"] == sum(value.nbytes for value in whole.values())
    shards = weights_of(folder)
    assert shards.keys() == whole.keys()
    assert all(torch.equal(value, whole[name]) for name, value in shards.items())
    assert load_model(folder).score(TALKS)[0].reward is not None


def test_language_model_heads_are_averaged(models, tmp_path):
    parents = []
    for number, parent in enumerate(models[1]):
        folder = shutil.copytree(parent, tmp_path / str(number))
        save_file({"lm_head.weight": torch.full((4, 2), float(number))}, folder / "lm_head.safetensors")
        parents.append(folder)
    both = merge(parents, tmp_path / "both", MergeSettings(weights=[1, 3])).checkpoint
    assert load_file(both / "lm_head.safetensors")["lm_head.weight"].unique().tolist() == [0.75]
    one = merge([parents[0], models[1][1]], tmp_path / "one").checkpoint
    assert not (one / "lm_head.safetensors").exists()


def test_a_merged_checkpoint_loads_in_transformers_and_names_its_parents(models, tmp_path):
    from transformers import AutoModelForSequenceClassification

    _, parents = models
    report = merge(parents, tmp_path / "both")
    _, info = AutoModelForSequenceClassification.from_pretrained(report.checkpoint, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    identity = load_model(report.checkpoint).identity
    digests = [load_model(parent).identity.digest for parent in parents]
    assert identity.name == "both"
    assert identity.facts["merged"] == f"linear of one ({digests[0][:8]}), two ({digests[1][:8]})"
    assert [parent.digest for parent in report.parents] == digests


def test_the_same_merge_again_is_not_computed_again(models, tmp_path, monkeypatch):
    _, parents = models
    first = merge(parents, tmp_path)
    monkeypatch.setattr(merging, "average", None)
    assert merge(parents, tmp_path) == first
    with pytest.raises(InputError, match=r"other settings or inputs \(weights\)"):
        merge(parents, tmp_path, MergeSettings(weights=[1, 2]))


def test_the_type_of_the_weights_can_be_chosen(models, tmp_path):
    _, parents = models
    folder = merge(parents, tmp_path, MergeSettings(dtype="bfloat16")).checkpoint
    assert {value.dtype for value in weights_of(folder).values()} == {torch.bfloat16}
    assert json.loads((folder / "config.json").read_text())["dtype"] == "bfloat16"


def test_heads_are_divided_by_the_spread_of_their_rewards(models, tmp_path):
    _, (one, two) = models
    large = changed(one, tmp_path / "large", lambda name, value: value * 10 if name == "score.weight" else value)
    data = write(tmp_path / "data", train=12, validation=0)
    settings = MergeSettings(normalize_rewards=str(data))
    reports = [merge([model, two], tmp_path / str(i), settings) for i, model in enumerate((one, large))]
    heads = [weights_of(report.checkpoint)["score.weight"] for report in reports]
    assert reports[1].parents[0].reward_std == pytest.approx(10 * reports[0].parents[0].reward_std, rel=1e-5)
    torch.testing.assert_close(heads[0], heads[1], rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module")
def adapters(tmp_path_factory, tiny_language_model):
    folder = tmp_path_factory.mktemp("adapters")
    data = write(folder / "data", train=24, validation=0)
    changes = {
        "backbone": {"path": str(tiny_language_model("llama")), "head_init_std": 0.02},
        "tokenizer": {},
        "peft": {"r": 2, "merge": False},
        "max_steps": 2,
        "validation_fraction": 0,
        "lm_loss_weight": 0,
    }
    return [train(recipe(seed=seed, **changes), data, folder / str(seed)).checkpoint for seed in (0, 1)]


def test_adapters_are_merged_into_a_complete_model(adapters, tmp_path):
    from themis_rm.models.adapters import open_checkpoint

    report = merge(adapters, tmp_path)
    merged = weights_of(report.checkpoint)
    parents = [open_checkpoint(folder, ModelSettings()) for folder in adapters]
    for name, value in merged.items():
        one, two = (parent.tensors([name])[name] for parent in parents)
        torch.testing.assert_close(value, (one + two) / 2)
    assert not (report.checkpoint / "adapter_config.json").exists()
    assert load_model(report.checkpoint).score(TALKS)[0].reward is not None


def test_average_is_weighted():
    values = [torch.tensor([1.0]), torch.tensor([5.0])]
    assert average(values, torch.tensor([0.25, 0.75])).item() == 4.0


def test_a_report_survives_a_file(models, tmp_path):
    report = themis_rm.merge(models[1], tmp_path, method="linear")
    assert MergeReport.load(tmp_path / "merge_report.json").parents == report.parents


def other_shapes(models, tiny_checkpoint, folder):
    return tiny_checkpoint("qwen3", 64)


def other_type(models, tiny_checkpoint, folder):
    return tiny_checkpoint("qwen2")


def other_vocabulary(models, tiny_checkpoint, folder):
    copy = folder / "copy"
    shutil.copytree(models[1][1], copy)
    values = json.loads((copy / "tokenizer.json").read_text())
    vocabulary = values["model"]["vocab"]
    first, second = list(vocabulary)[300:302]
    vocabulary[first], vocabulary[second] = vocabulary[second], vocabulary[first]
    (copy / "tokenizer.json").write_text(json.dumps(values))
    return copy


def other_prompts(models, tiny_checkpoint, folder):
    copy = folder / "copy"
    shutil.copytree(models[1][1], copy)
    prompts = PromptSet("other", own={"FC": "Does it work?"})
    (copy / "prompts.json").write_text(prompts.to_json())
    return copy


def without_a_tensor(models, tiny_checkpoint, folder):
    copy = folder / "copy"
    shutil.copytree(models[1][1], copy)
    tensors = load_file(copy / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, copy / "model.safetensors")
    return copy


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (other_shapes, "another architecture than .*: hidden_size is 64, not 32"),
        (other_type, 'another architecture than .*: model_type is "qwen2", not "qwen3"'),
        (other_vocabulary, "another vocabulary than"),
        (other_prompts, "other criteria prompts than"),
        (without_a_tensor, "a tensor 'model.norm.weight' that .* does not have"),
    ],
)
def test_models_that_differ_in_more_than_weights_are_refused(models, tiny_checkpoint, tmp_path, make, message):
    other = make(models, tiny_checkpoint, tmp_path)
    with pytest.raises(CheckpointError, match=message):
        merge([models[1][0], other], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "ties"}, "needs the model that the others were trained from"),
        ({"weights": [1.0]}, "2 models, but 1 weights"),
        ({"weights": [1.0, -1.0]}, "must not be negative"),
    ],
)
def test_settings_that_do_not_fit_are_refused(models, tmp_path, settings, message):
    with pytest.raises(SettingError, match=message):
        merge(models[1], tmp_path / "out", MergeSettings(**settings))


def test_the_verb_prints_the_checkpoint(models, tmp_path):
    base, parents = models
    done = cli("merge", *parents, "--out", tmp_path / "out", "--method", "ties", "--base", base, "--density", 0.5)
    assert done.returncode == 0, done.stderr
    assert f"checkpoint: {tmp_path / 'out' / 'model'}" in done.stdout
    again = cli("merge", *parents, "--out", tmp_path / "out", "--method", "ties", "--base", base, "--density", "0.5")
    assert again.stdout == done.stdout


def test_the_verb_refuses_other_models_in_one_line(models, tiny_checkpoint, tmp_path):
    done = cli("merge", models[1][0], tiny_checkpoint("llama"), "--out", tmp_path / "out")
    assert "another architecture" in error_line(done)
    assert "two models" in error_line(cli("merge", models[1][0], "--out", tmp_path / "out"))
