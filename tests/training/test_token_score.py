"""Rewards that are a mean over the response: in training, in scoring, and as transformers computes them."""

import pytest
import torch
from safetensors.torch import load_file
from tests.training import pairs

from themis_rm.errors import SettingError
from themis_rm.models.adapters import open_checkpoint
from themis_rm.models.families.token_mean import COEFFICIENT, WEIGHT
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.records import pair_conversations
from themis_rm.training.backbone import build_model
from themis_rm.training.batches import pack_pairs, pad_pairs
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.runner import train
from themis_rm.training.token_cache import TokenizedPairs
from themis_rm.training.tokenizers import load_recipe_tokenizer

SETTINGS = {**pairs.RECIPE, "pooling": "mean", "log_probability_coefficient": 5.0, "max_steps": 4}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return out, train(SETTINGS, data, out)


def rewards(folder, count=6):
    rows = [row.to_dict() for row in pairs.rows(count)]
    talks = [talk for row in rows for talk in pair_conversations(row, row["system"], row["input"])]
    model = load_model(folder, ModelSettings(device="cpu", dtype="float32"))
    return [score.reward for score in model.score(talks)]


def scorer_and_model(folder, tokens):
    recipe = TrainRecipe.build({**SETTINGS, "backbone": {"path": str(folder)}, "tokenizer": {}})
    tokenizer = load_recipe_tokenizer(recipe)
    model = build_model(recipe, tokenizer, tokenizer.pad_token_id).eval()
    return model, [tokens[index] for index in range(6)]


def test_the_checkpoint_scores_like_the_trained_model(trained):
    out, report = trained
    model, sample = scorer_and_model(report.checkpoint, TokenizedPairs(out / "tokens/train.arrow"))
    with torch.no_grad():
        output = model(pack_pairs(sample, both_sides=True))
    # The first rows of the split, in the order of the file.
    trained_rewards = torch.stack([output.chosen, output.rejected], dim=1).flatten().tolist()
    assert rewards(report.checkpoint) == pytest.approx(trained_rewards, abs=1e-4)


def test_the_reward_is_the_mean_over_the_completion(trained):
    out, report = trained
    model, sample = scorer_and_model(report.checkpoint, TokenizedPairs(out / "tokens/train.arrow"))
    tensors = load_file(report.checkpoint / "model.safetensors")
    with torch.no_grad():
        output = model(pack_pairs(sample, both_sides=True))
        model.backbone.set_attn_implementation("eager")
        for pair, reward in zip(sample, output.chosen.tolist(), strict=True):
            ids = torch.tensor(pair["chosen"])[None].long()
            states = model.backbone(ids, output_hidden_states=True)
            start = pair["prompt_length"]
            log_probabilities = states.logits[0].log_softmax(-1)[torch.arange(ids.shape[1] - 1), ids[0, 1:]][
                start - 1 :
            ]
            hidden = states.hidden_states[-1][0, start:]
            expected = hidden @ tensors[WEIGHT][0] + tensors[COEFFICIENT] * log_probabilities
            assert reward == pytest.approx(float(expected.mean()), abs=1e-4)


def test_training_moves_the_coefficient_and_the_weights(trained):
    tensors = load_file(trained[1].checkpoint / "model.safetensors")
    assert 0 < abs(float(tensors[COEFFICIENT]) - 5.0) < 0.1
    assert float(tensors[WEIGHT].norm()) > 0


def test_packed_pairs_have_the_gradients_of_padded_rows(trained):
    out, report = trained
    tokens = TokenizedPairs(out / "tokens/train.arrow")
    gradients = []
    for share in (True, False):
        recipe = TrainRecipe.build(
            {**SETTINGS, "backbone": {"path": str(report.checkpoint)}, "tokenizer": {}, "share_prefixes": share}
        )
        model = build_model(recipe, load_recipe_tokenizer(recipe), 0).train()
        sample = [tokens[index] for index in range(6)]
        batch = pack_pairs(sample, both_sides=True) if share else pad_pairs(sample, 0, both_sides=True)
        output = model(batch, with_nll=True)
        (output.chosen - 2 * output.rejected).sum().add(0.1 * output.nll).backward()
        gradients.append({name: p.grad for name, p in model.named_parameters()})
    for name, gradient in gradients[1].items():
        assert float((gradients[0][name] - gradient).norm()) <= 1e-4 * float(gradient.norm()), name


def test_a_second_stage_starts_from_the_head_of_the_first(trained, data, tmp_path):
    _, report = trained
    first = load_file(report.checkpoint / "model.safetensors")
    again = {**SETTINGS, "backbone": {"path": str(report.checkpoint)}, "tokenizer": {}, "learning_rate": 1e-9}
    second = train({**again, "min_learning_rate": 1e-9, "max_steps": 1}, data, tmp_path)
    tensors = load_file(second.checkpoint / "model.safetensors")
    for name in (WEIGHT, COEFFICIENT):
        torch.testing.assert_close(tensors[name], first[name], rtol=0, atol=1e-6)


def test_an_adapter_scores_like_its_merged_model(trained, data, tmp_path):
    base = trained[1].checkpoint
    lora = {**SETTINGS, "backbone": {"path": str(base)}, "tokenizer": {}, "learning_rate": 1e-2}
    merged = train({**lora, "peft": {"r": 2}}, data, tmp_path / "merged")
    adapter = train({**lora, "peft": {"r": 2, "merge": False}}, data, tmp_path / "adapter")
    assert not (adapter.checkpoint / "config.json").exists()
    assert rewards(adapter.checkpoint) == pytest.approx(rewards(merged.checkpoint), abs=1e-4)
    assert open_checkpoint(adapter.checkpoint, ModelSettings()).shapes[COEFFICIENT] == (1,)


def test_the_head_has_its_own_learning_rate(data, tmp_path):
    report = train({**SETTINGS, "head_learning_rate": 0.5, "max_steps": 2}, data, tmp_path)
    coefficient = float(load_file(report.checkpoint / "model.safetensors")[COEFFICIENT])
    assert abs(coefficient - 5.0) > 0.1


def test_without_a_coefficient_only_hidden_states_count(data, tmp_path):
    report = train({**SETTINGS, "log_probability_coefficient": 0.0, "lm_loss_weight": 0}, data, tmp_path)
    tensors = load_file(report.checkpoint / "model.safetensors")
    assert float(tensors[COEFFICIENT]) == 0
    assert len(set(rewards(report.checkpoint))) > 6


def test_a_coefficient_needs_the_mean():
    with pytest.raises(SettingError, match="log_probability_coefficient needs pooling=mean"):
        pairs.recipe(log_probability_coefficient=1.0)
