import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.training.losses import LOSSES, PairOutput
from themis_rm.training.losses.bradley_terry import bradley_terry
from themis_rm.training.losses.bradley_terry_scaled import bradley_terry_scaled
from themis_rm.training.losses.bradley_terry_ties import bradley_terry_ties
from themis_rm.training.losses.center_rewards import center_rewards, center_rewards_absolute
from themis_rm.training.losses.focal import focal
from themis_rm.training.losses.hinge import hinge
from themis_rm.training.losses.language_modeling import token_nll
from themis_rm.training.recipe import TIE_THRESHOLD

reward = st.floats(-50, 50)


def rewards(*values):
    return [torch.tensor([value], dtype=torch.float64) for value in values]


@given(reward, reward)
def test_bradley_terry_is_the_log_odds_of_a_win(chosen, rejected):
    value = bradley_terry(*rewards(chosen, rejected))
    assert float(value) == pytest.approx(math.log1p(math.exp(rejected - chosen)), rel=1e-9, abs=1e-12)


@given(reward, reward, st.floats(0, 5))
def test_a_margin_is_subtracted_from_the_difference_of_rewards(chosen, rejected, margin):
    value = bradley_terry(*rewards(chosen, rejected, margin))
    assert float(value) == pytest.approx(float(bradley_terry(*rewards(chosen - margin, rejected))))


@given(reward, reward)
def test_both_forms_of_reward_centering(chosen, rejected):
    assert float(center_rewards(*rewards(chosen, rejected))) == pytest.approx((chosen + rejected) ** 2)
    value = float(center_rewards_absolute(*rewards(chosen, rejected)))
    assert value == pytest.approx((abs(chosen) + abs(rejected)) ** 2)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(torch.bfloat16, torch.float32), (torch.float32, torch.float32), (torch.float64, torch.float64)],
)
def test_losses_are_computed_in_float32_or_float64(dtype, expected):
    values = torch.tensor([1.0], dtype=dtype)
    assert bradley_terry(values, values).dtype == expected
    assert center_rewards(values, values).dtype == expected
    assert center_rewards_absolute(values, values).dtype == expected
    assert token_nll(torch.zeros(1, 4, dtype=dtype), torch.tensor([0])).dtype == expected


def test_bradley_terry_does_not_overflow():
    assert float(bradley_terry(torch.tensor([-1e4]), torch.tensor([1e4]))) == pytest.approx(2e4)


TIED, DECIDED = torch.tensor([True]), torch.tensor([False])


def probability(value):
    return math.exp(-float(value))


@given(reward, reward, st.floats(0.01, 0.49))
def test_label_smoothing_is_the_expected_loss_over_exchanged_labels(chosen, rejected, smoothing):
    value = bradley_terry(*rewards(chosen, rejected), label_smoothing=smoothing)
    right, wrong = bradley_terry(*rewards(chosen, rejected)), bradley_terry(*rewards(rejected, chosen))
    assert float(value) == pytest.approx((1 - smoothing) * float(right) + smoothing * float(wrong))


@given(st.floats(0.01, 0.49))
def test_a_smoothed_loss_is_least_at_the_probability_of_a_right_label(smoothing):
    difference = rewards(math.log((1 - smoothing) / smoothing))[0].requires_grad_()
    bradley_terry(difference, torch.zeros_like(difference), label_smoothing=smoothing).sum().backward()
    assert float(difference.grad) == pytest.approx(0, abs=1e-9)


@given(reward, reward, st.floats(0.01, 5))
def test_win_loss_and_tie_have_a_total_probability_of_one(one, other, threshold):
    win = bradley_terry_ties(*rewards(one, other), DECIDED, threshold=threshold)
    loss = bradley_terry_ties(*rewards(other, one), DECIDED, threshold=threshold)
    tie = bradley_terry_ties(*rewards(one, other), TIED, threshold=threshold)
    assert probability(win) + probability(loss) + probability(tie) == pytest.approx(1)


def test_equal_rewards_are_a_tie_in_half_of_the_cases_by_default():
    assert probability(bradley_terry_ties(*rewards(2, 2), TIED)) == pytest.approx(0.5, abs=1e-3)
    # (theta - 1) / (theta + 1) in the notation of Rao and Kupper.
    assert probability(bradley_terry_ties(*rewards(2, 2), TIED, threshold=math.log(4))) == pytest.approx(3 / 5)


@given(reward, reward, st.floats(0, 5))
def test_a_preference_under_the_model_with_ties_has_the_threshold_as_margin(chosen, rejected, margin):
    value = bradley_terry_ties(*rewards(chosen, rejected), margin=rewards(margin)[0], threshold=1.5)
    assert float(value) == pytest.approx(float(bradley_terry(*rewards(chosen, rejected, margin + 1.5))))


def test_the_loss_of_a_tie_does_not_overflow_and_ignores_the_margin():
    far = bradley_terry_ties(*rewards(1e4, -1e4), TIED, margin=rewards(3)[0])
    assert float(far) == pytest.approx(2e4, rel=1e-3)


@given(reward, reward, st.floats(0.1, 5))
def test_the_scaled_loss_is_proportional_to_the_margin(chosen, rejected, margin):
    plain = float(bradley_terry(*rewards(chosen, rejected)))
    assert float(bradley_terry_scaled(*rewards(chosen, rejected, margin))) == pytest.approx(margin * plain)
    assert float(bradley_terry_scaled(*rewards(chosen, rejected, 0))) == pytest.approx(plain)


@given(reward, reward, st.floats(0, 5))
def test_hinge_is_zero_from_a_difference_of_one_and_the_margin(chosen, rejected, margin):
    value = float(hinge(*rewards(chosen, rejected, margin)))
    assert value == pytest.approx(max(0.0, 1 + margin - (chosen - rejected)))


@given(st.floats(-20, 20), st.floats(0, 4))
def test_focal_is_bradley_terry_with_less_weight_on_separated_pairs(difference, gamma):
    value = float(focal(*rewards(difference, 0), gamma=gamma))
    right = 1 / (1 + math.exp(-difference))
    factor = (1 - 2 * max(0.0, right - 0.5)) ** gamma
    assert value == pytest.approx(factor * float(bradley_terry(*rewards(difference, 0))), rel=1e-6, abs=1e-12)


def test_the_built_in_terms_are_registered():
    preference = ["bradley_terry", "bradley_terry_scaled", "bradley_terry_ties", "focal", "hinge"]
    assert [term.name for term in LOSSES if term.preference] == preference
    assert [term.name for term in LOSSES if not term.preference] == ["center_rewards", "center_rewards_absolute", "lm"]


def test_registered_terms_call_the_pure_functions():
    chosen, rejected, margin = rewards(1.0, 0.25, 0.5)
    output = PairOutput(chosen, rejected, torch.tensor(7.0), margin, tie=TIED)
    values = {term.name: float(term.function(output).sum()) for term in LOSSES}
    assert values == {
        "bradley_terry": float(bradley_terry(chosen, rejected, margin)),
        "bradley_terry_scaled": float(bradley_terry_scaled(chosen, rejected, margin)),
        "bradley_terry_ties": float(bradley_terry_ties(chosen, rejected, TIED, margin, TIE_THRESHOLD)),
        "center_rewards": 1.25**2,
        "center_rewards_absolute": 1.25**2,
        "focal": float(focal(chosen, rejected, margin)),
        "hinge": float(hinge(chosen, rejected, margin)),
        "lm": 7.0,
    }
