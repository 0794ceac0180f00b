import pytest
import torch

from themis_rm.errors import SettingError
from themis_rm.training.losses import LOSSES, LossTerm, PairOutput
from themis_rm.training.losses.bradley_terry import bradley_terry
from themis_rm.training.losses.language_modeling import token_nll
from themis_rm.training.objective import combine, keeps_ties, needs_nll, objective_weights, term_sums
from themis_rm.training.recipe import TrainRecipe

WEIGHTS = {"bradley_terry": 1.0, "center_rewards": 0.01, "lm": 0.25}


def recipe(**changes):
    return TrainRecipe.build({"backbone": {"path": "x"}, **changes})


def test_a_recipe_weights_the_three_terms():
    assert objective_weights(recipe()) == {"bradley_terry": 1.0, "center_rewards": 0.001, "lm": 0.25}


def test_the_absolute_form_replaces_the_centering_term():
    assert "center_rewards_absolute" in objective_weights(recipe(center_rewards_form="absolute"))


def test_the_language_modeling_term_is_not_computed_with_weight_zero():
    weights = objective_weights(recipe(lm_loss_weight=0))
    assert "lm" not in weights
    assert not needs_nll(weights)


def test_an_unknown_extra_loss_is_an_error_with_a_suggestion():
    with pytest.raises(SettingError, match="Did you mean 'center_rewards'"):
        objective_weights(recipe(extra_losses={"center_reward": 1}))


@pytest.mark.parametrize("name", [term.name for term in LOSSES if term.preference])
def test_any_preference_term_replaces_the_bradley_terry_term(name):
    assert objective_weights(recipe(preference_loss=name)) == {name: 1.0, "center_rewards": 0.001, "lm": 0.25}


def test_only_a_term_with_ties_keeps_them():
    assert keeps_ties(objective_weights(recipe(preference_loss="bradley_terry_ties")))
    assert not keeps_ties(objective_weights(recipe()))


def test_the_parameters_of_a_term_come_from_the_recipe():
    changed = recipe(label_smoothing=0.2)
    output = PairOutput(torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.0]), torch.tensor(0.0))
    found = term_sums(output, {"bradley_terry": 1.0}, changed)["bradley_terry"]
    expected = bradley_terry(output.chosen, output.rejected, label_smoothing=0.2).sum()
    assert float(found) == pytest.approx(float(expected))
    assert float(found) != pytest.approx(float(bradley_terry(output.chosen, output.rejected).sum()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"preference_loss": "hinges"}, "Unknown loss term 'hinges'.*Did you mean 'hinge'"),
        ({"preference_loss": "lm"}, "'lm' does not compare two responses.*bradley_terry, bradley_terry_scaled"),
        ({"preference_loss": "hinge", "label_smoothing": 0.1}, "label_smoothing has no effect.*bradley_terry_scaled"),
        ({"tie_threshold": 2.0}, "tie_threshold has no effect.*bradley_terry_ties"),
        ({"preference_loss": "bradley_terry_ties", "extra_losses": {"hinge": 1}}, "'hinge' has no value for ties"),
        ({"extra_losses": {"bradley_terry_ties": 1}}, "'bradley_terry' has no value for ties"),
    ],
)
def test_an_objective_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(SettingError, match=message):
        objective_weights(recipe(**changes))


@pytest.mark.parametrize("name", ["bradley_terry", "lm"])
def test_a_term_cannot_be_weighted_twice(name):
    with pytest.raises(SettingError, match=f"names '{name}'"):
        objective_weights(recipe(extra_losses={name: 1}, lm_loss_weight=0))


def test_a_registered_term_is_part_of_the_objective(monkeypatch):
    monkeypatch.setitem(LOSSES._items, "sum", LossTerm("sum", lambda output: output.chosen + output.rejected))
    weights = objective_weights(recipe(extra_losses={"sum": 2}, center_rewards_coefficient=0, lm_loss_weight=0))
    output = PairOutput(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.0]), torch.tensor(0.0))
    loss = combine(term_sums(output, weights, recipe()), weights, pairs=2, tokens=1)
    assert float(loss) == pytest.approx(torch.log(torch.tensor(2.0)).item() + 2 * 3)


def test_shares_of_forward_passes_sum_to_the_objective():
    values = torch.tensor([0.1, 0.7, 1.3, 0.2], dtype=torch.float64)

    def share(part, nll):
        sums = {"bradley_terry": part.sum(), "center_rewards": (part**2).sum(), "lm": torch.tensor(nll)}
        return combine(sums, WEIGHTS, pairs=4, tokens=30)

    total = share(values, 9.0)
    # Parts of different sizes with different numbers of tokens.
    assert float(share(values[:1], 2.0) + share(values[1:], 7.0)) == pytest.approx(float(total))
    assert float(total) == pytest.approx(float(values.mean() + 0.01 * (values**2).mean() + 0.25 * 9 / 30))


def test_the_nll_is_a_sum_over_tokens():
    logits, targets = torch.randn(5, 7, dtype=torch.float64), torch.tensor([0, 6, 3, 3, 1])
    expected = -sum(float(torch.log_softmax(row, 0)[target]) for row, target in zip(logits, targets, strict=True))
    assert float(token_nll(logits, targets).sum()) == pytest.approx(expected, rel=1e-5)
